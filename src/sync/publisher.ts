/**
 * Publishing what waits: one round decides all open operations on the newest known head, commits and pushes them together.
 *
 * The numbers are those of docs/protocol.md, "What a push may meet".
 * Any process may publish for all processes of the store; two at once are slower, never wrong, because the upstream is
 * the arbiter and the event log the proof.
 */

import type { Accepted, ResultRef } from '../core/operation.ts';
import { findOperation } from '../core/operations/index.ts';
import type { BoardEvent } from '../core/records.ts';
import type { CollectionName } from '../core/shelf.ts';
import { type ErrorCode, OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { PushOutcome, Transport } from '../git/transport.ts';
import type { Head } from './head.ts';
import type { Chance, Clock, Committer } from './ports.ts';
import { findCommit, findProofs } from './proof.ts';
import { type Outcome, type Queue, type QueueRecord, unitsOf } from './queue.ts';
import { type Decided, type Replayed, replay } from './replay.ts';
import type { UpstreamView } from './upstream-view.ts';

export interface PublisherPorts {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly committer: () => Promise<Committer>;
  readonly view: UpstreamView;
  readonly sharesClock: boolean;
  /** Hears which operations are about to be pushed: from then on they may be in, until a clear no says that they are not. */
  readonly onPush?: (operationIds: readonly string[], stage: 'pushing' | 'not-taken') => void;
}

/** One record's fate, for whoever waits for it. */
export interface Settled {
  readonly record: QueueRecord;
  readonly outcome: Outcome;
}

export type RoundResult =
  /** 1. Taken, or nothing was left to push: every record of the round has its outcome. */
  | { readonly outcome: 'settled'; readonly settled: readonly Settled[] }
  /** 2. The upstream moved. What was found to be in already is settled. */
  | { readonly outcome: 'raced'; readonly settled: readonly Settled[] }
  /** 4. A clear no although the upstream has not moved. */
  | {
      readonly outcome: 'refused';
      readonly reason: string;
      readonly replayed: Replayed;
      readonly settled: readonly Settled[];
    }
  /** 3. No answer. `sent`: something may have arrived. */
  | {
      readonly outcome: 'unreachable';
      readonly reason: string;
      readonly sent: boolean;
      readonly replayed: Replayed;
      readonly settled: readonly Settled[];
    };

export interface RoundOptions {
  readonly timeoutMs: number;
  /** Only so many units, the oldest; for setting apart one that the upstream refuses. */
  readonly maxUnits?: number;
  /** Records that the upstream refused by themselves: left out of the chain. */
  readonly except?: ReadonlySet<string>;
}

/** Carries out one round over all open records of the queue. */
export async function publishRound(ports: PublisherPorts, options: RoundOptions): Promise<RoundResult> {
  const { queue, view, clock } = ports;
  const all = await queue.list();
  await removeLeftovers(ports, all);
  const records = all.filter(
    ({ outcome, operation }) => outcome === null && options.except?.has(operation.id) !== true,
  );
  const began = clock.monotonic();
  // 3. What may have been sent before must be looked for upstream before it is decided again.
  if (records.some((record) => record.sent || queue.liveness(record.owner) === 'dead')) {
    const fetched = await view.fetch({ timeoutMs: options.timeoutMs });
    if (fetched.outcome === 'unreachable') return unreachable(ports, records, fetched.reason, false);
  }
  const { wanted, dropped } = await sortOut(ports, records);
  const settled: Settled[] = [...dropped];
  for (;;) {
    const base = await view.head();
    const units = unitsOf(wanted).slice(0, options.maxUnits);
    const replayed = await replay(base, units, await replayOptions(ports));
    if (replayed.tip === base) {
      // Nothing to push. Refusals may only be told of a head that was seen upstream after they were asked.
      if (
        !replayed.decided.some(({ decision }) => decision.outcome === 'refused' || decision.outcome === 'unchanged')
      ) {
        return { outcome: 'settled', settled: [...settled, ...(await settleAll(ports, replayed))] };
      }
      if (view.confirmedAt < began) {
        const confirmed = await view.confirm({ timeoutMs: options.timeoutMs });
        if (confirmed.outcome === 'unreachable')
          return { ...(await unreachable(ports, wanted, confirmed.reason, false)), settled };
        if (confirmed.outcome === 'moved') continue;
      }
      return { outcome: 'settled', settled: [...settled, ...(await settleAll(ports, replayed))] };
    }
    return pushReplayed(ports, replayed, settled, options);
  }
}

/** Records that have their outcome and whose owner died before it took it: nobody will ask for them any more. */
async function removeLeftovers({ queue }: PublisherPorts, records: readonly QueueRecord[]): Promise<void> {
  const settled = records.filter(({ outcome, owner }) => outcome !== null && queue.liveness(owner) === 'dead');
  if (settled.length > 0) await queue.remove(settled.map(({ operation }) => operation.id));
}

async function pushReplayed(
  ports: PublisherPorts,
  replayed: Replayed,
  settled: Settled[],
  options: RoundOptions,
): Promise<RoundResult> {
  const { store, view, clock } = ports;
  await store.writeObjects(replayed.objects);
  const ids = replayed.decided.map(({ record }) => record.operation.id);
  ports.onPush?.(ids, 'pushing');
  const began = clock.monotonic();
  const pushed = await pushOnce(ports, replayed.tip.commit as Oid, options.timeoutMs, ids);
  if (pushed.outcome === 'rejected' || pushed.outcome === 'unreachable') ports.onPush?.(ids, 'not-taken');
  switch (pushed.outcome) {
    case 'taken':
      await view.taken(replayed.tip, began);
      return { outcome: 'settled', settled: [...settled, ...(await settleAll(ports, replayed))] };
    case 'rejected': {
      const fetched = await view.fetch({ timeoutMs: options.timeoutMs });
      if (fetched.outcome === 'moved') return { outcome: 'raced', settled };
      if (fetched.outcome === 'same') return { outcome: 'refused', reason: pushed.reason, replayed, settled };
      return { outcome: 'unreachable', reason: fetched.reason, sent: false, replayed, settled };
    }
    case 'unknown': {
      const { decided } = replayed;
      await Promise.all(decided.map(({ record }) => ports.queue.update({ ...record, sent: true }, false)));
      const fetched = await view.fetch({ timeoutMs: options.timeoutMs });
      // Whether it moved or not: the event lines tell in the next round.
      if (fetched.outcome !== 'unreachable') return { outcome: 'raced', settled };
      return { outcome: 'unreachable', reason: pushed.reason, sent: true, replayed, settled };
    }
    case 'unreachable':
      return { outcome: 'unreachable', reason: pushed.reason, sent: false, replayed, settled };
  }
}

/** A push that could not even begin throws: then nothing was sent, and the caller hears why. */
async function pushOnce(
  ports: PublisherPorts,
  tip: Oid,
  timeoutMs: number,
  ids: readonly string[],
): Promise<PushOutcome> {
  try {
    return await ports.transport.push(tip, { timeoutMs });
  } catch (error) {
    if (error instanceof OrcError && neverSent.has(error.code)) ports.onPush?.(ids, 'not-taken');
    throw error;
  }
}

const neverSent: ReadonlySet<ErrorCode> = new Set([
  'checked-out',
  'git-missing',
  'invalid-argument',
  'no-repository',
  'unreachable',
]);

/** Decides the queue without an upstream: what the local head and tentative answers are made of. */
export async function decideTentatively(ports: PublisherPorts, records: readonly QueueRecord[]): Promise<Replayed> {
  return replay(await ports.view.head(), unitsOf(records), await replayOptions(ports));
}

async function unreachable(ports: PublisherPorts, records: readonly QueueRecord[], reason: string, sent: boolean) {
  const open = records.filter((record) => ports.queue.liveness(record.owner) !== 'dead' || record.told !== null);
  const replayed = await decideTentatively(ports, open);
  return { outcome: 'unreachable', reason, sent, replayed, settled: [] } as const;
}

/**
 * Its owner died before it was told anything: claims and lock acquisitions are dropped, for nobody would work on them.
 * But first they are looked for: one that is in already is simply done.
 */
async function sortOut(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
): Promise<{ wanted: QueueRecord[]; dropped: Settled[] }> {
  const isOrphan = (record: QueueRecord): boolean =>
    ports.queue.liveness(record.owner) === 'dead' &&
    record.told?.state !== 'queued' &&
    findOperation(record.operation.kind)?.outlivesOwner === false;
  // A batch of which one part is dropped goes as a whole.
  const batches = new Set(records.filter(isOrphan).map(({ operation }) => operation.batch?.id));
  const isDropped = (record: QueueRecord): boolean =>
    isOrphan(record) || (record.operation.batch !== undefined && batches.has(record.operation.batch.id));
  const wanted = records.filter((record) => !isDropped(record));
  const orphans = records.filter(isDropped);
  const since = Math.min(...orphans.map(({ base }) => base));
  const ids = new Set(orphans.map(({ operation }) => operation.id));
  const proofs = await findProofs(ports.store, await ports.view.head(), ids, since);
  const message = 'its process died before it was answered';
  const dropped = await Promise.all(
    orphans.map(async (record): Promise<Settled> => {
      const event = proofs.get(record.operation.id);
      if (event === undefined) return { record, outcome: { outcome: 'refused', code: 'dropped', message } };
      return { record, outcome: await provenOutcome(ports.store, await ports.view.head(), event) };
    }),
  );
  return { wanted, dropped };
}

async function settleAll(ports: PublisherPorts, { decided }: Replayed): Promise<Settled[]> {
  return Promise.all(
    decided.map(async (each): Promise<Settled> => ({ record: each.record, outcome: await outcomeOf(ports, each) })),
  );
}

async function outcomeOf(ports: PublisherPorts, { decision, commit }: Decided): Promise<Outcome> {
  switch (decision.outcome) {
    case 'accepted':
      return acceptedOutcome(decision, commit);
    case 'unchanged':
      return decision;
    case 'refused':
      return decision;
    case 'proven':
      return provenOutcome(ports.store, await ports.view.head(), decision.event);
  }
}

export function acceptedOutcome(accepted: Accepted, commit: Oid | null): Outcome {
  const { version, result, changes } = accepted;
  const key = Object.values(result)[0];
  const collection = collectionOf[Object.keys(result)[0] ?? ''];
  const record = changes.find((change) => change.collection === collection && change.key === key)?.after ?? null;
  return {
    outcome: 'accepted',
    version,
    commit,
    result,
    record: collection === undefined ? accepted.events.at(-1) : record,
  };
}

/** Which collection each kind of result reference names. */
const collectionOf: Readonly<Record<string, CollectionName>> = {
  task: 'tasks',
  workstream: 'workstreams',
  agent: 'agents',
  lock: 'locks',
  knowledge: 'knowledge',
};

/** The recorded outcome of an operation that is in. */
export async function provenOutcome(store: GitStore, head: Head, event: BoardEvent): Promise<Outcome> {
  const found = await findCommit(store, head, event);
  const byEvent: ResultRef = event.task_id === undefined ? { event: event.n } : { task: event.task_id };
  return {
    outcome: 'accepted',
    version: event.v,
    commit: found?.commit ?? null,
    result: found?.result ?? byEvent,
    record: null,
  };
}

async function replayOptions(ports: PublisherPorts) {
  return {
    store: ports.store,
    committer: await ports.committer(),
    now: ports.clock.now(),
    sharesClock: ports.sharesClock,
  };
}
