/**
 * Publishing for everybody while somebody here waits: takes the publisher's role, runs rounds, hands out outcomes, and
 * steps back while another process does the same.
 */

import { afterWaiting, Carrying, type CarryMemory } from './carrying.ts';
import { Isolation, type Suspect } from './isolation.ts';
import type { Exclusion, Taken } from './ports.ts';
import { type PublisherPorts, publishRound } from './publisher.ts';
import { isOpen, type Outcome, type QueueRecord, type Settled, tentativeRecords } from './queue.ts';
import type { CarryingMode, RoundResult } from './round.ts';
import { rebuildLocal } from './tentative.ts';
import { refusedByUpstream, type Trouble } from './trouble.ts';
import type { Deposits } from './upstream-view.ts';

export interface DriverPorts extends PublisherPorts {
  /** The role of publisher among the processes of this store. Advisory. */
  readonly publisherRole: Exclusion;
  /**
   * What is known of the upstream's inbox, asked when something is published first; without it nothing is deposited, and nobody is
   * carried.
   */
  readonly carrying?: () => Promise<CarryMemory | null>;
}

export interface DriveOptions {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Keep trying until the deadline even where the upstream plainly cannot be reached (CI). */
  readonly insist: boolean;
}

export interface Driven {
  readonly published: number;
  readonly rejected: number;
  readonly trouble: Trouble | null;
}

interface Step {
  readonly mode: CarryingMode;
  /** Looks at what was deposited, so far. */
  readonly looks: number;
  /** What lies in the inbox, if the upstream was asked just now. */
  readonly looked: Deposits | null;
}

type Settle = (outcome: Outcome) => void;
/** Whether there is a reason to go on; `left`: what nothing can be done about now. */
type IsWanted = (left: ReadonlySet<string>) => Promise<boolean>;

/** Full jitter, as AWS's "Exponential Backoff and Jitter" calls it: a random wait up to a ceiling that doubles. */
const firstBackoffMs = 15;
const maxBackoffMs = 2_000;
/** How often an upstream that plainly cannot be reached is tried before the caller is answered. */
const unreachableTries = 3;
const pauseMs = 200;
/** Who carries, or was not carried, tries again at once; but not for ever. */
const quickLosses = 4;
/** How long to look for an outcome, or for the role, again. */
const pollMs = 5;
/** After so many looks in vain it looks less often: whoever has it in hand is slow, or the store was removed beneath this process. */
const patientPolls = 100;
/** Whether the role's holder is alive is asked less often: that costs more than a look. */
const roleCheckMs = 100;
/** Callers that ask at one time wait for one deadline: a timer for each of them would cost more than it is worth. */
const sameDeadlineMs = 50;
/** The role is advisory: who has waited so long for its holder (stopped, or very slow) publishes beside it. */
const roleExpiryMs = 5_000;

export class Driver {
  readonly #ports: DriverPorts;
  readonly #waiters = new Map<string, { readonly record: QueueRecord; readonly settle: Settle }>();
  #driving: (DriveOptions & { readonly done: Promise<Driven> }) | null = null;
  #trouble: Trouble | null = null;
  #carrying: Carrying | null | undefined;

  constructor(ports: DriverPorts) {
    this.#ports = ports;
  }

  async #findCarrying(): Promise<Carrying | null> {
    const { carrying, transport } = this.#ports;
    if (this.#carrying === undefined) {
      const memory = transport.deposit === undefined ? null : ((await carrying?.()) ?? null);
      this.#carrying ??= memory === null ? null : new Carrying(memory);
    }
    return this.#carrying;
  }

  /** Whether others' deposits are of interest here. */
  async looksIntoInbox(): Promise<boolean> {
    return (await this.#findCarrying())?.isOn(this.#ports.clock.monotonic()) === true;
  }

  /** What last stood in the way of these; `null`: nothing but time. */
  troubleOf(ids: readonly string[]): Trouble | null {
    const trouble = this.#trouble;
    return trouble !== null && ids.some((id) => trouble.ids.has(id)) ? trouble : null;
  }

  /** Waits until all records have an outcome, or nothing more can be done by the deadline. Who has none is not in the map. */
  async waitFor(records: readonly QueueRecord[], options: DriveOptions): Promise<Map<string, Outcome>> {
    const { clock } = this.#ports;
    const ids = records.map(({ operation }) => operation.id);
    const outcomes = new Map<string, Outcome>();
    const settled = Promise.all(
      records.map(
        (record) =>
          new Promise<void>((resolve) => {
            const settle = (outcome: Outcome): void => {
              outcomes.set(record.operation.id, outcome);
              this.#waiters.delete(record.operation.id);
              resolve();
            };
            this.#waiters.set(record.operation.id, { record, settle });
          }),
      ),
    );
    const isDone = (): boolean => outcomes.size === records.length;
    try {
      while (!isDone() && clock.monotonic() < options.deadline) {
        const driving = this.#start(options, async () => this.#waiters.size > 0);
        // Somebody else's drive may go on beyond this caller's deadline.
        if (driving.deadline > options.deadline + sameDeadlineMs)
          await this.#untilDeadline(options.deadline, driving.done, settled);
        else await Promise.race([driving.done, settled]);
        const isTried = ids.every((id) => this.#trouble?.ids.has(id));
        // Somebody who does not insist gave up an upstream that is out of reach.
        const goesOn = options.insist && !driving.insist && this.#trouble?.outcome === 'unreachable';
        if (!isDone() && isTried && !goesOn) break;
      }
      if (!isDone()) await this.#collectOutcomes();
      return outcomes;
    } catch (error) {
      // Whoever has an outcome has it, whatever went wrong after.
      if (isDone()) return outcomes;
      throw error;
    } finally {
      for (const id of ids) this.#waiters.delete(id);
    }
  }

  /** Publishes what waits now, whoever asked for it. */
  async publishAll(options: DriveOptions): Promise<Driven> {
    const { queue, clock } = this.#ports;
    const isWaiting = (record: QueueRecord): boolean => isOpen(record, queue.liveness);
    const waiting = new Set((await queue.list()).filter(isWaiting).map(({ operation }) => operation.id));
    let isFirst = true;
    const isWanted = async (left: ReadonlySet<string>): Promise<boolean> => {
      const records = await queue.list();
      // Once in any case: what nobody will ask for any more is cleared away by that.
      if (isFirst) {
        isFirst = false;
        return records.length > 0;
      }
      return records.some((record) => {
        const { id } = record.operation;
        return waiting.has(id) && !left.has(id) && isWaiting(record);
      });
    };
    // A drive that is under way has a deadline of its own.
    while (this.#driving !== null && clock.monotonic() < options.deadline) {
      await this.#untilDeadline(
        options.deadline,
        this.#driving.done.catch(() => undefined),
      );
    }
    if (this.#driving !== null) return { published: 0, rejected: 0, trouble: null };
    return this.#start(options, isWanted).done;
  }

  async #untilDeadline(deadline: number, ...work: readonly Promise<unknown>[]): Promise<void> {
    const { clock } = this.#ports;
    const timer = new AbortController();
    const late = clock.sleep(deadline - clock.monotonic(), timer.signal);
    await Promise.race([...work, late]).finally(() => timer.abort());
  }

  /** One drive at a time in a process. */
  #start(options: DriveOptions, isWanted: IsWanted) {
    this.#driving ??= {
      ...options,
      done: this.#drive(options, isWanted).finally(() => {
        this.#driving = null;
      }),
    };
    return this.#driving;
  }

  async #drive({ deadline, insist }: DriveOptions, isWanted: IsWanted): Promise<Driven> {
    const { clock } = this.#ports;
    const isolation = new Isolation();
    const carrying = await this.#findCarrying();
    const tally = { published: 0, rejected: 0 };
    const tried = new Set<string>();
    let left: ReadonlySet<string> = new Set();
    let losses = 0;
    let failures = 0;
    let idle = 0;
    let step: Step = { mode: carrying?.begin(clock.monotonic()) ?? 'plain', looks: 0, looked: null };
    this.#trouble = null;
    // Callers that ask in the same turn gather in the first round.
    await Promise.resolve();
    while (clock.monotonic() < deadline && (await isWanted(left))) {
      const role = await this.#takeRole(deadline);
      if (role === 'served') continue;
      const began = clock.monotonic();
      if (carrying?.isOn(began) === false) step = { ...step, mode: carrying.withoutMode(began) };
      const { mode, looks } = step;
      let round: RoundResult;
      try {
        round = await this.#round(isolation, deadline, step);
      } finally {
        await role?.release();
      }
      count(tally, round.settled);
      const now = clock.monotonic();
      if (round.outcome === 'settled') {
        this.#trouble = null;
        losses = 0;
        failures = 0;
        const hasLooked = mode === 'wait' || mode === 'carry';
        if (hasLooked) carrying?.looked(now, round.hasCarried);
        if (round.isPushed) carrying?.published(now, round.isAwaited);
        if (round.isPushed && hasLooked && !round.hasCarried && round.isAwaited !== true) carrying?.alone();
        step = { mode: carrying?.next(mode, now) ?? 'plain', looks: 0, looked: null };
        count(tally, await this.#rejectGuilty(isolation.settled(round.isPushed)));
        // Whoever had the role before us may have published ours with its own.
        await this.#collectOutcomes();
        left = new Set(round.left);
        idle = round.settled.length === 0 ? idle + 1 : 0;
        if (idle > 0 && (await isWanted(left))) await clock.sleep(idle < patientPolls ? pollMs : roleCheckMs);
      } else if (round.outcome === 'raced') {
        losses++;
        if (round.hasLost) carrying?.lost(now);
        const isCarrying = round.hasLost && carrying?.isOn(now) === true;
        if (isCarrying) step = { mode: mode === 'plain' ? 'deposit' : 'wait', looks: looks + 1, looked: round.looked };
        if (isCarrying && losses < quickLosses) continue;
        step = { ...step, looked: null };
        await this.#pause(firstBackoffMs * 2 ** Math.min(losses, 8), deadline);
      } else if (round.outcome === 'waiting') {
        if (round.hasLost) carrying?.lost(now);
        const next = afterWaiting({ mode, ...round }, this.#ports.chance.fraction());
        const hasLooked = mode !== 'deposit' && !round.hasLost;
        step = { mode: next.mode, looks: hasLooked ? looks + 1 : looks, looked: next.looked };
        await clock.sleep(Math.max(0, Math.min(next.pauseMs, deadline - clock.monotonic())));
      } else if (round.outcome === 'refused' && round.removed !== 'none') {
        carrying?.refused(now, round.removed);
        step = { ...step, mode: round.removed === 'others' ? mode : 'bare', looked: null };
        await this.#pause(pauseMs, deadline);
      } else {
        failures++;
        for (const { records } of round.units) for (const { operation } of records) tried.add(operation.id);
        this.#trouble = { outcome: round.outcome, reason: round.reason, ids: tried };
        const goOn =
          round.outcome === 'refused'
            ? isolation.refused(round.units, round.reason)
            : insist || failures < unreachableTries;
        if (!goOn || clock.monotonic() + pauseMs >= deadline) break;
        await this.#pause(pauseMs * 2 ** Math.min(failures, 4), deadline);
      }
    }
    return { ...tally, trouble: this.#trouble };
  }

  /** `served`: somebody else is publishing, and what this process waits for may be done. `null`: go on without the role. */
  async #takeRole(deadline: number): Promise<Taken | null | 'served'> {
    const { clock, publisherRole } = this.#ports;
    const began = clock.monotonic();
    const until = Math.min(began + roleExpiryMs, deadline);
    for (let checkedAt = Number.NEGATIVE_INFINITY; clock.monotonic() < until; ) {
      if (!publisherRole.isTaken() || clock.monotonic() - checkedAt >= roleCheckMs) {
        const role = await publisherRole.tryTake();
        if (role !== null) return role;
        checkedAt = clock.monotonic();
      }
      await clock.sleep(pollMs);
      const before = this.#waiters.size;
      await this.#collectOutcomes();
      if (before > 0 && this.#waiters.size === 0) return 'served';
    }
    return clock.monotonic() < deadline ? null : 'served';
  }

  /** Carries in, or clears away, what was seen in the inbox; whoever is busy leaves it to others. */
  async tidy(looked: Deposits, deadline: number): Promise<void> {
    if (this.#driving !== null || !(await this.looksIntoInbox())) return;
    const role = await this.#ports.publisherRole.tryTake();
    if (role === null) return;
    try {
      await this.#round(new Isolation(), deadline, { mode: 'carry', looks: 0, looked });
    } finally {
      await role.release();
    }
  }

  async #round(isolation: Isolation, deadline: number, { mode, looks, looked }: Step): Promise<RoundResult> {
    const carrying = this.#carrying;
    return publishRound(this.#ports, {
      deadline,
      carrying: mode,
      mayDeposit: carrying?.isOn(this.#ports.clock.monotonic()) === true,
      looked,
      isTurn: (deposits) => carrying?.isTurn(deposits, looks, this.#ports.chance.fraction()) ?? true,
      onUnable: (reason, isCertain) => carrying?.unable(reason, isCertain),
      isWaitedFor: (id) => this.#waiters.has(id),
      select: (units) => isolation.select(units),
      // Before anybody is told: who asked must find its own change when it reads.
      onSettled: () => this.#followUpstream(),
      onTold: (told) => this.#wake(told),
    });
  }

  #wake(settled: readonly Settled[]): void {
    for (const { record, outcome } of settled) {
      const waiter = this.#waiters.get(record.operation.id);
      // Dropped a moment ago and asked anew with its id: that is another record, and not decided yet.
      if (waiter?.record.order === record.order) waiter.settle(outcome);
    }
  }

  /** 4. Later ones landed without these: the upstream will never have them. */
  async #rejectGuilty(guilty: readonly Suspect[]): Promise<readonly Settled[]> {
    if (guilty.length === 0) return [];
    const reasons = new Map(guilty.flatMap(({ ids, reason }) => ids.map((id) => [id, reason] as const)));
    // What lies in the inbox may be carried in: nobody can say no to it before it is taken back.
    const isGuilty = ({ operation, deposit = null }: QueueRecord): boolean =>
      deposit === null && reasons.has(operation.id);
    const taking = await this.#ports.queue.take((open) => open.filter(isGuilty));
    const settled = taking.records.map((record) => ({
      record,
      outcome: refusedByUpstream(reasons.get(record.operation.id) as string, this.#ports.branch),
    }));
    const told = await taking.settle(settled, (id) => this.#waiters.has(id));
    this.#wake(told);
    return told;
  }

  async #pause(ceiling: number, deadline: number): Promise<void> {
    const { clock, chance } = this.#ports;
    const jittered = chance.fraction() * Math.min(maxBackoffMs, ceiling);
    await clock.sleep(Math.max(0, Math.min(jittered, deadline - clock.monotonic())));
  }

  /** The local head follows, with what was told as queued on top. */
  async #followUpstream(): Promise<void> {
    const { queue, view } = this.#ports;
    const from = await view.place();
    const head = await view.head();
    if (head.commit === null || from.local === head.commit) return;
    const isSettled = (await tentativeRecords(queue)).length === 0 && (await view.moveLocal(head, from));
    if (!isSettled) await rebuildLocal(this.#ports);
  }

  /** Another process publishes: it leaves our outcomes where we find them. */
  async #collectOutcomes(): Promise<void> {
    if (this.#waiters.size === 0) return;
    const waiting = [...this.#waiters.values()].map(({ record }) => record.operation);
    for (const [id, outcome] of await this.#ports.queue.collect(waiting)) this.#waiters.get(id)?.settle(outcome);
  }
}

function count(tally: { published: number; rejected: number }, settled: readonly Settled[]): void {
  for (const { record, outcome } of settled) {
    if (outcome.outcome === 'accepted') tally.published++;
    else if (outcome.outcome === 'refused' && outcome.code !== 'dropped' && record.told !== null) tally.rejected++;
  }
}
