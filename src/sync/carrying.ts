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
  #lostAt = Number.NEGATIVE_INFINITY;
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

  constructor(memory: CarryMemory) {
    this.#memory = memory;
  }

  /** Times are of the monotonic clock. */
  begin(now: number): CarryingMode {
    if (!this.isOn(now)) return this.withoutMode(now);
    if (now - this.#lostAt < contendedMs) return 'deposit';
    return this.#mustLook(now) ? 'carry' : 'plain';
  }

  /** After a round that settled something. */
  next(mode: CarryingMode, now: number): CarryingMode {
    const isCarrying = (mode === 'wait' || mode === 'watch') && this.isOn(now) && now - this.#lostAt < contendedMs;
    return isCarrying ? 'wait' : this.begin(now);
  }

  isOn(now: number): boolean {
    return now >= this.#withoutUntil && now >= this.#bareUntil && this.#memory.unable() === null;
  }

  withoutMode(now: number): CarryingMode {
    return now < this.#bareUntil ? 'bare' : 'plain';
  }

  lost(now: number): void {
    this.#lostAt = now;
    this.#metAt = now;
  }

  looked(now: number, hasOthers: boolean): void {
    this.#lookedAt = now;
    this.#lookAfterMs = hasOthers ? firstLookMs : Math.min(2 * this.#lookAfterMs, maxLookMs);
    if (hasOthers) this.#metAt = now;
    this.#isAwaited = false;
  }

  /** `isAwaited`: others' deposits lay in the inbox just now. */
  published(now: number, isAwaited: boolean): void {
    if (now - this.#publishedAt >= hotMs) this.#hotSince = now;
    this.#publishedAt = now;
    this.#refusals = 0;
    this.#isAwaited = isAwaited;
    if (isAwaited) this.#metAt = now;
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

  /** The first in the inbox carries for all; whoever was not carried after some looks no longer waits for it. */
  isTurn(deposits: Deposits, own: ReadonlySet<string>, looks: number): boolean {
    if (looks >= patience) return true;
    const [first] = [...deposits.keys()].sort();
    return first === undefined || own.has(first);
  }

  #mustLook(now: number): boolean {
    if (now - this.#publishedAt >= hotMs) return false;
    if (this.#isAwaited) return true;
    if (now - this.#metAt < maxLookMs) return now - this.#lookedAt >= lookEveryMs;
    return now - Math.max(this.#hotSince, this.#lookedAt) >= this.#lookAfterMs;
  }
}

export interface Waiting {
  readonly mode: CarryingMode;
  readonly isDeposited: boolean;
  readonly isFirst: boolean | null;
}

/**
 * What to do after a round that left operations in the inbox, and how long to wait before. `tookMs`: how long that round took, a
 * measure of the way to the upstream. `fraction`: by chance, from 0 to 1.
 */
export function afterWaiting(
  { mode, isDeposited, isFirst }: Waiting,
  tookMs: number,
  fraction: number,
): { readonly mode: CarryingMode; readonly pauseMs: number } {
  if (!isDeposited) return { mode: 'carry', pauseMs: 0 };
  const trip = Math.max(tookMs, leastTripMs);
  if (mode === 'deposit') {
    // The first carries for all who come shortly after it; the others look when it should be done with that.
    if (isFirst === true) return { mode: 'carry', pauseMs: trip * (0.25 + 0.25 * fraction) };
    if (isFirst === false) return { mode: 'watch', pauseMs: trip * (1.5 + fraction) };
    return { mode: 'wait', pauseMs: trip * fraction };
  }
  // Whoever came too late for the first one looks whose turn it is now.
  return { mode: 'wait', pauseMs: trip * (mode === 'watch' ? 0.25 * fraction : 0.25 + 0.75 * fraction) };
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
