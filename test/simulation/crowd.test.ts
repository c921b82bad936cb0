import { expect, test } from 'vitest';
import { makeBeginning } from './beginning.ts';
import { runCrowd } from './crowd.ts';

test('16 clones far from the upstream publish three times as fast when they carry each other, and wait a fifth as long', {
  timeout: 60_000,
}, async () => {
  const beginning = await makeBeginning();
  const crowd = { beginning, seed: 1, clones: 16, operations: 4, delayMs: 300 };
  const retried = await runCrowd({ ...crowd, carries: false, tellsOfInbox: false });
  for (const tellsOfInbox of [true, false]) {
    const carried = await runCrowd({ ...crowd, carries: true, tellsOfInbox });
    expect(carried.failed).toBe(0);
    expect(carried.rate).toBeGreaterThan(3 * retried.rate);
    expect(carried.p99).toBeLessThan(retried.p99 / 5);
    expect(carried.calls).toBeLessThan(retried.calls);
    // Where nobody hears of the others, the first winner is far ahead of them for a while.
    expect(carried.spread).toBeLessThan(tellsOfInbox ? 3 : retried.spread / 3);
  }
});
