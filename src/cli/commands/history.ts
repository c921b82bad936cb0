import type { HistoryKind, Trail } from '../../app/history.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { readChoice, readWhole } from '../values.ts';
import { historyLines } from '../views/history.ts';

/** Spelled again: the list of app would bring app along for the sake of a help text. */
const kinds = ['task', 'agent', 'lock', 'kb', 'ws', 'cycle'] as const satisfies readonly HistoryKind[];

export const history: CommandSpec = defineCommand<Trail>({
  name: 'history',
  words: '[kind] [id]',
  summary: 'Show the audit trail, from git: of all, or of one task, agent, lock, topic, workstream or cycle',
  details: `The kind is one of ${kinds.join(', ')}. "cut": older commits are not in this shallow store; \`orc init --full\` fetches them.`,
  options: [{ flags: '--last <n>', summary: 'the last so many (default: 20)' }],
  examples: ['orc history', 'orc history task 1a2b3c4d', 'orc history kb api-design --last 5', 'orc history cycle 3'],
  data: 'Trail',
  async run(call) {
    const [kind, id] = call.words;
    const last = readWhole(call.text('last') ?? '20', '--last', 1);
    const about = kind === undefined ? undefined : readChoice(kind, 'the kind', kinds);
    if (about !== undefined && id === undefined)
      throw new OrcError('usage', `which ${about}?`, { hint: `\`orc history ${about} <id>\`` });
    const orc = await call.openToRead();
    const { readTrail } = await import('../../app/history.ts');
    const name = about === 'task' && id !== undefined ? await orc.resolveTaskId(id) : id;
    return call.answer(await readTrail(orc, { about, id: name, last }));
  },
  view: ({ data }, look) => historyLines(data, look),
});
