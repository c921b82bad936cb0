/** Compacting: docs/operations.md, "Compacting". */
import type { BoardModel, Change } from './board.ts';
import { type Decide, isoTime, refuse, text } from './operation.ts';
import { isClosed, type Task } from './records.ts';

const compact: Decide = (board, call) => {
  const before = Date.parse(text(call.args, 'before'));
  if (before > call.at + call.skewMs) return refuse('invalid-argument', 'it is in the future');
  const cycles = [...board.cycles.values()].sort((a, b) => a.number - b.number);
  const newest = cycles.at(-1);
  const opened = newest?.collected === null ? newest : null;
  const limit = opened === null ? before : Math.min(before, Date.parse(opened.opened_at));
  const isOld = (time: string): boolean => Date.parse(time) < limit;

  const { going, needed } = tasksThatGo(board, isOld);
  const oldCycles = cycles.filter((cycle) => cycle !== newest && cycle.collected !== null && isOld(cycle.collected.at));
  const full = board.fullSegments();
  const gone: number[] = [];
  for (const { first, last } of full) {
    if (last === null || !isOld(last.ts) || (opened !== null && last.v >= opened.opened_version)) break;
    gone.push(first);
  }
  const oldest = full[gone.length]?.first ?? board.meta.segment.first;
  const events = gone.length === 0 ? 0 : oldest - (gone[0] ?? 0);
  if (going.length + oldCycles.length + events === 0) return { outcome: 'unchanged' };
  return {
    outcome: 'accepted',
    changes: [
      ...going.map(({ id }): Change => ({ what: 'task', key: id, after: null })),
      ...oldCycles.map(({ number }): Change => ({ what: 'cycle', key: String(number), after: null })),
    ],
    event: {
      action: 'board_compacted',
      data: {
        before: isoTime(before),
        tasks: going.length,
        needed,
        cycles: oldCycles.length,
        events,
        oldest_event: oldest,
      },
    },
    result: { value: going.length },
    withoutSegments: gone,
  };
};

/** Closed and old, and named by no task that stays: whoever stays is looked at once, and saves those that it names. */
function tasksThatGo(board: BoardModel, isOld: (time: string) => boolean): { going: Task[]; needed: number } {
  const tasks = [...board.tasks.values()];
  const old = tasks.filter((task) => isClosed(task) && isOld(task.updated_at));
  const oldOnes = new Set(old);
  const saved = new Set<string>();
  const isStaying = (task: Task): boolean => !oldOnes.has(task) || saved.has(task.id);
  for (let before = -1; before !== saved.size; ) {
    before = saved.size;
    for (const task of tasks.filter(isStaying))
      for (const id of [...task.depends_on, ...(task.parent === null ? [] : [task.parent])]) saved.add(id);
  }
  const going = old.filter(({ id }) => !saved.has(id));
  return { going, needed: old.length - going.length };
}

export const compactOperations: Readonly<Record<string, Decide>> = { 'board.compact': compact };
