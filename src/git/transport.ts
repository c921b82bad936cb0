/**
 * The port to the upstream: where the board's branch is shared. One ref there is the arbiter of who was first.
 *
 * Outcomes are values. An adapter never decides what an outcome means: it tells what it saw, and says
 * `unknown` whenever it cannot be sure that nothing arrived.
 */
import type { NewObject, Oid } from './store.ts';

export interface CallOptions {
  /** Stop and answer `unreachable` or `unknown` after so many milliseconds. */
  readonly timeoutMs?: number;
}

/** The upstream could not be asked. Nothing was sent. `reason` is one line, without credentials or control characters. */
export interface Unreachable {
  readonly outcome: 'unreachable';
  readonly reason: string;
}

export type HeadOutcome = { readonly outcome: 'read'; readonly head: Oid | null } | Unreachable;

export type FetchOutcome =
  /** The upstream branch's head, now complete in the store; `null` when the upstream has no such branch. */
  | {
      readonly outcome: 'fetched';
      readonly head: Oid | null;
      /** The deposits of the branch's inbox, by name, their commits now in the store. Only where they were asked for. */
      readonly deposits?: ReadonlyMap<string, Oid>;
    }
  | Unreachable;

export type PushOutcome =
  /** 1. The upstream's branch is at the pushed commit. */
  | {
      readonly outcome: 'taken';
      /** Whether other deposits lay in the inbox, as the upstream told on the way; left out where it does not tell. */
      readonly hasDeposits?: boolean;
    }
  /** The upstream answered no: raced (2), or refused by a hook, a protected branch (4), or git has it locked there (see `isLockHeld`). Only a fetch tells which. */
  | {
      readonly outcome: 'rejected';
      readonly reason: string;
      /** Deposits that were to be removed, and that the upstream said it does not have. */
      readonly absent?: readonly string[];
      /** It takes no push of several refs that is done whole or not at all, or no such refs. */
      readonly isUnable?: boolean;
      /** The branch has moved, for certain: nobody else had a say. Left out where only a fetch tells. */
      readonly isBehind?: boolean;
      /** With `isBehind`: it is not said whether the branch is there at all. */
      readonly mayBeGone?: boolean;
    }
  /** 3. No clear answer: the push may have landed, now or later. */
  | { readonly outcome: 'unknown'; readonly reason: string }
  | Unreachable;

export interface FetchOptions extends CallOptions {
  /** How many commits to fetch; only for a join (a depth used twice makes ancestry lie). */
  readonly depth?: number;
  /** Bring the deposits of the branch's inbox along, in the same round trip. */
  readonly inbox?: boolean;
  /** Bring the older commits that a shallow store lacks, as far as the upstream has them. */
  readonly unshallow?: boolean;
}

/** How far the upstream's clock is ahead of this machine's; negative: it is behind. */
export interface ClockDifference {
  /** Milliseconds. */
  readonly ms: number;
  /** Milliseconds by which `ms` may be wrong. */
  readonly errorMs: number;
}

export interface ClockOptions extends CallOptions {
  /** Ask an upstream that has not been heard in the last minute. */
  readonly ask?: boolean;
}

export interface PushOptions extends CallOptions {
  /**
   * What the pushed commit and its ancestors have that `base` lacks: a transport need not look for it then. With a `base` the branch
   * has to be there: a push makes none anew that is gone.
   */
  readonly added?: Added;
  /**
   * Deposits to remove from the inbox, by name, with the commits that they must be at: all that and the branch, or nothing. A branch
   * that is at the pushed commit already is no hindrance. The branch itself is pushed as ever: only forward.
   */
  readonly remove?: ReadonlyMap<string, Oid>;
}

export interface DepositOptions extends CallOptions {
  /** All that the deposited commit leads to. */
  readonly objects: readonly NewObject[];
}

/** A deposit's name: random, in hexadecimal. */
export const depositName = /^[0-9a-f]{32}$/;

/** Where the deposits for a branch lie at the upstream: of its own, for one repository may have several boards. */
export function inboxPrefix(branchRef: string): string {
  return `refs/orc/inbox/${branchRef.replace(/^refs\/heads\//, '')}/`;
}

/** The name of a deposit by its ref; `null`: it is none of this branch. */
export function depositNameOf(branchRef: string, ref: string): string | null {
  const prefix = inboxPrefix(branchRef);
  const name = ref.slice(prefix.length);
  return ref.startsWith(prefix) && depositName.test(name) ? name : null;
}

export interface Added {
  readonly base: Oid | null;
  readonly objects: readonly NewObject[];
  /**
   * Puts them into the store, the first time that it is called; resolved when they are there. Called by a transport that reads them
   * there, before anything else; by another one when it has time for it; and by the pusher, at the latest when the push is over.
   * Rejected with OrcError when they cannot be written.
   */
  readonly store: () => Promise<void>;
}

export interface Transport {
  /** For people: the remote's name or the folder, never with credentials. */
  readonly label: string;

  /** Asks for the branch's head without fetching (`ls-remote`). */
  readHead(options?: CallOptions): Promise<HeadOutcome>;

  /** Brings the branch's history into the store. Leaves no ref behind: the caller moves its own. */
  fetch(options?: FetchOptions): Promise<FetchOutcome>;

  /** Pushes one commit to the branch: a plain, non-forced push, so that the upstream refuses all but a fast-forward. */
  push(oid: Oid, options?: PushOptions): Promise<PushOutcome>;

  /**
   * Makes a ref of the branch's inbox, which must not be there, at a commit of the store without parents. Only where the upstream
   * can remove it again together with a push. A transport without an inbox leaves this out.
   */
  deposit?(name: string, oid: Oid, options: DepositOptions): Promise<PushOutcome>;

  /**
   * How the upstream's clock differs, as its answers of the last minute told. `null`: it did not tell, or it was not asked.
   * Over HTTP answers bear a `Date`; a transport whose answers bear none leaves this out.
   */
  clockDifference?(options?: ClockOptions): Promise<ClockDifference | null>;
}
