/** Reading for a look: the files below a tree, few of them here, many by git. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editTree } from '../../src/git/edit-tree.ts';
import { openLookReader } from '../../src/git/native/look-reader.ts';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import type { NewObject, Oid } from '../../src/git/store.ts';
import { listFiles } from '../../src/git/trees.ts';
import { isolatedEnv } from '../support/git-fixtures.ts';
import { makeBlob } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A store with a tree of so many files, each in a folder of its own; all of its objects are files. */
async function makeTree(count: number) {
  const path = join(makeTempDir(), 'board.git');
  const store = await createNativeStore(path, { objectFormat: 'sha1', env: isolatedEnv });
  const blobs = Array.from({ length: count }, (_, n) => makeBlob(store, `File ${n}\nünïcödé\n`));
  const edits = new Map(blobs.map(({ oid }, n) => [`f${String(n).padStart(4, '0')}/of ${n}.txt`, oid] as const));
  const { root, objects } = await editTree(store, null, edits);
  const all: NewObject[] = [...blobs, ...objects];
  for (let at = 0; at < all.length; at += 50) await store.writeObjects(all.slice(at, at + 50));
  await store.close();
  const started: string[] = [];
  const reader = openLookReader(path, { env: isolatedEnv, onStart: (args) => started.push(args[1] ?? '') });
  const blobOf = (n: number) => (blobs[n] as NewObject).oid;
  return { path, reader, root, blobOf, started };
}

async function readAll({ reader, root }: Awaited<ReturnType<typeof makeTree>>, tree: Oid = root) {
  const found = new Map<string, string | null>();
  const { done } = await reader.beginFiles(tree, ({ path, mode, object }) => {
    found.set(`${mode} ${path}`, object && `${object.type} ${new TextDecoder().decode(object.bytes)}`);
  });
  await done;
  return found;
}

const fileOf = ({ path }: { readonly path: string }, oid: Oid): string =>
  join(path, 'objects', oid.slice(0, 2), oid.slice(2));

const contents = (count: number): Map<string, string> =>
  new Map(
    Array.from({ length: count }, (_, n) => [
      `100644 f${String(n).padStart(4, '0')}/of ${n}.txt`,
      `blob File ${n}\nünïcödé\n`,
    ]),
  );

test('a few files are read without a process', async () => {
  const made = await makeTree(5);
  expect(await readAll(made)).toEqual(contents(5));
  expect(made.started).toEqual([]);
});

test('many are read by one git that lists them and one that reads them, in order', async () => {
  const made = await makeTree(70);
  const found = await readAll(made);
  expect([...found]).toEqual([...contents(70)]);
  expect(made.started).toEqual(['ls-tree', 'cat-file']);
  const ids = [...(await listFiles(made.reader, made.root)).values()].map(({ oid }) => oid);
  expect((await made.reader.readObjects(ids)).size).toBe(70);
});

test('a file that the store lacks is told as such, a tree that it lacks ends the reading', async () => {
  const made = await makeTree(70);
  rmSync(fileOf(made, made.blobOf(7)));
  expect((await readAll(made)).get(' ')).toBeNull();
  rmSync(fileOf(made, made.root));
  await expect(readAll(made)).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('an object that is damaged is an error, not a missing one', async () => {
  const made = await makeTree(70);
  const file = fileOf(made, made.blobOf(7));
  chmodSync(file, 0o644);
  writeFileSync(file, 'nonsense');
  await expect(readAll(made)).rejects.toMatchObject({ code: 'store-corrupt' });
});
