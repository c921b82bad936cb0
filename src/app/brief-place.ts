/** Where a task stands among the open ones: its turn, what waits for it, whether it is on the longest chain. Pure. */
import type { Board } from '../core/board.ts';
import { findChains } from '../core/chains.ts';
import { compareAcrossWorkstreams } from '../core/readiness.ts';
import type { Task } from '../core/records.ts';
import { compareTasks } from '../core/task-order.ts';

export interface TaskPlace {
  /** Its turn among the pending tasks of its workstream that wait for no open task; `null` when it is none of them. */
  readonly turn: { readonly position: number; readonly of: number } | null;
  /** Open tasks that name it as a dependency, in the order of `next`. */
  readonly dependents: readonly Task[];
  /** How many open tasks wait for it, those that wait for its dependents included. */
  readonly unblocks: number;
  /** The longest chain of open tasks, each waiting for the one before; `null` when it is not on it. */
  readonly chain: { readonly position: number; readonly length: number } | null;
}

/** Looks at open tasks alone: nothing is loaded for it. */
export function placeOfTask(board: Board, task: Task): TaskPlace {
  const open = [...board.openTasks()];
  const dependentsById = new Map<string, Task[]>();
  for (const each of open) {
    for (const id of new Set(each.depends_on)) {
      const known = dependentsById.get(id);
      if (known === undefined) dependentsById.set(id, [each]);
      else known.push(each);
    }
  }
  const dependents = [...(dependentsById.get(task.id) ?? [])].sort(compareTasks);
  return {
    turn: turnOf(board, open, task),
    dependents,
    unblocks: countReached(task.id, dependentsById),
    chain: chainOf(board, open, task),
  };
}

function turnOf(board: Board, open: readonly Task[], task: Task): TaskPlace['turn'] {
  const ready = open
    .filter(({ workstream, status }) => workstream === task.workstream && status === 'pending')
    .filter(({ depends_on }) => !depends_on.some((id) => board.isOpenTask(id)))
    .sort(compareTasks);
  const index = ready.findIndex(({ id }) => id === task.id);
  return index === -1 ? null : { position: index + 1, of: ready.length };
}

function countReached(from: string, dependentsById: ReadonlyMap<string, readonly Task[]>): number {
  const seen = new Set<string>();
  const queue = [from];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const { id: next } of dependentsById.get(id) ?? []) {
      if (seen.has(next) || next === from) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen.size;
}

/** The same chain as the plan's. */
function chainOf(board: Board, open: readonly Task[], task: Task): TaskPlace['chain'] {
  const { longest } = findChains(open, compareAcrossWorkstreams(board));
  const index = longest.findIndex(({ id }) => id === task.id);
  return index === -1 || longest.length < 2 ? null : { position: index + 1, length: longest.length };
}
