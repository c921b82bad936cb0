/**
 * A process's dealings with one board: asking for operations, waiting for their fate, and syncing.
 *
 * Promises (docs/protocol.md): a success told as published is in the upstream's history; a refusal was true of the
 * upstream at some moment during the call; an operation told as queued survives a crash.
 */
import type { Operation } from '../core/operation.ts';
import { Driver, type DriverPorts, refusalTries } from './driver.ts';
import type { Head } from './head.ts';
import { encodeOrder } from './order.ts';
import { findCommit, findProofs } from './proof.ts';
import { provenOutcome, publishRound } from './publisher.ts';
import { type Outcome, type Owner, openRecords, type QueueRecord } from './queue.ts';
import { type Answer, rebuildLocal, tellTentatively, tellUnpublished } from './tentative.ts';

export interface SessionPorts extends DriverPorts {
  readonly owner: Owner;
}

export interface SubmitOptions {
  /** `false`: leave it in the queue and answer tentatively (deferred publishing). */
  readonly publish: boolean;
  readonly timeoutMs: number;
  /** Keep trying until the deadline even where the upstream plainly cannot be reached (CI). */
  readonly insist?: boolean;
}

export interface SyncReport {
  readonly published: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly head: Head;
  readonly reachable: boolean;
  readonly reason: string | null;
}

export class Session {
  readonly #ports: SessionPorts;
  readonly #driver: Driver;
  /** Operations that this process tried to push, and whose fate is not known yet. */
  readonly #pushed = new Set<string>();
  #sequence = 0;

  constructor(ports: Omit<SessionPorts, 'onPush'>) {
    const onPush = (ids: readonly string[], stage: 'pushing' | 'not-taken'): void => {
      for (const id of ids) {
        if (stage === 'pushing') this.#pushed.add(id);
        else this.#pushed.delete(id);
      }
    };
    this.#ports = { ...ports, onPush };
    this.#driver = new Driver(this.#ports);
  }

  get view() {
    return this.#ports.view;
  }

  get queue() {
    return this.#ports.queue;
  }

  /** The board as readers see it: the upstream's last known state with this store's queue on top. */
  async localHead(): Promise<Head> {
    return this.#ports.view.local();
  }

  async rebuildLocal(): Promise<Head> {
    return rebuildLocal(this.#ports);
  }

  /**
   * Asks for operations, one or a whole batch, and waits for their fate or the deadline.
   * @throws OrcError `history-rewritten`, `io`, `store-busy`; refusals come as outcomes
   */
  async submit(operations: readonly Operation[], options: SubmitOptions): Promise<Answer[]> {
    const { queue, clock, view } = this.#ports;
    const records = await this.#recordsOf(operations);
    await queue.add(records);
    if (!options.publish) return tellTentatively(this.#ports, records, null);
    const deadline = clock.monotonic() + options.timeoutMs;
    let outcomes: Map<string, Outcome>;
    try {
      outcomes = await this.#driver.waitFor(records, { deadline, insist: options.insist === true });
    } catch (error) {
      await this.#withdraw(records);
      throw error;
    } finally {
      for (const { operation } of records) this.#pushed.delete(operation.id);
    }
    const open = records.filter(({ operation }) => !outcomes.has(operation.id));
    const told = open.length === 0 ? [] : await tellUnpublished(this.#ports, open, this.#driver.lastRound);
    const toldById = new Map(told.map((answer) => [answer.operation.id, answer]));
    const head = await view.head();
    return records.map(({ operation }) => {
      const outcome = outcomes.get(operation.id);
      if (outcome === undefined) return toldById.get(operation.id) as Answer;
      const published = outcome.outcome === 'accepted' ? true : null;
      return { operation, outcome, published, state: published ? 'published' : 'none', head, reason: null };
    });
  }

  /** Publishes what waits, brings the upstream's head here, and rebuilds the local head. */
  async sync(options: { readonly timeoutMs: number }): Promise<SyncReport> {
    const { clock, queue, view } = this.#ports;
    const deadline = clock.monotonic() + options.timeoutMs;
    const left = (): number => Math.max(1, deadline - clock.monotonic());
    let published = 0;
    let rejected = 0;
    for (let losses = 0; (await queue.list()).length > 0; ) {
      const round = await publishRound(this.#ports, { timeoutMs: left() });
      const delivered = await this.#driver.deliver(round.settled);
      published += delivered.published;
      rejected += delivered.rejected;
      if (round.outcome === 'settled') break;
      losses++;
      const isOutOfTime = clock.monotonic() > deadline;
      if (round.outcome === 'unreachable' || isOutOfTime || (round.outcome === 'refused' && losses >= refusalTries)) {
        await this.rebuildLocal();
        const reason = round.outcome === 'raced' ? 'out of time' : round.reason;
        return this.#report({ published, rejected, reachable: round.outcome !== 'unreachable', reason });
      }
      await this.#driver.backOff(losses);
    }
    const fetched = await view.fetch({ timeoutMs: left() });
    await this.rebuildLocal();
    const reachable = fetched.outcome !== 'unreachable';
    return this.#report({ published, rejected, reachable, reason: reachable ? null : fetched.reason });
  }

  /**
   * What became of an operation, by its id, as the event log tells: the upstream's (`published`), or the local head's, where
   * it is tentative.
   */
  async findOutcome(id: string): Promise<{
    readonly outcome: Outcome;
    readonly kind: string | null;
    readonly agent: string | null;
    readonly published: boolean;
  } | null> {
    const { store, view } = this.#ports;
    for (const published of [true, false]) {
      const head = published ? await view.head() : await view.local();
      const event = (await findProofs(store, head, new Set([id]), 0)).get(id);
      if (event === undefined) continue;
      const found = await findCommit(store, head, event);
      return {
        outcome: await provenOutcome(store, head, event),
        kind: found?.kind ?? null,
        agent: found?.agent ?? null,
        published,
      };
    }
    return null;
  }

  async #recordsOf(operations: readonly Operation[]): Promise<QueueRecord[]> {
    const { view, clock, owner } = this.#ports;
    const base = (await view.head()).read.board.meta.version;
    const askedAt = clock.now();
    const order = encodeOrder(askedAt, this.#sequence++);
    return operations.map((operation, index) => ({
      operation,
      order: `${order}-${String(index).padStart(6, '0')}`,
      base,
      asked_at: askedAt,
      owner: { ...owner, seen_at: askedAt },
      told: null,
      sent: false,
      outcome: null,
    }));
  }

  /** The caller hears an error, not "queued": what was not sent must not be published behind its back later. */
  async #withdraw(records: readonly QueueRecord[]): Promise<void> {
    const { queue } = this.#ports;
    for (const { operation } of records) {
      const record = await queue.get(operation.id);
      const isSent = record?.sent === true || this.#pushed.has(operation.id);
      if (record !== null && isSent) await queue.update({ ...record, sent: true, told: { state: 'unknown' } }, true);
      else await queue.remove([operation.id]);
    }
  }

  async #report(fields: Omit<SyncReport, 'waiting' | 'head'>): Promise<SyncReport> {
    const waiting = (await openRecords(this.#ports.queue)).length;
    return { ...fields, waiting, head: await this.#ports.view.local() };
  }
}
