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
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { ClockOptions, PushOutcome, Transport } from '../git/transport.ts';
import { clockOff } from './clock-off.ts';
import type { Head } from './head.ts';
import type { Chance, Clock, Committer } from './ports.ts';
import { findCommit, findProofs } from './proof.ts';
import {
  type Outcome,
  type Queue,
  type QueueRecord,
  type Settled,
  sentLapsesMs,
  type Taking,
  type Unit,
  unitIdOf,
  unitsOf,
} from './queue.ts';
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
  /** What the upstream calls the board's branch, for hints; default `orc`. */
  readonly branch?: string;
}

/** What every round may have settled on its way. */
interface RoundCommon {
  readonly settled: readonly Settled[];
}

export type RoundResult =
  /** 1. Taken, or nothing was left to push: every record of the round has its outcome. */
  | ({
      readonly outcome: 'settled';
      readonly isPushed: boolean;
      /** Ids of what can neither be published nor dropped now: nobody waits for it, and a push of it may still arrive. */
      readonly left: readonly string[];
    } & RoundCommon)
  /** 2. The upstream moved. What was found to be in already is settled. */
  | ({ readonly outcome: 'raced' } & RoundCommon)
  /** 4. A clear no although the upstream has not moved. */
  | ({ readonly outcome: 'refused'; readonly reason: string; readonly units: readonly Unit[] } & RoundCommon)
  /** 3. No answer. */
  | ({ readonly outcome: 'unreachable'; readonly reason: string; readonly units: readonly Unit[] } & RoundCommon);

export interface RoundOptions {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Whether a caller of this process waits for the operation. */
  readonly isWaitedFor: (id: string) => boolean;
  /** Which of the open units to take; for setting apart one that the upstream refuses. */
  readonly select: (units: readonly Unit[]) => readonly Unit[];
  /** Called when the upstream has spoken, before anybody is told. */
  readonly onSettled: () => Promise<void>;
  /** Hears what was settled; those whom this process waits for hear it from here alone. */
  readonly onTold: (told: readonly Settled[]) => void;
}

/** Carries out one round over the open records of the queue that nobody else has in hand. */
export async function publishRound(ports: PublisherPorts, options: RoundOptions): Promise<RoundResult> {
  let partial: readonly QueueRecord[] = [];
  const taking = await ports.queue.take((open) => {
    const units = unitsOf(open);
    const whole = new Set(units.flatMap(({ records }) => records));
    partial = open.filter((record) => !whole.has(record));
    return options.select(units).flatMap(({ records }) => records);
  });
  try {
    return await new Round(ports, options, taking, partial).run();
  } finally {
    // A taking that stays behind lapses.
    await taking.release().catch(() => undefined);
  }
}

class Round {
  readonly #ports: PublisherPorts;
  readonly #options: RoundOptions;
  readonly #taking: Taking;
  /** On the monotonic clock. Everything that is in the round was asked before. */
  readonly #began: number;
  readonly #settled: Settled[] = [];
  #left: readonly string[];

  /** `partial`: of batches that are not whole, which nobody can decide. */
  constructor(ports: PublisherPorts, options: RoundOptions, taking: Taking, partial: readonly QueueRecord[]) {
    this.#ports = ports;
    this.#options = options;
    this.#taking = taking;
    this.#left = partial.map(({ operation }) => operation.id);
    this.#began = ports.clock.monotonic();
  }

  async run(): Promise<RoundResult> {
    const { queue, view } = this.#ports;
    const { records } = this.#taking;
    // 3. What may have been sent before must be looked for upstream before it is decided again.
    if (records.some((record) => record.sent !== null || queue.liveness(record.owner) === 'dead')) {
      const fetched = await view.fetch(this.#call);
      if (fetched.outcome === 'unreachable') return this.#unreachable(fetched.reason, unitsOf(records));
    }
    const { wanted, dropped, left } = await sortOut(this.#ports, records);
    this.#left = [...this.#left, ...left.map(({ operation }) => operation.id)];
    const units = unitsOf(wanted);
    await this.#settle(dropped);
    for (;;) {
      const base = await view.head();
      const replayed = await replay(base, units, await replayOptions(this.#ports, { ...this.#call, ask: true }));
      if (replayed.tip !== base) return this.#push(base, replayed, units);
      // Nothing to push. What was decided may only be told of a head that was seen upstream after it was asked.
      const isBare = replayed.decided.every(({ decision }) => decision.outcome === 'proven');
      if (!isBare && !view.isConfirmed(base, this.#began)) {
        const confirmed = await view.confirm(this.#call);
        if (confirmed.outcome === 'unreachable') return this.#unreachable(confirmed.reason, units);
        // Another call may have moved the head meanwhile: then it is not this one that was confirmed.
        if (!view.isConfirmed(base, this.#began)) continue;
      }
      return this.#conclude(base, replayed, units);
    }
  }

  get #call(): { readonly timeoutMs: number } {
    return { timeoutMs: Math.max(1, this.#options.deadline - this.#ports.clock.monotonic()) };
  }

  /** Nothing was pushed. An earlier push that may still arrive forbids to say no: it would be in all the same. */
  async #conclude(base: Head, replayed: Replayed, units: readonly Unit[]): Promise<RoundResult> {
    const mayArrive = replayed.decided.filter(
      ({ record, decision }) => decision.outcome !== 'proven' && mayStillArrive(record, base, this.#ports.clock.now()),
    );
    const open = new Set(mayArrive.map(({ record }) => unitIdOf(record.operation)));
    const isOpenUnit = (record: QueueRecord | undefined): boolean =>
      record !== undefined && open.has(unitIdOf(record.operation));
    const certain = replayed.decided.filter(({ record }) => !isOpenUnit(record));
    await this.#settle(await outcomesOf(this.#ports, certain));
    if (mayArrive.length === 0) return this.#done(false);
    const left = units.filter(({ records }) => isOpenUnit(records[0]));
    return this.#unreachable('an earlier push that got no answer may still arrive', left);
  }

  async #push(base: Head, replayed: Replayed, units: readonly Unit[]): Promise<RoundResult> {
    const { store, view, clock } = this.#ports;
    // While the push runs: it is told of only when both are done.
    const stored = store.writeObjects(replayed.objects);
    stored.catch(() => undefined);
    const began = clock.monotonic();
    if (!(await this.#taking.pushing(base.commit))) {
      await stored;
      return { outcome: 'raced', settled: this.#settled };
    }
    const pushed = await this.#pushOnce(base, replayed, stored);
    switch (pushed.outcome) {
      case 'taken':
        await this.#keepBooks(async () => {
          await stored;
          await view.taken(replayed.tip, began);
        });
        await this.#settle(await outcomesOf(this.#ports, replayed.decided));
        return this.#done(true);
      case 'rejected': {
        this.#taking.cleared();
        await stored;
        const fetched = await view.fetch(this.#call);
        if (fetched.outcome === 'moved') return { outcome: 'raced', settled: this.#settled };
        if (fetched.outcome === 'unreachable') return this.#unreachable(fetched.reason, units);
        return { outcome: 'refused', reason: pushed.reason, units, settled: this.#settled };
      }
      case 'unknown': {
        await stored.catch(() => undefined);
        const fetched = await view.fetch(this.#call);
        // Whether it moved or not: the event lines tell in the next round.
        if (fetched.outcome !== 'unreachable') return { outcome: 'raced', settled: this.#settled };
        return this.#unreachable(pushed.reason, units);
      }
      case 'unreachable':
        this.#taking.cleared();
        await stored;
        return this.#unreachable(pushed.reason, units);
    }
  }

  /** Transports throw only what keeps a push from beginning: then nothing was sent, and the caller hears why. */
  async #pushOnce({ commit: base }: Head, { tip, objects }: Replayed, stored: Promise<void>): Promise<PushOutcome> {
    try {
      return await this.#ports.transport.push(tip.commit as Oid, { ...this.#call, added: { base, objects, stored } });
    } catch (error) {
      if (error instanceof OrcError) this.#taking.cleared();
      throw error;
    }
  }

  async #settle(settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return;
    const { onSettled, onTold, isWaitedFor } = this.#options;
    await this.#keepBooks(onSettled);
    const told = await this.#taking.settle(settled, isWaitedFor);
    this.#settled.push(...told);
    onTold(told);
  }

  /** What the upstream has is published, whatever fails here after that: the next fetch brings the refs along. */
  async #keepBooks(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
    }
  }

  #done(isPushed: boolean): RoundResult {
    return { outcome: 'settled', isPushed, left: this.#left, settled: this.#settled };
  }

  #unreachable(reason: string, units: readonly Unit[]): RoundResult {
    return { outcome: 'unreachable', reason, units, settled: this.#settled };
  }
}

/** 3. Whether a push of it that got no answer could still be taken: only on top of the head for which it was made. */
function mayStillArrive({ sent }: QueueRecord, head: Head, now: number): boolean {
  return sent !== null && sent.head === (head.commit ?? '') && Math.abs(now - sent.at) < sentLapsesMs;
}

/** Decides the queue without an upstream: what the local head and tentative answers are made of. */
export async function decideTentatively(ports: PublisherPorts, records: readonly QueueRecord[]): Promise<Replayed> {
  return replay(await ports.view.head(), unitsOf(records), await replayOptions(ports, {}));
}

/**
 * Its owner died before it was told anything: claims and lock acquisitions are dropped, for nobody would work on them.
 * But first they are looked for: one that is in already is simply done.
 */
async function sortOut(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
): Promise<{ wanted: QueueRecord[]; dropped: Settled[]; left: QueueRecord[] }> {
  const isOrphan = (record: QueueRecord): boolean =>
    ports.queue.liveness(record.owner) === 'dead' &&
    record.told?.state !== 'queued' &&
    findOperation(record.operation.kind)?.outlivesOwner === false;
  // A batch of which one part is dropped goes as a whole. Asked once: an owner may die while this goes on.
  const unwantedUnits = new Set(records.filter(isOrphan).map(({ operation }) => unitIdOf(operation)));
  const isUnwanted = ({ operation }: QueueRecord): boolean => unwantedUnits.has(unitIdOf(operation));
  const wanted = records.filter((record) => !isUnwanted(record));
  const head = await ports.view.head();
  // Dropped only when it cannot arrive any more.
  const left = records.filter((record) => isUnwanted(record) && mayStillArrive(record, head, ports.clock.now()));
  const orphans = records.filter((record) => isUnwanted(record) && !left.includes(record));
  const since = Math.min(...orphans.map(({ base }) => base));
  const ids = new Set(orphans.map(({ operation }) => operation.id));
  const proofs = await findProofs(ports.store, head, ids, since);
  const message = 'its process died before it was answered';
  const dropped = await Promise.all(
    orphans.map(async (record): Promise<Settled> => {
      const event = proofs.get(record.operation.id);
      if (event === undefined) return { record, outcome: { outcome: 'refused', code: 'dropped', message } };
      return { record, outcome: await provenOutcome(ports.store, head, event) };
    }),
  );
  return { wanted, dropped, left };
}

async function outcomesOf(ports: PublisherPorts, decided: readonly Decided[]): Promise<Settled[]> {
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
  const record =
    changes.find((change) => change.collection === collection && change.key === String(key))?.after ?? null;
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
  cycle: 'cycles',
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

async function replayOptions(ports: PublisherPorts, clock: ClockOptions) {
  return {
    store: ports.store,
    committer: await ports.committer(),
    now: ports.clock.now(),
    sharesClock: ports.sharesClock,
    clockOff: () => clockOff(ports.transport, clock),
  };
}
