/**
 * What can be worked on next, by whom, what at the same time, and what not: with the reason. Pure: the board and the time
 * decide, and equal boards give equal plans.
 *
 * Each ready task is either in `parallel`, or waits in exactly one group of `serial`. Nothing in `parallel` stands in the
 * way of anything else there.
 */
import { Assignment } from './assignment.ts';
import type { Board } from './board.ts';
import { type CriticalPath, criticalPath, findChains } from './chains.ts';
import type { Moment } from './operation.ts';
import { liveAgents, type MissingAgents, missingAgents, type PlannedAgent, plannedAgents } from './plan-agents.ts';
import { ableAgents, alone, findConflict, type NamedTask, namedTask, type SerialGroup } from './plan-conflicts.ts';
import { groupDependents, groupStuck } from './plan-waiting.ts';
import {
  compareAcrossWorkstreams,
  isExhausted,
  isLeaseExpired,
  openDependencies,
  requireDependencies,
} from './readiness.ts';
import type { Task, Workstream } from './records.ts';
import { compareTasks } from './task-order.ts';

export interface PlannedWorkstream {
  readonly name: string;
  readonly priority: number;
  /** The first of the order of `next`. */
  readonly next_task: Task | null;
  readonly pending_count: number;
  /** Ids of all that is ready, in the order of the plan. */
  readonly ready: readonly string[];
}

/** A task that can start now, beside the others of its kind. */
export interface Startable {
  readonly task: Task;
  /** A live agent that is free and has what the task needs; `null`: it needs nothing, so whoever comes may take it. */
  readonly agent: string | null;
  /** Of the critical path, where that is more than this task alone. */
  readonly is_critical: boolean;
}

export interface RunningTask extends NamedTask {
  readonly agent: string | null;
}

export interface PlannedWork {
  readonly workstreams: readonly PlannedWorkstream[];
  /** What is at work now, under a lease that holds. */
  readonly running: readonly RunningTask[];
  readonly parallel: readonly Startable[];
  readonly serial: readonly SerialGroup[];
  readonly agents: readonly PlannedAgent[];
  readonly missing: readonly MissingAgents[];
  readonly critical_path: CriticalPath;
  /** Ready tasks that were not looked at: there are more than `maxReady`. */
  readonly left_out: number;
}

/** How many ready tasks one plan looks at: each is held against each. */
export const maxReady = 200;

/** @param staleAfterMs an agent that was seen within it is live @throws MissingRecord when it needs tasks that are not loaded */
export function planWork(board: Board, now: Moment, staleAfterMs: number): PlannedWork {
  const open = [...board.openTasks()].sort(compareAcrossWorkstreams(board));
  requireDependencies(board, open);
  const running = open.filter((task) => task.status === 'in_progress' && !isLeaseExpired(board, task, now));
  const live = liveAgents(board, now.at - staleAfterMs);
  const chains = findChains(open, compareAcrossWorkstreams(board));
  // One task alone is no chain.
  const critical = new Set(chains.longest.length < 2 ? [] : chains.longest.map(({ id }) => id));
  const workstreams = activeWorkstreams(board).flatMap((workstream) => planWorkstream(board, workstream, open, now));
  const ready = inTurns(workstreams.map(({ tasks }) => tasks.sort(byPriorityThen(chains.lengthFrom))));

  const busy = new Set(running.map(({ assigned_to }) => assigned_to));
  const free = live.filter(({ id }) => !busy.has(id));
  const assignment = new Assignment();
  const parallel: Task[] = [];
  const conflicts = new Map<string, SerialGroup>();
  const unserved: Task[] = [];
  const considered = ready.slice(0, maxReady);
  for (const task of considered) {
    const conflict = findConflict(board, task, { parallel, running, live }, now);
    if (conflict !== null) conflicts.set(task.id, conflict);
    else if (assignment.tryAssign(task.id, ableIds(task)) || task.needs.length === 0) parallel.push(task);
    else unserved.push(task);
  }
  const agents = plannedAgents({ live, running, recommended: parallel, assignment });
  for (const task of unserved) conflicts.set(task.id, lackOfAgents(task));

  /** Who could take it now; the one with the fewest capabilities first, for the others may be needed elsewhere. */
  function ableIds(task: Task): string[] {
    return ableAgents(task, free)
      .sort((a, b) => a.capabilities.length - b.capabilities.length)
      .map(({ id }) => id);
  }

  /** Told when all is settled: until then agents may change. */
  function lackOfAgents(task: Task): SerialGroup {
    const able = new Set(ableAgents(task, live).map(({ id }) => id));
    const taken = agents
      .filter(({ id }) => able.has(id))
      .map(({ id, task: own, tasks }) => `${id} (${own ?? tasks[0]})`);
    const who =
      taken.length === 1
        ? `the only live agent with ${listed(task.needs)} has`
        : `all live agents with ${listed(task.needs)} have`;
    return alone('agents', task, `${who} other work: ${taken.join(', ')}`);
  }

  function isForWantOfAgents({ id }: Task): boolean {
    const kind = conflicts.get(id)?.kind;
    return kind === 'capability' || kind === 'agents';
  }

  return {
    workstreams: workstreams.map(({ tasks, ...workstream }) => ({ ...workstream, ready: tasks.map(({ id }) => id) })),
    running: running.map((task) => ({ ...namedTask(task), agent: task.assigned_to })),
    parallel: parallel.map((task) => ({
      task,
      agent: assignment.agentOf(task.id),
      is_critical: critical.has(task.id),
    })),
    serial: [
      ...considered.flatMap(({ id }) => conflicts.get(id) ?? []),
      ...groupDependents(board, open, [...running, ...parallel]),
      ...groupStuck(board, open),
    ],
    agents,
    missing: missingAgents(board, considered.filter(isForWantOfAgents), [...running, ...parallel], now),
    critical_path: criticalPath(chains),
    left_out: ready.length - considered.length,
  };
}

/** Ready, whoever would do it: capabilities and locks are the matter of the plan. */
export function canStart(board: Board, task: Task, now: Moment): boolean {
  if (task.status !== 'pending' && !isLeaseExpired(board, task, now)) return false;
  return !isExhausted(board, task, now) && openDependencies(board, task).length === 0;
}

/** Active ones, the most urgent first. */
export function activeWorkstreams(board: Board): Workstream[] {
  return [...board.workstreams.loaded()]
    .filter(({ status }) => status === 'active')
    .sort(
      (a, b) =>
        a.priority - b.priority ||
        a.created_version - b.created_version ||
        a.created_index - b.created_index ||
        (a.name < b.name ? -1 : 1),
    );
}

/** With the ready tasks as records; nothing for a workstream in which nothing is open. */
function planWorkstream(board: Board, { name, priority }: Workstream, open: readonly Task[], now: Moment) {
  const own = open.filter(({ workstream }) => workstream === name);
  if (own.length === 0) return [];
  const tasks = own.filter((task) => canStart(board, task, now)).sort(compareTasks);
  return [{ name, priority, next_task: tasks[0] ?? null, pending_count: board.countsOf(name).pending, tasks }];
}

/** The order of `next`, but among tasks of one priority those come first behind which the longest chain waits. */
function byPriorityThen(lengthFrom: (id: string) => number): (a: Task, b: Task) => number {
  return (a, b) => a.priority - b.priority || lengthFrom(b.id) - lengthFrom(a.id) || compareTasks(a, b);
}

/** The first of each list, then the second of each, and so on: no workstream has all agents while others have none. */
function inTurns(lists: readonly (readonly Task[])[]): Task[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list[turn] ?? [])).flat();
}

function listed(words: readonly string[]): string {
  return words.join(' and ');
}
