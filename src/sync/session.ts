/**
 * A process's dealings with one board: asking for operations, waiting for their fate, and syncing.
 *
 * Promises (docs/protocol.md): a success told as published is in the upstream's history; a refusal was true of the
 * upstream at some moment during the call; an operation told as queued survives a crash.
 */
import type { Operation } from '../core/operation.ts';
import type { Head } from './head.ts';
import { encodeOrder } from './order.ts';
import type { Exclusion } from './ports.ts';
import { findProofs } from './proof.ts';
import {
  acceptedOutcome,
  decideTentatively,
  type PublisherPorts,
  provenOutcome,
  publishRound,
  type RoundResult,
  type Settled,
} from './publisher.ts';
import type { Outcome, Owner, QueueRecord } from './queue.ts';
import type { Replayed } from './replay.ts';

export interface SessionPorts extends PublisherPorts {
  readonly owner: Owner;
  /** The role of publisher among the processes of this store. Advisory. */
  readonly publisherRole: Exclusion;
}

export interface SubmitOptions {
  /** `false`: leave it in the queue and answer tentatively (deferred publishing). */
  readonly publish: boolean;
  readonly timeoutMs: number;
  /** Keep trying until the deadline even where the upstream plainly cannot be reached (CI). */
  readonly insist?: boolean;
}

/** `published`: true: in the upstream's history. false: not (yet), `state` says how. null: nothing to publish. */
export interface Answer {
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly published: boolean | null;
  readonly state: 'published' | 'queued' | 'unknown' | 'none';
  /** The head on which the outcome holds: the upstream's, or the local one for tentative answers. */
  readonly head: Head;
  /** Why it is not published, for people. */
  readonly reason: string | null;
}

export interface SyncReport {
  readonly published: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly head: Head;
  readonly reachable: boolean;
  readonly reason: string | null;
}

interface Waiter {
  readonly settle: (outcome: Outcome) => void;
}

/** Full jitter, as AWS's "Exponential Backoff and Jitter" calls it: a random wait up to a ceiling that doubles. */
const firstBackoffMs = 15;
const maxBackoffMs = 2_000;
/** How often an upstream that plainly cannot be reached is tried before the caller is answered. */
const unreachableTries = 3;
const unreachablePauseMs = 200;
/** 4. A no without a move proves nothing the first time: a lock that another pusher holds looks the same. */
const refusalTries = 3;
const pollMs = 8;

export class Session {
  readonly #ports: SessionPorts;
  readonly #waiters = new Map<string, Waiter>();
  #driving: Promise<void> | null = null;
  #lastRound: Extract<RoundResult, { outcome: 'unreachable' | 'refused' }> | null = null;
  #sequence = 0;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
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

  /**
   * Asks for operations, one or a whole batch, and waits for their fate or the deadline.
   * @throws OrcError `history-rewritten`, `io`, `store-busy`; refusals come as outcomes
   */
  async submit(operations: readonly Operation[], options: SubmitOptions): Promise<Answer[]> {
    const { queue, view, clock, owner } = this.#ports;
    const base = (await view.head()).read.board.meta.version;
    const order = encodeOrder(clock.now(), this.#sequence++);
    const records = operations.map((operation, index): QueueRecord => {
      const position = `${order}-${String(index).padStart(6, '0')}`;
      return { operation, order: position, base, asked_at: clock.now(), owner, told: null, sent: false, outcome: null };
    });
    await queue.add(records);
    if (!options.publish) return this.#tellTentatively(records, null);

    const deadline = clock.monotonic() + options.timeoutMs;
    const outcomes = new Map<string, Outcome>();
    const settled = records.map(
      ({ operation }) =>
        new Promise<void>((resolve) => {
          this.#waiters.set(operation.id, {
            settle: (outcome) => {
              outcomes.set(operation.id, outcome);
              this.#waiters.delete(operation.id);
              resolve();
            },
          });
        }),
    );
    try {
      while (outcomes.size < records.length && clock.monotonic() < deadline) {
        this.#driving ??= this.#drive(deadline, options.insist === true).finally(() => {
          this.#driving = null;
        });
        await Promise.race([this.#driving, Promise.all(settled)]);
        if (outcomes.size < records.length && this.#wasTried(records)) break;
      }
      if (outcomes.size < records.length) await this.#collectOutcomes();
    } catch (error) {
      await this.#withdraw(records);
      throw error;
    } finally {
      for (const { operation } of records) this.#waiters.delete(operation.id);
    }
    return this.#answer(records, outcomes);
  }

  /** Whether the round that ended the driving had these records in it, and not only those of earlier callers. */
  #wasTried(records: readonly QueueRecord[]): boolean {
    const tried = new Set(this.#lastRound?.replayed.decided.map(({ record }) => record.operation.id));
    return records.every(({ operation }) => tried.has(operation.id));
  }

  /** The caller hears an error, not "queued": what was not sent must not be published behind its back later. */
  async #withdraw(records: readonly QueueRecord[]): Promise<void> {
    const { queue } = this.#ports;
    for (const { operation } of records) {
      const record = await queue.get(operation.id);
      if (record?.sent === true) await queue.update({ ...record, told: { state: 'unknown' } }, true);
      else await queue.remove([operation.id]);
    }
  }

  /** Publishes what waits, brings the upstream's head here, and rebuilds the local head. */
  async sync(options: { readonly timeoutMs: number }): Promise<SyncReport> {
    const { clock, queue, view } = this.#ports;
    const deadline = clock.monotonic() + options.timeoutMs;
    let published = 0;
    let rejected = 0;
    for (let losses = 0; ; ) {
      const open = (await queue.list()).filter(({ outcome }) => outcome === null);
      if (open.length === 0) break;
      const round = await publishRound(this.#ports, { timeoutMs: deadline - clock.monotonic() });
      const delivered = await this.#deliver(round.settled);
      published += delivered.published;
      rejected += delivered.rejected;
      if (round.outcome === 'settled') break;
      if (round.outcome === 'raced') losses++;
      else if (round.outcome === 'refused') {
        losses++;
        if (losses >= refusalTries) return this.#report({ published, rejected, reachable: true, reason: round.reason });
      } else {
        await this.rebuildLocal();
        return this.#report({ published, rejected, reachable: false, reason: round.reason });
      }
      if (clock.monotonic() > deadline)
        return this.#report({ published, rejected, reachable: true, reason: 'out of time' });
      await this.#backOff(losses);
    }
    const fetched = await view.fetch({ timeoutMs: Math.max(1, deadline - clock.monotonic()) });
    await this.rebuildLocal();
    const reachable = fetched.outcome !== 'unreachable';
    return this.#report({ published, rejected, reachable, reason: reachable ? null : fetched.reason });
  }

  /** Makes the local head the upstream's with all that was told as queued on top. */
  async rebuildLocal(): Promise<Head> {
    const { queue, view, store } = this.#ports;
    const told = (await queue.list()).filter(({ outcome, told }) => outcome === null && told?.state === 'queued');
    const { tip, objects } = await decideTentatively(this.#ports, told);
    if (tip.commit === null) return tip;
    if (objects.length > 0) await store.writeObjects(objects);
    await view.moveLocal(tip);
    return tip;
  }

  /** What became of an operation, by its id: known here, or in the event log after board version `since`. */
  async findOutcome(id: string, since = 0): Promise<Outcome | null> {
    const { store, view } = this.#ports;
    const head = await view.head();
    const event = (await findProofs(store, head, new Set([id]), since)).get(id);
    return event === undefined ? null : provenOutcome(this.#ports, event);
  }

  /** Publishes for everybody while somebody here waits; steps back while another process does. */
  async #drive(deadline: number, insist: boolean): Promise<void> {
    const { clock, publisherRole } = this.#ports;
    this.#lastRound = null;
    let losses = 0;
    let failures = 0;
    // Callers that ask in the same turn gather in the first round.
    await Promise.resolve();
    while (this.#waiters.size > 0 && clock.monotonic() < deadline) {
      const role = await publisherRole.tryTake();
      if (role === null) {
        await clock.sleep(pollMs);
        await this.#collectOutcomes();
        continue;
      }
      let round: RoundResult;
      try {
        round = await publishRound(this.#ports, { timeoutMs: Math.max(1, deadline - clock.monotonic()) });
        try {
          // Before anybody is told: who asked must find its own change when it reads.
          if (round.outcome === 'settled') await this.#moveLocalAfterRound();
        } finally {
          await this.#deliver(round.settled);
        }
      } finally {
        await role.release();
      }
      if (round.outcome === 'settled') {
        losses = 0;
        failures = 0;
        // Whoever had the role before us may have published ours with its own.
        if (this.#waiters.size > 0) await this.#collectOutcomes();
        if (this.#waiters.size > 0) await clock.sleep(pollMs);
      } else if (round.outcome === 'raced') {
        losses++;
        await this.#backOff(losses);
      } else {
        failures++;
        const limit = round.outcome === 'refused' ? refusalTries : unreachableTries;
        const isFinal = failures >= limit && !(insist && round.outcome === 'unreachable');
        if (isFinal || clock.monotonic() + unreachablePauseMs >= deadline) {
          this.#lastRound = round;
          return;
        }
        await clock.sleep(this.#ports.chance.fraction() * unreachablePauseMs * 2 ** Math.min(failures, 4));
      }
    }
  }

  async #backOff(losses: number): Promise<void> {
    const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(losses, 8));
    await this.#ports.clock.sleep(this.#ports.chance.fraction() * ceiling);
  }

  /** Another process publishes: it writes our outcomes into our records. */
  async #collectOutcomes(): Promise<void> {
    const { queue } = this.#ports;
    for (const [id, waiter] of [...this.#waiters]) {
      const outcome = (await queue.get(id))?.outcome;
      if (outcome === undefined || outcome === null) continue;
      await queue.remove([id]);
      waiter.settle(outcome);
    }
  }

  /** Hands outcomes to whoever waits, here or in another process, and keeps refusals of what was told as queued. */
  async #deliver(settled: readonly Settled[]): Promise<{ published: number; rejected: number }> {
    const { queue, clock } = this.#ports;
    const done: string[] = [];
    const waiting: (() => void)[] = [];
    let published = 0;
    let rejected = 0;
    for (const { record, outcome } of settled) {
      const { id } = record.operation;
      const waiter = this.#waiters.get(id);
      if (outcome.outcome === 'accepted') published++;
      if (waiter === undefined && record.told === null && queue.liveness(record.owner) === 'alive') {
        await queue.update({ ...record, outcome }, false);
        continue;
      }
      if (record.told !== null && outcome.outcome === 'refused') {
        rejected++;
        const { operation, asked_at } = record;
        await queue.reject([{ operation, asked_at, rejected_at: clock.now(), refusal: outcome }]);
      }
      done.push(id);
      if (waiter !== undefined) waiting.push(() => waiter.settle(outcome));
    }
    await queue.remove(done);
    for (const wake of waiting) wake();
    return { published, rejected };
  }

  async #moveLocalAfterRound(): Promise<void> {
    const { queue, view, store } = this.#ports;
    const head = await view.head();
    if (head.commit === null || (await store.readRef('refs/heads/orc')) === head.commit) return;
    const told = (await queue.list()).some((record) => record.outcome === null && record.told?.state === 'queued');
    if (told) await this.rebuildLocal();
    else await view.moveLocal(head);
  }

  async #answer(records: readonly QueueRecord[], outcomes: ReadonlyMap<string, Outcome>): Promise<Answer[]> {
    const open = records.filter(({ operation }) => !outcomes.has(operation.id));
    const head = await this.#ports.view.head();
    const told = open.length === 0 ? [] : await this.#tellUnpublished(open);
    return records.map(({ operation }) => {
      const outcome = outcomes.get(operation.id);
      if (outcome === undefined) return told.find((answer) => answer.operation.id === operation.id) as Answer;
      const published = outcome.outcome === 'accepted' ? true : null;
      return { operation, outcome, published, state: published ? 'published' : 'none', head, reason: null };
    });
  }

  /** 3, 4, 6. The deadline: say what is known, and pin what was said. */
  async #tellUnpublished(records: readonly QueueRecord[]): Promise<Answer[]> {
    const last = this.#lastRound;
    const { queue } = this.#ports;
    if (last?.outcome === 'refused') return this.#tellRefused(records, last.reason);
    // A record that is gone was settled by another process, and its answer lost: whoever asks again by its id hears it.
    const fresh = await Promise.all(
      records.map(async (record) => (await queue.get(record.operation.id)) ?? { ...record, sent: true }),
    );
    const reason = last?.reason ?? 'the deadline passed while others were publishing';
    if (fresh.some((record) => record.sent)) {
      const head = await this.#ports.view.local();
      await Promise.all(fresh.map((record) => queue.update({ ...record, told: { state: 'unknown' } }, true)));
      return fresh.map(({ operation }) => ({
        operation,
        outcome: { outcome: 'unchanged', result: { value: null } },
        published: false,
        state: 'unknown',
        head,
        reason,
      }));
    }
    return this.#tellTentatively(fresh, reason);
  }

  /** 4. The upstream says no to these: they are not kept, and the caller hears the server's words. */
  async #tellRefused(records: readonly QueueRecord[], reason: string): Promise<Answer[]> {
    const isCheckedOut = /checked out|denyCurrentBranch/i.test(reason);
    const outcome: Outcome = isCheckedOut
      ? {
          outcome: 'refused',
          code: 'checked-out',
          message: 'the branch orc is checked out in a work tree',
          hint: 'switch that work tree to another branch',
        }
      : {
          outcome: 'refused',
          code: 'upstream-refused',
          message: `the upstream refused the push: ${reason}`,
          hint: 'ask whoever runs the remote to let pushes to the branch orc through',
        };
    await this.#ports.queue.remove(records.map(({ operation }) => operation.id));
    const head = await this.#ports.view.head();
    return records.map(({ operation }) => ({ operation, outcome, published: null, state: 'none', head, reason }));
  }

  /** Decides on top of the local head, keeps what was accepted in the queue, and pins it to what is told. */
  async #tellTentatively(records: readonly QueueRecord[], reason: string | null): Promise<Answer[]> {
    const { queue, store, view } = this.#ports;
    const ids = new Set(records.map(({ operation }) => operation.id));
    const open = (await queue.list()).filter(
      (record) => record.outcome === null && (record.told?.state === 'queued' || ids.has(record.operation.id)),
    );
    const replayed: Replayed = await decideTentatively(this.#ports, open);
    const own = replayed.decided.filter(({ record }) => ids.has(record.operation.id));
    const answers: Answer[] = [];
    const gone: string[] = [];
    for (const { record, decision, commit } of own) {
      const { operation } = record;
      if (decision.outcome === 'accepted') {
        await queue.update({ ...record, told: { state: 'queued', result: decision.result } }, true);
        const outcome = acceptedOutcome(decision, commit);
        answers.push({ operation, outcome, published: false, state: 'queued', head: replayed.tip, reason });
      } else {
        gone.push(operation.id);
        const outcome: Outcome =
          decision.outcome === 'proven'
            ? {
                outcome: 'accepted',
                version: decision.event.v,
                commit: null,
                result: { event: decision.event.n },
                record: decision.event,
              }
            : decision;
        const published = decision.outcome === 'proven' ? true : null;
        answers.push({
          operation,
          outcome,
          published,
          state: published ? 'published' : 'none',
          head: replayed.tip,
          reason,
        });
      }
    }
    await queue.remove(gone);
    if (replayed.objects.length > 0) await store.writeObjects(replayed.objects);
    if (replayed.tip.commit !== null) await view.moveLocal(replayed.tip);
    return answers;
  }

  async #report(fields: Omit<SyncReport, 'waiting' | 'head'>): Promise<SyncReport> {
    const waiting = (await this.#ports.queue.list()).filter(({ outcome }) => outcome === null).length;
    return { ...fields, waiting, head: await this.#ports.view.local() };
  }
}
