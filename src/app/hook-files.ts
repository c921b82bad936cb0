/** Writes and removes the files of orc's hooks, and knows whether that changed anything. */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { temporaryName } from '../git/atomic-file.ts';
import { errorCodeOf, toIoError } from '../git/durable-files.ts';
import type { HookPlace } from './hook-place.ts';

export class HookFiles {
  readonly #scripts: string;
  /** Names the folders that orc made, one a line, each after those that it lies in. */
  readonly #madeList: string;
  #hasChanged = false;

  constructor({ scripts }: HookPlace) {
    this.#scripts = scripts;
    this.#madeList = path.join(scripts, 'made-folders');
  }

  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** Puts a file there, whole or not at all; one that is there keeps its permissions. Text is latin1. @throws OrcError `io` */
  write(file: string, text: string, mode: number): void {
    guard(`write ${file}`, () => {
      this.#makeFolder(path.dirname(file));
      const facts = lstatSync(file, { throwIfNoEntry: false });
      if (facts !== undefined && readFileSync(file, 'latin1') === text) return;
      replace(file, text, facts === undefined ? mode : facts.mode & 0o7777);
      this.#hasChanged = true;
    });
  }

  /** Changes a configuration of git's as git does: under its lock. @throws OrcError `store-busy`, `io` */
  writeConfig(file: string, text: string): void {
    guard(`write ${file}`, () => {
      const target = existsSync(file) ? realpathSync(file) : file;
      const lock = `${target}.lock`;
      const mode = lstatSync(target, { throwIfNoEntry: false })?.mode ?? 0o644;
      closeSync(takeLock(lock, mode & 0o7777));
      try {
        // Whatever the umask says: a shared repository's configuration stays shared.
        chmodSync(lock, mode & 0o7777);
        writeFileSync(lock, text, 'latin1');
        renameSync(lock, target);
      } catch (error) {
        rmSync(lock, { force: true });
        throw error;
      }
      this.#hasChanged = true;
    });
  }

  /** @throws OrcError `io` */
  remove(file: string): void {
    guard(`remove ${file}`, () => {
      if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
      rmSync(file);
      this.#hasChanged = true;
    });
  }

  /** Only when it is empty. */
  removeFolder(folder: string): void {
    try {
      rmdirSync(folder);
    } catch {
      // Not there, or somebody has something in it.
    }
  }

  /** The folders that orc made, where nothing else is in them by now. */
  removeMadeFolders(): void {
    const made = existsSync(this.#madeList) ? readFileSync(this.#madeList, 'utf8').split('\n').filter(Boolean) : [];
    this.remove(this.#madeList);
    for (const folder of [this.#scripts, ...made.reverse()]) this.removeFolder(folder);
  }

  #makeFolder(folder: string): void {
    if (existsSync(folder)) return;
    const missing: string[] = [];
    for (let each = folder; !existsSync(each); each = path.dirname(each)) missing.unshift(each);
    mkdirSync(folder, { recursive: true });
    // The list lies in one of them, and is written when that is there.
    mkdirSync(this.#scripts, { recursive: true });
    writeFileSync(this.#madeList, missing.map((each) => `${each}\n`).join(''), { flag: 'a' });
  }
}

function takeLock(lock: string, mode: number): number {
  try {
    return openSync(lock, 'wx', mode);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
    throw new OrcError('store-busy', `git's configuration is being changed: ${lock} is there`, {
      hint: 'try again; if no git is running, remove that file',
    });
  }
}

function replace(file: string, text: string, mode: number): void {
  const temporary = temporaryName(file);
  try {
    writeFileSync(temporary, text, { encoding: 'latin1', flag: 'wx' });
    // Regardless of the umask where the file had its own.
    chmodSync(temporary, mode);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function guard(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof OrcError) throw error;
    throw toIoError(what, error);
  }
}
