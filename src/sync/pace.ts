/**
 * How long to wait before asking again: politely, for a forge documents about fifteen reads a second for a whole repository.
 *
 * The interval grows while nothing happens and is the shortest again when something does. What cannot be reached is asked
 * more seldom at once. Jitter keeps a crowd that saw the same change from asking in step. Pure: whoever waits brings
 * the clock and the chance.
 */

export interface PaceOptions {
  /** The interval after something happened, ms. */
  readonly shortestMs: number;
  /** The interval is never longer, ms. */
  readonly longestMs: number;
}

/** `moved`: there was something new. `quiet`: there was not. `failed`: nobody answered. */
export type Asked = 'moved' | 'quiet' | 'failed';

/** For an upstream across a network. */
export const politePace: PaceOptions = { shortestMs: 1_000, longestMs: 30_000 };
/** For an upstream whose head is a file of this machine. */
export const nearbyPace: PaceOptions = { shortestMs: 200, longestMs: 2_000 };

const growth: Readonly<Record<Asked, number>> = { moved: 0, quiet: 1.5, failed: 2 };
/** After a failure, however quick the pace was. */
const leastAfterFailureMs = 1_000;

export class Pace {
  readonly #options: PaceOptions;
  #interval: number;

  constructor(options: PaceOptions = politePace) {
    this.#options = options;
    this.#interval = options.shortestMs;
  }

  /** The present interval, before jitter, ms. */
  get interval(): number {
    return this.#interval;
  }

  /** What came of asking sets the next interval. @returns the pause to make, ms: the interval, give or take a quarter, within its bounds */
  next(asked: Asked, fraction: number): number {
    const { shortestMs, longestMs } = this.#options;
    const least = asked === 'failed' ? Math.max(leastAfterFailureMs, shortestMs) : shortestMs;
    this.#interval = Math.min(Math.max(this.#interval * growth[asked], least), longestMs);
    const jittered = Math.round(this.#interval * (0.75 + 0.5 * fraction));
    return Math.min(Math.max(jittered, shortestMs), longestMs);
  }

  /** Something is known to be about to happen, or has just been done here: the next interval begins from the shortest. */
  hurry(): void {
    this.#interval = this.#options.shortestMs;
  }
}
