/** Tasks and their parts, in the order of a tree, and what the parts come to. */
import { readEstimate, roundWork, unitOf, type WorkUnit } from './estimate.ts';
import { isOpen, noTasks, type Task, type TaskCounts, type TaskStatus, taskStatuses } from './records.ts';

/** All parts of a task, theirs included, by status. */
export interface RollUp extends TaskCounts {
  readonly total: number;
  /** How many are done, in percent of those that were not cancelled; rounded down, so that 100 means all. */
  readonly percent: number;
  /** Of the parts that have no parts themselves; `null` where none of them has an estimate that can be read. */
  readonly work: {
    readonly unit: WorkUnit;
    readonly total: number;
    /** What is not closed yet. */
    readonly open: number;
    /** How many are not in these sums, for want of an estimate. */
    readonly unestimated: number;
  } | null;
}

export interface TreeNode {
  readonly task: Task;
  /** 0 for a task that is shown below no other. */
  readonly depth: number;
  /** `null` for a task without parts. */
  readonly descendants: RollUp | null;
}

export interface TreeOptions {
  /** Only this task and what is below it. */
  readonly root?: string | undefined;
  /** Otherwise closed tasks are shown only where something below them is open; they count all the same. */
  readonly withClosed: boolean;
  readonly compare: (a: Task, b: Task) => number;
}

/**
 * Each task once, after the one that it is a part of. A task whose parent is not there stands at the top; so does the first
 * of those that are parts of themselves, which only a hand edit can bring about.
 */
export function growTree(tasks: readonly Task[], { root, withClosed, compare }: TreeOptions): TreeNode[] {
  const sorted = [...tasks].sort(compare);
  const known = new Set(sorted.map(({ id }) => id));
  const partsOf = new Map<string, Task[]>();
  for (const task of sorted) {
    if (task.parent === null || !known.has(task.parent)) continue;
    const parts = partsOf.get(task.parent);
    if (parts === undefined) partsOf.set(task.parent, [task]);
    else parts.push(task);
  }
  const walked: Walked[] = [];
  const seen = new Set<string>();
  const isTop = ({ id, parent }: Task): boolean =>
    root === undefined ? parent === null || !known.has(parent) : id === root;
  for (const task of sorted) if (isTop(task)) walk(task);
  if (root === undefined) for (const task of sorted) walk(task);
  // What comes later in this order is never above what comes earlier.
  for (const each of [...walked].reverse()) if (each.above !== null) addPart(each.above.sum, each);
  return walked
    .filter(({ task, sum }) => withClosed || isOpen(task) || sum.hasOpen)
    .map(({ task, depth, sum }) => ({ task, depth, descendants: sum.total === 0 ? null : rollUp(sum) }));

  function walk(top: Task): void {
    const stack: { readonly task: Task; readonly above: Walked | null }[] = [{ task: top, above: null }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { task, above } = next;
      if (seen.has(task.id)) continue;
      seen.add(task.id);
      const depth = above === null ? 0 : above.depth + 1;
      const each: Walked = { task, above, depth, sum: emptySum() };
      walked.push(each);
      for (const part of [...(partsOf.get(task.id) ?? [])].reverse()) stack.push({ task: part, above: each });
    }
  }
}

interface Walked {
  readonly task: Task;
  readonly above: Walked | null;
  readonly depth: number;
  readonly sum: Sum;
}

/** Of all that is below a task. */
interface Sum {
  total: number;
  hasOpen: boolean;
  readonly counts: Record<TaskStatus, number>;
  unit: WorkUnit;
  work: number;
  openWork: number;
  unestimated: number;
}

function emptySum(): Sum {
  return { total: 0, hasOpen: false, counts: { ...noTasks }, unit: 'tasks', work: 0, openWork: 0, unestimated: 0 };
}

function addPart(to: Sum, { task, sum }: Walked): void {
  const isLeaf = sum.total === 0;
  const own = isLeaf && task.status !== 'cancelled' ? readEstimate(task.estimate) : null;
  const units = [to.unit, sum.unit, own === null ? 'tasks' : unitOf([task])];
  to.total += sum.total + 1;
  to.hasOpen ||= sum.hasOpen || isOpen(task);
  for (const status of taskStatuses) to.counts[status] += sum.counts[status];
  to.counts[task.status] += 1;
  to.unit = units.includes('hours') ? 'hours' : units.includes('points') ? 'points' : 'tasks';
  to.work += sum.work + (own ?? 0);
  to.openWork += sum.openWork + (own !== null && isOpen(task) ? own : 0);
  to.unestimated += sum.unestimated + (isLeaf && own === null && task.status !== 'cancelled' ? 1 : 0);
}

function rollUp({ total, counts, unit, work, openWork, unestimated }: Sum): RollUp {
  const wanted = total - counts.cancelled;
  return {
    total,
    ...counts,
    percent: wanted === 0 ? 100 : Math.floor((100 * counts.done) / wanted),
    work: unit === 'tasks' ? null : { unit, total: roundWork(work), open: roundWork(openWork), unestimated },
  };
}
