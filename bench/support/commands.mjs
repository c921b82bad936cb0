/** The built command as a process. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare } from './report.mjs';
import { benchEnv, makeFolder } from './repositories.mjs';

export const command = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist/bin/orc.cjs');
const peakProbe = fileURLToPath(new URL('./peak-probe.cjs', import.meta.url));

/** Runs orc in a clone; its output. */
export function runOrc(cwd, ...words) {
  return runNode(cwd, command, ...words);
}

export function runNode(cwd, ...words) {
  return execFileSync(process.execPath, words, { cwd, env: benchEnv, encoding: 'utf8', maxBuffer: 1e9 });
}

/** Peak resident memory of a command, in MiB. */
export function peakOf(cwd, ...words) {
  const file = path.join(makeFolder(), 'peak');
  const env = { ...benchEnv, ORC_BENCH_PEAK: file };
  execFileSync(process.execPath, ['--require', peakProbe, command, ...words], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return Number(readFileSync(file, 'utf8')) / 1024;
}

/** Both in turn, `rounds` times after `warm` that do not count; milliseconds. */
export async function inTurn({ rounds, warm = 2 }, ours, theirs) {
  const pairs = [];
  for (let round = -warm; round < rounds; round++) {
    const pair = [];
    for (const side of [ours, theirs]) {
      const prepared = (await side.prepare?.(round)) ?? null;
      const began = performance.now();
      await side.run(prepared, round);
      pair.push(performance.now() - began);
    }
    if (round >= 0) pairs.push(pair);
  }
  return pairs;
}

/** A command against a bare start of Node. */
export async function compareWithNode(row, { rounds }, cwd, words, goal) {
  const ours = { run: () => runOrc(cwd, ...words) };
  return compare(row, await inTurn({ rounds }, ours, { run: () => runNode(cwd, '-e', '0') }), goal);
}
