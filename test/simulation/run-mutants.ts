/**
 * Plants one bug after the other and counts the worlds until it is found:
 * `node scripts/run-ts.mjs test/simulation/run-mutants.ts [--worlds 3000] [--only TEXT] [--seed 1]`, from the repository's folder.
 * The control, without a bug, has to pass as many worlds as `--control` says. Exits with 1 when a bug is not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const control = await run(null, values.control);
  print('(control)', control);
  if (control.worlds !== null) missed++;
  for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
    try {
      const found = mutant.unitTests === undefined ? await run(mutant, values.worlds) : test(mutant, mutant.unitTests);
      print(mutant.name, found);
      if (found.worlds === null) missed++;
    } catch (error) {
      console.log(`${mutant.name}: ${(error as Error).message}`);
      missed++;
    }
  }
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

async function run(mutant: Mutant | null, worlds: string): Promise<Found> {
  const outfile = path.join(folder, 'worlds.mjs');
  await bundle(mutant, outfile);
  const began = performance.now();
  const args = [outfile, '--worlds', worlds, '--seed', values.seed, '--stop'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const seconds = (performance.now() - began) / 1000;
  if (status === 0) return { worlds: null, by: '', seconds };
  const seed = /^seed (\d+):\n {2}(.*)$/m.exec(stdout);
  if (seed === null) throw new Error(`the worlds of "${mutant?.name ?? 'control'}" ended otherwise: ${stderr}`);
  return { worlds: Number(seed[1]) - Number(values.seed) + 1, by: seed[2] ?? '', seconds };
}

/** In a copy of what the tests need. */
function test(mutant: Mutant, files: readonly string[]): Found {
  const copy = path.join(folder, 'copy');
  for (const each of ['src', 'test', 'package.json', 'vitest.config.ts', '.orc-template'])
    cpSync(path.join(root, each), path.join(copy, each), { recursive: true });
  writeFileSync(path.join(copy, mutant.file), plant(mutant));
  const began = performance.now();
  const args = [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', ...files];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  const seconds = (performance.now() - began) / 1000;
  rmSync(copy, { recursive: true });
  if (status === 0) return { worlds: null, by: '', seconds };
  const failed = /FAIL .*?> (.*)$/m.exec(stripVTControlCharacters(`${stdout}\n${stderr}`));
  if (failed === null) throw new Error(`the tests of "${mutant.name}" ended otherwise: ${stderr}`);
  return { worlds: 0, by: failed[1] ?? '', seconds };
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
