/** What the chain tells of a mutation, and `undo` where others act at the same time. */
import { expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import { findMutation } from '../../src/sync/past.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

async function twoClients() {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let isCut = false;
  const intercept = async () => (isCut ? ({ outcome: 'unreachable', reason: 'away' } as const) : undefined);
  const a = memoryClient({ name: 'alpha', upstream, clock, intercept });
  const b = memoryClient({ name: 'beta', upstream, clock });
  await beginBoard(a);
  const added = await a.ask('task.add', { workstream: 'w', title: 'T' });
  const id = added.outcome.outcome === 'accepted' && 'task' in added.outcome.result ? added.outcome.result.task : '';
  await b.session.sync({ timeoutMs: 1000 });
  return { upstream, clock, a, b, id, setCut: (cut: boolean) => (isCut = cut) };
}

async function mutation({ store, session }: MemoryClient, version: number) {
  return findMutation(store, (await session.view.head()).commit, version);
}

async function taskOf({ session }: MemoryClient, id: string) {
  return (await session.view.head()).read.board.tasks.get(id);
}

test('a mutation is told by its commit: who did what, and each record before and after', async () => {
  const { a, id } = await twoClients();
  const before = await taskOf(a, id);
  const done = await a.ask('task.complete', { id, result: 'Done' }, 'agent-1');
  expect(await mutation(a, 4)).toEqual({
    ...{ version: 4, op: done.operation.id, kind: 'task.complete', agent: 'agent-1' },
    changes: [
      {
        ...{ collection: 'tasks', key: id, before },
        after: expect.objectContaining({ status: 'done', result: 'Done', title: 'T' }),
      },
    ],
  });
  expect(await mutation(a, 1)).toMatchObject({ kind: 'board.init' });
  expect((await mutation(a, 2)) as object).toMatchObject({
    changes: [{ collection: 'workstreams', key: 'w', before: null }],
  });
  expect(await mutation(a, 5)).toBe(null);
  expect(await mutation(a, 0)).toBe(null);
});

test('of two who take the same back, one does', async () => {
  const { a, b, id } = await twoClients();
  await a.ask('task.complete', { id });
  const answers = await Promise.all([a.ask('undo', { version: 4 }), b.ask('undo', { version: 4 })]);
  const outcomes = answers.map(({ outcome }) => (outcome.outcome === 'refused' ? outcome.code : outcome.outcome));
  expect(outcomes.sort()).toEqual(['accepted', 'conflict']);
  await a.session.sync({ timeoutMs: 1000 });
  expect(await taskOf(a, id)).toMatchObject({ status: 'pending' });
});

test('2. what somebody builds on it in the meantime stands in the way', async () => {
  const { a, b, id } = await twoClients();
  await a.ask('task.complete', { id });
  await b.ask('task.note', { id, text: 'thanks' });
  // Alpha does not know of the note when it asks.
  expect((await a.ask('undo', { version: 4 })).outcome).toMatchObject({ outcome: 'refused', code: 'conflict' });
});

test('an undo that waited in the queue is decided on the board as it is by then', async () => {
  const { a, b, id, setCut } = await twoClients();
  await a.ask('task.complete', { id });
  // The round of the completion comes to its end: who asks meanwhile would join it.
  await new Promise((resolve) => setImmediate(resolve));
  setCut(true);
  const queued = await a.ask('undo', { version: 4 }, 'alpha', { timeoutMs: 100 });
  expect(queued).toMatchObject({ published: false, state: 'queued' });
  expect((await a.session.localHead()).read.board.tasks.get(id)).toMatchObject({ status: 'pending' });
  await b.ask('task.note', { id, text: 'thanks' });
  setCut(false);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ rejected: 1 });
  expect(await a.queue.listRejected()).toMatchObject([{ refusal: { code: 'conflict' } }]);
});

test('a number that is not published yet names nothing, whatever this store has on top', async () => {
  const { a, b, id, setCut } = await twoClients();
  await b.ask('event.log', { action: 'elsewhere' });
  setCut(true);
  await a.ask('task.complete', { id }, 'alpha', { timeoutMs: 100 });
  // Here, version 4 is the completion; upstream it is an event of somebody else.
  const answer = await a.ask('undo', { version: 4 }, 'alpha', { timeoutMs: 100 });
  expect(answer.outcome).toMatchObject({ outcome: 'refused', code: 'not-found' });
});

test('a shallow store takes back what it has both sides of, and says so of the rest', async () => {
  const { a, upstream, clock, id } = await twoClients();
  await a.ask('task.edit', { id, title: 'New' });
  await a.ask('task.complete', { id });
  const reader = memoryClient({ name: 'reader', upstream, clock });
  await reader.session.view.fetch({ timeoutMs: 1000, depth: 2 });
  expect(await mutation(reader, 3)).toBe('cut');
  expect(await mutation(reader, 4)).toBe('cut');
  expect(await mutation(reader, 5)).toMatchObject({ kind: 'task.complete' });
  expect((await reader.ask('undo', { version: 4 })).outcome).toMatchObject({ outcome: 'refused', code: 'not-found' });
  expect((await reader.ask('undo', { version: 5 })).outcome).toMatchObject({ outcome: 'accepted', version: 6 });
});

test('what a later head brings is looked up there', async () => {
  const { a, b, id, upstream } = await twoClients();
  await a.ask('task.complete', { id });
  const seen = (await b.session.view.head()).commit as Oid;
  expect(seen).not.toBe(upstream.head);
  expect((await b.ask('undo', { version: 4 })).outcome).toMatchObject({ outcome: 'accepted', version: 5 });
});
