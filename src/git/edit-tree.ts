/** Changing files in a tree, without a work tree or an index. */
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from './damaged-store.ts';
import { oidLengths } from './hash.ts';
import { concatBytes, decodeTree, encodeTree, type TreeEntry } from './objects.ts';
import type { NewObject, Oid } from './store.ts';
import { TreeCursor } from './tree-cursor.ts';
import { isFolder, type ObjectHasher } from './trees.ts';

export interface EditedTree {
  readonly root: Oid;
  /** The trees that are new; to be written before anything refers to `root`. Without the blobs of the edits. */
  readonly objects: NewObject[];
  /** For each blob of the edits that takes the place of another one: that one. */
  readonly replaced: ReadonlyMap<Oid, Oid>;
}

/** One folder or file on the way to an edit. */
interface EditNode {
  /** The blob to put here, `null` to remove what is here, `undefined` when only something below is edited. */
  edit: Oid | null | undefined;
  readonly children: Map<string, EditNode>;
}

interface Found {
  readonly entry: TreeEntry;
  readonly start: number;
  readonly end: number;
}

/** Bytes that give way to others. */
interface Cut {
  readonly at: number;
  readonly until: number;
  readonly put: Uint8Array;
}

const nothing = new Uint8Array();

interface Folder {
  readonly node: EditNode;
  /** The tree that stands here now. */
  readonly oid: Oid | null;
  bytes: Uint8Array;
  /** What stands at the edited names, and where. A damaged tree may have a name twice. */
  readonly found: Map<string, Found[]>;
  readonly subfolders: Map<string, Folder>;
  /** The outcome; `null` when nothing is left in it. */
  result: Oid | null;
}

/**
 * Applies edits (path → blob, or `null` to delete whatever is there) to a tree.
 * Folders appear and vanish as needed; a file, link or submodule that stands where a folder is needed gives way, and a
 * folder gives way to a file. Deleting what is not there changes nothing. Files are written with mode 100644.
 * Works over `overlayReader`, so that edits can follow one another before anything is written.
 * @throws OrcError `invalid-argument` for a path that git would refuse, `store-corrupt`
 */
export async function editTree(
  store: ObjectHasher,
  root: Oid | null,
  edits: ReadonlyMap<string, Oid | null>,
): Promise<EditedTree> {
  const levels = await readFolders(store, plantEdits(edits), root);
  const objects = new Map<Oid, NewObject>();
  const replaced = new Map<Oid, Oid>();
  const top = levels[0]?.[0] as Folder; // the root is always there
  for (const level of levels.toReversed()) {
    for (const folder of level) {
      const bytes = rebuild(folder, oidLengths[store.objectFormat], replaced);
      if (bytes.length > 0 || folder === top) folder.result = addTree(store, bytes, folder.oid, objects);
    }
  }
  return { root: top.result as Oid, objects: [...objects.values()], replaced };
}

/** A name that is empty, `.`, `..` or `.git`, or a zero anywhere: git would refuse it. */
const strangeName = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)|\0/i;

function plantEdits(edits: ReadonlyMap<string, Oid | null>): EditNode {
  const root: EditNode = { edit: undefined, children: new Map() };
  for (const [path, oid] of edits) {
    if (strangeName.test(path))
      throw new OrcError('invalid-argument', `not a path inside the board: ${JSON.stringify(path)}`);
    let node = root;
    for (const name of path.split('/')) {
      const child: EditNode = node.children.get(name) ?? { edit: undefined, children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    node.edit = oid;
  }
  return root;
}

async function readFolders(store: ObjectHasher, root: EditNode, oid: Oid | null): Promise<Folder[][]> {
  const levels: Folder[][] = [];
  let level: Folder[] = [folderAt(root, oid)];
  while (level.length > 0) {
    levels.push(level);
    await readLevel(store, level);
    const next: Folder[] = [];
    for (const folder of level) {
      for (const [name, node] of folder.node.children) {
        if (node.children.size === 0) continue;
        if (node.edit)
          throw new OrcError('invalid-argument', `${JSON.stringify(name)} would be both a file and a folder`);
        const entry = folder.found.get(name)?.at(-1)?.entry;
        // Removed and filled again in one edit: the old content does not count.
        const old = entry !== undefined && isFolder(entry) && node.edit !== null ? entry.oid : null;
        const subfolder = folderAt(node, old);
        folder.subfolders.set(name, subfolder);
        next.push(subfolder);
      }
    }
    level = next;
  }
  return levels;
}

function folderAt(node: EditNode, oid: Oid | null): Folder {
  return { node, oid, bytes: nothing, found: new Map(), subfolders: new Map(), result: null };
}

async function readLevel(store: ObjectHasher, level: readonly Folder[]): Promise<void> {
  const objects = await store.readObjects(level.map(({ oid }) => oid).filter((known) => known !== null));
  const oidLength = oidLengths[store.objectFormat];
  for (const folder of level) {
    const { oid } = folder;
    if (oid === null) continue;
    const object = objects.get(oid);
    if (object?.type !== 'tree') {
      const found = object === undefined ? 'missing' : `a ${object.type}`;
      throw new OrcError('store-corrupt', `tree ${oid} is ${found}`, { hint: damagedStoreHint });
    }
    try {
      folder.bytes = object.bytes;
      if (lookUp(folder, oidLength, 'canonical')) continue;
      folder.bytes = encodeTree(decodeTree(object.bytes, oidLength));
      lookUp(folder, oidLength, 'in order');
    } catch (cause) {
      throw new OrcError('store-corrupt', `tree ${oid} is malformed`, { hint: damagedStoreHint, cause });
    }
  }
}

/** `false`: it is not `canonical`, as git would have written it, so that it cannot be edited as it stands. */
function lookUp({ node, bytes, found }: Folder, oidLength: number, expected: 'canonical' | 'in order'): boolean {
  found.clear();
  const wanted = [...node.children.keys()].map((name) => ({ name, bytes: Buffer.from(name) }));
  const cursor = new TreeCursor(bytes, oidLength);
  while (cursor.next()) {
    if (expected === 'canonical' && !cursor.isCanonical) return false;
    for (const { name, bytes } of wanted) {
      if (!cursor.isNamed(bytes)) continue;
      const there = { entry: cursor.entry(name), start: cursor.start, end: cursor.end };
      found.set(name, [...(found.get(name) ?? []), there]);
    }
  }
  return true;
}

/** The folder with its edits. What stays is copied as it stands; an id that takes the place of another is written over it. */
function rebuild({ node, bytes, found, subfolders }: Folder, oidLength: number, replaced: Map<Oid, Oid>): Uint8Array {
  const cuts: Cut[] = [];
  for (const [name, child] of node.children) {
    const subtree = subfolders.get(name)?.result ?? null;
    const entry = entryFor(name, child.edit, subtree);
    let isPlaced = entry === null;
    for (const there of found.get(name) ?? []) {
      const wasFolder = isFolder(there.entry);
      // A deletion below a file that is no folder deletes nothing: the file stays.
      if (child.edit === undefined && !wasFolder && subtree === null) continue;
      if (child.edit && !wasFolder) replaced.set(child.edit, there.entry.oid);
      const takesPlace = !isPlaced && entry !== null && wasFolder === isFolder(entry);
      cuts.push({ at: there.start, until: there.end, put: takesPlace ? encodeTree([entry]) : nothing });
      isPlaced ||= takesPlace;
    }
    if (isPlaced || entry === null) continue;
    const at = placeFor(bytes, oidLength, entry);
    cuts.push({ at, until: at, put: encodeTree([entry]) });
  }
  return splice(bytes, cuts);
}

function entryFor(name: string, edit: EditNode['edit'], subtree: Oid | null): TreeEntry | null {
  if (subtree !== null) return { mode: '40000', name, oid: subtree };
  return edit ? { mode: '100644', name, oid: edit } : null;
}

/** Where in the encoded tree a new entry belongs. */
function placeFor(bytes: Uint8Array, oidLength: number, entry: TreeEntry): number {
  const cursor = new TreeCursor(bytes, oidLength);
  const name = Buffer.from(entry.name);
  while (cursor.next()) if (cursor.isBehind(name, isFolder(entry))) return cursor.start;
  return bytes.length;
}

function splice(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  // Several that are added in one place have an order of their own.
  const sorted = cuts.toSorted((a, b) => a.at - b.at || a.until - b.until || compareEntries(a.put, b.put));
  const parts: Uint8Array[] = [];
  let done = 0;
  for (const { at, until, put } of sorted) {
    parts.push(bytes.subarray(done, at), put);
    done = until;
  }
  return concatBytes([...parts, bytes.subarray(done)]);
}

/** Of encoded entries, in git's order. */
function compareEntries(a: Uint8Array, b: Uint8Array): number {
  const other = new TreeCursor(b, 0);
  const cursor = new TreeCursor(a, 0);
  cursor.next();
  other.next();
  return cursor.isBehind(b.subarray(other.nameStart, other.nameEnd), other.isFolder) ? 1 : -1;
}

function addTree(store: ObjectHasher, bytes: Uint8Array, old: Oid | null, objects: Map<Oid, NewObject>): Oid {
  const oid = store.hashObject('tree', bytes);
  if (oid !== old) objects.set(oid, { oid, type: 'tree', bytes, ...(old === null ? {} : { basis: old }) });
  return oid;
}
