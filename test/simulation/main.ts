/**
 * Many worlds: `node scripts/run-ts.mjs test/simulation/main.ts [--worlds 1000] [--seed 1] [--only SEED] [--stop] [--quick] [--jobs N]`.
 * Seeds are counted up from `--seed`, and shared out among as many processes as the machine has cores (`--jobs`). `--only` shows everything
 * that happens in one world, `--stop` ends at the first that is broken. Exits with 1 when a world is broken.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type Beginning, makeBeginning } from './beginning.ts';
import { judge } from './judge.ts';
import { type Share, shareOut } from './share-out.ts';
import { Tally } from './tally.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    jobs: { type: 'string', default: String(os.availableParallelism()) },
    quick: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
  },
});

const maxTraceLines = 60;
const first = Number(values.only ?? values.seed);
const count = values.only === undefined ? Number(values.worlds) : 1;
const jobs = values.only !== undefined || values.stop ? 1 : Math.min(Number(values.jobs), count);
const tally = new Tally();
const began = performance.now();
let broken = 0;
if (jobs > 1) broken = await shareOut({ jobs, first, count, isQuick: values.quick, tally });
else await liveThroughAll();
if (process.send) process.send({ worlds: tally.worlds, counts: tally.counts, broken } satisfies Share);
else tell((performance.now() - began) / 1000);
process.exitCode = broken > 0 ? 1 : 0;

async function liveThroughAll(): Promise<void> {
  const beginning = await makeBeginning();
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
    await tellBroken(beginning, seed, faults);
    if (values.stop) break;
  }
}

function tell(seconds: number): void {
  const pace = Math.round((tally.worlds / seconds) * 60);
  console.log(tally.toString());
  console.log(`${tally.worlds} worlds in ${seconds.toFixed(1)} s, ${pace} a minute; ${broken} broken`);
}

async function tellBroken(beginning: Beginning, seed: number, faults: readonly string[]): Promise<void> {
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
