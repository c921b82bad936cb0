import { expect, test } from 'vitest';
import { MissingRecord } from '../../src/core/shelf.ts';
import { editTree } from '../../src/git/edit-tree.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeCommit } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { provideRecord } from '../../src/sync/head.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

const lines = (...text: string[]): string => `${text.join('\n')}\n`;

async function twoAuthors(first: string) {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  const b = memoryClient({ name: 'beta', upstream, clock });
  await beginBoard(a);
  await write(a, first, true);
  await b.session.sync({ timeoutMs: 1000 });
  return { a, b, upstream };
}

function write(client: MemoryClient, content: string, publish: boolean) {
  return client.ask('knowledge.write', { topic: 'notes', content }, undefined, { publish });
}

/** Somebody pushes the file of the topic with plain git. */
async function putByHand(upstream: MemoryUpstream, { store }: MemoryClient, text: string): Promise<void> {
  const parent = upstream.head as Oid;
  const { tree, author, committer } = decodeCommit(upstream.objects.get(parent)?.bytes as Uint8Array);
  const blob = { type: 'blob', bytes: Buffer.from(text) } as const;
  const blobOid = store.hashObject(blob.type, blob.bytes);
  const { root, objects } = await editTree(store, tree, new Map([['knowledge/notes.md', blobOid]]));
  const bytes = encodeCommit({ tree: root, parents: [parent], author, committer, message: 'by hand\n' });
  const oid = store.hashObject('commit', bytes);
  await store.writeObjects([...objects, { oid: blobOid, ...blob }, { oid, type: 'commit', bytes }]);
  upstream.moveHead(oid, store);
}

async function published(client: MemoryClient): Promise<string | undefined> {
  await client.session.sync({ timeoutMs: 1000 });
  const head = await client.session.view.head();
  const { board } = head.read;
  try {
    return board.knowledge.get('notes')?.content;
  } catch (error) {
    if (!(error instanceof MissingRecord)) throw error;
    await provideRecord(client.store, head.tree, board, error);
    return board.knowledge.get('notes')?.content;
  }
}

test('texts that were written in parallel are merged where they changed different lines', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two', 'three', 'four', 'five'));
  await write(a, lines('ONE', 'two', 'three', 'four', 'five'), false);
  await write(b, lines('one', 'two', 'three', 'four', 'FIVE'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 1, rejected: 0 });
  expect(await published(b)).toBe(lines('ONE', 'two', 'three', 'four', 'FIVE'));
});

test('a chain of queued writes is merged as a whole: what others wrote in between stays', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two', 'three', 'four', 'five'));
  await write(a, lines('ONE', 'two', 'three', 'four', 'five'), false);
  await write(a, lines('ONE', 'two', 'THREE', 'four', 'five'), false);
  await write(b, lines('one', 'two', 'three', 'four', 'FIVE'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 2, rejected: 0 });
  expect(await published(b)).toBe(lines('ONE', 'two', 'THREE', 'four', 'FIVE'));
});

test('the same lines: refused as a conflict, and both texts are kept', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two'));
  await write(a, lines('of alpha', 'two'), false);
  await write(b, lines('of beta', 'two'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1, waiting: 0 });
  expect(await published(b)).toBe(lines('of beta', 'two'));
  const [rejected] = await a.queue.listRejected();
  expect(rejected?.refusal).toMatchObject({ code: 'conflict', message: expect.stringContaining('beta') });
  expect(rejected?.operation.args.content).toBe(lines('of alpha', 'two'));
});

test('the same change on both sides is no conflict', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two'));
  await write(a, lines('ONE', 'two'), false);
  await write(b, lines('ONE', 'two'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ rejected: 0, waiting: 0 });
  expect(await published(b)).toBe(lines('ONE', 'two'));
});

test('a topic that was deleted meanwhile is not brought back behind its back', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two'));
  await write(a, lines('ONE', 'two'), false);
  await b.ask('knowledge.delete', { topic: 'notes' });
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1 });
  expect((await a.queue.listRejected())[0]?.refusal.message).toContain('deleted');
});

test('two first texts on one topic conflict', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  const b = memoryClient({ name: 'beta', upstream, clock });
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  await write(a, 'of alpha\n', false);
  await write(b, 'of beta\n', true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1 });
});

test('a queued deletion is of the text that was there, and of no other one', async () => {
  const { a, b } = await twoAuthors(lines('one', 'two'));
  const remove = () => a.ask('knowledge.delete', { topic: 'notes' }, undefined, { publish: false });
  await remove();
  await write(b, lines('one', 'two', 'of beta'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1, waiting: 0 });
  const [rejected] = await a.queue.listRejected();
  expect(rejected?.refusal).toMatchObject({ code: 'conflict', message: expect.stringContaining('wrote version') });
  expect(await published(b)).toBe(lines('one', 'two', 'of beta'));
  await remove();
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 1 });
  expect(await published(b)).toBeUndefined();
});

test('what a refused deletion hints at can be pasted, whatever the topic is called', async () => {
  const { a, b } = await twoAuthors(lines('one'));
  const topic = 'a $(b)';
  await a.ask('knowledge.write', { topic, content: 'x' });
  await a.ask('knowledge.delete', { topic }, undefined, { publish: false });
  await b.ask('knowledge.append', { topic, content: 'y' });
  await a.session.sync({ timeoutMs: 1000 });
  expect((await a.queue.listRejected())[0]?.refusal.hint).toContain("`orc kb delete 'a $(b)'`");
});

test('what was queued after a text that is refused for its size is refused with it', async () => {
  const long = (name: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${name}${at} `.padEnd(1000, name));
  const first = long('f', 500);
  const { a, b } = await twoAuthors(lines(...first));
  await write(a, lines(...long('a', 400), ...first), false);
  await a.ask('knowledge.append', { topic: 'notes', content: 'on top of that' }, undefined, { publish: false });
  await write(b, lines(...first, ...long('b', 400)), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 2 });
  expect((await a.queue.listRejected()).map(({ refusal }) => refusal.code).sort()).toEqual(['conflict', 'too-large']);
});

test('a text that was queued in the place of one that cannot be read replaces it, and nothing else that came there', async () => {
  const broken = '---\ntags: one, two\n---\nby hand\n';
  const { a, b, upstream } = await twoAuthors(lines('one'));
  await putByHand(upstream, b, broken);
  await a.session.sync({ timeoutMs: 1000 });
  await write(a, lines('anew'), false);
  await write(a, lines('anew', 'more'), false);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 2, rejected: 0 });
  expect(await published(b)).toBe(lines('anew', 'more'));

  await putByHand(upstream, b, broken);
  await a.session.sync({ timeoutMs: 1000 });
  await write(a, lines('again'), false);
  await putByHand(upstream, b, lines('mended'));
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1 });
  expect(await published(b)).toBe(lines('mended'));
});

test('a first text does not replace one that came meanwhile and cannot be read', async () => {
  const { a, b, upstream } = await twoAuthors(lines('one'));
  await b.ask('knowledge.delete', { topic: 'notes' });
  await a.session.sync({ timeoutMs: 1000 });
  await write(a, lines('first'), false);
  await putByHand(upstream, b, '---\ntags: one, two\n---\nby hand\n');
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1 });
  expect((await a.queue.listRejected())[0]?.refusal.code).toBe('board-unreadable');
});

test('what was queued on top of a line of a batch that is refused is refused with it', async () => {
  const { a, b } = await twoAuthors(lines('one'));
  await a.ask('knowledge.write', { topic: 'other', content: lines('two') });
  const batch = ['notes', 'other'].map((topic, index) => ({
    id: `${index}`.repeat(32),
    kind: 'knowledge.write',
    agent: 'alpha',
    args: { topic, content: lines('of alpha') },
    batch: { id: 'f'.repeat(32), k: index + 1, n: 2 },
  }));
  await a.session.submit(batch, { publish: false, timeoutMs: 1000 });
  await a.ask('knowledge.append', { topic: 'other', content: 'on top of that' }, undefined, { publish: false });
  await write(b, lines('of beta'), true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 3 });
});
