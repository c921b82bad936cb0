/**
 * Runs a TypeScript program of this repository: `node scripts/run-ts.mjs FILE [argument…]`. Node 20 strips no types, so it is
 * bundled first; packages stay outside of the bundle.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [argument…]');
  process.exit(2);
}
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
// Beside the packages, so that they are found.
const folder = mkdtempSync(path.join(root, 'node_modules', '.orc-run-'));
const outfile = path.join(folder, 'main.mjs');
try {
  await build({
    entryPoints: [path.resolve(file)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  const { status, signal } = spawnSync(process.execPath, ['--enable-source-maps', outfile, ...args], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
