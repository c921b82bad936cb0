/**
 * The operations that are not published yet. The queue is the truth about intent: a record is durable before anything
 * else happens with its operation, and goes only when the operation's fate is known and told.
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
      /** Version of the published text that a write was told to replace: it may not silently replace a later one. */
      readonly base?: number;
    }
  | { readonly state: 'unknown' };

export interface QueueRecord {
  readonly operation: Operation;
  /** Sorts records in the order of asking. */
  readonly order: string;
  /** The upstream's board version when it was asked: its proof can only stand above. */
  readonly base: number;
  /** When it was asked, ms since the epoch. */
  readonly asked_at: number;
  readonly owner: Owner;
  readonly told: Told | null;
  /** Whether it may have reached the upstream in a push whose answer never came. */
  readonly sent: boolean;
  readonly outcome: Outcome | null;
}

/** An operation that was told as queued and refused later, kept until its author has dealt with it. */
export interface RejectedRecord {
  readonly operation: Operation;
  readonly asked_at: number;
  readonly rejected_at: number;
  readonly refusal: Extract<Outcome, { outcome: 'refused' }>;
}

export interface Queue {
  /** Adds records, all durable when the promise resolves. Records of one batch become visible together or not at all. */
  add(records: readonly QueueRecord[]): Promise<void>;
  /** All records, in the order of asking. Records that cannot be read are left out. */
  list(): Promise<QueueRecord[]>;
  get(id: string): Promise<QueueRecord | null>;
  /** Replaces a record if it is still there; durable when `isDurable`. */
  update(record: QueueRecord, isDurable: boolean): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  liveness(owner: Owner): Liveness;

  reject(records: readonly RejectedRecord[]): Promise<void>;
  listRejected(): Promise<RejectedRecord[]>;
  removeRejected(ids: readonly string[]): Promise<void>;
}

/** Records whose fate is not known yet, in the order of asking. */
export async function openRecords(queue: Pick<Queue, 'list'>): Promise<QueueRecord[]> {
  return (await queue.list()).filter(({ outcome }) => outcome === null);
}

/** Those of them whose callers were told a tentative result: what the local head shows. */
export async function tentativeRecords(queue: Pick<Queue, 'list'>): Promise<QueueRecord[]> {
  return (await openRecords(queue)).filter(({ told }) => told?.state === 'queued');
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
