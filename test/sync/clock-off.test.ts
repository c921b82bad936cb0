import { expect, test } from 'vitest';
import type { ClockDifference, Transport } from '../../src/git/transport.ts';
import { clockOff } from '../../src/sync/clock-off.ts';

function transportWith(clockDifference: Transport['clockDifference']): Transport {
  const silent = async () => ({ outcome: 'unreachable', reason: 'not asked' }) as const;
  const base = { label: 'origin', readHead: silent, fetch: silent, push: silent };
  return clockDifference === undefined ? base : { ...base, clockDifference };
}

test.each<[ClockDifference | null, number | null]>([
  [null, null],
  [{ ms: 0, errorMs: 500 }, 0],
  [{ ms: 400, errorMs: 500 }, 0],
  [{ ms: -400, errorMs: 500 }, 0],
  // The upstream is ahead: this machine is behind.
  [{ ms: 5600, errorMs: 500 }, -5100],
  [{ ms: -5600, errorMs: 500 }, 5100],
  [{ ms: 5600, errorMs: 6000 }, 0],
])('of a reading of %o what is sure is %s ms', async (difference, sure) => {
  expect(
    await clockOff(
      transportWith(async () => difference),
      {},
    ),
  ).toBe(sure);
});

test('nobody can tell where the transport has no word for it; else it is asked as the caller says', async () => {
  expect(await clockOff(transportWith(undefined), { ask: true })).toBe(null);
  const asked: unknown[] = [];
  const transport = transportWith(async (options) => {
    asked.push(options);
    return null;
  });
  await clockOff(transport, { ask: true, timeoutMs: 7 });
  expect(asked).toEqual([{ ask: true, timeoutMs: 7 }]);
});
