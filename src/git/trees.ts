/**
 * Whole trees, on top of single objects: list, look up, compare, edit. Every function reads level by level, one
 * `readObjects` call for each, because a store answers a hundred ids as fast as one.
 */
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from './damaged-store.ts';
import { oidLengths } from './hash.ts';
import { decodeTree, type EntryMode, type TreeEntry } from './objects.ts';
import type { GitObject, NewObject, ObjectFormat, ObjectType, Oid } from './store.ts';

/** As much of a `GitStore` as reading needs. */
export interface ObjectReader {
  readonly objectFormat: ObjectFormat;
  readObjects(oids: readonly Oid[]): Promise<Map<Oid, GitObject>>;
}

/** As much of a `GitStore` as editing needs. */
export interface ObjectHasher extends ObjectReader {
  hashObject(type: ObjectType, bytes: Uint8Array): Oid;
}

/** What stands at a path: a file, or something odd such as a symbolic link (`120000`) or a submodule (`160000`). */
export interface FileEntry {
  readonly mode: EntryMode;
  readonly oid: Oid;
}

export interface FileChange {
  readonly path: string;
  readonly from: FileEntry | null;
  readonly to: FileEntry | null;
}

export interface ListOptions {
  /** Only what lies in this folder, `tasks/open` for example. Paths stay complete. */
  readonly under?: string;
  /** More than so many files are refused: small trees can describe billions of paths. Default 2 000 000. */
  readonly maxFiles?: number;
}

/**
 * All files of a tree by path, in no particular order; empty for `null` and for a folder that is not there.
 * @throws OrcError `store-corrupt` when a tree is missing or malformed, `too-large` beyond `maxFiles`
 */
export async function listFiles(
  reader: ObjectReader,
  root: Oid | null,
  options: ListOptions = {},
): Promise<Map<string, FileEntry>> {
  const { under = '', maxFiles = 2_000_000 } = options;
  const prefix = under.replace(/\/+$/, '');
  const start = prefix === '' || root === null ? root : await findFolder(reader, root, prefix);
  const files = new Map<string, FileEntry>();
  let level = start === null ? [] : [{ prefix: prefix === '' ? '' : `${prefix}/`, oid: start }];
  while (level.length > 0) {
    const trees = await readTrees(
      reader,
      level.map((folder) => folder.oid),
    );
    const next: typeof level = [];
    for (const folder of level) {
      for (const entry of trees.get(folder.oid) ?? []) {
        const path = folder.prefix + entry.name;
        if (isFolder(entry)) next.push({ prefix: `${path}/`, oid: entry.oid });
        else files.set(path, { mode: entry.mode, oid: entry.oid });
      }
      if (files.size + next.length > maxFiles)
        throw new OrcError('too-large', `the tree holds more than ${maxFiles} files`);
    }
    level = next;
  }
  return files;
}

/**
 * What stands at a path, a folder (`40000`) included; `null` when nothing does.
 * @throws OrcError `store-corrupt`
 */
export async function readPath(reader: ObjectReader, root: Oid | null, path: string): Promise<FileEntry | null> {
  let current: FileEntry | null = root === null ? null : { mode: '40000', oid: root };
  for (const name of path.split('/')) {
    if (current === null || !isFolder(current)) return null;
    const trees = await readTrees(reader, [current.oid]);
    const entry = trees.get(current.oid)?.find((candidate) => candidate.name === name);
    current = entry === undefined ? null : { mode: entry.mode, oid: entry.oid };
  }
  return current;
}

export interface DiffOptions {
  /** More than so many changes are refused, as in `ListOptions`. Default 1 000 000. */
  readonly maxChanges?: number;
  /** Whether a folder at the top is looked into. Default: each is. */
  readonly looksInto?: (folder: string) => boolean;
}

/**
 * The files that differ between two trees. Equal subtrees are never read.
 * @throws OrcError `store-corrupt`, `too-large` beyond `maxChanges`
 */
export async function diffTrees(
  reader: ObjectReader,
  from: Oid | null,
  to: Oid | null,
  { maxChanges = 1_000_000, looksInto = () => true }: DiffOptions = {},
): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  let level = from === to ? [] : [{ prefix: '', from, to }];
  while (level.length > 0) {
    const oids = level.flatMap((pair) => [pair.from, pair.to]).filter((oid) => oid !== null);
    const trees = await readTrees(reader, oids);
    const next: typeof level = [];
    for (const pair of level) {
      const before = entriesByName(pair.from === null ? [] : trees.get(pair.from));
      const after = entriesByName(pair.to === null ? [] : trees.get(pair.to));
      for (const name of new Set([...before.keys(), ...after.keys()])) {
        const old = before.get(name);
        const fresh = after.get(name);
        if (old?.oid === fresh?.oid && old?.mode === fresh?.mode) continue;
        const path = pair.prefix + name;
        const folders = { from: folderOid(old), to: folderOid(fresh) };
        const isFolderChange = folders.from !== null || folders.to !== null;
        if (isFolderChange && (pair.prefix !== '' || looksInto(name))) next.push({ prefix: `${path}/`, ...folders });
        const files = { from: fileEntry(old), to: fileEntry(fresh) };
        if (files.from !== null || files.to !== null) changes.push({ path, ...files });
      }
      if (changes.length + next.length > maxChanges)
        throw new OrcError('too-large', `more than ${maxChanges} files differ`);
    }
    level = next;
  }
  return changes;
}

/**
 * Reads trees and decodes them. Ids may repeat.
 * @throws OrcError `store-corrupt` when one is missing, is no tree or is malformed
 */
export async function readTrees(reader: ObjectReader, oids: readonly Oid[]): Promise<Map<Oid, TreeEntry[]>> {
  const unique = [...new Set(oids)];
  const objects = await reader.readObjects(unique);
  const trees = new Map<Oid, TreeEntry[]>();
  for (const oid of unique) {
    const object = objects.get(oid);
    if (object?.type !== 'tree') {
      const found = object === undefined ? 'missing' : `a ${object.type}`;
      throw new OrcError('store-corrupt', `tree ${oid} is ${found}`, { hint: damagedStoreHint });
    }
    try {
      trees.set(oid, decodeTree(object.bytes, oidLengths[reader.objectFormat]));
    } catch (cause) {
      throw new OrcError('store-corrupt', `tree ${oid} is malformed`, { hint: damagedStoreHint, cause });
    }
  }
  return trees;
}

/** A reader that also knows objects which are not written yet. It looks at `pending` anew at every call. */
export function overlayReader(base: ObjectHasher, pending: ReadonlyMap<Oid, NewObject>): ObjectHasher {
  return {
    objectFormat: base.objectFormat,
    hashObject: (type, bytes) => base.hashObject(type, bytes),
    async readObjects(oids) {
      const found = new Map<Oid, GitObject>();
      const rest: Oid[] = [];
      for (const oid of oids) {
        const object = pending.get(oid);
        if (object === undefined) rest.push(oid);
        else found.set(oid, object);
      }
      if (rest.length > 0) for (const [oid, object] of await base.readObjects(rest)) found.set(oid, object);
      return found;
    },
  };
}

/** Whether the entry is a folder. */
export function isFolder(entry: { readonly mode: EntryMode }): boolean {
  return entry.mode === '40000';
}

async function findFolder(reader: ObjectReader, root: Oid, path: string): Promise<Oid | null> {
  const entry = await readPath(reader, root, path);
  return entry !== null && isFolder(entry) ? entry.oid : null;
}

function entriesByName(entries: readonly TreeEntry[] = []): Map<string, TreeEntry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

function folderOid(entry: TreeEntry | undefined): Oid | null {
  return entry !== undefined && isFolder(entry) ? entry.oid : null;
}

function fileEntry(entry: TreeEntry | undefined): FileEntry | null {
  return entry === undefined || isFolder(entry) ? null : { mode: entry.mode, oid: entry.oid };
}
