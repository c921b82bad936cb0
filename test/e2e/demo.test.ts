import { expect, test } from 'vitest';
import { runDemo } from '../../src/app/demo.ts';

test('the demo runs with real processes, without an identity or a configuration', async () => {
  const { claims, lockHolders, told } = await runDemo({ out: () => undefined, env: { PATH: process.env.PATH } });
  expect(told).toEqual({ tasks: 4, lock: 1 });
  expect([...claims.values()].map((agents) => agents.length)).toEqual([1, 1, 1, 1, 1]);
  expect(lockHolders).toHaveLength(1);
});
