/** A small fleet of real workers, one killed and one stopped past its lease. `npm run fleet` has large ones. */
import { expect, test } from 'vitest';
import { defaultFleet, runFleet } from '../fleet/fleet.ts';
import { orcCommand } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('workers that are killed or sleep past their lease: every task is done once, in order', {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env.FLEET_SEED ?? 5);
  const settings = { ...defaultFleet, seed, clones: 2, workers: 3, tasks: 12, killed: 1, lease: 2_500, minutes: 1.5 };
  const { complaints, violations, ...figures } = await runFleet(settings, {
    folder: makeTempDir(),
    command: orcCommand,
  });
  console.log(`fleet, FLEET_SEED=${seed}: ${JSON.stringify(figures)}`);
  expect(complaints).toEqual([]);
  expect(violations).toEqual([]);
  expect(figures.reclaimed).toBeGreaterThanOrEqual(2);
});
