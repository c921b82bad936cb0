/** Why a task cannot be worked on beside others: the reasons that a plan gives. Each of them holds on the board it was made of. */
import type { Board } from './board.ts';
import { globsOverlap } from './globs.ts';
import type { Moment } from './operation.ts';
import { conflictingLock } from './readiness.ts';
import type { Agent, Task } from './records.ts';

export type SerialKind =
  /** Files that another task touches, which runs or comes first. */
  | 'paths'
  /** Files that somebody has locked. */
  | 'lock'
  /** No live agent has all that it needs. */
  | 'capability'
  /** Live agents have what it needs; all of them have other work. */
  | 'agents'
  /** It waits for a task that runs, or can start now. */
  | 'dependency'
  /** It waits for a task that is blocked, or was closed undone: nothing in the plan changes that. */
  | 'stuck';

export interface SerialGroup {
  readonly kind: SerialKind;
  readonly reason: string;
  /** `workstream/id`, in the order in which they should run. */
  readonly tasks: readonly string[];
  /** Those of them that have to wait, with their titles. */
  readonly waits: readonly NamedTask[];
}

export interface NamedTask {
  /** `workstream/id` */
  readonly task: string;
  readonly title: string;
}

export function namedTask(task: Task): NamedTask {
  return { task: nameOf(task), title: task.title };
}

export function nameOf({ workstream, id }: Pick<Task, 'workstream' | 'id'>): string {
  return `${workstream}/${id}`;
}

export interface Rivals {
  /** Tasks that are recommended already. */
  readonly parallel: readonly Task[];
  /** In progress, with a lease that holds. */
  readonly running: readonly Task[];
  readonly live: readonly Agent[];
}

/** Why a ready task should not start beside what runs and what is recommended already, whoever is free; `null`: it can. */
export function findConflict(board: Board, task: Task, rivals: Rivals, now: Moment): SerialGroup | null {
  return lackOfCapability(task, rivals.live) ?? lockInTheWay(board, task, now) ?? sharedFiles(task, rivals);
}

/** Live agents that have all that the task needs. */
export function ableAgents(task: Pick<Task, 'needs'>, live: readonly Agent[]): Agent[] {
  return live.filter(({ capabilities }) => task.needs.every((need) => capabilities.includes(need)));
}

function lackOfCapability(task: Task, live: readonly Agent[]): SerialGroup | null {
  if (task.needs.length === 0 || ableAgents(task, live).length > 0) return null;
  const lacking = task.needs.filter((need) => !live.some(({ capabilities }) => capabilities.includes(need)));
  const reason =
    lacking.length > 0
      ? `no live agent has what it needs: ${lacking.join(', ')}`
      : `no single live agent has all it needs: ${task.needs.join(', ')}`;
  return alone('capability', task, reason);
}

/** Whoever takes the task is not known yet: a lock of anybody's is in the way. */
function lockInTheWay(board: Board, task: Task, now: Moment): SerialGroup | null {
  const lock = conflictingLock(board, task, '', now);
  if (lock === null) return null;
  const by = [...new Set(lock.holders.map(({ agent }) => agent))].join(', ');
  return alone('lock', task, `it touches files that ${by} holds with "${lock.resource}"`);
}

function sharedFiles(task: Task, { running, parallel }: Rivals): SerialGroup | null {
  for (const other of running) {
    const shared = sharedPaths(task, other);
    if (shared === null) continue;
    return behind(other, task, `${other.assigned_to} is at work on files that both touch: ${shared}`);
  }
  for (const other of parallel) {
    const shared = sharedPaths(task, other);
    if (shared !== null) return behind(other, task, `both touch the same files: ${shared}`);
  }
  return null;
}

/** The globs of two tasks that can match the same file, in words; `null`: there are none. */
export function sharedPaths(task: Pick<Task, 'paths'>, other: Pick<Task, 'paths'>): string | null {
  for (const path of task.paths) {
    for (const theirs of other.paths) {
      if (globsOverlap(path, theirs)) return path === theirs ? path : `${theirs} and ${path}`;
    }
  }
  return null;
}

export function alone(kind: SerialKind, task: Task, reason: string): SerialGroup {
  return { kind, reason, tasks: [nameOf(task)], waits: [namedTask(task)] };
}

function behind(other: Task, task: Task, reason: string): SerialGroup {
  return { kind: 'paths', reason, tasks: [nameOf(other), nameOf(task)], waits: [namedTask(task)] };
}
