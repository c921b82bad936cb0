/**
 * When to ask again for a lock that somebody holds. Pure: whoever waits brings the clock and the chance.
 *
 * Nobody knows of the others who wait, and nobody is told when a lock is let go. So it is a lottery, and fair by its weights:
 * who has seen the lock go to others asks more often, by a factor for each time, and comes sooner when a hold runs out.
 * Measured (test/app/lock-pace.test.ts): of eight who want a lock again and again, nobody sees it
 * go to others more than 32 times in a row.
 */

/** The interval of somebody who has just come, ms. */
const firstIntervalMs = 3_000;
/** While one hold lasts, the interval grows with it: a fifth of its time so far, up to this. */
const longestIntervalMs = 10_000;
const partOfHold = 1 / 5;
/** Each time that the lock went to somebody else, the interval is so much shorter, down to the shortest. */
const eagerness = 1.3;
const shortestIntervalMs = 250;
/** When a hold runs out, all who wait know it: they come within this time, ms, the eager ones first. */
const rushMs = 500;
/** Who has just let go of a lock leaves it to others for so long, ms. */
export const courtesyMs = 1_000;

/** What a refusal said. */
export interface Held {
  /** Tells one hold from the next; renewing does not change it. */
  readonly hold: unknown;
  /** Until others may have it if it is not let go before, ms; not above 0 when that should have been by now. */
  readonly untilFreeMs: number;
}

export class LockPace {
  #hold: unknown;
  #heldSince: number | null = null;
  #lost = 0;

  /**
   * @param now any clock that does not jump, ms
   * @param fraction in [0, 1), by chance
   * @returns the pause before asking again, ms
   */
  next({ hold, untilFreeMs }: Held, now: number, fraction: number): number {
    if (this.#heldSince === null || hold !== this.#hold) {
      if (this.#heldSince !== null) this.#lost++;
      this.#hold = hold;
      this.#heldSince = now;
    }
    const grown = (now - this.#heldSince) * partOfHold;
    const interval = Math.min(Math.max(grown, firstIntervalMs), longestIntervalMs) / eagerness ** this.#lost;
    const pause = Math.max(interval, shortestIntervalMs) * (0.5 + 0.5 * fraction);
    return untilFreeMs > 0 ? Math.min(pause, untilFreeMs + (rushMs * fraction) / (1 + this.#lost)) : pause;
  }
}
