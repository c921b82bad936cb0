/**
 * What was read for one TAB, kept for the next: opening a few hundred records takes longer than starting node. It is kept in the
 * store's folder, for one commit; the tasks for each of the sixteen folders that they lie in, so that a change costs a sixteenth.
 * Whatever is wrong with it, the board is read.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Oid } from '../git/store.ts';

interface Kept {
  readonly commit: string;
  readonly answers: Record<string, unknown>;
  readonly folders: Record<string, unknown>;
}

/** Raised when what is kept takes another form. */
const form = 1;

export class LocalCache {
  readonly #file: string;
  readonly #kept: Kept;
  readonly #older: Readonly<Record<string, unknown>>;
  #isChanged = false;

  constructor(storePath: string, commit: Oid) {
    this.#file = path.join(storePath, 'completion.json');
    const found = readKept(this.#file);
    this.#older = found?.folders ?? {};
    this.#kept = found?.commit === commit ? found : { commit, answers: {}, folders: {} };
  }

  async answer<T>(name: string, read: () => Promise<T>): Promise<T> {
    if (!Object.hasOwn(this.#kept.answers, name)) {
      this.#kept.answers[name] = await read();
      this.#isChanged = true;
    }
    return this.#kept.answers[name] as T;
  }

  /** Of a folder, by the id of its tree: as long as it lies there. */
  async folder<T>(tree: Oid, read: () => Promise<T>): Promise<T> {
    const known = Object.hasOwn(this.#older, tree) ? this.#older[tree] : await read();
    this.#kept.folders[tree] = known;
    return known as T;
  }

  /** Writes down what is new. A disk that does not take it is no harm. */
  keep(): void {
    if (!this.#isChanged) return;
    const folders = Object.keys(this.#kept.folders).length === 0 ? this.#older : this.#kept.folders;
    const temporary = `${this.#file}.${process.pid}`;
    try {
      writeFileSync(temporary, JSON.stringify({ form, ...this.#kept, folders }), { mode: 0o600 });
      renameSync(temporary, this.#file);
    } catch {
      rmSync(temporary, { force: true });
    }
  }
}

function readKept(file: string): Kept | null {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Partial<Kept> & { readonly form?: number };
    const isWhole =
      kept.form === form && typeof kept.commit === 'string' && isObject(kept.answers) && isObject(kept.folders);
    return isWhole ? (kept as Kept) : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
