/**
 * The board store without a git binary: isomorphic-git for objects, orc's own files for refs (isomorphic-git has no
 * compare-and-swap). On disk it is the same store as the native adapter's. SHA-1 only.
 *
 * What is read again and again, loose objects and packs with the usual index, is read here: isomorphic-git loads packs
 * whole, which takes a second and more on a board of a few thousand commits. It serves for all that this does not know.
 */
import { resolve } from 'node:path';
import { OrcError } from '../../errors.ts';
import { walkToAncestor } from '../ancestry.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import { type NameSource, randomName, toIoError } from '../durable-files.ts';
import { hashObject } from '../hash.ts';
import { hasLooseObject, readLooseObject } from '../loose-objects.ts';
import { createObjectCache } from '../object-cache.ts';
import { openPackFiles } from '../packs/pack-files.ts';
import { openRefFiles } from '../ref-files.ts';
import type { GitObject, GitStore, NewObject, ObjectFormat, Oid } from '../store.ts';
import { createStoreFolder, readStoreFormat } from '../store-folder.ts';
import { createDurableFs, createWatchedFs } from './durable-fs.ts';

export interface PortableStoreOptions {
  /** Names for temporary files; random by default. */
  readonly nameTemporary?: NameSource;
  /** In bytes, for objects kept in memory. Default 32 MiB. */
  readonly cacheBytes?: number;
}

/** Files that are open at the same time. */
const parallel = 32;

/**
 * Creates the store, atomically; when another process was first, opens theirs.
 * @throws OrcError `unsupported` for SHA-256, `io`
 */
export async function createPortableStore(
  path: string,
  options: PortableStoreOptions & { readonly objectFormat: ObjectFormat },
): Promise<GitStore> {
  refuseSha256(options.objectFormat);
  await createStoreFolder(resolve(path), options.objectFormat, options.nameTemporary ?? randomName);
  return openPortableStore(path, options);
}

/** @throws OrcError `unsupported` for SHA-256, `no-board` when nothing is there, `store-corrupt` when it is something else */
export async function openPortableStore(path: string, options: PortableStoreOptions = {}): Promise<GitStore> {
  const storePath = resolve(path);
  refuseSha256(readStoreFormat(storePath));
  return new PortableStore(storePath, options);
}

function refuseSha256(format: ObjectFormat): void {
  if (format === 'sha1') return;
  throw new OrcError('unsupported', 'a SHA-256 board needs the git binary', { hint: 'install git and unset ORC_GIT' });
}

class PortableStore implements GitStore {
  readonly path: string;
  readonly objectFormat = 'sha1';
  readonly #options: PortableStoreOptions;
  readonly #refs;
  readonly #objects;
  readonly #packFiles;
  /** What isomorphic-git keeps: pack indexes and whole packs. */
  #packs: object = {};

  constructor(path: string, options: PortableStoreOptions) {
    this.path = path;
    this.#options = options;
    this.#refs = openRefFiles(path, 'sha1');
    this.#objects = createObjectCache(options.cacheBytes);
    this.#packFiles = openPackFiles(resolve(path, 'objects'));
  }

  hashObject(type: NewObject['type'], bytes: Uint8Array): Oid {
    return hashObject('sha1', type, bytes);
  }

  async readObjects(oids: readonly Oid[]): Promise<Map<Oid, GitObject>> {
    const found = new Map<Oid, GitObject>();
    await forEachParallel([...new Set(oids)], async (oid) => {
      const object = this.#objects.get(oid) ?? (await this.#readObject(oid));
      if (object === null) return;
      this.#objects.add(oid, object);
      found.set(oid, object);
    });
    return found;
  }

  async writeObjects(objects: readonly NewObject[]): Promise<void> {
    const { writeObject } = await import('isomorphic-git');
    const { fs: durableFs, syncWritten } = createDurableFs(this.#options.nameTemporary ?? randomName);
    const unique = [...new Map(objects.map((object) => [object.oid, object])).values()];
    try {
      await forEachParallel(unique, async ({ oid, type, bytes }) => {
        await writeObject({ fs: durableFs, gitdir: this.path, type, object: bytes, format: 'content', oid });
        this.#objects.add(oid, { type, bytes });
      });
      await syncWritten(unique.map(({ oid }) => resolve(this.path, 'objects', oid.slice(0, 2))));
    } catch (error) {
      throw toIoError(`write objects to ${this.path}`, error);
    }
  }

  async readRef(ref: string): Promise<Oid | null> {
    return this.#refs.read(ref);
  }

  async listRefs(prefix: string): Promise<Map<string, Oid>> {
    return this.#refs.list(prefix);
  }

  updateRefs(updates: Parameters<GitStore['updateRefs']>[0]): Promise<'updated' | 'changed'> {
    return this.#refs.update(updates);
  }

  async isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean> {
    return (await walkToAncestor(this, ancestor, descendant)) === true;
  }

  async close(): Promise<void> {
    this.#packFiles.close();
    this.#packs = {};
  }

  async #readObject(oid: Oid): Promise<GitObject | null> {
    const folder = resolve(this.path, 'objects');
    const loose = hasLooseObject(folder, oid) ? readLooseObject(folder, 'sha1', oid) : null;
    const found = loose ?? this.#packFiles.read(oid);
    return found === 'unsure' ? this.#readElsewhere(oid) : found;
  }

  async #readElsewhere(oid: Oid): Promise<GitObject | null> {
    const git = await import('isomorphic-git');
    const { fs: watchedFs, failure } = createWatchedFs();
    try {
      const read = await git.readObject({
        fs: watchedFs,
        gitdir: this.path,
        oid,
        format: 'content',
        cache: this.#packs,
      });
      if (read.format !== 'content' || (read.type !== 'blob' && read.type !== 'tree' && read.type !== 'commit')) {
        throw new Error(`an object of type ${read.type}`);
      }
      return { type: read.type, bytes: read.object as Uint8Array };
    } catch (cause) {
      if (failure() !== null) {
        this.#packs = {}; // it would keep what it could not read
        throw toIoError(`read object ${oid}`, failure());
      }
      if (cause instanceof git.Errors.NotFoundError) return null;
      throw new OrcError('store-corrupt', `object ${oid} is damaged`, { hint: damagedStoreHint, cause });
    }
  }
}

/** Runs `body` for each item, a few at a time, and reports the first error once none is under way. */
async function forEachParallel<T>(items: readonly T[], body: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const work = async () => {
    for (const item of rest) await body(item);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(parallel, items.length) }, work));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
