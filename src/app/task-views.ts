/** Tasks seen together: what keeps each from being worked on, what it is made of, what waits for what. */
import type { Board } from '../core/board.ts';
import { findChains } from '../core/chains.ts';
import type { Moment } from '../core/operation.ts';
import { compareAcrossWorkstreams, requireDependencies } from '../core/readiness.ts';
import { isOpen, type LinkedCommit, type Task } from '../core/records.ts';
import { buildGraph, type TaskGraph } from '../core/task-graph.ts';
import { growTree, type RollUp, type TreeNode } from '../core/task-tree.ts';
import { findObstacle, type WaitingFor } from '../core/waiting.ts';
import { OrcError } from '../errors.ts';
import { requireWorkstream } from './listing.ts';
import type { OrcCore } from './orc-core.ts';
import { skewOf } from './skew.ts';

/** A task, and why `next` would not give it to who asks; `null`: it would. */
export interface ListedTask extends Task {
  readonly obstacle: WaitingFor | null;
}

export interface ShownTask extends ListedTask {
  /** None where the record has no such field. */
  readonly commits: readonly LinkedCommit[];
  /** What its parts come to; `null` where it has none. */
  readonly descendants: RollUp | null;
}

/** One line of a tree. */
export interface TreeEntry
  extends Pick<Task, 'id' | 'workstream' | 'title' | 'status' | 'priority' | 'estimate' | 'assigned_to' | 'parent'> {
  readonly depth: number;
  readonly descendants: RollUp | null;
}

/** Adds what stands against each, for this agent. */
export async function withObstacles(orc: OrcCore, tasks: readonly Task[], agent: string): Promise<ListedTask[]> {
  const at = orc.world.clock.now();
  return orc.ask((board) => {
    const moment: Moment = { at, clockSkewMs: skewOf(orc, board) };
    requireDependencies(board, tasks.filter(isOpen));
    return tasks.map((task) => ({ ...task, obstacle: findObstacle(board, task, agent, moment) }));
  });
}

/** A task with all that is known of it, as this agent meets it; `null`: there is none. */
export async function showTask(orc: OrcCore, id: string, agent: string): Promise<ShownTask | null> {
  const task = await orc.task(id);
  if (task === null) return null;
  const [listed] = await withObstacles(orc, [task], agent);
  return listed === undefined
    ? null
    : { ...listed, commits: listed.commits ?? [], descendants: await sumUpParts(orc, task) };
}

/** How many closed tasks are looked through for parts of a task that has no open ones. */
const maxLookedThrough = 2000;

/** What the parts of a task come to. `t tree` counts in any case; here a long archive is read only for a task with open parts. */
async function sumUpParts(orc: OrcCore, task: Task): Promise<RollUp | null> {
  const head = await orc.head();
  const { board } = head.read;
  const open = [...board.openTasks()];
  const closedCount = [...board.workstreams.loaded()]
    .map(({ name }) => board.countsOf(name))
    .reduce((sum, { done, failed, cancelled }) => sum + done + failed + cancelled, 0);
  const isWorthwhile = closedCount <= maxLookedThrough || open.some(({ parent }) => parent === task.id);
  const closed = isWorthwhile ? await orc.closedTasks(head, { onlyParts: true }) : [];
  const others = [...open, ...closed].filter(({ id }) => id !== task.id);
  const compare = compareAcrossWorkstreams(board);
  return growTree([task, ...others], { root: task.id, withClosed: true, compare })[0]?.descendants ?? null;
}

/**
 * Tasks and their parts, each after the one that it is a part of. Of one task all parts; of the whole board the open ones,
 * and closed ones above them, unless `withClosed`.
 * @throws OrcError `not-found`, `ambiguous-id`
 */
export async function readTree(
  orc: OrcCore,
  { id, withClosed = false }: { readonly id?: string | undefined; readonly withClosed?: boolean | undefined } = {},
): Promise<TreeEntry[]> {
  const root = id === undefined ? undefined : await orc.resolveTaskId(id);
  const nodes = await grow(orc, { root, withClosed: withClosed || root !== undefined });
  if (root !== undefined && nodes.length === 0) {
    const { missingTaskError } = await import('./set-aside.ts');
    const hint = 'see `orc t list`; `orc sync` brings what others added';
    const error = new OrcError('not-found', `task "${id}" not found`, { hint });
    throw await missingTaskError(orc, root, error);
  }
  return nodes.map(({ task, depth, descendants }) => {
    const { id: own, workstream, title, status, priority, estimate, assigned_to, parent } = task;
    return { id: own, workstream, title, status, priority, estimate, assigned_to, parent, depth, descendants };
  });
}

/** Ids of the open parts of a task, in the order of `next`; not those of its parts. */
export async function openPartsOf(orc: OrcCore, id: string): Promise<string[]> {
  return orc.ask((board) =>
    [...board.openTasks()]
      .filter(({ parent }) => parent === id)
      .sort(compareAcrossWorkstreams(board))
      .map((task) => task.id),
  );
}

export interface GraphFilter {
  /** Only its tasks, and what they wait for. */
  readonly workstream?: string | undefined;
  /** Closed ones too, although nothing open waits for them. */
  readonly withClosed?: boolean | undefined;
}

/** Open tasks and what they wait for, closed or not. @throws OrcError `not-found` for an unknown workstream */
export async function readGraph(
  orc: OrcCore,
  { workstream, withClosed = false }: GraphFilter = {},
): Promise<TaskGraph> {
  if (workstream !== undefined) await requireWorkstream(orc, workstream);
  const head = await orc.head();
  const closed = withClosed ? await orc.closedTasks(head) : [];
  return orc.ask((board) => {
    const compare = compareAcrossWorkstreams(board);
    const open = [...board.openTasks()];
    const own = [...open, ...closed].filter((task) => workstream === undefined || task.workstream === workstream);
    requireDependencies(board, own);
    const shown = new Map(own.map((task) => [task.id, task]));
    for (const task of own) for (const dependency of dependenciesOf(board, task)) shown.set(dependency.id, dependency);
    const { longest } = findChains(open, compare);
    return buildGraph([...shown.values()], new Set(longest.length < 2 ? [] : longest.map(({ id }) => id)), compare);
  }, head);
}

function dependenciesOf(board: Board, { depends_on }: Task): Task[] {
  return depends_on.flatMap((id) => board.tasks.get(id) ?? []);
}

async function grow(
  orc: OrcCore,
  options: { readonly root?: string | undefined; readonly withClosed: boolean },
): Promise<TreeNode[]> {
  const head = await orc.head();
  const { board } = head.read;
  const tasks = [...board.openTasks(), ...(await orc.closedTasks(head))];
  return growTree(tasks, { ...options, compare: compareAcrossWorkstreams(board) });
}
