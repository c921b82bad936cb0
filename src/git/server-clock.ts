/**
 * How far an upstream's clock is from this machine's, as the `Date` of its HTTP answers tells.
 *
 * The header counts whole seconds, and was written at some moment between asking and hearing: so half a second and half
 * of the way there and back remain unknown.
 */
import { steadyTime } from './steady-time.ts';
import type { ClockDifference } from './transport.ts';

/** This machine's clock, in milliseconds. */
export interface LocalClock {
  /** Since the epoch; may jump. */
  now(): number;
  /** From some fixed point; never jumps. */
  monotonic(): number;
}

interface Reading extends ClockDifference {
  readonly takenAt: number;
  /** The epoch's lead over the steady clock: it changes when the clock is set, and when the machine sleeps. */
  readonly lead: number;
}

/** In milliseconds: a reading counts for so long. */
const countsFor = 60_000;
/** In milliseconds: a clock that moved by more against the steady one has been set meanwhile. */
const allowedShift = 500;
/** The only form that servers may send (RFC 9110, 5.6.7). */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const realClock: LocalClock = { now: () => Date.now(), monotonic: steadyTime };

export class ServerClock {
  readonly #clock: LocalClock;
  #reading: Reading | null = null;

  constructor(clock: LocalClock = realClock) {
    this.#clock = clock;
  }

  /** To be kept until the answer comes: see `note`. */
  begin(): number {
    return this.#clock.monotonic();
  }

  /**
   * Notes the `Date` of an answer that came just now. `begun`: what `begin` gave before the request was sent.
   * Of several readings the most exact one counts. What is no date is passed over.
   */
  note(date: string | null | undefined, begun: number): void {
    const text = date?.trim() ?? '';
    if (!httpDate.test(text)) return;
    const takenAt = this.#clock.monotonic();
    const now = this.#clock.now();
    const half = Math.max(0, takenAt - begun) / 2;
    const errorMs = Math.ceil(half + 500);
    const recent = this.#recent();
    if (recent !== null && recent.errorMs < errorMs) return;
    this.#reading = { ms: Math.round(Date.parse(text) + 500 - (now - half)), errorMs, takenAt, lead: now - takenAt };
  }

  /** What answers of the last minute told; `null` when there were none, or this machine's clock has been set since. */
  difference(): ClockDifference | null {
    const recent = this.#recent();
    return recent === null ? null : { ms: recent.ms, errorMs: recent.errorMs };
  }

  #recent(): Reading | null {
    if (this.#reading === null) return null;
    const steady = this.#clock.monotonic();
    const shift = this.#clock.now() - steady - this.#reading.lead;
    return steady - this.#reading.takenAt <= countsFor && Math.abs(shift) <= allowedShift ? this.#reading : null;
  }
}
