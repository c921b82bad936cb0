/**
 * The operations that are not published yet. The queue is the truth about intent: a record is written before anything
 * else happens with its operation, is durable before anybody is told of it, and goes only when the operation's fate is known and told.
 */

import type { Operation, ResultRef } from '../core/operation.ts';
import type { ErrorCode } from '../errors.ts';

/** Whose process asked, in a form that outlives it. */
export interface Owner {
  /** Random for each session of each process. */
  readonly session: string;
  /** What `OwnerTest` judges by. */
  readonly process: unknown;
  /** When it was alive for certain, ms since the epoch. */
  readonly seen_at: number;
}

export type Liveness = 'own' | 'alive' | 'dead';

/** How an operation ended. */
export type Outcome =
  | {
      readonly outcome: 'accepted';
      readonly version: number;
      readonly commit: string | null;
      readonly result: ResultRef;
      /** The record that the result names, as this operation left it; `null` where it has to be looked up. */
      readonly record: unknown;
    }
  | { readonly outcome: 'unchanged'; readonly result: ResultRef }
  | {
      readonly outcome: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint?: string;
      readonly details?: Readonly<Record<string, unknown>>;
    };

/**
 * What its caller was told at the deadline. `queued`: nothing was sent; a tentative result, to which the operation is
 * pinned from then on. `unknown`: it may be in; no result.
 */
export type Told =
  | {
      readonly state: 'queued';
      readonly result: ResultRef;
      /** It had nothing to do, in a batch that waits: so it stays. */
      readonly unchanged?: boolean;
      /** The text that a write was told to replace (empty: there was none), or a deletion to delete: it may not silently do so to another one. */
      readonly base?: {
        readonly content: string;
        /** There was one, and it could not be read: the write is to replace it. */
        readonly unreadable?: boolean;
      };
    }
  | { readonly state: 'unknown' };

/** A push that got no answer. While the upstream stands where it stood, it may still arrive. */
export interface Sent {
  /** The upstream head on top of which it was made; `''`: there was none. */
  readonly head: string;
  /** ms since the epoch. */
  readonly at: number;
}

/**
 * Where an operation lies in the upstream's inbox, for others to carry. Until that is over it may come in at any moment.
 * `sent`: on its way there; the push got no answer, or has not got it yet. `there`: the upstream took it. `gone`: it was taken, and
 * the upstream has it no longer: somebody carried it in, or sent it back undecided.
 */
export interface DepositMark {
  readonly name: string;
  readonly oid: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly state: 'sent' | 'there' | 'gone';
}

export interface QueueRecord {
  readonly operation: Operation;
  /** Sorts records in the order of asking. */
  readonly order: string;
  /** The upstream's board version when it was asked: its proof can only stand above. */
  readonly base: number;
  /** When it was asked, ms since the epoch. */
  readonly asked_at: number;
  readonly owner: Owner;
  /** Publishing was put off: while its owner lives, nobody takes it before its caller has been told. */
  readonly deferred: boolean;
  readonly told: Told | null;
  /** The last push of it that got no answer. */
  readonly sent: Sent | null;
  /** Absent in records of earlier versions. */
  readonly deposit?: DepositMark | null;
  readonly outcome: Outcome | null;
}

/** An operation that was told as queued and refused later, kept until its author has dealt with it. */
export interface RejectedRecord {
  readonly operation: Operation;
  readonly asked_at: number;
  readonly rejected_at: number;
  readonly refusal: Extract<Outcome, { outcome: 'refused' }>;
}

/** One record's fate, for whoever waits for it. */
export interface Settled {
  readonly record: QueueRecord;
  readonly outcome: Outcome;
}

/**
 * Records that one publisher has taken: nobody else decides them meanwhile. The taking lapses after `takingLapsesMs`, and with
 * its publisher's death; if it was pushing by then, the records count as sent.
 */
export interface Taking {
  readonly records: readonly QueueRecord[];
  /**
   * Hands out outcomes, durably where a power cut must not bring an operation back: an outcome is kept for a caller that waits
   * in another process; what was told as queued and is refused now goes to the rejected; the rest just leaves the queue.
   * `isWaitedFor`: by this process, which takes the outcome from the answer.
   * @returns what was still taken; the fate of the rest is somebody else's to tell
   */
  settle(settled: readonly Settled[], isWaitedFor: (id: string) => boolean): Promise<readonly Settled[]>;
  /**
   * Notes that the records are about to be pushed on top of this head; `null`: there is none. Until `cleared` they count as sent.
   * `false`: the taking has lapsed, and others may decide them: they must not be pushed.
   */
  pushing(head: string | null): Promise<boolean>;
  /** The push did not arrive, and will not. */
  cleared(): void;
  /**
   * Notes, durably, where these of its records are deposited; `null`: no longer. `false`: not all of them are still taken: they must
   * not be deposited.
   */
  mark(marks: ReadonlyMap<string, DepositMark | null>): Promise<boolean>;
  /** Gives back what was not settled. */
  release(): Promise<void>;
}

/**
 * What came of telling a caller, or of taking an operation back: done; or too late, since a publisher has it in hand or has
 * sent it (it is then recorded as told `unknown`); or it has its outcome.
 */
export type TellResult = 'done' | 'sent' | 'settled';

export interface Queue {
  /** Adds records, for other processes to find; durable with `tell` and `mark`. Records of one batch become visible together or not at all. */
  add(records: readonly QueueRecord[]): Promise<void>;
  /** As `add`, unless one of the ids waits here already: then nothing is added, and the answer is `false`. */
  addOnce(records: readonly QueueRecord[]): Promise<boolean>;
  /** All records, in the order of asking. Records that cannot be read are left out. */
  list(): Promise<QueueRecord[]>;
  get(id: string): Promise<QueueRecord | null>;
  /** Begins as the order of what was asked last of all that waits; cheap. `null`: nothing waits. */
  newestOrder(): string | null;
  liveness(owner: Owner): Liveness;

  /** Takes records to publish them, of those that nobody else has taken. Also clears away what nobody will ask for any more. */
  take(select: (open: readonly QueueRecord[]) => readonly QueueRecord[]): Promise<Taking>;
  /** The outcomes that another process left for these, which leave the queue with that. Cheap when there are none. */
  collect(operations: readonly Operation[]): Promise<Map<string, Outcome>>;

  /** Records, durably, what the callers of one unit are told; all of them or none. */
  tell(told: ReadonlyMap<string, Told>): Promise<TellResult>;
  /** Takes the operations of one unit back, durably: they were not, and will not be, published. */
  withdraw(ids: readonly string[]): Promise<TellResult>;
  /** Removes records whatever their state, durably: what was sent may be in, but is not sent again. */
  forget(ids: readonly string[]): Promise<void>;

  reject(records: readonly RejectedRecord[]): Promise<void>;
  /** In the order of asking. */
  listRejected(): Promise<RejectedRecord[]>;
  removeRejected(ids: readonly string[]): Promise<void>;
}

/** No push lives longer than this. */
export const sentLapsesMs = 10 * 60_000;

/** A taking is as old as this when its publisher is given up on: stopped, or very slow. */
export const takingLapsesMs = 5_000;

/** Whether a publisher may take it. */
export function isOpen({ outcome, deferred, told, owner }: QueueRecord, liveness: Queue['liveness']): boolean {
  return outcome === null && (!deferred || told !== null || liveness(owner) === 'dead');
}

/** Records whose fate is not known yet, in the order of asking. */
export async function openRecords(queue: Pick<Queue, 'list'>): Promise<QueueRecord[]> {
  return (await queue.list()).filter(({ outcome }) => outcome === null);
}

/** Those of them whose callers were told a tentative result: what the local head shows. */
export async function tentativeRecords(queue: Pick<Queue, 'list'>): Promise<QueueRecord[]> {
  return (await openRecords(queue)).filter(({ told }) => told?.state === 'queued');
}

/** Names the batch, or the operation that is none. */
export function unitIdOf({ id, batch }: Operation): string {
  return batch?.id ?? id;
}

/** Records that must be decided, carried and pushed whole. */
export interface Unit {
  readonly records: readonly QueueRecord[];
}

/** Groups records by batch. A batch of which a part is missing or has an outcome already is left as single units' leftovers would be: out. */
export function unitsOf(records: readonly QueueRecord[]): Unit[] {
  const units: { records: QueueRecord[] }[] = [];
  const byBatch = new Map<string, { records: QueueRecord[] }>();
  for (const record of records) {
    const batch = record.operation.batch;
    const existing = batch === undefined ? undefined : byBatch.get(batch.id);
    if (existing !== undefined) {
      existing.records.push(record);
      continue;
    }
    const unit = { records: [record] };
    units.push(unit);
    if (batch !== undefined) byBatch.set(batch.id, unit);
  }
  return units.filter(isWhole);
}

function isWhole({ records }: Unit): boolean {
  const batch = records[0]?.operation.batch;
  return batch === undefined || records.length === batch.n;
}
