/**
 * The claims and locks that were obtained through this store, so that the short forms work on the machine that claimed:
 * `orc t complete revenue 1a2b3c4d "…"` needs no token there. They belong to a session (the work tree, or `ORC_SESSION`):
 * the same agent name elsewhere is somebody else.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { removeFile, temporaryName } from '../git/atomic-file.ts';

export type HoldKind = 'task' | 'lock';

export interface RememberedHold {
  readonly kind: HoldKind;
  /** Task id or resource. */
  readonly key: string;
  readonly agent: string;
  /** The operation that made the claim. */
  readonly claim: string;
}

export class Holds {
  readonly #folder: string;

  constructor(storePath: string, session: string) {
    this.#folder = path.join(storePath, 'holds', encodeURIComponent(session) || '_');
  }

  async find(kind: HoldKind, key: string): Promise<RememberedHold | null> {
    try {
      return JSON.parse(await readFile(this.#file(kind, key), 'utf8')) as RememberedHold;
    } catch {
      return null;
    }
  }

  async list(): Promise<RememberedHold[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const texts = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => readFile(path.join(this.#folder, name), 'utf8')),
    );
    return texts.map((text) => JSON.parse(text) as RememberedHold);
  }

  async remember(hold: RememberedHold): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = this.#file(hold.kind, hold.key);
    const temporary = temporaryName(file);
    await writeFile(temporary, `${JSON.stringify(hold)}\n`);
    await rename(temporary, file);
  }

  async forget(kind: HoldKind, key: string): Promise<void> {
    // One that comes back is outdated, and refused as such.
    await removeFile(this.#file(kind, key), { isDurable: false });
  }

  #file(kind: HoldKind, key: string): string {
    return path.join(this.#folder, `${kind}-${encodeURIComponent(key)}.json`);
  }
}
