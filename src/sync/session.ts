/**
 * A process's dealings with one board: asking for operations, waiting for their fate, and syncing.
 *
 * Promises (docs/protocol.md): a success told as published is in the upstream's history; a refusal was true of the
 * upstream at some moment during the call; an operation told as queued survives a crash.
 */
import type { Operation } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import { Driver, type DriverPorts } from './driver.ts';
import type { Head } from './head.ts';
import { encodeOrder, momentAfter } from './order.ts';
import { type Outcome, type Owner, openRecords, type QueueRecord, unitIdOf } from './queue.ts';
import { type Found, findRecorded } from './recorded.ts';
import { shared } from './shared.ts';
import { type Answer, rebuildLocal, settledAnswer, tellLate, tellUnpublished, unknownAnswer } from './tentative.ts';
import type { Trouble } from './trouble.ts';

export interface SessionPorts extends DriverPorts {
  /** Hears how many closed tasks were read to compact a board, and of how many. */
  readonly onArchiveRead?: (done: number, of: number) => void;
  readonly owner: Owner;
}

export interface SubmitOptions {
  /** `false`: leave it in the queue and answer tentatively (deferred publishing). */
  readonly publish: boolean;
  readonly timeoutMs: number;
  /**
   * The caller chose the ids, or the batch's, and may be asking for the same elsewhere at this moment. They were looked for in the
   * upstream's history up to this version, and are not there (`findRecorded`); what came in since then is found when they are decided.
   */
  readonly lookedUpTo?: number;
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
  readonly #newestOrder = shared(async () => this.#ports.queue.newestOrder());
  #sequence = 0;
  /** As it stands in the order of what was asked last. */
  #askedAt = 0;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#driver = new Driver(ports);
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
    const { lookedUpTo } = options;
    const records = await this.#recordsOf(operations, !options.publish, lookedUpTo ?? (await view.version()));
    const deadline = clock.monotonic() + options.timeoutMs;
    let outcomes: Map<string, Outcome> = new Map();
    try {
      if (lookedUpTo === undefined) await queue.add(records);
      else if (!(await queue.addOnce(records))) throw askedTwice(operations[0] as Operation);
    } catch (error) {
      if (error instanceof OrcError && error.code === 'store-busy') throw error;
      await queue.forget(records.map(({ operation }) => operation.id)).catch(() => undefined);
      throw error;
    }
    try {
      if (!options.publish) return await tellUnpublished(this.#ports, records, null);
      outcomes = await this.#driver.waitFor(records, { deadline, insist: options.insist === true });
      const open = records.filter(({ operation }) => !outcomes.has(operation.id));
      const told = open.length === 0 ? [] : await tellUnpublished(this.#ports, open, this.#troubleOf(open));
      const toldById = new Map(told.map((answer) => [answer.operation.id, answer]));
      return records.map(({ operation }) => {
        const outcome = outcomes.get(operation.id);
        return outcome === undefined ? (toldById.get(operation.id) as Answer) : settledAnswer(operation, outcome, view);
      });
    } catch (error) {
      const open = records.filter(({ operation }) => !outcomes.has(operation.id));
      return this.#tellFailure(open, error);
    }
  }

  /**
   * Something failed on this machine. What was not sent must not be published behind the caller's back later: the error is
   * the answer. What may be in is told as unknown.
   */
  async #tellFailure(records: readonly QueueRecord[], error: unknown): Promise<Answer[]> {
    const { queue, view } = this.#ports;
    if (!(error instanceof OrcError)) throw error;
    const ids = records.map(({ operation }) => operation.id);
    const result = await queue.withdraw(ids).catch(() => 'sent' as const);
    if (result === 'done' || error.code === 'history-rewritten') {
      // It may be in the local head already.
      if (records.some(({ deferred }) => deferred)) await this.rebuildLocal().catch(() => undefined);
      throw error;
    }
    return tellLate(this.#ports, records, error.message).catch(() =>
      records.map(({ operation }) => unknownAnswer(operation, view, error.message)),
    );
  }

  /** Publishes what waits, brings the upstream's head here, and rebuilds the local head. */
  async sync(options: { readonly timeoutMs: number }): Promise<SyncReport> {
    const { clock, view } = this.#ports;
    const deadline = clock.monotonic() + options.timeoutMs;
    const { published, rejected, trouble } = await this.#driver.publishAll({ deadline, insist: false });
    if (trouble !== null) {
      await this.rebuildLocal();
      const reachable = trouble.outcome !== 'unreachable';
      return this.#report({ published, rejected, reachable, reason: trouble.reason });
    }
    const left = Math.max(1, deadline - clock.monotonic());
    const looks = (await this.#driver.looksIntoInbox()) ? { inbox: true } : {};
    const fetched = await view.fetch({ timeoutMs: left, ...looks });
    if (fetched.outcome !== 'unreachable' && (fetched.deposits?.size ?? 0) > 0)
      await this.#driver.tidy(fetched.deposits ?? new Map(), deadline);
    await this.rebuildLocal();
    const reachable = fetched.outcome !== 'unreachable';
    return this.#report({ published, rejected, reachable, reason: reachable ? null : fetched.reason });
  }

  /** What became of operations, by their ids, as the event log tells: the upstream's, or the local head's, where it is tentative. */
  async findRecorded(ids: readonly string[]): Promise<Found> {
    return findRecorded(this.#ports, ids);
  }

  async #recordsOf(operations: readonly Operation[], deferred: boolean, base: number): Promise<QueueRecord[]> {
    const { clock, owner } = this.#ports;
    const askedAt = clock.now();
    // Behind all that waits, even when the clock was set back: what was told rests on that.
    const newest = await this.#newestOrder();
    this.#askedAt = Math.max(askedAt, this.#askedAt, newest === null ? 0 : momentAfter(newest));
    const order = encodeOrder(this.#askedAt, this.#sequence++);
    return operations.map((operation, index) => ({
      operation,
      order: `${order}-${String(index).padStart(6, '0')}`,
      base,
      asked_at: askedAt,
      owner: { ...owner, seen_at: askedAt },
      deferred,
      told: null,
      sent: null,
      outcome: null,
    }));
  }

  #troubleOf(records: readonly QueueRecord[]): Trouble | null {
    return this.#driver.troubleOf(records.map(({ operation }) => operation.id));
  }

  async #report(fields: Omit<SyncReport, 'waiting' | 'head'>): Promise<SyncReport> {
    const waiting = (await openRecords(this.#ports.queue)).length;
    return { ...fields, waiting, head: await this.#ports.view.local() };
  }
}

function askedTwice(operation: Operation): OrcError {
  const id = unitIdOf(operation);
  return new OrcError('store-busy', `the operation ${id} is being asked for by another call`, {
    hint: 'ask again with this id to hear what became of it',
    details: { op: id },
  });
}
