/**
 * Many worlds: `node scripts/run-ts.mjs test/simulation/main.ts [--worlds 1000] [--seed 1] [--only SEED] [--stop] [--quick]`.
 * Seeds are counted up from `--seed`. `--only` shows everything that happens in one world. Exits with 1 when a world is broken.
 */
import { parseArgs } from 'node:util';
import { makeBeginning } from './beginning.ts';
import { judge } from './judge.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
  },
});

const maxTraceLines = 60;
const first = Number(values.only ?? values.seed);
const count = values.only === undefined ? Number(values.worlds) : 1;
const beginning = await makeBeginning();
const tally = new Tally();
const began = performance.now();
let broken = 0;
for (let seed = first; seed < first + count; seed++) {
  const { world, faults } = await judge(seed, {
    beginning,
    isTraced: values.only !== undefined,
    isQuick: values.quick,
  });
  tally.add(world);
  if (values.only !== undefined) {
    console.log(world.trace.join('\n'));
    for (const { record } of world.log.calls) console.log(JSON.stringify(record));
    console.log(`climate: ${JSON.stringify(world.climate)}`);
  }
  if (faults.length === 0) continue;
  broken++;
  await tellBroken(seed, faults);
  if (values.stop) break;
}
const seconds = (performance.now() - began) / 1000;
console.log(tally.toString());
console.log(
  `${tally.worlds} worlds in ${seconds.toFixed(1)} s, ${Math.round((tally.worlds / seconds) * 60)} a minute; ${broken} broken`,
);
process.exitCode = broken > 0 ? 1 : 0;

async function tellBroken(seed: number, faults: readonly string[]): Promise<void> {
  console.log(`\nseed ${seed}:`);
  for (const fault of faults.slice(0, broken > 10 ? 1 : 10))
    console.log(`  ${fault.split('\n').slice(0, 8).join('\n  ')}`);
  if (values.only !== undefined || broken > 3) return;
  const { world } = await judge(seed, { beginning, isTraced: true, isQuick: true });
  const ids = faults.flatMap((fault) => fault.match(/\b[0-9a-f]{32}\b/g) ?? []);
  const lines = world.trace.filter((line) => isMilestone(line) || ids.some((id) => line.includes(id)));
  for (const line of lines.slice(-maxTraceLines)) console.log(`    ${line.slice(0, 160)}`);
}

function isMilestone(line: string): boolean {
  return /net\.push|upstream |starts|exits|killed|stands still|loses its power|heals|takings\//.test(line);
}
