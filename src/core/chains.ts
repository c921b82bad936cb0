/** Chains of open tasks that wait for one another: the longest of them is how long all of it takes at least. */
import { roundWork, unitOf, type WorkUnit, weightOf } from './estimate.ts';
import type { Task, TaskStatus } from './records.ts';

export interface Chains {
  readonly unit: WorkUnit;
  /** The length of the longest chain that begins with this task, itself included. */
  readonly lengthFrom: (id: string) => number;
  /** The longest chain, the first task first; empty where nothing is open. */
  readonly longest: readonly Task[];
}

/** The chain of open tasks that takes longest: nothing makes all of it be done sooner but to shorten this one. */
export interface CriticalPath {
  /** Sum of the estimates of its tasks, one for each that has none; their number where nobody estimated anything. */
  readonly length: number;
  readonly unit: WorkUnit;
  /** The first task first. */
  readonly tasks: readonly {
    readonly workstream: string;
    readonly id: string;
    readonly title: string;
    readonly status: TaskStatus;
    readonly estimate: Task['estimate'];
  }[];
}

export function criticalPath({ longest, unit, lengthFrom }: Chains): CriticalPath {
  return {
    length: longest[0] === undefined ? 0 : lengthFrom(longest[0].id),
    unit,
    tasks: longest.map(({ workstream, id, title, status, estimate }) => ({ workstream, id, title, status, estimate })),
  };
}

/**
 * Each task weighs what it is estimated at, or one. Of several longest chains the one whose first tasks come first in the
 * given order is taken, so that equal boards give equal chains. Tasks that wait for themselves (which only a hand edit can
 * bring about) are in no chain.
 */
export function findChains(open: readonly Task[], compare: (a: Task, b: Task) => number): Chains {
  const byId = new Map(open.map((task) => [task.id, task]));
  const dependents = new Map<string, Task[]>();
  const waiting = new Map<string, number>();
  for (const task of open) {
    for (const id of new Set(task.depends_on)) {
      if (!byId.has(id)) continue;
      const known = dependents.get(id);
      if (known === undefined) dependents.set(id, [task]);
      else known.push(task);
    }
  }
  for (const { id } of open) waiting.set(id, dependents.get(id)?.length ?? 0);
  const lengths = new Map<string, number>();
  const after = new Map<string, Task>();
  // From the ends backwards: a task's turn comes when all that wait for it have had theirs.
  const turn = open.filter(({ id }) => waiting.get(id) === 0);
  for (let task = turn.pop(); task !== undefined; task = turn.pop()) {
    const best = bestOf(dependents.get(task.id) ?? [], lengths, compare);
    if (best !== null) after.set(task.id, best);
    lengths.set(task.id, roundWork(weightOf(task) + (best === null ? 0 : (lengths.get(best.id) ?? 0))));
    for (const id of new Set(task.depends_on)) {
      const left = (waiting.get(id) ?? 0) - 1;
      const before = byId.get(id);
      waiting.set(id, left);
      if (left === 0 && before !== undefined) turn.push(before);
    }
  }
  const longest: Task[] = [];
  let next = bestOf(
    open.filter(({ id }) => lengths.has(id)),
    lengths,
    compare,
  );
  for (; next !== null; next = after.get(next.id) ?? null) longest.push(next);
  return { unit: unitOf(open), longest, lengthFrom: (id) => lengths.get(id) ?? 0 };
}

function bestOf(
  tasks: readonly Task[],
  lengths: ReadonlyMap<string, number>,
  compare: (a: Task, b: Task) => number,
): Task | null {
  const length = (task: Task): number => lengths.get(task.id) ?? 0;
  let best: Task | null = null;
  for (const task of tasks) {
    const difference = best === null ? 1 : length(task) - length(best) || compare(best, task);
    if (difference > 0) best = task;
  }
  return best;
}
