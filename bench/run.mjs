/**
 * Speed against what plain git needs for the same effect. Both sides run in turn, in one run, on one machine; what counts
 * is the ratio of the medians.
 *
 *     npm run bench                 all rows
 *     npm run bench -- api-mutation one row
 *     npm run bench -- --rounds 50 --json bench.json
 *     npm run bench -- --scale 0.01 growth-api     boards of a hundredth of the size
 *     npm run bench -- --pack 1024 host-pack       a pack of 1 GiB in the clone
 *
 * Boards are made once and kept in the system's folder for temporary files.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchApiConcurrent } from './rows/api-concurrent.mjs';
import { benchApiMutation } from './rows/api-mutation.mjs';
import { benchApiSustained } from './rows/api-sustained.mjs';
import { benchCarrying } from './rows/carrying.mjs';
import { benchCompletion } from './rows/completion.mjs';
import { benchGitHooks } from './rows/git-hooks.mjs';
import { benchBytes, benchGrowthApi, benchGrowthProcess, benchMemory } from './rows/growth.mjs';
import { benchHostPack } from './rows/host-pack.mjs';
import { benchJoin } from './rows/join.mjs';
import { benchLongRun } from './rows/long-run.mjs';
import { benchNextProcess } from './rows/next-process.mjs';
import { benchServerHook } from './rows/server-hook.mjs';
import { benchHelp, benchStatusWarm, benchVersion } from './rows/start.mjs';
import { benchStatusCold } from './rows/status-cold.mjs';
import { benchBatch, benchLooseObjects } from './rows/volume.mjs';
import { benchWorktrees } from './rows/worktrees.mjs';
import { describeMachine, formatTable } from './support/report.mjs';

const rows = {
  'api-mutation': benchApiMutation,
  'next-process': benchNextProcess,
  'api-concurrent': benchApiConcurrent,
  'api-sustained': benchApiSustained,
  worktrees: benchWorktrees,
  version: benchVersion,
  help: benchHelp,
  'status-warm': benchStatusWarm,
  'status-cold': benchStatusCold,
  'growth-api': benchGrowthApi,
  'growth-process': benchGrowthProcess,
  bytes: benchBytes,
  memory: benchMemory,
  'host-pack': benchHostPack,
  batch: benchBatch,
  'loose-objects': benchLooseObjects,
  'long-run': benchLongRun,
  join: benchJoin,
  carrying: benchCarrying,
  'git-hooks': benchGitHooks,
  'server-hook': benchServerHook,
  completion: benchCompletion,
};

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    json: { type: 'string' },
    scale: { type: 'string', default: '1' },
    pack: { type: 'string', default: '1024' },
  },
  allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals : Object.keys(rows);
const unknown = wanted.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; rows: ${Object.keys(rows).join(', ')}`);
  process.exit(2);
}
// Node reads a file of certificates at every start when this is set: no part of what is measured.
delete process.env.NODE_EXTRA_CA_CERTS;

for (const name of ['rounds', 'scale', 'pack'])
  if (!(Number(values[name]) > 0)) {
    console.error(`--${name} must be a number above 0, not "${values[name]}"`);
    process.exit(2);
  }
const options = { rounds: Number(values.rounds), scale: Number(values.scale), packMiB: Number(values.pack) };
const results = [];
for (const name of wanted) {
  const found = [await rows[name](options)].flat();
  // For who waits: all of it may take a quarter of an hour.
  console.error(formatTable(found).split('\n').slice(2).join('\n'));
  results.push(...found);
}
console.log(describeMachine());
console.log(formatTable(results));
for (const { note, row } of results) if (note !== undefined) console.log(`${row}: ${note}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
