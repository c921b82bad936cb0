/** Boards in real repositories, opened through the API. */
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { realWorld, type World } from '../../src/app/connect.ts';
import { type Orc, openOrc } from '../../src/app/orc.ts';
import type { OpenOptions } from '../../src/app/orc-core.ts';
import { git, makeBareRemote, makeClone } from './git-fixtures.ts';
import { makeTempDir } from './temp-dir.ts';

/** A new board that stands alone in a repository of its own. */
export async function openNewBoard(options: OpenOptions = {}): Promise<Orc> {
  const cwd = makeTempDir();
  git(cwd, 'init', '--quiet');
  return closing(await openOrc({ cwd, create: { upstream: 'none' }, ...options }));
}

/** A new board on a bare remote, opened in a clone of it. */
export async function openSharedBoard(options: OpenOptions = {}): Promise<{ orc: Orc; remote: string; clone: string }> {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  return { orc: closing(await openOrc({ cwd: clone, create: true, ...options })), remote, clone };
}

/** Another clone of a remote that has a board. */
export async function openElsewhere(remote: string, options: OpenOptions = {}): Promise<Orc> {
  return closing(await openOrc({ cwd: makeClone(remote), ...options }));
}

/** A world whose clock stands until it is told to go on. */
export function worldAt(iso: string): World & { forward(ms: number): void } {
  let now = Date.parse(iso);
  const clock = { ...realWorld.clock, now: () => now };
  return {
    ...realWorld,
    clock,
    forward: (ms) => {
      now += ms;
    },
  };
}

/** Writes files by their relative paths into a new folder. */
export function makeFolder(files: Readonly<Record<string, string>>): string {
  const dir = makeTempDir();
  writeFiles(dir, files);
  return dir;
}

export function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    fs.writeFileSync(path.join(dir, file), text);
  }
}

/** The plain files below a folder by their relative paths. */
export function readFolder(dir: string): Record<string, string> {
  const names = fs.readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => fs.statSync(path.join(dir, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [name.split(path.sep).join('/'), fs.readFileSync(path.join(dir, name), 'utf8')]),
  );
}

function closing(orc: Orc): Orc {
  onTestFinished(() => orc.close());
  return orc;
}
