import { expect, test } from 'vitest';
import { headAt, type When } from '../../src/app/head-at.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeCommit } from '../../src/git/objects.ts';
import type { GitStore, Oid } from '../../src/git/store.ts';
import { emptyHead } from '../../src/sync/head.ts';
import { walkLine } from '../../src/sync/line.ts';
import { writeChain } from '../support/git-objects.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

const minute = 60_000;

/** Versions 1 to 5, a minute apart; then a manual edit, and version 6 after that. */
async function makeBoard() {
  const clock = fakeClock();
  const upstream = new MemoryUpstream();
  const author = memoryClient({ name: 'author', upstream, clock });
  await beginBoard(author);
  for (const title of ['Third', 'Fourth', 'Fifth']) {
    clock.advance(minute);
    await author.ask('task.add', { workstream: 'w', title });
  }
  clock.advance(minute);
  const edit = await editByHand(author, upstream.head as Oid, clock.now());
  upstream.moveHead(edit, author.store);
  clock.advance(minute);
  await author.session.sync({ timeoutMs: 1000 });
  await author.ask('task.add', { workstream: 'w', title: 'After the edit' });
  return { clock, upstream, author, edit };
}

async function editByHand({ store }: MemoryClient, parent: Oid, at: number): Promise<Oid> {
  const { tree, author } = decodeCommit((await store.readObjects([parent])).get(parent)?.bytes as Uint8Array);
  const who = { ...author, at: Math.floor(at / 1000) * 1000 };
  const bytes = encodeCommit({ tree, parents: [parent], author: who, committer: who, message: 'tidied up\n' });
  const oid = store.hashObject('commit', bytes);
  await store.writeObjects([{ type: 'commit', bytes, oid }]);
  return oid;
}

async function look({ store, session }: MemoryClient, when: When, now = 0) {
  const { head, at } = await headAt(store, await session.view.head(), when, now);
  const titles = [...head.read.board.openTasks()].map(({ title }) => title);
  return { commit: head.commit, version: head.read.board.meta.version, titles: titles.sort(), at };
}

const heads = ({ heads: all }: MemoryUpstream): Oid[] => all.filter((head) => head !== null);

test('by version, whether a number or words', async () => {
  const { author, upstream } = await makeBoard();
  for (const when of [4, '4', 'v4']) {
    expect(await look(author, when)).toMatchObject({
      commit: heads(upstream)[3],
      version: 4,
      titles: ['Fourth', 'Third'],
    });
  }
  expect(await look(author, 1)).toMatchObject({ version: 1, titles: [] });
  expect(await look(author, 6)).toMatchObject({ version: 6, commit: upstream.head });
});

test('by commit, a manual edit too', async () => {
  const { author, upstream, edit } = await makeBoard();
  const third = heads(upstream)[2] as Oid;
  expect(await look(author, third)).toMatchObject({ version: 3, titles: ['Third'] });
  expect(await look(author, third.slice(0, 7).toUpperCase())).toMatchObject({ commit: third });
  expect(await look(author, edit.slice(0, 10))).toMatchObject({ commit: edit, version: 5 });
});

test('by time: the newest commit that is not younger', async () => {
  const { author, upstream, edit, clock } = await makeBoard();
  const fourth = await look(author, 4);
  expect(await look(author, new Date(fourth.at))).toMatchObject({ version: 4 });
  expect(await look(author, new Date(fourth.at - 1).toISOString())).toMatchObject({ version: 3 });
  expect(await look(author, new Date(fourth.at + 30_000))).toMatchObject({ version: 4 });
  expect(await look(author, '2030-01-01')).toMatchObject({ commit: upstream.head });
  expect((await look(author, '30s', clock.now())).commit).toBe(edit);
  expect((await look(author, '90s', clock.now())).commit).toBe(heads(upstream)[4]);
});

test('what was never there is told with its reason', async () => {
  const { author, clock } = await makeBoard();
  const failure = (when: When) =>
    look(author, when, clock.now()).then(
      () => null,
      (error: unknown) => error,
    );
  expect(await failure(0)).toMatchObject({ code: 'not-found', message: expect.stringContaining('had not begun') });
  expect(await failure(99)).toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('newest one here is 6'),
    details: { newest: 6 },
  });
  expect(await failure('2025-12-31')).toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('had not begun'),
  });
  expect(await failure('abcdef0')).toMatchObject({ code: 'not-found', message: expect.stringContaining('no commit') });
  for (const when of ['', 'yesterday', 'abc', '1.5', '-1', 'v', new Date(Number.NaN), Number.NaN]) {
    expect(await failure(when)).toMatchObject({ code: 'invalid-argument' });
  }
});

test('a version that was skipped after a manual edit is told apart from one that is yet to come', async () => {
  const { author, upstream, clock } = await makeBoard();
  const head = await author.session.view.head();
  const skipping: Oid[] = [];
  for await (const { commit, trailers } of walkLine(author.store, upstream.head))
    if (trailers?.version !== 3) skipping.push(commit);
  const store = withoutCommits(author.store, skipping);
  await expect(headAt(store, { ...head, commit: skipping[0] as Oid }, 3, clock.now())).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('skipped'),
  });
});

/** The same store, with a history of these commits alone. */
function withoutCommits(store: MemoryStore, line: readonly Oid[]): GitStore {
  const parentOf = new Map(line.map((commit, index) => [commit, line[index + 1]]));
  const objects = new Map(store.objects);
  for (const commit of line) {
    const parent = parentOf.get(commit);
    const decoded = decodeCommit(objects.get(commit)?.bytes as Uint8Array);
    const bytes = encodeCommit({ ...decoded, parents: parent === undefined ? [] : [parent] });
    objects.set(commit, { type: 'commit', bytes });
  }
  return createMemoryStore({ objects });
}

test('a shallow store says that it is cut off', async () => {
  const { upstream, clock } = await makeBoard();
  const reader = memoryClient({ name: 'reader', upstream, clock });
  await reader.session.view.fetch({ timeoutMs: 1000, depth: 3 });
  expect(await look(reader, 5)).toMatchObject({ version: 5 });
  for (const when of [4, '2026-01-01', 'abcdef0'])
    await expect(look(reader, when)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('shallow'),
    });
});

test('digits that begin several commits are ambiguous; a whole id is not', async () => {
  const store = createMemoryStore();
  const who = { name: 'A', email: 'a@example.com', at: 0 };
  const ids = ['abcdef1', 'abcdef2', '1234567'].map((start) => start.padEnd(40, '0') as Oid);
  for (const [index, id] of ids.entries()) {
    const parents = ids.slice(index + 1, index + 2);
    const bytes = encodeCommit({ tree: id, parents, author: who, committer: who, message: `${index}\n` });
    store.objects.set(id, { type: 'commit', bytes });
  }
  const head = { ...emptyHead(), commit: ids[0] as Oid };
  await expect(headAt(store, head, 'abcdef', 0)).rejects.toMatchObject({ code: 'ambiguous-id' });
});

test('before the first commit there is nothing to find', async () => {
  await expect(headAt(createMemoryStore(), emptyHead(), 1, 0)).rejects.toMatchObject({ code: 'not-found' });
});

test('a long line is listed in bulk where the store can, with the same commits', async () => {
  const store = createMemoryStore();
  const line = (await writeChain(store, 900, 'long')).reverse();
  const asked: number[] = [];
  const listing: GitStore = {
    ...store,
    listFirstParents: async (from, limit) => {
      asked.push(limit);
      return line.slice(line.indexOf(from), line.indexOf(from) + Math.min(limit, 300));
    },
  };
  for (const each of [store, listing]) {
    const found: Oid[] = [];
    for await (const { commit } of walkLine(each, line[0] as Oid)) found.push(commit);
    expect(found).toEqual(line);
  }
  expect(asked).toHaveLength(3);
});
