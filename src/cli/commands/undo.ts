import type { Undone } from '../../app/undo.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { readWhole } from '../values.ts';
import { undoneLines } from '../views/undo.ts';

export const undo: CommandSpec = defineCommand<Undone>({
  name: 'undo',
  words: '<version>',
  summary: 'Take an earlier change back, where nothing was built on it',
  details: [
    'A change of its own, with a version of its own: history keeps both. `orc history` lists the versions; an undo can be undone.',
    'Tasks: add (closes it as cancelled), edit, note, link, claim and next (hands it back; its holder alone), complete, fail, block, unblock, cancel, reopen. Workstreams: all. Knowledge: write, append, delete.',
    'Claims and locks never come back: what was held is pending afterwards. Refused with conflict where the record has changed since, and with not-undoable for what cannot be taken back.',
  ].join('\n'),
  options: [
    { flags: '--reason <text>', summary: 'why, for the log' },
    { flags: '--token <n>', summary: 'the fencing token of a claim that was made elsewhere' },
  ],
  examples: ['orc undo 17', 'orc undo 17 --reason "wrong task"', 'orc undo v17 --json'],
  data: 'Undone',
  async run(call) {
    const version = readWhole(call.word(0).replace(/^v/, ''), 'the version', 1);
    const token = call.whole('token', 1);
    const orc = await call.open();
    const { undoVersion } = await import('../../app/undo.ts');
    const { agent, op } = call.globals;
    return undoVersion(orc, version, { agent, op, reason: call.text('reason'), token });
  },
  view: ({ data }, look) => undoneLines(data, look),
});
