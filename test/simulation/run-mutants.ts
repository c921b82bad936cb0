/**
 * Plants one bug after the other and counts the worlds until it is found:
 * `node scripts/run-ts.mjs test/simulation/run-mutants.ts [--worlds 3000] [--only TEXT] [--seed 1] [--jobs N]`, from the repository's folder.
 * As many at once as the machine has cores (`--jobs`).
 * The control, without a bug, has to pass as many worlds as `--control` says. Exits with 1 when a bug is not found.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { build } from 'esbuild';
import { type Mutant, mutants } from './mutants.ts';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '3000' },
    control: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(os.availableParallelism()) },
  },
});

interface Found {
  /** Up to the first broken world; 0: a unit test failed; `null`: nothing was found. */
  readonly worlds: number | null;
  readonly by: string;
  readonly seconds: number;
}

const root = process.cwd();
// Beside the packages, so that they are found.
const folder = mkdtempSync(path.join(root, 'node_modules', '.orc-mutants-'));
let missed = 0;
try {
  const chosen = mutants.filter(({ name }) => name.includes(values.only));
  const waiting = [
    { name: '(control)', find: () => run(null, values.control) },
    ...chosen.map((mutant) => ({ name: mutant.name, find: () => find(mutant) })),
  ].entries();
  const worker = async (): Promise<void> => {
    for (const [n, { name, find }] of waiting) {
      try {
        const found = await find();
        print(name, found);
        if ((found.worlds === null) !== (n === 0)) missed++;
      } catch (error) {
        console.log(`${name}: ${(error as Error).message}`);
        missed++;
      }
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = missed > 0 ? 1 : 0;

/** The bug as text, or the reason why it cannot be planted any more. */
function plant({ file, find, replace }: Mutant): string {
  const parts = readFileSync(path.join(root, file), 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`its text stands ${parts.length - 1} times in ${file}: write it anew`);
  return parts.join(replace);
}

function find(mutant: Mutant): Promise<Found> {
  return mutant.unitTests === undefined ? run(mutant, values.worlds) : test(mutant, mutant.unitTests);
}

async function run(mutant: Mutant | null, worlds: string): Promise<Found> {
  const outfile = path.join(mkdtempSync(path.join(folder, 'worlds-')), 'worlds.mjs');
  await bundle(mutant, outfile);
  const began = performance.now();
  const args = [outfile, '--worlds', worlds, '--seed', values.seed, '--stop'];
  const { stdout, stderr, status } = await runNode(args);
  const seconds = (performance.now() - began) / 1000;
  if (status === 0) return { worlds: null, by: '', seconds };
  const seed = /^seed (\d+):\n {2}(.*)$/m.exec(stdout);
  if (seed === null) throw new Error(`the worlds of "${mutant?.name ?? 'control'}" ended otherwise: ${stderr}`);
  return { worlds: Number(seed[1]) - Number(values.seed) + 1, by: seed[2] ?? '', seconds };
}

/** In a copy of what the tests need. */
async function test(mutant: Mutant, files: readonly string[]): Promise<Found> {
  const copy = mkdtempSync(path.join(folder, 'copy-'));
  for (const each of ['src', 'test', 'package.json', 'vitest.config.ts', '.orc-template'])
    cpSync(path.join(root, each), path.join(copy, each), { recursive: true });
  writeFileSync(path.join(copy, mutant.file), plant(mutant));
  const began = performance.now();
  const args = [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', ...files];
  const { stdout, stderr, status } = await runNode(args, copy);
  const seconds = (performance.now() - began) / 1000;
  rmSync(copy, { recursive: true });
  if (status === 0) return { worlds: null, by: '', seconds };
  const failed = /FAIL .*?> (.*)$/m.exec(stripVTControlCharacters(`${stdout}\n${stderr}`));
  if (failed === null) throw new Error(`the tests of "${mutant.name}" ended otherwise: ${stderr}`);
  return { worlds: 0, by: failed[1] ?? '', seconds };
}

function runNode(args: readonly string[], cwd = root): Promise<{ stdout: string; stderr: string; status: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd, maxBuffer: 2 ** 28 }, (_, stdout, stderr) =>
      resolve({ stdout, stderr, status: child.exitCode ?? 1 }),
    );
  });
}

async function bundle(mutant: Mutant | null, outfile: string): Promise<void> {
  const target = mutant === null ? null : path.join(root, mutant.file);
  const text = mutant === null ? '' : plant(mutant);
  let planted = 0;
  await build({
    entryPoints: [path.join(root, 'test/simulation/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    logLevel: 'error',
    plugins: [
      {
        name: 'mutant',
        setup(bundler) {
          bundler.onLoad({ filter: /\.ts$/ }, (file) => {
            if (file.path !== target) return undefined;
            planted++;
            return { contents: text, loader: 'ts' };
          });
        },
      },
    ],
  });
  if (mutant !== null && planted !== 1) throw new Error(`${mutant.name}: ${mutant.file} is not part of the worlds`);
}

function print(name: string, { worlds, by, seconds }: Found): void {
  const how = worlds === null ? 'nothing found' : worlds === 0 ? 'by a unit test' : `after ${worlds} worlds`;
  console.log(`${name.padEnd(48)} ${how.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s  ${by.slice(0, 130)}`);
}
