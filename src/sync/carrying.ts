/**
 * When to deposit, when to look into the inbox, and when to carry. Pure decisions: whoever drives brings clock and chance.
 *
 * Who is alone never pays for it: nothing of this happens before a race was lost, or before somebody has published without a
 * pause for some seconds.
 */
import type { CarryingMode } from './round.ts';
import type { Deposits } from './upstream-view.ts';

/** What is remembered of the upstream, beyond the process. */
export interface CarryMemory {
  /** Why it takes no deposits; `null`: as far as is known it does. */
  unable(): string | null;
  noteUnable(reason: string, lastsMs: number): void;
}

/** After a lost race others are about: the next operation is deposited at once. */
const contendedMs = 5_000;
/** Who publishes again within this time may be in the way of those who wait. */
const hotMs = 5_000;
/** How often a hot publisher looks whether others wait. */
const lookEveryMs = 1_000;
/** Without a sign of others: after so long, then after twice as long, and so on. */
const firstLookMs = 5_000;
const maxLookMs = 60_000;
/** However near the upstream is, ms. */
const leastTripMs = 5;
/** Looks at a deposit that nobody has carried yet, before its author carries. */
const patience = 3;
/** When carrying was refused twice, the next pushes do without: one of the deposits may be what is refused. */
const withoutMs = 60_000;
/** A server that said no once may just have been busy. */
const strikesUntilUnable = 3;
const unableMs = 10 * 60_000;
const surelyUnableMs = 24 * 60 * 60_000;

export class Carrying {
  readonly #memory: CarryMemory;
  #contendedAt = Number.NEGATIVE_INFINITY;
  #metAt = Number.NEGATIVE_INFINITY;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #hotSince = Number.NEGATIVE_INFINITY;
  #lookAfterMs = firstLookMs;
  #withoutUntil = Number.NEGATIVE_INFINITY;
  #bareUntil = Number.NEGATIVE_INFINITY;
  #strikes = 0;
  #refusals = 0;
  #isAwaited = false;
  /** Whether the upstream tells, with each push, that others wait: then nobody has to look. */
  #isTold = false;

  constructor(memory: CarryMemory) {
    this.#memory = memory;
  }

  /** Times are of the monotonic clock. */
  begin(now: number): CarryingMode {
    if (!this.isOn(now)) return this.withoutMode(now);
    // Whoever has just published is quicker than all that wait.
    if (this.#isAwaited && this.#isHot(now)) return 'carry';
    if (this.#isContended(now)) return 'deposit';
    return this.#mustLook(now) ? 'carry' : 'plain';
  }

  /** After a round that settled something. */
  next(mode: CarryingMode, now: number): CarryingMode {
    const isCarrying = mode === 'wait' && this.isOn(now) && this.#isContended(now);
    return isCarrying ? 'wait' : this.begin(now);
  }

  isOn(now: number): boolean {
    return now >= this.#withoutUntil && now >= this.#bareUntil && this.#memory.unable() === null;
  }

  withoutMode(now: number): CarryingMode {
    return now < this.#bareUntil ? 'bare' : 'plain';
  }

  lost(now: number): void {
    this.#contendedAt = now;
    this.#metAt = now;
  }

  looked(now: number, hasOthers: boolean): void {
    this.#lookedAt = now;
    this.#lookAfterMs = hasOthers ? firstLookMs : Math.min(2 * this.#lookAfterMs, maxLookMs);
    if (hasOthers) this.lost(now);
    this.#isAwaited = false;
  }

  /** It published what was its own, and saw that nobody else waits. */
  alone(): void {
    this.#contendedAt = Number.NEGATIVE_INFINITY;
  }

  /** `isAwaited`: whether others' deposits lay in the inbox just now; `null`: the upstream does not tell. */
  published(now: number, isAwaited: boolean | null): void {
    if (now - this.#publishedAt >= hotMs) this.#hotSince = now;
    this.#publishedAt = now;
    this.#refusals = 0;
    // Who carried goes on with that, for those who came too late; who met nobody until now lets itself be carried, like all others.
    this.#isAwaited = isAwaited === true && this.#isContended(now);
    this.#isTold = isAwaited !== null;
    if (isAwaited === true) this.lost(now);
  }

  /** A push that would have removed deposits was refused although the upstream had not moved. */
  refused(now: number, removed: 'own' | 'others'): void {
    // The first time somebody else may just have removed the same.
    if (removed === 'others') {
      this.#refusals++;
      if (this.#refusals > 1) this.#withoutUntil = now + withoutMs;
    } else {
      this.#bareUntil = now + withoutMs;
      this.unable('it refuses to remove what lies in its inbox', false);
    }
  }

  /** The upstream takes no deposits, or does not let go of them. `isCertain`: it said that it cannot. */
  unable(reason: string, isCertain: boolean): void {
    this.#strikes++;
    if (isCertain) this.#memory.noteUnable(reason, surelyUnableMs);
    else if (this.#strikes >= strikesUntilUnable) this.#memory.noteUnable(reason, unableMs);
  }

  /** Of those who wait one or two carry, by chance; whoever was not carried after some looks no longer leaves it to others. */
  isTurn(deposits: Deposits, looks: number, fraction: number): boolean {
    return looks >= patience || fraction * deposits.size < 2 + looks;
  }

  #isContended(now: number): boolean {
    return now - this.#contendedAt < contendedMs;
  }

  #isHot(now: number): boolean {
    return now - this.#publishedAt < hotMs;
  }

  #mustLook(now: number): boolean {
    if (this.#isTold || !this.#isHot(now)) return false;
    if (now - this.#metAt < maxLookMs) return now - this.#lookedAt >= lookEveryMs;
    return now - Math.max(this.#hotSince, this.#lookedAt) >= this.#lookAfterMs;
  }
}

export interface Waiting {
  readonly mode: CarryingMode;
  readonly isDeposited: boolean;
  readonly isFirst: boolean | null;
  readonly hasLost: boolean;
  readonly looked: Deposits | null;
  /** How long a call to the upstream takes. */
  readonly tripMs: number;
}

export interface Next {
  readonly mode: CarryingMode;
  readonly pauseMs: number;
  /** What lies in the inbox, where nobody needs to look again. */
  readonly looked: Deposits | null;
}

/** What to do after a round that left operations in the inbox, and how long to wait before. `fraction`: by chance, from 0 to 1. */
export function afterWaiting(waiting: Waiting, fraction: number): Next {
  const { mode, isDeposited, isFirst, hasLost, looked } = waiting;
  if (!isDeposited) return { mode: 'carry', pauseMs: 0, looked };
  const trip = Math.max(waiting.tripMs, leastTripMs);
  if (mode === 'deposit' || hasLost) {
    // Nobody else was there: it goes on as who is not carried, with what it has just fetched.
    if (hasLost && isFirst !== false && looked?.size === 1) return { mode: 'carry', pauseMs: 0, looked };
    // The first carries for all who come shortly after it; the others look when it should be done with that.
    if (isFirst === true) return { mode: 'carry', pauseMs: trip * (0.25 + 0.25 * fraction), looked: null };
    if (isFirst === false) return { mode: 'wait', pauseMs: trip * (1.5 + fraction), looked: null };
    return { mode: 'wait', pauseMs: trip * fraction, looked: null };
  }
  return { mode: 'wait', pauseMs: trip * (0.25 + 0.75 * fraction), looked: null };
}

/** Nothing is remembered beyond the process. */
export function forgetfulMemory(): CarryMemory {
  let known: string | null = null;
  return {
    unable: () => known,
    noteUnable: (reason) => {
      known = reason;
    },
  };
}
