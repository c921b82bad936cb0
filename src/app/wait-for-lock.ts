/** Waiting for a lock: asking again, politely and fairly, until it is acquired or the time is over. */
import type { Lock } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Chance, Clock } from '../sync/ports.ts';
import { courtesyMs, LockPace } from './lock-pace.ts';
import type { OrcCore } from './orc-core.ts';
import { checkAmounts } from './reading.ts';

export interface WaitOptions {
  /** How long at most, ms; 0: ask once. */
  readonly waitMs: number;
  /** Ends the waiting early: what was refused last is told. */
  readonly signal?: AbortSignal | undefined;
  /** How long to leave it to others before asking at all, ms. */
  readonly courtesyMs?: number | undefined;
}

/** How long a call of the library waits. */
export interface LockWaiting {
  /** How long to wait for it to become free, ms: asks again, politely. Default 0: asks once. */
  readonly waitMs?: number | undefined;
  /** Ends the waiting early. */
  readonly signal?: AbortSignal | undefined;
}

export type LockAttempt =
  | { readonly outcome: 'acquired'; readonly lock: Lock }
  | {
      readonly outcome: 'held';
      readonly by: string;
      readonly until: string;
      /** From when others may have it if it is not released before: clocks may differ. */
      readonly freeFrom: string;
    };

/**
 * Whoever calls it off is given nothing: it is not asked for any more.
 * @throws OrcError `lock-held` when the time is over, `not-published` when it was called off before the first question, and whatever
 *   else `acquire` throws
 */
export async function acquireWaiting<T>(
  { clock, chance }: { readonly clock: Clock; readonly chance: Chance },
  { waitMs, signal, courtesyMs: firstPauseMs = 0 }: WaitOptions,
  acquire: () => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonic() + waitMs;
  const pace = new LockPace();
  const isCalledOff = (): boolean => signal?.aborted === true;
  if (firstPauseMs > 0 && waitMs > 0) {
    await clock.sleep(Math.min(firstPauseMs, waitMs), signal);
    if (isCalledOff()) throw calledOff();
  }
  for (;;) {
    try {
      return await acquire();
    } catch (error) {
      const now = clock.monotonic();
      const isHeld = error instanceof OrcError && error.code === 'lock-held';
      if (!isHeld || now >= deadline || isCalledOff()) throw error;
      const { acquired_version: hold, free_from: freeFrom } = error.details ?? {};
      const untilFreeMs = Date.parse(String(freeFrom)) - clock.now();
      await clock.sleep(Math.min(pace.next({ hold, untilFreeMs }, now, chance.fraction()), deadline - now), signal);
      if (isCalledOff()) throw error;
    }
  }
}

function calledOff(): OrcError {
  return new OrcError('not-published', 'the waiting was called off before the lock was asked for', {
    hint: 'nothing was asked for: ask again',
    details: { state: 'none' },
  });
}

/**
 * How long an agent should leave a lock to others: not at all, unless it has just let go of it. Otherwise whoever
 * wants it again and again would always be there first.
 */
export async function courtesyFor(orc: OrcCore, resource: string, agent: string): Promise<number> {
  const now = orc.world.clock.now();
  const since = new Date(now - courtesyMs).toISOString();
  const released = await orc.events({ action: 'lock_released', agent, since });
  const last = released.filter((event) => event.resource === resource).at(-1);
  return last === undefined ? 0 : Math.min(Math.max(Date.parse(last.ts) + courtesyMs - now, 0), courtesyMs);
}

/** Acquires a lock, or tells who holds it and until when. @throws OrcError whatever else `acquire` throws */
export async function attemptLock(
  orc: OrcCore,
  { resource, agent, waitMs = 0, signal }: LockWaiting & { readonly resource: string; readonly agent: string },
  acquire: () => Promise<Lock>,
): Promise<LockAttempt> {
  checkAmounts({ waitMs });
  const courtesyMs = waitMs > 0 ? await courtesyFor(orc, resource, agent) : 0;
  try {
    return { outcome: 'acquired', lock: await acquireWaiting(orc.world, { waitMs, signal, courtesyMs }, acquire) };
  } catch (error) {
    if (!(error instanceof OrcError) || error.code !== 'lock-held') throw error;
    const { by, until, free_from: freeFrom } = error.details ?? {};
    return { outcome: 'held', by: String(by), until: String(until), freeFrom: String(freeFrom) };
  }
}
