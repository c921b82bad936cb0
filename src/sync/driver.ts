/**
 * Publishing for everybody while somebody here waits: takes the publisher's role, runs rounds, hands out outcomes, and
 * steps back while another process does the same.
 */

import type { Exclusion } from './ports.ts';
import { type PublisherPorts, publishRound, type RoundResult, type Settled } from './publisher.ts';
import { type Outcome, type QueueRecord, tentativeRecords } from './queue.ts';
import { localRef } from './refs.ts';
import { rebuildLocal } from './tentative.ts';

export interface DriverPorts extends PublisherPorts {
  /** The role of publisher among the processes of this store. Advisory. */
  readonly publisherRole: Exclusion;
}

export interface DriveOptions {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Keep trying until the deadline even where the upstream plainly cannot be reached (CI). */
  readonly insist: boolean;
}

/** Why driving ended before everybody had an outcome. */
export type LastRound = Extract<RoundResult, { outcome: 'unreachable' | 'refused' }>;

type Settle = (outcome: Outcome) => void;

/** Full jitter, as AWS's "Exponential Backoff and Jitter" calls it: a random wait up to a ceiling that doubles. */
const firstBackoffMs = 15;
const maxBackoffMs = 2_000;
/** How often an upstream that plainly cannot be reached is tried before the caller is answered. */
const unreachableTries = 3;
const unreachablePauseMs = 200;
/** 4. A no without a move proves nothing the first time: a lock that another pusher holds looks the same. */
export const refusalTries = 3;
const pollMs = 8;
/** The role is advisory: who has waited so long for its holder (stopped, or very slow) publishes beside it. */
const roleExpiryMs = 5_000;

export class Driver {
  readonly #ports: DriverPorts;
  readonly #waiters = new Map<string, Settle>();
  #driving: Promise<void> | null = null;
  lastRound: LastRound | null = null;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
  }

  /** Waits until all records have an outcome, or nothing more can be done by the deadline. Who has none is not in the map. */
  async waitFor(records: readonly QueueRecord[], options: DriveOptions): Promise<Map<string, Outcome>> {
    const outcomes = new Map<string, Outcome>();
    const settled = records.map(
      ({ operation }) =>
        new Promise<void>((resolve) => {
          this.#waiters.set(operation.id, (outcome) => {
            outcomes.set(operation.id, outcome);
            this.#waiters.delete(operation.id);
            resolve();
          });
        }),
    );
    try {
      while (outcomes.size < records.length && this.#ports.clock.monotonic() < options.deadline) {
        this.#driving ??= this.#drive(options).finally(() => {
          this.#driving = null;
        });
        await Promise.race([this.#driving, Promise.all(settled)]);
        if (outcomes.size < records.length && this.#wasTried(records)) break;
      }
      if (outcomes.size < records.length) await this.#collectOutcomes();
      return outcomes;
    } finally {
      for (const { operation } of records) this.#waiters.delete(operation.id);
    }
  }

  /** Hands outcomes to whoever waits, here or in another process, and keeps refusals of what was told as queued. */
  async deliver(settled: readonly Settled[]): Promise<{ published: number; rejected: number }> {
    const { queue, clock } = this.#ports;
    const done: string[] = [];
    const wakes: (() => void)[] = [];
    let published = 0;
    let rejected = 0;
    for (const { record, outcome } of settled) {
      const { id } = record.operation;
      const settle = this.#waiters.get(id);
      if (outcome.outcome === 'accepted') published++;
      if (settle === undefined && record.told === null && queue.liveness(record.owner) === 'alive') {
        await queue.update({ ...record, outcome }, false);
        continue;
      }
      if (record.told !== null && outcome.outcome === 'refused') {
        rejected++;
        const { operation, asked_at } = record;
        await queue.reject([{ operation, asked_at, rejected_at: clock.now(), refusal: outcome }]);
      }
      done.push(id);
      if (settle !== undefined) wakes.push(() => settle(outcome));
    }
    await queue.remove(done);
    for (const wake of wakes) wake();
    return { published, rejected };
  }

  async backOff(losses: number): Promise<void> {
    const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(losses, 8));
    await this.#ports.clock.sleep(this.#ports.chance.fraction() * ceiling);
  }

  async #drive({ deadline, insist }: DriveOptions): Promise<void> {
    const { clock, publisherRole, chance } = this.#ports;
    this.lastRound = null;
    let losses = 0;
    let failures = 0;
    let waitingSince: number | null = null;
    // Callers that ask in the same turn gather in the first round.
    await Promise.resolve();
    while (this.#waiters.size > 0 && clock.monotonic() < deadline) {
      const role = await publisherRole.tryTake();
      waitingSince = role === null ? (waitingSince ?? clock.monotonic()) : null;
      if (role === null && clock.monotonic() - (waitingSince ?? 0) < roleExpiryMs) {
        await clock.sleep(pollMs);
        await this.#collectOutcomes();
        continue;
      }
      let round: RoundResult;
      try {
        round = await this.#round(Math.max(1, deadline - clock.monotonic()));
      } finally {
        await role?.release();
      }
      if (round.outcome === 'settled') {
        losses = 0;
        failures = 0;
        // Whoever had the role before us may have published ours with its own.
        if (this.#waiters.size > 0) await this.#collectOutcomes();
        if (this.#waiters.size > 0) await clock.sleep(pollMs);
      } else if (round.outcome === 'raced') {
        losses++;
        await this.backOff(losses);
      } else {
        failures++;
        const limit = round.outcome === 'refused' ? refusalTries : unreachableTries;
        const isFinal = failures >= limit && !(insist && round.outcome === 'unreachable');
        if (isFinal || clock.monotonic() + unreachablePauseMs >= deadline) {
          this.lastRound = round;
          return;
        }
        await clock.sleep(chance.fraction() * unreachablePauseMs * 2 ** Math.min(failures, 4));
      }
    }
  }

  async #round(timeoutMs: number): Promise<RoundResult> {
    const round = await publishRound(this.#ports, { timeoutMs });
    try {
      // Before anybody is told: who asked must find its own change when it reads.
      if (round.outcome === 'settled') await this.#followUpstream();
    } finally {
      await this.deliver(round.settled);
    }
    return round;
  }

  /** The local head follows, with what was told as queued on top. */
  async #followUpstream(): Promise<void> {
    const { queue, view, store } = this.#ports;
    const head = await view.head();
    if (head.commit === null || (await store.readRef(localRef)) === head.commit) return;
    if ((await tentativeRecords(queue)).length > 0) await rebuildLocal(this.#ports);
    else await view.moveLocal(head);
  }

  /** Another process publishes: it writes our outcomes into our records. */
  async #collectOutcomes(): Promise<void> {
    const { queue } = this.#ports;
    for (const [id, settle] of [...this.#waiters]) {
      const outcome = (await queue.get(id))?.outcome;
      if (outcome === undefined || outcome === null) continue;
      await queue.remove([id]);
      settle(outcome);
    }
  }

  /** Whether the round that ended the driving had these records in it, and not only those of earlier callers. */
  #wasTried(records: readonly QueueRecord[]): boolean {
    const tried = new Set(this.lastRound?.replayed.decided.map(({ record }) => record.operation.id));
    return records.every(({ operation }) => tried.has(operation.id));
  }
}
