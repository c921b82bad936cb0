/** Which tasks can be worked on now, by whom, and in what order. The same on every machine. */
import type { Board } from './board.ts';
import { globOf, globsOverlap } from './globs.ts';
import { MissingClock, type Moment } from './operation.ts';
import { type Hold, isOpen, type Lock, type Task } from './records.ts';
import { compareTasks } from './task-order.ts';
import { fromIso } from './time.ts';

/** What stands against an open task; the kinds that its workstream, its status and its attempts add are in waiting.ts. */
export type ObstacleKind = 'blocked' | 'held' | 'dependencies' | 'capabilities' | 'lock';

export interface Obstacle {
  readonly kind: ObstacleKind;
  readonly code: 'not-ready' | 'lacks-capability' | 'already-claimed';
  readonly message: string;
}

/** When a claim on the task runs out, ms; imported tasks in progress have no claim: their lease counts from their last change. */
export function leaseEnd(board: Board, task: Task): number {
  return task.claim === null ? fromIso(task.updated_at) + board.settings.lease_ms : fromIso(task.claim.lease_until);
}

/**
 * Whether a task in progress may be taken over: its lease has run out, by a margin for clocks that differ.
 * Correctness never rests on this (tokens see to that); it only decides when work is handed to somebody else.
 */
export function isLeaseExpired(board: Board, task: Task, moment: Moment): boolean {
  return task.status === 'in_progress' && isOver(leaseEnd(board, task), moment);
}

/** Whether a hold may be given to others: its time is up, by a margin for clocks that differ. */
export function isHoldExpired(hold: Hold, moment: Moment): boolean {
  return isOver(fromIso(hold.expires_at), moment);
}

/** A time that cannot be read (`NaN`) is over: damage must not keep a task or a lock for ever. */
function isOver(end: number, moment: Moment): boolean {
  return Number.isNaN(end) || (isOverByOwnClock(end, moment) && !isClockOff(moment));
}

/** Over as this machine's clock has it, whether or not that clock can be trusted. */
export function isOverByOwnClock(end: number, { at, clockSkewMs }: Moment): boolean {
  return !(end + clockSkewMs > at);
}

/**
 * Whether this machine's clock is too far off to say that somebody's time is up.
 * @throws MissingClock when that has yet to be found out
 */
export function isClockOff({ clockOffMs = null, clockSkewMs }: Moment): boolean {
  if (clockOffMs === 'unknown') throw new MissingClock();
  return clockOffMs !== null && Math.abs(clockOffMs) > clockSkewMs;
}

/** A lock of somebody else on files that the task will touch; shared ones count too, for the task will write. */
export function conflictingLock(board: Board, task: Pick<Task, 'paths'>, agent: string, moment: Moment): Lock | null {
  if (task.paths.length === 0) return null;
  for (const lock of board.locks.loaded()) {
    const glob = globOf(lock.resource);
    if (glob === null || !lock.holders.some((hold) => hold.agent !== agent && !isHoldExpired(hold, moment))) continue;
    if (task.paths.some((path) => globsOverlap(path, glob))) return lock;
  }
  return null;
}

/** Asks for everything that these tasks depend on, in one go: closed tasks are not in memory. @throws MissingRecord */
export function requireDependencies(board: Board, tasks: Iterable<Pick<Task, 'depends_on'>>): void {
  const ids = new Set<string>();
  for (const { depends_on } of tasks) for (const id of depends_on) if (!board.isOpenTask(id)) ids.add(id);
  board.tasks.require(ids);
}

/** Dependencies that are not done yet. */
export function openDependencies(board: Board, task: Pick<Task, 'depends_on'>): string[] {
  board.tasks.require(task.depends_on);
  return task.depends_on.filter((id) => board.tasks.get(id)?.status !== 'done');
}

/** Capabilities that the task needs and the agent has not registered. */
export function missingCapabilities(board: Board, task: Pick<Task, 'needs'>, agent: string): string[] {
  if (task.needs.length === 0) return [];
  const capabilities = board.agents.get(agent)?.capabilities ?? [];
  return task.needs.filter((need) => !capabilities.includes(need));
}

/** Why this agent cannot start this open task now; `null` when it can. Workstream status is the caller's matter. */
export function obstacleTo(board: Board, task: Task, agent: string, moment: Moment): Obstacle | null {
  if (task.status === 'blocked') return { kind: 'blocked', code: 'not-ready', message: `task ${task.id} is blocked` };
  if (task.status === 'in_progress' && !isLeaseExpired(board, task, moment)) {
    return { kind: 'held', code: 'already-claimed', message: `task ${task.id} is held by ${task.assigned_to}` };
  }
  const waitsFor = openDependencies(board, task);
  if (waitsFor.length > 0) {
    const message = `task ${task.id} waits for ${waitsFor.map((id) => withFate(board, id)).join(', ')}`;
    return { kind: 'dependencies', code: 'not-ready', message };
  }
  const lacks = missingCapabilities(board, task, agent);
  if (lacks.length > 0) {
    const message = `task ${task.id} needs ${lacks.join(', ')}`;
    return { kind: 'capabilities', code: 'lacks-capability', message };
  }
  const lock = conflictingLock(board, task, agent, moment);
  if (lock === null) return null;
  const by = lock.holders.map((hold) => hold.agent).join(', ');
  const message = `task ${task.id} touches files that ${by} holds with "${lock.resource}"`;
  return { kind: 'lock', code: 'not-ready', message };
}

/** Who waits for a task that was closed undone waits in vain: that has to be seen. */
function withFate(board: Board, id: string): string {
  const task = board.tasks.get(id);
  if (task === undefined) return `${id} (which does not exist)`;
  return isOpen(task) ? id : `${id} (${task.status})`;
}

/** Whether an agent's `next` comes to this task: it hands it out, or gives it up (`isExhausted`). */
export function isReady(board: Board, task: Task, agent: string, moment: Moment): boolean {
  if (task.status !== 'pending' && task.status !== 'in_progress') return false;
  if (board.workstreams.get(task.workstream)?.status !== 'active') return false;
  // What is in memory decides first: most of those that wait do so for an open task, and nothing needs to be loaded.
  if (task.depends_on.some((id) => board.isOpenTask(id))) return false;
  return obstacleTo(board, task, agent, moment) === null;
}

/** A lease that ran out counts as an attempt; `next` gives a task up that used all of them that way. */
export function isExhausted(board: Board, task: Task, moment: Moment): boolean {
  return isLeaseExpired(board, task, moment) && task.attempts + 1 >= board.settings.max_attempts;
}

/** Whether an agent's `next` hands out this task now. */
export function isGivenOut(board: Board, task: Task, agent: string, moment: Moment): boolean {
  return isReady(board, task, agent, moment) && !isExhausted(board, task, moment);
}

/** The order of `next --any`: the workstream's priority first. */
export function compareAcrossWorkstreams(board: Board): (a: Task, b: Task) => number {
  const rank = (task: Task): number => board.workstreams.get(task.workstream)?.priority ?? 9;
  return (a, b) => rank(a) - rank(b) || compareTasks(a, b);
}
