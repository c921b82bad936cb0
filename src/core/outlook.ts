/**
 * Whether somebody who works through tasks has anything to hope for: something that is ready, something that running work may
 * make ready, or nothing. It only decides who waits and who goes home; what may be claimed is decided by `task.next`.
 */
import type { Board } from './board.ts';
import type { Moment } from './operation.ts';
import {
  conflictingLock,
  isHoldExpired,
  isLeaseExpired,
  leaseEnd,
  missingCapabilities,
  openDependencies,
} from './readiness.ts';
import type { Lock, Task } from './records.ts';
import { fromIso } from './time.ts';

/** What a worker takes, and who it is. */
export interface WorkScope {
  /** `null`: any. */
  readonly workstream: string | null;
  readonly label?: string | undefined;
  readonly agent: string;
}

/**
 * `coming`: work of somebody that is under way may make a task ready, by its end or by its failure; `wakeAt`, ms: when the first
 * lease or lock in the way runs out. `none`: nothing that runs now leads to a task for this worker. Tasks that are blocked, lie
 * in a paused workstream, need what the agent has not, or wait for one that failed are not waited for, nor are those that
 * wait for a task that is ready for others and that nobody works on.
 */
export type Outlook =
  | { readonly prospect: 'ready' }
  | { readonly prospect: 'coming'; readonly wakeAt: number | null }
  | { readonly prospect: 'none' };

/** Longer chains of tasks are taken for hopeful. */
const maxDepth = 1000;

/** @throws MissingRecord when a dependency is not loaded */
export function outlookOf(board: Board, scope: WorkScope, moment: Moment): Outlook {
  const hopes = new Hopes(board, scope, moment);
  let isComing = false;
  let wakeAt: number | null = null;
  const comesAt = (end: number): void => {
    isComing = true;
    const at = end + moment.clockSkewMs;
    wakeAt = wakeAt === null || at < wakeAt ? at : wakeAt;
  };
  for (const task of board.openTasks()) {
    if (task.status === 'blocked' || !hopes.isForUs(task)) continue;
    if (hopes.isRunning(task)) comesAt(leaseEnd(board, task));
    else if (task.depends_on.some((id) => board.isOpenTask(id) && !hopes.mayBeDone(id))) continue;
    else {
      const waitsFor = openDependencies(board, task);
      const lock = waitsFor.length > 0 ? null : conflictingLock(board, task, scope.agent, moment);
      if (waitsFor.length > 0) isComing ||= waitsFor.every((id) => hopes.mayBeDone(id));
      else if (lock === null) return { prospect: 'ready' };
      else comesAt(hopes.endOfOthers(lock));
    }
  }
  return isComing ? { prospect: 'coming', wakeAt } : { prospect: 'none' };
}

class Hopes {
  readonly #board: Board;
  readonly #scope: WorkScope;
  readonly #moment: Moment;
  readonly #known = new Map<string, boolean>();

  constructor(board: Board, scope: WorkScope, moment: Moment) {
    this.#board = board;
    this.#scope = scope;
    this.#moment = moment;
  }

  isForUs(task: Task): boolean {
    const { workstream, label, agent } = this.#scope;
    return (
      (workstream === null || task.workstream === workstream) &&
      (label === undefined || task.labels.includes(label)) &&
      this.#board.workstreams.get(task.workstream)?.status === 'active' &&
      missingCapabilities(this.#board, task, agent).length === 0
    );
  }

  isRunning(task: Task): boolean {
    return task.status === 'in_progress' && !isLeaseExpired(this.#board, task, this.#moment);
  }

  /** When the last of the others lets go: a hold that ran out stays in the record until somebody changes the board. */
  endOfOthers({ holders }: Lock): number {
    const others = holders.filter((hold) => hold.agent !== this.#scope.agent && !isHoldExpired(hold, this.#moment));
    return Math.max(...others.map((hold) => fromIso(hold.expires_at)));
  }

  /** Whether running work, or what this worker would do itself then, can lead to the end of this task. */
  mayBeDone(id: string, depth = 0): boolean {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (depth > maxDepth) return true;
    // Whoever gets here again, along a circle made by hand, finds no hope.
    this.#known.set(id, false);
    const found = this.#find(id, depth);
    this.#known.set(id, found);
    return found;
  }

  #find(id: string, depth: number): boolean {
    const board = this.#board;
    const task = board.tasks.get(id);
    if (task === undefined || task.status === 'done') return task !== undefined;
    if (this.isRunning(task)) return true;
    if (task.status !== 'pending' && task.status !== 'in_progress') return false;
    if (board.workstreams.get(task.workstream)?.status !== 'active') return false;
    const waitsFor = openDependencies(board, task);
    if (waitsFor.length === 0 && !this.isForUs(task)) return false;
    return waitsFor.every((each) => this.mayBeDone(each, depth + 1));
  }
}
