/** Changing files in a tree, without a work tree or an index. */
import { OrcError } from '../errors.ts';
import { encodeTree, type TreeEntry } from './objects.ts';
import type { NewObject, Oid } from './store.ts';
import { isFolder, type ObjectHasher, readTrees } from './trees.ts';

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

interface Folder {
  readonly node: EditNode;
  /** The tree that stands here now. */
  readonly oid: Oid | null;
  entries: readonly TreeEntry[];
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
      const entries = mergeEntries(folder, replaced);
      if (entries.length > 0 || folder === top) folder.result = addTree(store, entries, folder.oid, objects);
    }
  }
  return { root: top.result as Oid, objects: [...objects.values()], replaced };
}

function plantEdits(edits: ReadonlyMap<string, Oid | null>): EditNode {
  const root: EditNode = { edit: undefined, children: new Map() };
  for (const [path, oid] of edits) {
    let node = root;
    for (const name of path.split('/')) {
      if (name === '' || name === '.' || name === '..' || name.includes('\0') || name.toLowerCase() === '.git') {
        throw new OrcError('invalid-argument', `not a path inside the board: ${JSON.stringify(path)}`);
      }
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
  let level: Folder[] = [{ node: root, oid, entries: [], subfolders: new Map(), result: null }];
  while (level.length > 0) {
    levels.push(level);
    const trees = await readTrees(
      store,
      level.map((folder) => folder.oid).filter((known) => known !== null),
    );
    const next: Folder[] = [];
    for (const folder of level) {
      folder.entries = folder.oid === null ? [] : (trees.get(folder.oid) ?? []);
      const names = new Map(folder.entries.map((entry) => [entry.name, entry]));
      for (const [name, node] of folder.node.children) {
        if (node.children.size === 0) continue;
        if (node.edit)
          throw new OrcError('invalid-argument', `${JSON.stringify(name)} would be both a file and a folder`);
        const entry = names.get(name);
        // Removed and filled again in one edit: the old content does not count.
        const old = entry !== undefined && isFolder(entry) && node.edit !== null ? entry.oid : null;
        const subfolder: Folder = { node, oid: old, entries: [], subfolders: new Map(), result: null };
        folder.subfolders.set(name, subfolder);
        next.push(subfolder);
      }
    }
    level = next;
  }
  return levels;
}

function mergeEntries(folder: Folder, replaced: Map<Oid, Oid>): TreeEntry[] {
  const merged: TreeEntry[] = [];
  const names = new Set<string>();
  for (const entry of folder.entries) {
    const node = entry.rawName === undefined ? folder.node.children.get(entry.name) : undefined;
    // A deletion below a file that is no folder deletes nothing: the file stays.
    const stays =
      node === undefined || (node.edit === undefined && !isFolder(entry) && !folder.subfolders.get(entry.name)?.result);
    if (!stays) {
      if (node.edit && !isFolder(entry)) replaced.set(node.edit, entry.oid);
      continue;
    }
    merged.push(entry);
    if (node !== undefined) names.add(entry.name);
  }
  for (const [name, node] of folder.node.children) {
    if (names.has(name)) continue;
    const subtree = folder.subfolders.get(name)?.result;
    if (subtree) merged.push({ mode: '40000', name, oid: subtree });
    else if (node.edit) merged.push({ mode: '100644', name, oid: node.edit });
  }
  return merged;
}

function addTree(
  store: ObjectHasher,
  entries: readonly TreeEntry[],
  old: Oid | null,
  objects: Map<Oid, NewObject>,
): Oid {
  const bytes = encodeTree(entries);
  const oid = store.hashObject('tree', bytes);
  if (oid !== old) objects.set(oid, { oid, type: 'tree', bytes, ...(old === null ? {} : { basis: old }) });
  return oid;
}
