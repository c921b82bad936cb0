import type { Badge } from '../../app/badge.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { readChoice } from '../values.ts';

export const badge: CommandSpec = defineCommand<Badge>({
  name: 'badge',
  words: '[workstream]',
  summary: 'Print a badge for a README, which shows how the board stands',
  details:
    'shields.io draws it from state.json on the branch: the repository has to be public. Without a workstream it shows the board version.',
  options: [
    { flags: '--field <name>', summary: 'pending, in_progress, blocked, done, failed or cancelled (default: pending)' },
  ],
  examples: ['orc badge revenue', 'orc badge revenue --field done >> README.md', 'orc badge'],
  data: 'Badge',
  async run(call) {
    const [workstream = null] = call.words;
    const { badgeFields, badgeOf } = await import('../../app/badge-of.ts');
    const field = readChoice(call.text('field') ?? 'pending', '--field', badgeFields);
    const orc = await call.openToRead();
    if (workstream !== null && !(await orc.ask((board) => board.workstreams.get(workstream) !== undefined)))
      throw new OrcError('not-found', `there is no workstream "${workstream}"`, { hint: '`orc ws list` shows them' });
    return call.answer(await badgeOf(orc, workstream, field));
  },
  view: ({ data }) => [data.markdown],
});
