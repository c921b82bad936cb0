/** The clock, the pauses and the chance that waiting needs; injected, so that tests decide all three. */
import { setTimeout as sleep } from 'node:timers/promises';
import { steadyTime } from './steady-time.ts';

/** Of Node's timers, ms: one that was set for longer than that would go off at once. */
export const longestTimerMs = 2 ** 31 - 1;

export interface LockTiming {
  /** Milliseconds on a clock that never jumps; only differences count. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** At least 0, below 1. */
  random(): number;
}

export const systemTiming: LockTiming = {
  now: steadyTime,
  sleep: (ms) => sleep(ms),
  random: Math.random,
};
