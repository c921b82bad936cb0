/**
 * A lock between the processes of one machine: a file that names its owner, so that a dead owner is known at once.
 *
 * **Taking.** The content is written to a temporary file, which is linked to the lock's name: the lock appears whole or not
 * at all, and `link` refuses when it exists. Every taking has a nonce of its own.
 *
 * **Judging.** An owner of an earlier boot, or whose pid is gone or means another process by now, is dead. An owner whose pid
 * means nothing here (a container on a shared clone, another machine) is judged by the file's mtime, which holders refresh.
 *
 * **Breaking.** To remove lock F that carries nonce X: take the lock `F.break-X` (by this same routine), read F again, unlink
 * it only if it still carries X, release `F.break-X`. Why that is sound: X comes to stand at F once, and leaves it (1) by its
 * owner or (2) by a holder of `F.break-X`. A breaker has seen the owner dead, which excludes (1), and holds `F.break-X`,
 * which excludes (2); so between its second look and its unlink nobody else can take X away, and the unlink hits X and
 * nothing newer. A breaker that dies leaves `F.break-X`, which is broken in the same way, one level deeper; a level exists
 * only because a process died on the one above, so this ends.
 *
 * **What is not promised.** Against *foreign* owners this is a lease: one that is stopped for 10 s loses the lock without
 * knowing. Store refs move by compare-and-swap in any case, and `refresh` tells. No fairness. No fsync: a power cut ends the
 * boot that the lock names. Calls block for some tens of microseconds of file-system work.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrcError } from '../errors.ts';
import { errnoOf, temporaryName } from './atomic-file.ts';
import { describeOwner, lookAtLock, type SeenLock, sweepRemains } from './lock-file.ts';
import { judgeLiveness } from './process-identity.ts';

/** How often a holder refreshes its file. */
const REFRESH_MS = 2_000;
/** A foreign owner that has not refreshed for this long is taken for dead … */
const FOREIGN_STALE_MS = 10_000;
/** … once we have watched it not refresh for this long ourselves: a laptop wakes up with every file old and every clock off. */
const FOREIGN_WATCH_MS = 2 * REFRESH_MS + 500;
/** A file without a readable owner, which only a crash where links are unsupported can leave, is stale at this age. */
const UNREADABLE_STALE_MS = 1_000;

export interface LockTiming {
  /** Milliseconds on a clock that never jumps; only differences count. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** At least 0, below 1. */
  random(): number;
}

export const systemTiming: LockTiming = {
  now: () => performance.now(),
  sleep: (ms) => sleep(ms),
  random: Math.random,
};

export interface Held {
  /** Gives the lock up; calling it again does nothing. Never removes the lock of somebody who took it over. */
  release(): Promise<void>;
  /** Shows the holder alive (a timer does so every 2 s). `false`: the lock was broken, and somebody else may hold it. */
  refresh(): boolean;
}

export interface MachineLock {
  readonly path: string;
  /**
   * One attempt, which includes breaking a dead owner's lock. `null`: it is held. A foreign owner is given up on only by
   * the attempts of one `MachineLock` over some seconds.
   * @throws OrcError `io`
   */
  tryAcquire(): Promise<Held | null>;
  /**
   * Waits for the lock, polling with jitter.
   * @throws OrcError `store-busy` after `timeoutMs`, with the owner in `details`; `io`
   */
  acquire(options: { readonly timeoutMs: number }): Promise<Held>;
}

/** Points at which a crash matters, for tests that crash there. */
export type LockMoment = 'written' | 'linked' | 'taken' | 'breaking' | 'checked' | 'broken' | 'releasing';

export interface MachineLockOptions {
  readonly timing?: LockTiming;
  readonly onMoment?: (moment: LockMoment, lock: string) => void;
}

/** A lock at `path`, in a folder that exists. Two takings exclude one another from within one process too. */
export function createMachineLock(path: string, options: MachineLockOptions = {}): MachineLock {
  return new FileLock(path, options, new Map());
}

/** How a foreign lock looked, and since when it has looked so. */
interface Watch {
  readonly id: string;
  readonly mtimeMs: number;
  readonly since: number;
}

class FileLock implements MachineLock {
  readonly path: string;
  private readonly options: MachineLockOptions;
  private readonly timing: LockTiming;
  /** Shared with the break locks, by path: those are made anew each time, and may have foreign owners as well. */
  private readonly watches: Map<string, Watch>;

  constructor(path: string, options: MachineLockOptions, watches: Map<string, Watch>) {
    this.path = path;
    this.options = options;
    this.timing = options.timing ?? systemTiming;
    this.watches = watches;
  }

  tryAcquire(): Promise<Held | null> {
    return guardIo(this.path, () => this.attempt());
  }

  async acquire({ timeoutMs }: { readonly timeoutMs: number }): Promise<Held> {
    const deadline = this.timing.now() + timeoutMs;
    for (let ceiling = 2; ; ceiling = Math.min(ceiling * 1.5, 25)) {
      const held = await this.tryAcquire();
      if (held !== null) return held;
      const left = deadline - this.timing.now();
      if (left <= 0) throw busyError(this.path, timeoutMs);
      await this.timing.sleep(Math.min(left, ceiling * (0.25 + 0.75 * this.timing.random())));
    }
  }

  private async attempt(): Promise<Held | null> {
    const seen = lookAtLock(this.path);
    if (seen !== null) {
      if (!this.isStale(seen) || !(await this.break(seen))) return null;
    }
    return this.take();
  }

  private take(): Held | null {
    const nonce = randomBytes(8).toString('hex');
    const content = describeOwner(nonce);
    const temporary = temporaryName(this.path);
    const file = openSync(temporary, 'wx');
    let taken = false;
    try {
      writeSync(file, content);
      this.moment('written');
      taken = linkExclusively(temporary, this.path, file);
      if (taken) this.moment('linked');
    } catch (error) {
      if (!isLinkUnsupported(error)) throw error;
      return this.takeWithoutLinks(nonce, content);
    } finally {
      rmSync(temporary, { force: true });
      if (!taken) closeSync(file);
    }
    if (!taken) return null;
    this.moment('taken');
    return this.hold(nonce, file);
  }

  /** The lock is empty for a moment: a holder that is stopped right there for over a second may find it broken. */
  private takeWithoutLinks(nonce: string, content: string): Held | null {
    let file: number;
    try {
      file = openSync(this.path, 'wx');
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return null;
      throw error;
    }
    writeSync(file, content);
    if (lookAtLock(this.path)?.id === nonce) return this.hold(nonce, file);
    closeSync(file);
    return null;
  }

  private hold(nonce: string, file: number): Held {
    this.watches.clear();
    let isOpen = true;
    let refreshedAt = this.timing.now();
    const refresh = (): boolean => {
      if (!isOpen || lookAtLock(this.path)?.id !== nonce) return false;
      writeSync(file, '{', 0); // the byte that stands there: so the file system sets the time, by its own clock
      refreshedAt = this.timing.now();
      return true;
    };
    const timer = setInterval(() => {
      try {
        refresh();
      } catch {
        // The disk's trouble is told to the holder by what it does next.
      }
    }, REFRESH_MS).unref();
    const release = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      clearInterval(timer);
      closeSync(file);
      this.moment('releasing');
      // Nobody breaks what was refreshed just now. After a long sleep a foreigner may be breaking it this very moment.
      if (this.timing.now() - refreshedAt < FOREIGN_STALE_MS / 2) return removeIf(this.path, nonce);
      const permit = await this.breakLock(nonce).acquire({ timeoutMs: FOREIGN_STALE_MS });
      removeIf(this.path, nonce);
      await permit.release();
    };
    return { refresh, release: () => guardIo(this.path, release) };
  }

  private isStale({ id, owner, mtimeMs }: SeenLock): boolean {
    if (owner === null) return Date.now() - mtimeMs > UNREADABLE_STALE_MS;
    const liveness = judgeLiveness(owner, mtimeMs);
    if (liveness !== 'foreign') return liveness === 'dead';
    const now = this.timing.now();
    let watch = this.watches.get(this.path);
    if (watch?.id !== id || watch.mtimeMs !== mtimeMs) this.watches.set(this.path, (watch = { id, mtimeMs, since: now }));
    const watchedMs = now - watch.since;
    // The second case: its clock is ahead of ours, and its file would look fresh for hours.
    return (watchedMs > FOREIGN_WATCH_MS && Date.now() - mtimeMs > FOREIGN_STALE_MS) || watchedMs > FOREIGN_STALE_MS + FOREIGN_WATCH_MS;
  }

  /** Whether the stale lock is gone; `false` while another process is breaking it. */
  private async break({ id, mtimeMs }: SeenLock): Promise<boolean> {
    const permit = await this.breakLock(id).attempt();
    if (permit === null) return false;
    try {
      this.moment('breaking');
      const again = lookAtLock(this.path);
      // Gone already, or a foreign owner that woke up and refreshed it.
      if (again?.id !== id || again.mtimeMs !== mtimeMs) return again === null;
      this.moment('checked');
      rmSync(this.path, { force: true });
      this.moment('broken');
      sweepRemains(this.path, null);
      return true;
    } finally {
      await permit.release();
    }
  }

  private breakLock(id: string): FileLock {
    return new FileLock(`${this.path}.break-${id}`, this.options, this.watches);
  }

  private moment(moment: LockMoment): void {
    this.options.onMoment?.(moment, this.path);
  }
}
