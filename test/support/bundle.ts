/**
 * Turns TypeScript into a file that a plain `node` can run, for tests that need real processes: Node 20 strips no types.
 */
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** The repository's root. */
export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Bundles a piece of TypeScript source. Imports are resolved from the project's root (`import … from './src/git/host.ts'`).
 *
 * @param name for the file's name, to be found again in a stack trace
 * @param folder where to put it; default: one for this process below the system's temporary folder
 * @param packages `outside`: they are loaded as they are, so `folder` has to be below `node_modules`
 * @returns the path of an ES module, to run as `node <path>`
 */
export function bundleScript(
  name: string,
  source: string,
  folder = defaultFolder(),
  packages: 'inside' | 'outside' = 'inside',
): string {
  mkdirSync(folder, { recursive: true });
  const outfile = path.join(folder, `${name}.mjs`);
  buildSync({
    stdin: { contents: source, resolveDir: projectRoot, loader: 'ts', sourcefile: `${name}.ts` },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'silent', // it throws with all messages
    ...(packages === 'outside' ? { packages: 'external' } : {}),
  });
  return outfile;
}

const defaultFolder = (): string => path.join(os.tmpdir(), `orc-test-bundles-${process.pid}`);
