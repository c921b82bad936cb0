/** What the checker is given, and what it says: `checkBoard` in check.ts, `readChain` and `objectsOf` in chain.ts. */

export interface GitObject {
  readonly type: 'blob' | 'tree' | 'commit';
  /** The content, without git's header. */
  readonly bytes: Uint8Array;
}

/** Where objects come from. A `ReadonlyMap<string, GitObject>` becomes one with `objectsOf` (chain.ts). */
export interface ObjectSource {
  /** `null` where there is no such object. */
  read(oid: string): GitObject | null;
}

/** A person as a commit names it; `time` in seconds since 1970. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly time: number;
  readonly zone: string;
}

/** The operation as the commit names it. */
export interface RecordedOperation {
  readonly id: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface BatchPlace {
  readonly id: string;
  /** From 1. */
  readonly k: number;
  readonly n: number;
}

export interface Trailers {
  readonly version: number;
  readonly base: number;
  /** ISO 8601, as written. */
  readonly at: string;
  readonly operation: RecordedOperation;
  readonly task: string | null;
  readonly token: number | null;
  /** `undefined` where the trailer is missing. */
  readonly result: unknown;
  readonly batch: BatchPlace | null;
}

export interface ChainCommit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
  /** `null`: a manual edit. A string: what is wrong with the trailers. */
  readonly trailers: Trailers | string | null;
}

/** One branch, oldest commit first, along first parents. */
export interface Chain {
  readonly commits: readonly ChainCommit[];
  readonly objects: ObjectSource;
}

/**
 * - `ok`: accepted, told as published; `queued`: told as waiting; `unknown`: was sent, its fate is not known
 * - `refused`: with `code`; `none-ready`: `task.next` found nothing; `unchanged`: there was nothing to do
 * - `error`: failed otherwise, with `code` (`unreachable`, `upstream-refused`, ...); `never`: killed before any answer
 */
export type CallAnswer = 'ok' | 'refused' | 'unknown' | 'queued' | 'none-ready' | 'unchanged' | 'error' | 'never';

/**
 * One call of one client; one JSON line of its log. Calls of a batch are one line each, with the same start and end.
 * A repeated call with the same `op` (`--op`) is a line of its own.
 */
export interface CallRecord {
  readonly client: string;
  readonly op: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** ms on one monotonic clock that all clients share; fractions allowed. */
  readonly start: number;
  /** `null` with `never` only. */
  readonly end: number | null;
  readonly answer: CallAnswer;
  readonly code?: string;
  readonly version?: number | null;
  /** The commit's `Orc-Result`, when the caller was told it. Not compared where it is missing. */
  readonly result?: unknown;
  readonly batch?: BatchPlace;
  /** `false`: a tentative answer, of the board as this client knew it. Such refusals are not judged by rule 7. */
  readonly published?: boolean | null;
  /** The client's own wall clock at start and end, ms since 1970. Without it: `start + timeOrigin`. */
  readonly clock?: { readonly start: number; readonly end: number };
}

/** What a client's store says when the dust has settled. */
export interface FinalFacts {
  readonly client: string;
  readonly rejected: readonly { readonly op: string; readonly code: string }[];
  /** Ids of operations that still wait. */
  readonly queued: readonly string[];
}

export interface CheckOptions {
  /** Commits without trailers, merges included, are taken as edits by hand. Otherwise they break rule 1. */
  readonly allowManualEdits?: boolean;
  /** Versions may skip: the board went on from a rewritten history. */
  readonly allowVersionGaps?: boolean;
  /** Ids of operations that were asked without a log, such as the board's beginning. */
  readonly unlogged?: ReadonlySet<string> | ((op: string) => boolean);
  /** Added to `start` and `end`, gives ms since 1970. For refusals that hang on the time. */
  readonly timeOrigin?: number;
  /** How far a client's wall clock may be off, ms. 0 when left out; `Infinity`: time-bound refusals may come at any time. */
  readonly clockError?: number;
  /** All clients share one clock (`host`, `none`): no `clock_skew` on leases and locks. `either` allows both. */
  readonly sharesClock?: boolean | 'either';
  /**
   * Clients compare their clocks with the server's, and one whose clock is too far off takes nothing over and removes no lock
   * that has run out. No commit says so: each of orc's commits may then be one of such a client.
   */
  readonly clocksCompared?: boolean;
  /** How many violations are told; 100 when left out. */
  readonly maxViolations?: number;
}

export type Rule = 1 | 2 | 3 | 4 | 5 | 6 | 7;

export interface Violation {
  readonly rule: Rule;
  readonly message: string;
  readonly commit?: string;
  readonly op?: string;
}

export interface CheckInput {
  readonly chain: Chain;
  /** Without logs only rules 1, 5 and 6, and the event lines of 3, are judged. */
  readonly logs?: readonly CallRecord[];
  readonly finals?: readonly FinalFacts[];
  readonly options?: CheckOptions;
}

export interface CheckReport {
  readonly violations: readonly Violation[];
  /** How many things were held against each rule: commits, calls, refusals. A rule at 0 was not tested. */
  readonly judged: Readonly<Record<Rule, number>>;
}
