/** The programs that tests need beside node and git: where they are, and what happens when they are missing. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

let gitFolder: string | null = null;

/** Servers live in sbin, which is not on everybody's PATH; git's own programs in a folder of git's. */
function folders(): readonly string[] {
  gitFolder ??= execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
  return [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin', gitFolder];
}

/** The absolute path of a program, or `null`. */
export function findTool(name: string): string | null {
  for (const folder of folders()) {
    const file = path.join(folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return null;
}

/** @throws Error when it is not there */
export function getTool(name: string): string {
  const file = findTool(name);
  if (file === null) throw new Error(`${name} is not installed`);
  return file;
}

const warned = new Set<string>();

/**
 * Whether all these programs are there. Says once which one is missing; with REQUIRE_ALL=1, as in CI, that is an error,
 * so that nothing is skipped unseen.
 */
export function requireTools(names: readonly string[]): boolean {
  const missing = names.filter((name) => findTool(name) === null);
  if (missing.length === 0) return true;
  const words = `not installed: ${missing.join(', ')}`;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${words} (REQUIRE_ALL=1: nothing may be skipped)`);
  if (!warned.has(words)) console.warn(`tests are SKIPPED; ${words}`);
  warned.add(words);
  return false;
}
