import { beforeAll, expect, test } from 'vitest';
import { type Beginning, makeBeginning } from './beginning.ts';
import { judge } from './judge.ts';
import { Tally } from './tally.ts';

/** `SIM_SEED=123` begins elsewhere; `node scripts/run-ts.mjs test/simulation/main.ts --only SEED` shows one world. */
const firstSeed = Number(process.env.SIM_SEED ?? 1);
const worlds = 200;
/** Worlds in which something was wrong once. */
const regressions: readonly number[] = [40346, 48907, 2910701, 3105320, 5001279];

let beginning: Beginning;
beforeAll(async () => {
  beginning = await makeBeginning();
});

async function faultsOf(seeds: readonly number[], tally = new Tally()): Promise<string[]> {
  const found: string[] = [];
  for (const seed of seeds) {
    const { world, faults } = await judge(seed, { beginning });
    tally.add(world);
    found.push(...faults.slice(0, 3).map((fault) => `seed ${seed}: ${fault}`));
  }
  return found;
}

test(`${worlds} worlds from seed ${firstSeed} keep every promise`, { timeout: 120_000 }, async () => {
  const seeds = Array.from({ length: worlds }, (_, index) => firstSeed + index);
  const tally = new Tally();
  expect(await faultsOf(seeds, tally)).toEqual([]);
  // Trouble that never came was not tested.
  for (const kind of [
    'ok',
    'refused',
    'queued',
    'unknown',
    'never',
    'raced',
    'landedUnseen',
    'crashes',
    'powerCuts',
    'stops',
  ])
    expect(tally.get(kind), kind).toBeGreaterThan(0);
});

test('worlds that were broken once are whole', { timeout: 60_000 }, async () => {
  expect(await faultsOf(regressions)).toEqual([]);
});

test('a seed brings the same world back, to the last call and commit', async () => {
  const first = await judge(firstSeed, { beginning, isTraced: true });
  await judge(firstSeed + 1, { beginning });
  const second = await judge(firstSeed, { beginning, isTraced: true });
  expect(first.world.trace.length).toBeGreaterThan(100);
  expect(second.world.trace).toEqual(first.world.trace);
  expect(second.world.upstream.heads).toEqual(first.world.upstream.heads);
  expect(second.world.log.calls.map(({ record }) => record)).toEqual(first.world.log.calls.map(({ record }) => record));
  const other = await judge(firstSeed + 1, { beginning, isTraced: true });
  expect(other.world.trace).not.toEqual(first.world.trace);
});
