/** A world in which long waits end when the test says so: real work, such as git's, goes on in real time. */
import { realWorld, type World } from '../../src/app/connect.ts';

export interface SteppedWorld extends World {
  /** Lets time pass; who waited for less goes on. */
  pass(ms: number): void;
  /** How long those who wait now still have to, ms, the soonest first. */
  waits(): number[];
}

/** Waits that are shorter than this belong to the work itself, ms. */
const longMs = 10_000;

export function steppedWorld(start = Date.parse('2026-01-31T12:00:00.000Z')): SteppedWorld {
  const began = performance.now();
  let passed = 0;
  const waiting = new Set<{ readonly at: number; readonly end: () => void }>();
  const monotonic = (): number => performance.now() - began + passed;
  return {
    ...realWorld,
    clock: {
      now: () => Math.round(start + monotonic()),
      monotonic,
      sleep: (ms, signal) => {
        if (ms < longMs) return realWorld.clock.sleep(ms, signal);
        return new Promise((resolve) => {
          const wait = {
            at: passed + ms,
            end: () => {
              waiting.delete(wait);
              resolve();
            },
          };
          waiting.add(wait);
          if (signal?.aborted === true) wait.end();
          signal?.addEventListener('abort', wait.end, { once: true });
        });
      },
    },
    pass(ms) {
      passed += ms;
      for (const wait of [...waiting]) if (wait.at <= passed) wait.end();
    },
    waits: () => [...waiting].map(({ at }) => at - passed).sort((a, b) => a - b),
  };
}
