/** Where a task stands among the open ones: its turn, what waits for it, whether it is on the longest chain. Pure. */
import type { Board } from '../core/board.ts';
import { compareTasks } from '../core/readiness.ts';
import type { Task } from '../core/records.ts';

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
    chain: chainOf(open, task, dependentsById),
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

/** Level by level from those that wait for nothing; tasks on a circle, which only hand edits make, have no level. */
function chainOf(
  open: readonly Task[],
  task: Task,
  dependentsById: ReadonlyMap<string, readonly Task[]>,
): TaskPlace['chain'] {
  const ids = new Set(open.map(({ id }) => id));
  const waitsFor = new Map(
    open.map(({ id, depends_on }) => [id, new Set(depends_on.filter((each) => ids.has(each))).size]),
  );
  const order: string[] = open.filter(({ id }) => waitsFor.get(id) === 0).map(({ id }) => id);
  const before = new Map<string, number>(order.map((id) => [id, 0]));
  for (const id of order) {
    for (const { id: next } of dependentsById.get(id) ?? []) {
      before.set(next, Math.max(before.get(next) ?? 0, (before.get(id) ?? 0) + 1));
      const left = (waitsFor.get(next) ?? 0) - 1;
      waitsFor.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  const after = new Map<string, number>();
  for (const id of [...order].reverse()) {
    const next = dependentsById.get(id) ?? [];
    after.set(id, Math.max(0, ...next.map((each) => (after.get(each.id) ?? -1) + 1)));
  }
  const lengthAt = (id: string): number => (before.get(id) ?? 0) + (after.get(id) ?? 0) + 1;
  const longest = order.reduce((most, id) => Math.max(most, lengthAt(id)), 0);
  if (longest < 2 || !after.has(task.id) || lengthAt(task.id) < longest) return null;
  return { position: (before.get(task.id) ?? 0) + 1, length: longest };
}
