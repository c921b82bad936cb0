import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editTree } from '../../src/git/edit-tree.ts';
import { createMemoryStore } from '../../src/git/memory.ts';
import { type EntryMode, encodeTree, type TreeEntry } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { isCanonicalTree, TreeCursor } from '../../src/git/tree-cursor.ts';
import { makeObject } from '../support/git-objects.ts';

const oid = (digit: string): Oid => digit.repeat(40) as Oid;
const entry = (mode: EntryMode, name: string, digit = '1'): TreeEntry => ({ mode, name, oid: oid(digit) });

test('walks over the entries and says what stands where', () => {
  const bytes = encodeTree([entry('100644', 'a', '1'), entry('40000', 'b', '2')]);
  const cursor = new TreeCursor(bytes, 40);
  expect(cursor.next()).toBe(true);
  expect([cursor.isNamed(Buffer.from('a')), cursor.isNamed(Buffer.from('ab')), cursor.isFolder]).toEqual([
    true,
    false,
    false,
  ]);
  expect(cursor.next()).toBe(true);
  expect([cursor.isFolder, cursor.entry('b')]).toEqual([true, entry('40000', 'b', '2')]);
  expect(cursor.next()).toBe(false);
  expect(() => new TreeCursor(bytes.subarray(0, 20), 40).next()).toThrow('malformed');
});

test('a tree that git would not have written like this is told apart', () => {
  const [a, b] = [encodeTree([entry('100644', 'a')]), encodeTree([entry('100644', 'b')])];
  expect(isCanonicalTree(Buffer.concat([a, b]), 40)).toBe(true);
  expect(isCanonicalTree(Buffer.concat([b, a]), 40)).toBe(false);
  expect(isCanonicalTree(Buffer.concat([a, a]), 40)).toBe(false);
  const padded = Buffer.concat([Buffer.from('0'), encodeTree([entry('40000', 'a')])]);
  expect(isCanonicalTree(padded, 40)).toBe(false);
  // A folder is sorted as if its name ended in a slash.
  const folderFirst = Buffer.concat([encodeTree([entry('40000', 'a')]), encodeTree([entry('100644', 'a.b')])]);
  expect(isCanonicalTree(folderFirst, 40)).toBe(false);
});

test('a disordered tree comes out of an edit in order, and a name that stands twice once', async () => {
  const store = createMemoryStore();
  const [a, b] = [encodeTree([entry('100644', 'a', '1')]), encodeTree([entry('100644', 'b', '2')])];
  const tree = makeObject(store, 'tree', Buffer.concat([b, a, b]));
  await store.writeObjects([tree]);
  const { objects } = await editTree(store, tree.oid, new Map([['b', oid('3')]]));
  expect(Buffer.from(objects[0]?.bytes ?? [])).toEqual(
    Buffer.from(encodeTree([entry('100644', 'a', '1'), entry('100644', 'b', '3')])),
  );
});

test('any edits of one folder give what encoding it afresh gives', async () => {
  const name = fc.constantFrom('a', 'a.b', 'a0', 'a-', 'b', 'b.c', 'ab', 'ä', 'z');
  const standing = fc.uniqueArray(fc.record({ name, isFolder: fc.boolean() }), { selector: (each) => each.name });
  const edits = fc.uniqueArray(fc.record({ name, isGone: fc.boolean() }), { selector: (each) => each.name });
  await fc.assert(
    fc.asyncProperty(standing, edits, async (before, changes) => {
      const store = createMemoryStore();
      const entries = before.map((each) => entry(each.isFolder ? '40000' : '100644', each.name, '1'));
      const tree = makeObject(store, 'tree', encodeTree(entries));
      await store.writeObjects([tree]);
      const { root } = await editTree(
        store,
        tree.oid,
        new Map(changes.map((each) => [each.name, each.isGone ? null : oid('2')])),
      );
      const changed = new Set<string>(changes.map((each) => each.name));
      const written = changes.filter(({ isGone }) => !isGone).map((each) => entry('100644', each.name, '2'));
      const expected = encodeTree([...entries.filter((each) => !changed.has(each.name)), ...written]);
      expect(root).toBe(store.hashObject('tree', expected));
    }),
    { numRuns: 300 },
  );
});
