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
 * nothing newer. A breaker that dies leaves `F.break-X` with a nonce Y, which is broken in the same way, under `F.break-Y`
 * (nonces are unique, so the name says enough and never grows); each step down this chain was a death, so it ends.
 *
 * **What is not promised.** Against *foreign* owners this is a lease: one that is stopped for 10 s loses the lock without
 * knowing. Store refs move by compare-and-swap in any case, and `refresh` tells. No fairness. No fsync: a power cut ends the
 * boot that the lock names. Calls block for some tens of microseconds of file-system work.
 */
import { randomBytes } from 'node:crypto';
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { OrcError } from '../errors.ts';
import { errnoOf, temporaryName } from './atomic-file.ts';
import { closeQuietly } from './durable-files.ts';
import {
  breakPath,
  busyError,
  describeOwner,
  discard,
  linkExclusively,
  lookAtLock,
  removeIf,
  removeQuietly,
  type SeenLock,
  sweepRemains,
  writeWhole,
} from './lock-file.ts';
import { FOREIGN_STALE_MS, LockJudge, REFRESH_MS } from './lock-judge.ts';
import { type LockTiming, systemTiming } from './timing.ts';

/** A lock file that cannot be removed is tried so often, … */
const RELEASE_TRIES = 3;
/** … with such pauses, in milliseconds. */
const RELEASE_PAUSE_MS = 10;

export interface Held {
  /**
   * Gives the lock up; calling it again does nothing. Never removes the lock of somebody who took it over. Does not fail:
   * a lock file that cannot be removed is left without an owner.
   */
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
  return new FileLock(path, path, options);
}

class FileLock implements MachineLock {
  readonly path: string;
  /** The lock for whose sake there is this one: itself, or the one that is to be broken in the end. */
  private readonly root: string;
  private readonly options: MachineLockOptions;
  private readonly timing: LockTiming;
  private readonly judge: LockJudge;

  constructor(path: string, root: string, options: MachineLockOptions, judge?: LockJudge) {
    this.path = path;
    this.root = root;
    this.options = options;
    this.timing = options.timing ?? systemTiming;
    this.judge = judge ?? new LockJudge(this.timing);
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
      if (!this.judge.isStale(this.path, seen) || !(await this.break(seen))) return null;
    }
    return this.take();
  }

  private take(): Held | null {
    const nonce = randomBytes(8).toString('hex');
    const content = describeOwner(nonce);
    const temporary = temporaryName(this.path);
    const file = openSync(temporary, 'wx');
    let outcome: ReturnType<typeof linkExclusively> | 'failed' = 'failed';
    try {
      writeWhole(file, content);
      this.moment('written');
      outcome = linkExclusively(temporary, this.path, file);
      if (outcome === 'taken') this.moment('linked');
    } finally {
      // Whatever goes wrong from here on, a lock that was taken is held, or nobody would ever release it.
      discard(temporary);
      if (outcome !== 'taken') closeQuietly(file);
    }
    if (outcome === 'unsupported') return this.takeWithoutLinks(nonce, content);
    if (outcome === 'exists') return null;
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
    try {
      writeWhole(file, content);
      if (lookAtLock(this.path)?.id === nonce) return this.hold(nonce, file);
    } catch (error) {
      this.abandon(file);
      closeQuietly(file);
      throw error;
    }
    closeQuietly(file);
    return null;
  }

  private hold(nonce: string, file: number): Held {
    this.judge.forget();
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
      this.moment('releasing');
      // Nobody breaks what was refreshed just now. After a long sleep a foreigner may be breaking it this very moment.
      const isFresh = this.timing.now() - refreshedAt < FOREIGN_STALE_MS / 2;
      try {
        for (let tries = 1; ; tries++) {
          try {
            await (isFresh ? removeIf(this.path, nonce) : this.removeWithPermit(nonce));
            return;
          } catch (error) {
            if (tries === RELEASE_TRIES) throw error;
            await this.timing.sleep(RELEASE_PAUSE_MS);
          }
        }
      } catch {
        // What was done under the lock is done: who waits must not hear of an error, nor wait until we end.
        this.abandon(file);
      } finally {
        closeQuietly(file);
      }
    };
    return { refresh, release };
  }

  private async removeWithPermit(nonce: string): Promise<void> {
    const permit = await this.breakLock(nonce).acquire({ timeoutMs: FOREIGN_STALE_MS });
    try {
      removeIf(this.path, nonce);
    } finally {
      await permit.release();
    }
  }

  /** Takes our name off a lock that cannot be removed: without an owner it is broken after a second. */
  private abandon(file: number): void {
    try {
      ftruncateSync(file, 0);
    } catch {
      // Then it is ours until this process ends.
    }
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
      removeQuietly(this.path);
      this.moment('broken');
      if (this.path === this.root) this.sweep();
      return true;
    } finally {
      await permit.release();
    }
  }

  private sweep(): void {
    try {
      sweepRemains(this.path);
    } catch {
      // The next one that breaks a lock does it.
    }
  }

  private breakLock(id: string): FileLock {
    return new FileLock(breakPath(this.root, id), this.root, this.options, this.judge);
  }

  private moment(moment: LockMoment): void {
    this.options.onMoment?.(moment, this.path);
  }
}

async function guardIo<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    throw new OrcError('io', `cannot use the lock ${path}: ${errnoOf(error)}`, {
      cause: error,
      details: { errno: errnoOf(error) },
    });
  }
}
