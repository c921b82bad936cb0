/** Waiting for a lock: asking again, politely. */
import { OrcError } from '../errors.ts';
import type { Call } from './call.ts';

const firstPauseMs = 500;
const maxPauseMs = 5_000;

/**
 * Tries until it is acquired, the time is over, or the person wants to stop. The pauses grow, with jitter, so that a crowd
 * does not ask in step; but nobody sleeps past the end of the hold that is in the way.
 */
export async function acquireWaiting<T>(call: Call, waitMs: number, acquire: () => Promise<T>): Promise<T> {
  const { clock, chance } = (await call.open()).world;
  const deadline = clock.monotonic() + waitMs;
  for (let ceiling = firstPauseMs; ; ceiling = Math.min(ceiling * 2, maxPauseMs)) {
    try {
      return await acquire();
    } catch (error) {
      const left = deadline - clock.monotonic();
      const isHeld = error instanceof OrcError && error.code === 'lock-held';
      if (!isHeld || left <= 0 || call.io.signal?.aborted === true) throw error;
      const untilFree = Date.parse(String(error.details?.until)) - clock.now();
      const pause = Math.min(ceiling * (0.5 + 0.5 * chance.fraction()), untilFree > 0 ? untilFree + 1 : ceiling, left);
      await Promise.race([clock.sleep(pause), aborted(call.io.signal)]);
    }
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}
