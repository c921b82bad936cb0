/** What sync needs from the world beside git: time, chance, exclusion on this machine. Injected, so that worlds can be simulated. */
import { steadyTime } from '../git/steady-time.ts';
import { longestTimerMs } from '../git/timing.ts';

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds from some fixed point; never jumps. Deadlines count on it. */
  monotonic(): number;
  /** Ends early, without an error, when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Chance {
  /** A new operation id: 32 hexadecimal digits. */
  id(): string;
  /** In [0, 1). */
  fraction(): number;
}

/** A lock between processes (and callers within one) on this machine. */
export interface Exclusion {
  /** `null`: somebody else has it. */
  tryTake(): Promise<Taken | null>;
  /** Whether it looks taken; cheap, and not to be relied on. */
  isTaken(): boolean;
  /** @throws OrcError `store-busy` */
  take(timeoutMs: number): Promise<Taken>;
}

export interface Taken {
  release(): Promise<void>;
}

/** Who commits: the person or runner whose machine it is. */
export interface Committer {
  readonly name: string;
  readonly email: string;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: steadyTime,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      let left = Math.max(0, ms);
      let timer: NodeJS.Timeout;
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const goOn = (): void => {
        const part = Math.min(left, longestTimerMs);
        left -= part;
        timer = setTimeout(left > 0 ? goOn : end, part);
      };
      goOn();
      signal?.addEventListener('abort', end);
    }),
};
