/** What an operation is, what deciding one gives, and how one is defined. */
import type * as z from 'zod/mini';
import type { ErrorCode } from '../errors.ts';
import type { Archive, Dropped } from './archive.ts';
import type { Board, Change } from './board.ts';
import type { BoardEvent } from './records.ts';

/** Somebody's intent. It stays the same through every replay; what comes of it is decided afresh each time. */
export interface Operation {
  /** Random; 8 to 64 of `A-Z a-z 0-9 . _ -`. The proof that it is in, and the id of the claim or lock that it makes. */
  readonly id: string;
  readonly kind: string;
  /** Who acts. */
  readonly agent: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Batch id, position from 1, and length: decided whole or not at all. */
  readonly batch?: { readonly id: string; readonly k: number; readonly n: number };
}

/** What deciding may know beside the board and the operation. */
export interface Context {
  /** The present time (`Orc-At`), ms since the epoch: the only clock. */
  readonly at: number;
  /** The version that the mutation gets when it is accepted. */
  readonly version: number;
  /** How far clocks of those who share the upstream may differ, ms; 0 where all share one machine. */
  readonly clockSkewMs: number;
  /**
   * How far this machine's clock is surely off the upstream's, ms; negative: behind. `null` or left out: nobody can tell.
   * `unknown`: it can be found out; deciding that depends on it throws `MissingClock`.
   */
  readonly clockOffMs?: number | null | 'unknown';
  /**
   * The mutation that an `undo` names, where it was looked up: the same for everybody, for published history never changes.
   * `null`: no published mutation has that version. `cut`: this store is shallow and does not go back so far. Left out:
   * deciding that needs it throws `MissingPast`.
   */
  readonly past?: PastMutation | null | 'cut';
  /** What the board has that is not in memory, where it was read. Left out: deciding that needs it throws `MissingArchive`. */
  readonly archive?: Archive;
}

/** A mutation of the published chain, as its commit tells: what `undo` is about. */
export interface PastMutation {
  readonly version: number;
  /** The operation's id. */
  readonly op: string;
  readonly kind: string;
  readonly agent: string;
  /** The records that it changed, as they were before and after. */
  readonly changes: readonly Change[];
}

/** "What was that version?": caught by whoever can look into history. */
export class MissingPast extends Error {
  override readonly name = 'MissingPast';
  readonly version: number;

  constructor(version: number) {
    super(`version ${version} has not been looked up`);
    this.version = version;
  }
}

/** What the end of a lease or a lock is measured by. */
export type Moment = Pick<Context, 'at' | 'clockSkewMs' | 'clockOffMs'>;

/** "How far is this clock off?": caught by whoever can ask the upstream, as `MissingRecord` is by whoever can load it. */
export class MissingClock extends Error {
  override readonly name = 'MissingClock';
}

/** An operation under decision: the context, and what operations derive from it. */
export interface Call extends Context {
  readonly id: string;
  readonly agent: string;
  readonly iso: string;
}

/** A reference to the record that an operation is about, as kept in `Orc-Result`. */
export type ResultRef =
  | { readonly task: string }
  | { readonly workstream: string }
  | { readonly agent: string }
  | { readonly lock: string }
  | { readonly knowledge: string }
  | { readonly cycle: number }
  | { readonly event: number }
  | { readonly value: string | number | boolean | null };

export interface EventDraft {
  readonly action: string;
  /** Defaults to who acts. */
  readonly agent?: string;
  readonly workstream?: string;
  readonly task_id?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Refusal {
  readonly outcome: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Nothing to do: `next` found no task, a heartbeat came too soon. No commit, no event. */
export interface Unchanged {
  readonly outcome: 'unchanged';
  readonly result: ResultRef;
}

/** What an operation's own `decide` says of acceptance. */
export interface Verdict {
  readonly outcome: 'accepted';
  readonly changes: readonly Change[];
  readonly event: EventDraft;
  readonly result: ResultRef;
  /** Free text for the commit's body: a result, a reason. */
  readonly body?: string;
  /** Lines to append to the event log before the operation's own (imports). They bear no operation id. */
  readonly importedEvents?: readonly Readonly<Record<string, unknown>>[];
  /** Changes of the board's id (init) or settings text (config). */
  readonly boardId?: string;
  readonly settingsText?: string;
  /** Closed records and old events that leave the tree: too many to be changes. */
  readonly dropped?: Dropped;
}

/** An accepted operation, complete: what layout writes and sync publishes. */
export interface Accepted {
  readonly outcome: 'accepted';
  readonly operation: Operation;
  readonly version: number;
  readonly at: number;
  readonly changes: readonly Change[];
  /** The operation's own event is the last. */
  readonly events: readonly BoardEvent[];
  readonly result: ResultRef;
  readonly subject: string;
  readonly body: string | undefined;
  readonly boardId: string | undefined;
  readonly settingsText: string | undefined;
  readonly dropped: Dropped | undefined;
}

export type Decision = Accepted | Refusal | Unchanged;

export interface OperationDefinition<Args extends object = object> {
  readonly kind: string;
  /** One line for help, schemas and reference pages. */
  readonly summary: string;
  /** Built on first use: a process uses few of them. */
  readonly arguments: () => z.ZodMiniType<Args>;
  /** The event's action, or actions. */
  readonly actions: readonly string[];
  /** Needs the upstream's arbitration even in `publish: claims`. */
  readonly arbitrated: boolean;
  /** When its owner died before it was told anything: whether it is still wanted. */
  readonly outlivesOwner: boolean;
  /** Arguments that are documents: where they are long, the commit names them by a digest, as it does long texts. */
  readonly bulk: readonly string[];
  decide(board: Board, args: Args, call: Call): Verdict | Refusal | Unchanged;
}

export function refuse(
  code: ErrorCode,
  message: string,
  hint?: string,
  details?: Readonly<Record<string, unknown>>,
): Refusal {
  return {
    outcome: 'refused',
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  };
}

export function accept(verdict: Omit<Verdict, 'outcome'>): Verdict {
  return { outcome: 'accepted', ...verdict };
}

export function unchanged(result: ResultRef): Unchanged {
  return { outcome: 'unchanged', result };
}

/** Keeps a definition's argument type while storing definitions of all kinds in one table. */
export function defineOperation<Args extends object>(
  definition: Omit<OperationDefinition<Args>, 'arbitrated' | 'outlivesOwner' | 'bulk'> &
    Partial<Pick<OperationDefinition<Args>, 'arbitrated' | 'outlivesOwner' | 'bulk'>>,
): OperationDefinition<Args> {
  return { arbitrated: false, outlivesOwner: true, bulk: [], ...definition };
}

/** Computes once, on first use. */
export function lazily<T>(make: () => T): () => T {
  let value: { readonly made: T } | undefined;
  return () => {
    value ??= { made: make() };
    return value.made;
  };
}
