import { expect, test } from 'vitest';
import { shared } from '../../src/sync/shared.ts';

test('calls that begin together share one answer, of a time when all have asked', async () => {
  let value = 1;
  let calls = 0;
  const read = shared(async () => {
    calls++;
    return value;
  });
  const first = read();
  value = 2;
  expect(await Promise.all([first, read()])).toEqual([2, 2]);
  value = 3;
  expect(await read()).toBe(3);
  expect(calls).toBe(2);
});

test('a failure is told to all who share it, and to nobody after them', async () => {
  let fails = true;
  const read = shared(async () => {
    if (fails) throw new Error('no');
    return 'yes';
  });
  const told = await Promise.allSettled([read(), read()]);
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await read()).toBe('yes');
});
