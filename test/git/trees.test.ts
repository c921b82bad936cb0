import { describe, expect, test } from 'vitest';
import { editTree } from '../../src/git/edit-tree.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import { encodeTree, type TreeEntry } from '../../src/git/objects.ts';
import type { NewObject, Oid } from '../../src/git/store.ts';
import { diffTrees, listFiles, type ObjectHasher, overlayReader, readPath } from '../../src/git/trees.ts';
import { makeBlob, makeObject } from '../support/git-objects.ts';

/** Writes a tree with files of these contents. */
async function plant(store: MemoryStore, files: Record<string, string>): Promise<Oid> {
  const blobs = Object.entries(files).map(([path, text]) => [path, makeBlob(store, text)] as const);
  const edited = await editTree(store, null, new Map(blobs.map(([path, blob]) => [path, blob.oid])));
  await store.writeObjects([...blobs.map(([, blob]) => blob), ...edited.objects]);
  return edited.root;
}

async function edit(store: MemoryStore, root: Oid | null, edits: Record<string, Oid | null>): Promise<Oid> {
  const edited = await editTree(store, root, new Map(Object.entries(edits)));
  await store.writeObjects(edited.objects);
  return edited.root;
}

async function writeTree(store: MemoryStore, entries: TreeEntry[]): Promise<Oid> {
  const tree = makeObject(store, 'tree', encodeTree(entries));
  await store.writeObjects([tree]);
  return tree.oid;
}

/** Counts calls, and remembers what was asked. */
function watch(store: MemoryStore): ObjectHasher & { readonly calls: Oid[][] } {
  const calls: Oid[][] = [];
  return {
    calls,
    objectFormat: store.objectFormat,
    hashObject: store.hashObject,
    readObjects: (oids) => {
      calls.push([...oids]);
      return store.readObjects(oids);
    },
  };
}

const paths = async (store: MemoryStore, root: Oid | null, under?: string) =>
  [...(await listFiles(store, root, under === undefined ? {} : { under })).keys()].sort();

describe.each(['sha1', 'sha256'] as const)('%s trees', (objectFormat) => {
  const makeStore = () => createMemoryStore({ objectFormat });

  test('listing finds all files, those of a folder, and none where nothing is', async () => {
    const store = makeStore();
    const root = await plant(store, { a: '1', 'b/c': '2', 'b/d/e': '3', 'b.txt': '4' });
    expect(await paths(store, root)).toEqual(['a', 'b.txt', 'b/c', 'b/d/e']);
    expect(await paths(store, root, 'b')).toEqual(['b/c', 'b/d/e']);
    expect(await paths(store, root, 'b/d/')).toEqual(['b/d/e']);
    expect(await paths(store, root, 'a')).toEqual([]);
    expect(await paths(store, root, 'none/at/all')).toEqual([]);
    expect(await paths(store, null)).toEqual([]);
  });

  test('listing reads once for each level', async () => {
    const store = makeStore();
    const root = await plant(store, { 'a/b/c': '1', 'd/e/f': '2', 'g/h': '3' });
    const reader = watch(store);
    await listFiles(reader, root);
    expect(reader.calls.map((oids) => oids.length)).toEqual([1, 3, 2]);
  });

  test('looks up files and folders', async () => {
    const store = makeStore();
    const root = await plant(store, { 'a/b': '1' });
    expect(await readPath(store, root, 'a/b')).toEqual({ mode: '100644', oid: makeBlob(store, '1').oid });
    expect(await readPath(store, root, 'a')).toMatchObject({ mode: '40000' });
    for (const path of ['b', 'a/c', 'a/b/c']) expect(await readPath(store, root, path)).toBe(null);
    expect(await readPath(store, null, 'a')).toBe(null);
  });

  test('comparing tells what was added, changed and removed, and reads no equal folder', async () => {
    const store = makeStore();
    const same = { 'same/x': '1', 'same/y/z': '2' };
    const from = await plant(store, { ...same, 'b/changed': '1', 'b/gone': '1', turned: 'file' });
    const to = await plant(store, { ...same, 'b/changed': '2', 'new/deep/er': '1', 'turned/into': 'folder' });
    const reader = watch(store);
    const changes = await diffTrees(reader, from, to);
    const kinds = changes.map(({ path, from: old, to: fresh }) => `${old ? 'x' : '-'}${fresh ? 'x' : '-'} ${path}`);
    expect(kinds.sort()).toEqual(['-x new/deep/er', '-x turned/into', 'x- b/gone', 'x- turned', 'xx b/changed']);
    expect(reader.calls).toHaveLength(3);
    expect(reader.calls.flat()).not.toContain((await readPath(store, from, 'same'))?.oid);
    expect(await diffTrees(reader, from, from)).toEqual([]);
    expect((await diffTrees(store, null, to)).map(({ path }) => path).sort()).toEqual(await paths(store, to));
    expect((await diffTrees(store, from, null)).every((change) => change.to === null)).toBe(true);
  });

  test('edited trees are those that planting afresh would give', async () => {
    const store = makeStore();
    const one = makeBlob(store, '1').oid;
    const root = await plant(store, { a: '0', 'b/c': '0', 'b/d/e': '0', 'x/y/z': '0' });
    const edited = await edit(store, root, {
      a: one,
      'b/d/e': null,
      'b/new': one,
      'x/y/z': null,
      'n/e/w': one,
      'not/there': null,
    });
    expect(edited).toBe(await plant(store, { a: '1', 'b/c': '0', 'b/new': '1', 'n/e/w': '1' }));
  });

  test('editing nothing, or to what is there already, makes no new tree', async () => {
    const store = makeStore();
    const root = await plant(store, { 'a/b': '1', c: '2' });
    const same = new Map<string, Oid | null>([
      ['a/b', makeBlob(store, '1').oid],
      ['no/thing', null],
      ['c/under-a-file', null],
    ]);
    for (const edits of [new Map(), same])
      expect(await editTree(store, root, edits)).toMatchObject({ root, objects: [] });
  });

  test('the last file takes its folders with it; the empty root remains', async () => {
    const store = makeStore();
    const root = await plant(store, { 'a/b/c': '1' });
    const empty = await editTree(store, root, new Map([['a/b/c', null]]));
    expect(empty.objects).toMatchObject([makeObject(store, 'tree', new Uint8Array())]);
    expect((await editTree(store, null, new Map())).root).toBe(empty.root);
  });

  test('files and folders give way to one another', async () => {
    const store = makeStore();
    const one = makeBlob(store, '1').oid;
    const root = await plant(store, { 'a/b': '0', 'a/c': '0', f: '0' });
    expect(await edit(store, root, { a: one, 'f/g': one })).toBe(await plant(store, { a: '1', 'f/g': '1' }));
    expect(await edit(store, root, { a: null, 'a/new': one })).toBe(await plant(store, { 'a/new': '1', f: '0' }));
    expect(await edit(store, root, { a: null })).toBe(await plant(store, { f: '0' }));
    await expect(edit(store, root, { a: one, 'a/b': one })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('odd entries are listed as they are, kept, and replaced when their path is written', async () => {
    const store = makeStore();
    const [blob, one] = [makeBlob(store, '0'), makeBlob(store, '1')];
    const inner = await plant(store, { x: '0' });
    const entries: TreeEntry[] = [
      { mode: '120000', name: 'link', oid: blob.oid },
      { mode: '160000', name: 'module', oid: one.oid },
      { mode: '100755', name: 'run', oid: blob.oid },
      { mode: '40000', name: 'inner', oid: inner },
    ];
    const root = await writeTree(store, entries);
    const modes = async (tree: Oid) =>
      Object.fromEntries([...(await listFiles(store, tree))].map(([path, { mode }]) => [path, mode]));
    expect(await modes(root)).toEqual({ link: '120000', module: '160000', run: '100755', 'inner/x': '100644' });
    const kept = await edit(store, root, { other: one.oid });
    expect(await modes(kept)).toEqual({
      link: '120000',
      module: '160000',
      run: '100755',
      'inner/x': '100644',
      other: '100644',
    });
    const replaced = await edit(store, root, { link: one.oid, 'module/a': one.oid, run: null });
    expect(await modes(replaced)).toEqual({ link: '100644', 'module/a': '100644', 'inner/x': '100644' });
  });

  test('names that are no names are marked, and written back byte for byte', async () => {
    const store = makeStore();
    const { oid } = makeBlob(store, '0');
    const raw = (bytes: number[]) => ({ mode: '100644' as const, name: '', oid, rawName: Uint8Array.from(bytes) });
    const strange = [raw([0x61, 0x2f, 0x62]), raw([0xff, 0xfe])];
    const root = await writeTree(store, [...strange, { mode: '100644', name: 'zebra', oid }]);
    expect(await paths(store, root)).toEqual(['a\uFFFDb', 'zebra', '\uFFFD\uFFFD']);
    const added = await edit(store, root, { new: oid });
    expect(await edit(store, added, { new: null })).toBe(root);
  });
});

test('edits follow one another over objects that are not written yet', async () => {
  const store = createMemoryStore();
  const pending = new Map<Oid, NewObject>();
  const overlay = overlayReader(store, pending);
  const one = makeBlob(store, '1').oid;
  let root: Oid | null = null;
  for (const path of ['a/b/c', 'a/b/d', 'a/e']) {
    const edited = await editTree(overlay, root, new Map([[path, one]]));
    for (const object of edited.objects) pending.set(object.oid, object);
    root = edited.root;
  }
  expect([...(await listFiles(overlay, root)).keys()].sort()).toEqual(['a/b/c', 'a/b/d', 'a/e']);
  expect(store.objects.size).toBe(0);
});

test.each(['', '/a', 'a/', 'a//b', '../a', 'a/./b', '.git/config', 'a/.GIT', 'a\0b'])(
  'refuses to write the path %j',
  async (path) => {
    const store = createMemoryStore();
    await expect(edit(store, null, { [path]: makeBlob(store, '').oid })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  },
);

test('says that the store is corrupt when a tree is missing, is something else or is malformed', async () => {
  const store = createMemoryStore();
  const blob = makeBlob(store, 'no tree');
  const broken = makeObject(store, 'tree', new TextEncoder().encode('100644 x\0short'));
  await store.writeObjects([blob, broken]);
  for (const oid of [blob.oid, broken.oid, makeBlob(store, 'missing').oid]) {
    await expect(listFiles(store, oid)).rejects.toMatchObject({ code: 'store-corrupt' });
    await expect(editTree(store, oid, new Map([['a', blob.oid]]))).rejects.toMatchObject({ code: 'store-corrupt' });
  }
});

test('gives up on a small tree that describes billions of files', async () => {
  const store = createMemoryStore();
  let oid = makeBlob(store, '').oid;
  for (let level = 0; level < 12; level++) {
    const mode = level === 0 ? ('100644' as const) : ('40000' as const);
    oid = await writeTree(
      store,
      Array.from({ length: 10 }, (_, index) => ({ mode, name: `${index}`, oid })),
    );
  }
  await expect(listFiles(store, oid, { maxFiles: 10_000 })).rejects.toMatchObject({ code: 'too-large' });
  await expect(diffTrees(store, null, oid, { maxChanges: 10_000 })).rejects.toMatchObject({ code: 'too-large' });
  expect(await diffTrees(store, null, oid, { looksInto: () => false })).toEqual([]);
});
