/**
 * The board store through the user's git and, where starting git would cost more than the work itself, without it: what
 * orc writes are files of its own making, loose or a pack; packed objects and long histories are git's to read.
 */
import { resolve } from 'node:path';
import { OrcError } from '../../errors.ts';
import { walkToAncestor } from '../ancestry.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import { type NameSource, randomName } from '../durable-files.ts';
import { hashObject } from '../hash.ts';
import { hasLooseObject, readLooseObject, writeLooseObjects } from '../loose-objects.ts';
import { createObjectCache } from '../object-cache.ts';
import { encodePack, wasEncoded } from '../packs/encode-pack.ts';
import { openPackFiles, type PackFiles } from '../packs/pack-files.ts';
import { putPack } from '../packs/put-pack.ts';
import { openRefFiles } from '../ref-files.ts';
import type { GitObject, GitStore, NewObject, ObjectFormat, Oid } from '../store.ts';
import { createStoreFolder, readStoreFormat } from '../store-folder.ts';
import { createBatchReader } from './batch-reader.ts';
import { readBulk } from './bulk-reader.ts';
import { incomingFolders } from './incoming-folders.ts';
import { createPackKeeper, type PackingLimits } from './keep-packed.ts';
import { type GitSettings, runGit } from './run-git.ts';

export interface NativeStoreOptions extends GitSettings {
  /** Names for temporary files; random by default. */
  readonly nameTemporary?: NameSource;
  /** It is a store of orc's own, which is kept packed in the background; with `{}` when git's usual limits are reached. */
  readonly keepPacked?: Partial<PackingLimits>;
  /** In bytes, for objects kept in memory. Default 32 MiB. */
  readonly cacheBytes?: number;
}

export interface CreateStoreOptions extends NativeStoreOptions {
  readonly objectFormat: ObjectFormat;
}

/** From so many objects on, one pack is cheaper than files. */
const packFrom = 100;
/** Up to so many unknown objects are looked for as files. */
const looseReadLimit = 50;
/** Up to so many are read from the packs here: git would take longer to start. */
const packReadLimit = 64;
/** From so many on, a process of their own is faster than the one that is running. */
const bulkFrom = 500;
/** Of what was written so many objects at most are kept in memory, the newest: a long batch would only push out its own. */
const keptOfWritten = 4096;
/** Commits read one by one before git is asked. */
const walkLimit = 500;

/**
 * Creates the store, atomically; when another process was first, opens theirs.
 * @throws OrcError `io`
 */
export async function createNativeStore(path: string, options: CreateStoreOptions): Promise<GitStore> {
  await createStoreFolder(resolve(path), options.objectFormat, options.nameTemporary ?? randomName);
  return openNativeStore(path, options);
}

/** @throws OrcError `no-board` when nothing is there, `store-corrupt` when it is something else */
export async function openNativeStore(path: string, options: NativeStoreOptions = {}): Promise<GitStore> {
  const storePath = resolve(path);
  return new NativeStore(storePath, readStoreFormat(storePath), options);
}

/** Where objects lie. Their files are read here, but for packs of another format. */
interface ObjectsFolder {
  readonly path: string;
  readonly packs: PackFiles | null;
}

class NativeStore implements GitStore {
  readonly path: string;
  readonly objectFormat: ObjectFormat;
  readonly #options: NativeStoreOptions;
  readonly #refs;
  readonly #folders: readonly ObjectsFolder[];
  readonly #batch;
  readonly #cache;
  readonly #packKeeper;

  constructor(path: string, objectFormat: ObjectFormat, options: NativeStoreOptions) {
    this.path = path;
    this.objectFormat = objectFormat;
    this.#options = options;
    this.#refs = openRefFiles(path, objectFormat);
    const folders = options.readsIncoming ? incomingFolders(path, options.env ?? process.env) : [];
    this.#folders = [...new Set([...folders, resolve(path, 'objects')])].map((folder) => ({
      path: folder,
      packs: objectFormat === 'sha1' ? openPackFiles(folder) : null,
    }));
    this.#batch = createBatchReader(path, options);
    this.#cache = createObjectCache(options.cacheBytes);
    this.#packKeeper = options.keepPacked === undefined ? null : createPackKeeper(path, options, options.keepPacked);
  }

  hashObject(type: NewObject['type'], bytes: Uint8Array): Oid {
    return hashObject(this.objectFormat, type, bytes);
  }

  async readObjects(oids: readonly Oid[]): Promise<Map<Oid, GitObject>> {
    const found = new Map<Oid, GitObject>();
    let unknown: Oid[] = [];
    for (const oid of new Set(oids)) {
      const cached = this.#cache.get(oid);
      if (cached === undefined) unknown.push(oid);
      else found.set(oid, cached);
    }
    if (unknown.length <= looseReadLimit) unknown = unknown.filter((oid) => !this.#readLoose(oid, found));
    if (unknown.length <= packReadLimit) {
      unknown = unknown.filter((oid) => !this.#readPacked(oid, found));
      unknown = unknown.filter((oid) => !this.#readLoose(oid, found));
    }
    const isBulk = unknown.length >= bulkFrom;
    const answers = await (isBulk ? readBulk(this.path, unknown, this.#options) : this.#batch.read(unknown));
    for (const [index, oid] of unknown.entries()) {
      const object = answers[index];
      if (!object) continue;
      found.set(oid, object);
      if (!isBulk) this.#cache.add(oid, object); // a whole board would only push out what is used again
    }
    return found;
  }

  async writeObjects(objects: readonly NewObject[]): Promise<void> {
    const unique = eachOnce(objects);
    if (unique.length > packFrom)
      await putPack(this.path, encodePack(this.objectFormat, unique), this.#options.nameTemporary ?? randomName);
    else await writeLooseObjects(this.path, unique, this.#options.nameTemporary ?? randomName);
    for (const { oid, type, bytes } of unique.slice(-keptOfWritten)) this.#cache.add(oid, { type, bytes });
  }

  async readRef(ref: string): Promise<Oid | null> {
    return this.#refs.read(ref);
  }

  async listRefs(prefix: string): Promise<Map<string, Oid>> {
    return this.#refs.list(prefix);
  }

  updateRefs(updates: Parameters<GitStore['updateRefs']>[0]): Promise<'updated' | 'changed'> {
    this.#packKeeper?.note();
    return this.#refs.update(updates);
  }

  async isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean> {
    const walked = await walkToAncestor(this, ancestor, descendant, walkLimit);
    if (walked !== 'undecided') return walked;
    const args = ['merge-base', '--is-ancestor', ancestor, descendant];
    const result = await runGit({ ...this.#options, gitDir: this.path, args });
    if (result.exitCode === 0) return true;
    if (result.exitCode === 1) return false;
    // An ancestor that the store never had: then it is in nobody's history here.
    if ((await this.readObjects([ancestor])).size === 0) return false;
    throw new OrcError('git-failed', `git merge-base failed: ${result.stderr}`, { hint: damagedStoreHint });
  }

  async listFirstParents(from: Oid, limit: number): Promise<Oid[]> {
    const args = ['rev-list', '--first-parent', `--max-count=${limit}`, from, '--'];
    const { exitCode, stdout, stderr } = await runGit({ ...this.#options, gitDir: this.path, args });
    if (exitCode === 0) return stdout.toString('utf8').split('\n').slice(0, -1) as Oid[];
    throw new OrcError('git-failed', `git rev-list failed: ${stderr}`, { hint: damagedStoreHint });
  }

  async close(): Promise<void> {
    for (const { packs } of this.#folders) packs?.close();
    await this.#batch.close();
    this.#packKeeper?.check();
  }

  #readLoose(oid: Oid, found: Map<Oid, GitObject>): boolean {
    const folder = this.#folders.find(({ path }) => hasLooseObject(path, oid));
    if (folder === undefined) return false;
    const object = readLooseObject(folder.path, this.objectFormat, oid);
    if (object === null) return false; // packed and pruned since
    this.#cache.add(oid, object);
    found.set(oid, object);
    return true;
  }

  /** What is odd or damaged is left to git: it knows more kinds of packs, and tells what is wrong. */
  #readPacked(oid: Oid, found: Map<Oid, GitObject>): boolean {
    try {
      for (const { packs } of this.#folders) {
        const object = packs?.read(oid) ?? null;
        if (object === null || object === 'unsure') continue;
        this.#cache.add(oid, object);
        found.set(oid, object);
        return true;
      }
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
    }
    return false;
  }
}

/** Looking through a list of a hundred thousand, and copying it, takes time. */
function eachOnce(objects: readonly NewObject[]): readonly NewObject[] {
  if (wasEncoded(objects) || new Set(objects.map(({ oid }) => oid)).size === objects.length) return objects;
  return [...new Map(objects.map((object) => [object.oid, object])).values()];
}
