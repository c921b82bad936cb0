/** Thinning out a board: what is closed and old leaves the tree. History keeps it. */
import * as z from 'zod/mini';
import { MissingArchive, planCompaction } from '../archive.ts';
import * as arg from '../arguments.ts';
import { accept, defineOperation, lazily, refuse, unchanged } from '../operation.ts';
import { fromIso, toIso } from '../time.ts';

const compactArguments = lazily(() => z.strictObject({ before: arg.time() }));

export const boardCompact = defineOperation({
  kind: 'board.compact',
  summary: 'Take closed tasks, cycles and events older than a time off the board; history keeps them',
  arguments: compactArguments,
  actions: ['board_compacted'],
  decide(board, { before }, call) {
    const until = fromIso(before);
    if (until > call.at + call.clockSkewMs)
      return refuse('invalid-argument', `${before} is in the future`, 'name a time that has passed, such as 90d');
    if (call.archive === undefined) throw new MissingArchive();
    const { dropped, events, oldestEvent, needed } = planCompaction(board, call.archive, until);
    const { tasks, cycles } = dropped;
    if (tasks.length === 0 && cycles.length === 0 && events === 0) return unchanged({ value: 0 });
    return accept({
      changes: [],
      dropped,
      event: {
        action: 'board_compacted',
        data: {
          before: toIso(until),
          tasks: tasks.length,
          needed,
          cycles: cycles.length,
          events,
          oldest_event: oldestEvent,
        },
      },
      result: { value: tasks.length },
    });
  },
});
