/** What can be worked on next, what at the same time, and what not: with the reason. Pure: the board and the time decide. */
import type { Board } from '../core/board.ts';
import { globsOverlap } from '../core/globs.ts';
import type { Context } from '../core/operation.ts';
import { compareTasks, conflictingLock, isLeaseExpired, openDependencies } from '../core/readiness.ts';
import type { Agent, Task, Workstream } from '../core/records.ts';
import { fromIso } from '../core/time.ts';

type Now = Pick<Context, 'at' | 'clockSkewMs'>;

export interface SerialGroup {
  readonly reason: string;
  /** `workstream/id`, in the order in which they should run. */
  readonly tasks: readonly string[];
}

export interface PlannedWorkstream {
  readonly name: string;
  readonly priority: number;
  readonly next_task: Task | null;
  readonly pending_count: number;
}

/** A task that can start now, beside the others of its kind. */
export interface Startable {
  readonly task: Task;
  /** A live agent that is free and has what the task needs; `null` when none is registered. */
  readonly agent: string | null;
}

export interface PlannedWork {
  readonly workstreams: readonly PlannedWorkstream[];
  readonly parallel: readonly Startable[];
  readonly serial: readonly SerialGroup[];
}

/** How many ready tasks of a workstream are looked at for one that nothing stands against. */
const maxCandidates = 20;

/** @throws MissingRecord when it needs a task that is not loaded */
export function planWork(board: Board, now: Now, staleAfterMs: number): PlannedWork {
  const open = [...board.openTasks()].sort(compareTasks);
  const running = open.filter((task) => task.status === 'in_progress' && !isLeaseExpired(board, task, now));
  const live = liveAgents(board, now.at - staleAfterMs);
  const free = new Set(
    live.filter(({ id }) => !running.some(({ assigned_to }) => assigned_to === id)).map(({ id }) => id),
  );
  const workstreams: PlannedWorkstream[] = [];
  const parallel: Startable[] = [];
  const serial: SerialGroup[] = [];
  for (const { name, priority } of activeWorkstreams(board)) {
    const own = open.filter(({ workstream }) => workstream === name);
    if (own.length === 0) continue;
    const ready = own.filter((task) => canStart(board, task, now));
    const next = ready[0] ?? null;
    workstreams.push({ name, priority, next_task: next, pending_count: board.countsOf(name).pending });
    for (const task of ready.slice(0, maxCandidates)) {
      const obstacle = obstacleTo(board, task, { parallel: parallel.map((each) => each.task), running, live, now });
      if (obstacle !== null) {
        serial.push(obstacle);
        continue;
      }
      const agent = chooseAgent(task, live, free);
      if (agent !== null) free.delete(agent);
      parallel.push({ task, agent });
      break;
    }
  }
  return {
    workstreams,
    parallel,
    serial: [...serial, ...waiting(board, open, [...running, ...parallel.map(({ task }) => task)])],
  };
}

/** Ready, whoever would do it: capabilities and locks are the matter of the plan. */
export function canStart(board: Board, task: Task, now: Now): boolean {
  if (task.status !== 'pending' && !isLeaseExpired(board, task, now)) return false;
  return openDependencies(board, task).length === 0;
}

/** Active ones, the most urgent first. */
export function activeWorkstreams(board: Board): Workstream[] {
  return [...board.workstreams.loaded()]
    .filter(({ status }) => status === 'active')
    .sort(
      (a, b) => a.priority - b.priority || a.created_version - b.created_version || a.created_index - b.created_index,
    );
}

export function nameOf({ workstream, id }: Pick<Task, 'workstream' | 'id'>): string {
  return `${workstream}/${id}`;
}

interface Rivals {
  readonly parallel: readonly Task[];
  readonly running: readonly Task[];
  readonly live: readonly Agent[];
  readonly now: Now;
}

function obstacleTo(board: Board, task: Task, { parallel, running, live, now }: Rivals): SerialGroup | null {
  const lacking = task.needs.filter((need) => !live.some(({ capabilities }) => capabilities.includes(need)));
  if (lacking.length > 0)
    return { reason: `no live agent has what it needs: ${lacking.join(', ')}`, tasks: [nameOf(task)] };
  const capable = live.some(({ capabilities }) => task.needs.every((need) => capabilities.includes(need)));
  if (task.needs.length > 0 && !capable) {
    return { reason: `no single live agent has all it needs: ${task.needs.join(', ')}`, tasks: [nameOf(task)] };
  }
  // Whoever takes the task is not known yet: a lock of anybody's is in the way.
  const lock = conflictingLock(board, task, '', now);
  if (lock !== null) {
    const by = [...new Set(lock.holders.map(({ agent }) => agent))].join(', ');
    return { reason: `it touches files that ${by} holds with "${lock.resource}"`, tasks: [nameOf(task)] };
  }
  for (const other of running) {
    const shared = sharedPaths(task, other);
    if (shared === null) continue;
    return {
      reason: `${other.assigned_to} is at work on files that both touch: ${shared}`,
      tasks: [nameOf(other), nameOf(task)],
    };
  }
  for (const other of parallel) {
    const shared = sharedPaths(task, other);
    if (shared !== null)
      return { reason: `both touch the same files: ${shared}`, tasks: [nameOf(other), nameOf(task)] };
  }
  return null;
}

/** The globs of two tasks that can match the same file, in words. */
function sharedPaths(task: Task, other: Task): string | null {
  for (const path of task.paths) {
    for (const theirs of other.paths) {
      if (globsOverlap(path, theirs)) return path === theirs ? path : `${theirs} and ${path}`;
    }
  }
  return null;
}

/** Tasks that wait for one that runs or can start now. */
function waiting(board: Board, open: readonly Task[], first: readonly Task[]): SerialGroup[] {
  return first.flatMap((task) => {
    const dependents = open.filter(
      ({ status, depends_on }) => status !== 'in_progress' && depends_on.includes(task.id),
    );
    const active = dependents.filter(({ workstream }) => board.workstreams.get(workstream)?.status === 'active');
    if (active.length === 0) return [];
    const waits = active.length === 1 ? 'the second waits' : 'the others wait';
    return [{ reason: `${waits} for the result of the first`, tasks: [task, ...active].map(nameOf) }];
  });
}

function liveAgents(board: Board, seenSince: number): Agent[] {
  return [...board.agents.loaded()]
    .filter(({ status, last_seen }) => status === 'active' && fromIso(last_seen) >= seenSince)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The one with the fewest capabilities that suffice: the others may be needed elsewhere. */
function chooseAgent(task: Task, live: readonly Agent[], free: ReadonlySet<string>): string | null {
  const capable = live.filter(
    ({ id, capabilities }) => free.has(id) && task.needs.every((need) => capabilities.includes(need)),
  );
  return capable.sort((a, b) => a.capabilities.length - b.capabilities.length)[0]?.id ?? null;
}
