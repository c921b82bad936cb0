/**
 * The claims and locks that were obtained through this store, so that the short forms work on the machine that claimed:
 * `orc t complete revenue 1a2b3c4d "…"` needs no token there. They belong to a session (the work tree, or `ORC_SESSION`):
 * the same agent name elsewhere is somebody else.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, removeFile, temporaryName } from '../git/atomic-file.ts';
import { discardFile, toIoError } from '../git/durable-files.ts';
import { forgetHeldTask, noteHeldTask } from './clone-notes.ts';

export type HoldKind = 'task' | 'lock';

export interface RememberedHold {
  readonly kind: HoldKind;
  /** Task id or resource. */
  readonly key: string;
  readonly agent: string;
  /** The operation that made the claim. */
  readonly claim: string;
}

/** File systems allow 255 bytes for a name. */
const maxFolderName = 200;

/** Named so that git's hooks find it; only a name that no folder can have is replaced, and they do without what is in there. */
export function holdsFolderOf(storePath: string, session: string): string {
  const encoded = encodeURIComponent(session) || '_';
  const isUsable = encoded.length <= maxFolderName && encoded !== '.' && encoded !== '..';
  return path.join(storePath, 'holds', isUsable ? encoded : `session-${digestOf(session)}`);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export class Holds {
  /** Whose they are. */
  readonly session: string;
  readonly #folder: string;

  constructor(storePath: string, session: string) {
    this.session = session;
    this.#folder = holdsFolderOf(storePath, session);
  }

  /**
   * Several agents of one session may share a lock: with `agent` it is that one's hold, else the only one that there is.
   * @throws OrcError `io`: who cannot read what it holds must not be taken for somebody who holds nothing
   */
  async find(kind: HoldKind, key: string, agent?: string): Promise<RememberedHold | null> {
    if (kind === 'task' || agent !== undefined) return readHold(this.#file({ kind, key, agent: agent ?? '' }));
    const [only, ...more] = await this.#allOf(kind, key);
    return only === undefined || more.length > 0 ? null : only;
  }

  async #allOf(kind: HoldKind, key: string): Promise<RememberedHold[]> {
    return (await this.list()).filter((hold) => hold.kind === kind && hold.key === key);
  }

  /** @throws OrcError `io` */
  async list(): Promise<RememberedHold[]> {
    const names = namesIn(this.#folder).filter((name) => name.endsWith('.json'));
    return names.map((name) => readHold(path.join(this.#folder, name))).filter((hold) => hold !== null);
  }

  /**
   * `false` when it cannot be kept, which is no error: the claim is published all the same, and its caller has the token.
   * `workstream`: of a task, for the hook that names the task in commits.
   */
  async remember(hold: RememberedHold, workstream?: string): Promise<boolean> {
    const isKept = this.#keep(hold) || this.#keep(hold);
    const { kind, key: id, agent } = hold;
    if (isKept && kind === 'task' && workstream !== undefined) noteHeldTask(this.#folder, { id, workstream, agent });
    return isKept;
  }

  #keep(hold: RememberedHold): boolean {
    const file = this.#file(hold);
    const temporary = temporaryName(file);
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(temporary, `${JSON.stringify(hold)}\n`);
      renameSync(temporary, file);
      return true;
    } catch {
      discardFile(temporary);
      return false;
    }
  }

  /** One that cannot be removed, or comes back, is outdated, and refused as such. Without an agent: whoever held it. */
  async forget(kind: HoldKind, key: string, agent?: string): Promise<void> {
    const isOne = kind === 'task' || agent !== undefined;
    const gone = isOne ? [{ kind, key, agent: agent ?? '' }] : await this.#allOf(kind, key).catch(() => []);
    if (kind === 'task') forgetHeldTask(this.#folder, key);
    for (const hold of gone) await removeFile(this.#file(hold), { isDurable: false }).catch(() => undefined);
  }

  /** Forgets all of this session, of which nobody will know any more. */
  async discard(): Promise<void> {
    try {
      rmSync(this.#folder, { recursive: true, force: true });
    } catch {
      // What stays is outdated, and refused as such.
    }
  }

  /** A task has one holder. Names of resources may be too long for a file's name. */
  #file({ kind, key, agent }: Omit<RememberedHold, 'claim'>): string {
    if (kind === 'task') return path.join(this.#folder, `task-${encodeURIComponent(key)}.json`);
    return path.join(this.#folder, `lock-${digestOf(`${key}\n${agent}`)}.json`);
  }
}

/** @throws OrcError `io` */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw toIoError(`list ${folder}`, error);
  }
}

/** `null` for one that is not there, or that a power cut left without content. */
function readHold(file: string): RememberedHold | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw toIoError(`read ${file}`, error);
  }
  try {
    return JSON.parse(text) as RememberedHold;
  } catch {
    return null;
  }
}
