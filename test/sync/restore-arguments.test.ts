/** Long arguments are looked for in what a commit changed, which may be a great deal more than was pushed. */
import { expect, test } from 'vitest';
import { editTree } from '../../src/git/edit-tree.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import type { Oid } from '../../src/git/store.ts';
import { emptyHead } from '../../src/sync/head.ts';
import { restoreArguments } from '../../src/sync/restore-arguments.ts';
import { makeBlob } from '../support/git-objects.ts';

const person = { name: 'orc', email: 'orc@localhost', at: 0 };

async function plant(store: MemoryStore, files: Readonly<Record<string, string>>): Promise<Oid> {
  const blobs = Object.entries(files).map(([path, text]) => [path, makeBlob(store, text)] as const);
  const edited = await editTree(store, null, new Map(blobs.map(([path, { oid }]) => [path, oid])));
  await store.writeObjects([...blobs.map(([, blob]) => blob), ...edited.objects]);
  return edited.root;
}

test('a text that stands under many names is looked at once', async () => {
  const store = createMemoryStore();
  const text = 'x'.repeat(2_000);
  const names = Array.from({ length: 100 }, (_, n) => n + 1);
  const crowd = names.flatMap((n) => [
    [`knowledge/k${n}.md`, text],
    [`events/${String(n).padStart(10, '0')}.jsonl`, `"${text}"\n`],
  ]);
  const before = await plant(store, { 'orc.yaml': '' });
  const tree = await plant(store, { 'orc.yaml': '', ...Object.fromEntries(crowd) });
  const commit = { tree, parents: [], author: person, committer: person, message: 'x\n' };
  const args = { text: { $blob: '0'.repeat(40), length: text.length } };
  let looks = 0;
  const hashText = (): string => {
    looks += 1;
    return 'f'.repeat(40);
  };
  const head = { ...emptyHead(), tree: before };
  const operation = { id: 'a'.repeat(32), kind: 'x.y', agent: 'ada', args };
  expect(await restoreArguments(store, head, commit, operation, hashText)).toEqual(args);
  // Once as a text, once in a line of the log.
  expect(looks).toBe(2);
});
