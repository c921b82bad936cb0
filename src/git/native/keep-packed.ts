/**
 * Keeps a store of orc's own packed. Each mutation leaves some loose files, and each large round a pack; with a hundred thousand of
 * them git would become slow, and a small object takes a block of the disk.
 *
 * A git process does it that nobody waits for: it is of a session of its own, of low priority, and outlives whoever started it. It
 * takes loose objects and small packs together, so that each pack is at least twice as large as the next: what is packed once is
 * seldom written again. Nothing is dropped, reachable or not. Whoever reads meanwhile finds each object in the old place or the new one, for
 * the old goes only when the new is there; killed at any moment, it leaves the old. Two at once are slower, not wrong.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { buildGitEnvironment } from './git-environment.ts';
import type { GitSettings } from './run-git.ts';

export interface PackingLimits {
  /** So many files in one of the 256 folders of loose objects are too many. */
  readonly looseInFolder: number;
  readonly packs: number;
  /** Between two beginnings, ms. */
  readonly pauseMs: number;
}

export interface PackKeeper {
  /** Something was stored. Looks now and then whether there is much to pack. */
  note(): void;
  /** Looks now. The process, if one was started. */
  check(): ChildProcess | null;
}

/** As git's own `gc --auto` has it: about 7 000 loose objects, or 50 packs. */
const usualLimits: PackingLimits = { looseInFolder: 27, packs: 50, pauseMs: 60_000 };
/** Any folder is as full as the others. */
const sampleFolder = '17';
/** When packing was begun last says the time of this file, and by which process its text. */
const markFile = 'packing';
const notesBetweenChecks = 100;
/** Beyond that a process of this number is another one, ms. */
const longestMs = 3_600_000;
/** What a process that was killed left behind is removed when it is as old, ms. */
const leftoverAgeMs = 24 * 3_600_000;
const leftover = /^(?:\.tmp-|tmp_)/;

const packArguments = ['repack', '--geometric=2', '-d', '-l', '-q', '--no-write-bitmap-index'];
const config = [
  ['gc.auto', '0'],
  ['pack.threads', '1'],
  ['core.fsync', 'committed'],
  ['core.fsyncMethod', 'fsync'],
  ['repack.updateServerInfo', 'false'],
] as const;

/** @param storePath a repository of orc's own: that of a user is none of its business */
export function createPackKeeper(
  storePath: string,
  settings: GitSettings,
  limits: Partial<PackingLimits> = {},
): PackKeeper {
  const { looseInFolder, packs, pauseMs } = { ...usualLimits, ...limits };
  let notes = 0;

  const isFull = (): boolean =>
    countFiles(join(storePath, 'objects', sampleFolder), () => true) >= looseInFolder ||
    countFiles(join(storePath, 'objects', 'pack'), (name) => name.endsWith('.pack')) >= packs;

  const check = (): ChildProcess | null => {
    notes = 0;
    try {
      const mark = join(storePath, markFile);
      if (!isFull() || !claimTurn(mark, pauseMs)) return null;
      removeLeftovers(join(storePath, 'objects', 'pack'));
      const child = startPacking(storePath, settings);
      if (child.pid !== undefined) fs.writeFileSync(mark, String(child.pid));
      return child;
    } catch {
      return null; // Nobody asked for it, and the next one tries again.
    }
  };

  return {
    note: () => {
      notes += 1;
      if (notes >= notesBetweenChecks) check();
    },
    check,
  };
}

function startPacking(storePath: string, settings: GitSettings): ChildProcess {
  settings.onStart?.(packArguments);
  const child = spawn('git', [`--git-dir=${storePath}`, ...packArguments], {
    cwd: storePath,
    env: buildGitEnvironment(settings.env ?? process.env, { config: [...config] }),
    stdio: 'ignore',
    detached: true,
    windowsHide: true,
  });
  child.on('error', () => {}); // there is no git, or too old a one: then it stays as it is
  child.unref();
  if (child.pid !== undefined) {
    try {
      os.setPriority(child.pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It is over already, or the system does not let us.
    }
  }
  return child;
}

/** Whether it is for us to begin: of several that ask at once mostly one, and none soon after another. */
function claimTurn(mark: string, pauseMs: number): boolean {
  const now = new Date();
  const last = fs.statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // A time to come is that of a clock that was wrong.
  const age = Math.abs(now.getTime() - last);
  if (age < pauseMs || (age < longestMs && isAlive(mark))) return false;
  fs.closeSync(fs.openSync(mark, 'a'));
  fs.utimesSync(mark, now, now);
  return true;
}

/** On a busy machine it may take longer than the pause. */
function isAlive(mark: string): boolean {
  try {
    const pid = Number(fs.readFileSync(mark, 'utf8'));
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false; // it has ended, or was never begun
  }
}

function removeLeftovers(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (!leftover.test(name)) continue;
    const file = join(folder, name);
    const age = Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > leftoverAgeMs) fs.rmSync(file, { force: true });
  }
}

function countFiles(folder: string, isCounted: (name: string) => boolean): number {
  try {
    return fs.readdirSync(folder).filter(isCounted).length;
  } catch {
    return 0;
  }
}
