/** Decides whether a machine lock's owner is gone. See `machine-lock.ts` for what follows from that. */
import type { SeenLock } from './lock-file.ts';
import { judgeLiveness } from './process-identity.ts';
import type { LockTiming } from './timing.ts';

/** How often a holder refreshes its file. */
export const REFRESH_MS = 2_000;
/** A foreign owner that has not refreshed for this long is taken for dead … */
export const FOREIGN_STALE_MS = 10_000;
/** … once we have watched it not refresh for this long ourselves: a laptop wakes up with every file old. */
const FOREIGN_WATCH_MS = 2 * REFRESH_MS + 500;
/** A file without a readable owner, which only a crash where links are unsupported can leave, is stale at this age. */
const UNREADABLE_STALE_MS = 1_000;

/** How a foreign lock looked, and since when it has looked so. */
interface Watch {
  readonly id: string;
  readonly mtimeMs: number;
  readonly since: number;
}

/** One judge for a lock and the locks for breaking it: those are made anew each time, and may have foreign owners too. */
export class LockJudge {
  private readonly timing: LockTiming;
  private readonly watchesByPath = new Map<string, Watch>();

  constructor(timing: LockTiming) {
    this.timing = timing;
  }

  isStale(path: string, { id, owner, mtimeMs }: SeenLock): boolean {
    if (owner === null) return Date.now() - mtimeMs > UNREADABLE_STALE_MS;
    const liveness = judgeLiveness(owner, mtimeMs);
    if (liveness !== 'foreign') return liveness === 'dead';
    const now = this.timing.now();
    const known = this.watchesByPath.get(path);
    const watch = known?.id === id && known.mtimeMs === mtimeMs ? known : { id, mtimeMs, since: now };
    this.watchesByPath.set(path, watch);
    const watchedMs = now - watch.since;
    if (watchedMs <= FOREIGN_WATCH_MS) return false;
    // The second case: its clock is ahead of ours, and its file would look fresh for hours.
    return Date.now() - mtimeMs > FOREIGN_STALE_MS || watchedMs > FOREIGN_STALE_MS + FOREIGN_WATCH_MS;
  }

  /** The lock was taken: what was seen before is of no interest. */
  forget(): void {
    this.watchesByPath.clear();
  }
}
