/**
 * What a process that looks at a board for a long time can say of leases by its own steady clock, however wrong the clocks on the
 * walls are: a claim that it has seen unrenewed for the whole of its lease has run out.
 *
 * This is evidence for people, and a reason to ask again. It decides nothing: who may take a task over is decided by `apply`, whose
 * only clock is the time of the mutation (docs/decisions/0025).
 */
import type { Board } from './board.ts';
import type { Claim, Task } from './records.ts';
import { fromIso } from './time.ts';

/** A task whose claim was seen unrenewed for its full length. */
export interface Overdue {
  readonly task: Task;
  readonly claim: Claim;
}

interface Seen {
  /** Since when this claim has been seen with this end, on the steady clock, ms. */
  readonly since: number;
  readonly leaseUntil: string;
  /** ms */
  readonly length: number;
  readonly isTold: boolean;
}

export class LeaseWatch {
  #board: Board | null = null;
  #seenByClaim = new Map<string, Seen>();

  /**
   * `board` is what the upstream held at the moment `at` of the steady clock. Moments come in their order.
   * @returns the claims that have now been seen unrenewed for their full length, each once, by task id
   */
  see(board: Board, at: number): Overdue[] {
    if (board !== this.#board) this.#learn(board, at);
    this.#board = board;
    const overdue: Overdue[] = [];
    for (const task of heldTasks(board)) {
      const seen = this.#seenByClaim.get(task.claim.id);
      if (seen === undefined || seen.isTold || at - seen.since < seen.length) continue;
      this.#seenByClaim.set(task.claim.id, { ...seen, isTold: true });
      overdue.push({ task, claim: task.claim });
    }
    return overdue.sort((a, b) => (a.task.id < b.task.id ? -1 : 1));
  }

  /** What is seen for the first time, or was renewed, counts from now; what nobody holds any more is forgotten. */
  #learn(board: Board, at: number): void {
    const before = this.#seenByClaim;
    this.#seenByClaim = new Map();
    for (const task of heldTasks(board)) {
      const seen = before.get(task.claim.id);
      const isSame = seen?.leaseUntil === task.claim.lease_until;
      const length = lengthOf(task, board.settings.clock_skew_ms);
      this.#seenByClaim.set(
        task.claim.id,
        isSame
          ? { ...seen, length: Math.max(seen.length, length) }
          : { since: at, leaseUntil: task.claim.lease_until, length, isTold: false },
      );
    }
  }
}

function* heldTasks(board: Board): Generator<Task & { readonly claim: Claim }> {
  for (const task of board.openTasks()) {
    if (task.status === 'in_progress' && task.claim !== null) yield task as Task & { readonly claim: Claim };
  }
}

/**
 * How long the lease still was when the record was written, by the clock of whoever wrote it: its full length, unless somebody
 * else wrote on the task since. An end that cannot be read is none.
 */
function lengthOf({ claim, updated_at }: Task & { readonly claim: Claim }, skewMs: number): number {
  const length = fromIso(claim.lease_until) - fromIso(updated_at);
  return Number.isNaN(length) ? 0 : Math.max(0, length) + skewMs;
}
