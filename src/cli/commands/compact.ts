import type { Compacted } from '../../app/compact.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { type LongWork, tellProgress } from '../tell-progress.ts';
import { readSince } from '../values.ts';
import { compactedLines } from '../views/compact.ts';

const reading: LongWork = { longFrom: 10_000, words: (done, of) => `${done} of ${of} closed tasks looked at` };

export const compact: CommandSpec = defineCommand<Compacted>({
  name: 'compact',
  words: '',
  summary: 'Take what is closed and old off the board; history keeps it',
  details: [
    'One change like any other, which rewrites nothing: closed tasks and collected cycles that did not change since, and parts of the event log that are older, leave the tree. `--at` shows the board as it was before, `orc history` and git what became of each task.',
    'What stays: tasks that an open task, or another one that stays, waits for or is a part of; the newest cycle and the newest part of the log; while a cycle is open, all that happened since it was opened.',
    'Changes that wait in the queue of a clone since before the oldest event that is left are not published any more: `orc rejected` lists them there. So name a time before which every clone has surely synced.',
    'It cannot be undone.',
  ].join('\n'),
  options: [
    { flags: '--before <time>', summary: 'a day, a time, or how long ago' },
    { flags: '--dry-run', summary: 'say what would go, change nothing' },
  ],
  examples: [
    'orc compact --before 90d --dry-run',
    'orc compact --before 2026-01-31',
    'orc compact --before 90d --json',
  ],
  data: 'Compacted',
  async run(call) {
    const given = call.text('before');
    if (given === undefined)
      throw new OrcError('usage', '--before is missing', { hint: 'for example `orc compact --before 90d --dry-run`' });
    const orc = await call.open();
    const { compactBoard } = await import('../../app/compact.ts');
    const { agent, op } = call.globals;
    const before = readSince(given, orc.world.clock.now());
    return compactBoard(orc, { agent, op, before, dryRun: call.flag('dryRun'), onRead: tellProgress(call, reading) });
  },
  view: ({ data }, look) => compactedLines(data, look),
});
