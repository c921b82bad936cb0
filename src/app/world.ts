/** What every operation needs from outside: time and chance. */
import { randomUUID } from 'node:crypto';
import { type Chance, type Clock, realClock } from '../sync/ports.ts';

/** What tests and simulations put in the place of the real world. */
export interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Hears of every process that is started. */
  readonly onStart?: (args: readonly string[]) => void;
  /** Hears how many objects of a board that is joined have come, and of how many. */
  readonly onReceived?: (done: number, of: number) => void;
}

// Of 122 random bits: Node draws those of many at once.
export const realWorld: World = {
  clock: realClock,
  chance: { id: () => randomUUID().replaceAll('-', ''), fraction: Math.random },
};
