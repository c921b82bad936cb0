/** Fetched packs of other gits, which git's own would not have made, and git finds in order once they are kept. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeCommit, encodeTree } from '../../src/git/objects.ts';
import { encodeAsDelta, encodePackHeader, encodeWhole } from '../../src/git/packs/entry.ts';
import { keepPack } from '../../src/git/portable/keep-pack.ts';
import { createPortableStore } from '../../src/git/portable/portable-store.ts';
import type { GitStore, NewObject } from '../../src/git/store.ts';
import { checkRepository, git } from '../support/git-fixtures.ts';
import { makeBlob, makeObject } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const newStore = () => createPortableStore(join(makeTempDir(), 'board.git'), { objectFormat: 'sha1' });

const blobsLike = (store: GitStore, ends: readonly string[]): NewObject[] =>
  ends.map((end) => makeBlob(store, `${'a line that they share\n'.repeat(20)}${end}`));

/** A commit of these files among so many others that a pack of them is kept as it is. */
function commitOf(store: GitStore, files: readonly NewObject[]) {
  const others = Array.from({ length: 110 }, (_, index) => makeBlob(store, `file ${index}`));
  const entries = [...others, ...files].map(({ oid }, index) => ({
    mode: '100644' as const,
    name: `f${1000 + index}`,
    oid,
  }));
  const tree = makeObject(store, 'tree', encodeTree(entries));
  const who = { name: 'Test', email: 'test@example.com', at: 1_700_000_000_000 };
  const bytes = encodeCommit({ tree: tree.oid, parents: [], author: who, committer: who, message: 'files\n' });
  const commit = makeObject(store, 'commit', bytes);
  return { commit, rest: [...others, tree, commit].map((object) => encodeWhole(object)) };
}

async function keep(store: GitStore, head: NewObject, entries: readonly Buffer[]): Promise<void> {
  const body = Buffer.concat([encodePackHeader(entries.length), ...entries]);
  const pack = Buffer.concat([body, createHash('sha1').update(body).digest()]);
  const options = { head: head.oid, known: [], shallow: new Set<never>(), nameTemporary: () => 'one' };
  expect(await keepPack(store, pack, options)).toBeNull();
  await store.updateRefs([{ ref: 'refs/heads/orc', from: null, to: head.oid }]);
  expect(fs.readdirSync(join(store.path, 'objects/pack'))).toHaveLength(2);
  checkRepository(store.path);
}

test('an object may stand in a pack twice', async () => {
  const store = await newStore();
  const [file] = blobsLike(store, ['one']) as [NewObject];
  const { commit, rest } = commitOf(store, [file]);
  await keep(store, commit, [...rest, encodeWhole(file), encodeWhole(file)]);
  expect(git(store.path, 'cat-file', '-t', file.oid)).toBe('blob');
  expect((await store.readObjects([file.oid])).size).toBe(1);
});

test('a base that the store has may come as well, as a delta itself', async () => {
  const store = await newStore();
  const [base, middle, top] = blobsLike(store, ['', ' and more', ' and more, and more']) as [
    NewObject,
    NewObject,
    NewObject,
  ];
  await store.writeObjects([base, middle]);
  const { commit, rest } = commitOf(store, [middle, top]);
  const deltas = [encodeAsDelta(middle, top), encodeAsDelta(base, middle)] as [Buffer, Buffer];
  await keep(store, commit, [...rest, ...deltas]);
  expect(git(store.path, 'cat-file', '-p', top.oid)).toMatch(/ and more, and more$/);
});
