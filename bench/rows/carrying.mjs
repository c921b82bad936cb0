/**
 * 16 clones of one remote, every push and fetch delayed by 300 ms, 4 operations each: with operations that lost a race carried by
 * the others, against fetching and trying again with full jitter (`ORC_CARRY=0`).
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrc } from '../../dist/lib/index.js';
import { median } from '../support/report.mjs';
import { benchEnv, git, makeFolder, makeRemoteAndClone } from '../support/repositories.mjs';

const worker = fileURLToPath(new URL('../support/carrying-worker.mjs', import.meta.url));
const clones = 16;
const operations = 4;
const delaySeconds = 0.3;

export async function benchCarrying() {
  const slow = makeSlowGit();
  const carried = await runClones({ ...slow, ORC_CARRY: '1' });
  const retried = await runClones({ ...slow, ORC_CARRY: '0' });
  const failed = carried.failed + retried.failed;
  if (failed > 0) throw new Error(`${failed} operations were not published`);
  return {
    row: `${clones} clones, ${delaySeconds * 1000} ms for each push and fetch: carried, against fetched and tried again`,
    rounds: 1,
    ours_ms: 1000 / carried.rate,
    against_ms: 1000 / retried.rate,
    ratio: carried.rate / retried.rate,
    rate: carried.rate,
    p50_ms: median(carried.waits),
    p99_ms: carried.p99,
    against_p99_ms: retried.p99,
    /** How much longer the clone that waited longest took than the one that waited least. */
    spread: carried.spread,
    against_spread: retried.spread,
    goal: 3,
    goal_rate: 1,
    note: `p99 ${(retried.p99 / carried.p99).toFixed(1)} × shorter (goal ≥ 5), slowest clone ${carried.spread.toFixed(1)} × the quickest (goal ≤ 3; without carrying ${retried.spread.toFixed(1)})`,
  };
}

/** A `git` that waits before it fetches or pushes, and before it receives. */
function makeSlowGit() {
  const folder = makeFolder();
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh\ncase " $* " in *" fetch "*|*" push "*|*" receive-pack "*|*" ls-remote "*) sleep ${delaySeconds};; esac\nexec ${real} "$@"\n`;
  writeFileSync(path.join(folder, 'git'), script);
  chmodSync(path.join(folder, 'git'), 0o755);
  return { ...benchEnv, PATH: `${folder}:${benchEnv.PATH}` };
}

async function runClones(env) {
  const { remote, clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  await orc.close();
  const folders = Array.from({ length: clones }, (_, at) => {
    const folder = path.join(path.dirname(clone), `clone-${at}`);
    git('/', 'clone', '--quiet', '--branch', 'orc', remote, folder);
    return folder;
  });
  const children = folders.map((cwd, at) =>
    spawn(process.execPath, [worker, String(operations)], {
      cwd,
      env: { ...env, ORC_AGENT: `agent-${at}` },
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const outputs = children.map((child) => {
    let text = '';
    const isReady = new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const isDone = new Promise((resolve) => child.on('close', () => resolve(JSON.parse(text.split('\n')[1]))));
    return { isReady, isDone };
  });
  await Promise.all(outputs.map(({ isReady }) => isReady));
  const began = performance.now();
  for (const child of children) child.stdin.write('go\n');
  const results = await Promise.all(outputs.map(({ isDone }) => isDone));
  const seconds = (performance.now() - began) / 1000;
  const waits = results.flatMap((result) => result.waits).sort((a, b) => a - b);
  const totals = results.map((result) => result.waits.reduce((sum, each) => sum + each, 0));
  return {
    waits,
    failed: results.reduce((sum, result) => sum + result.failed, 0),
    rate: waits.length / seconds,
    p99: waits[Math.floor(waits.length * 0.99)],
    spread: Math.max(...totals) / Math.min(...totals),
  };
}
