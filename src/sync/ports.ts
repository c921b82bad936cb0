/** What sync needs from the world beside git: time, chance, exclusion on this machine. Injected, so that worlds can be simulated. */

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds from some fixed point; never jumps. Deadlines count on it. */
  monotonic(): number;
  sleep(ms: number): Promise<void>;
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
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
