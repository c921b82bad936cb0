/** Watchers over in-memory git, in time that passes only when everybody waits. */
import type { WatchPorts } from '../../src/app/watch.ts';
import { politePace } from '../../src/sync/pace.ts';
import type { Clock } from '../../src/sync/ports.ts';
import type { VirtualTime } from '../simulation/virtual-time.ts';
import type { MemoryClient } from './memory-client.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
/** As on a machine that has run for a while: nothing else that is counted comes near it. */
const monotonicStart = 1e9;

export function clockOf(time: VirtualTime): Clock {
  return {
    now: () => start + time.now,
    monotonic: () => monotonicStart + time.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          signal?.removeEventListener('abort', end);
          resolve();
        };
        time.at(time.now + Math.max(0, ms), end);
        signal?.addEventListener('abort', end);
      }),
  };
}

export function watchPorts({ session, store }: MemoryClient, time: VirtualTime, fraction = () => 0.5): WatchPorts {
  return {
    session,
    store,
    clock: clockOf(time),
    chance: { id: () => '0'.repeat(32), fraction },
    usualPace: async () => politePace,
  };
}
