import { expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { Isolation, refusalTries } from '../../src/sync/isolation.ts';
import { type Unit, unitsOf } from '../../src/sync/queue.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

/** An upstream whose hook refuses every push with a commit that speaks of poison. */
function pickyUpstream() {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let pushes = 0;
  let isRefusingAll = false;
  const a: MemoryClient = memoryClient({
    name: 'alpha',
    upstream,
    clock,
    intercept: async (stage, { oid, head }) => {
      if (stage !== 'before-push') return undefined;
      pushes++;
      return isRefusingAll || speaksOfPoison(a, oid, head)
        ? { outcome: 'rejected', reason: 'no poison here' }
        : undefined;
    },
  });
  return { a, clock, pushes: () => pushes, refuseAll: (on: boolean) => (isRefusingAll = on) };
}

function speaksOfPoison(client: MemoryClient, from: Oid | null, until: Oid | null): boolean {
  for (let oid = from; oid !== null && oid !== until; ) {
    const object = client.store.objects.get(oid);
    if (object === undefined) return false;
    const { message, parents } = decodeCommit(object.bytes);
    if (message.includes('poison')) return true;
    oid = parents[0] ?? null;
  }
  return false;
}

const add = (client: MemoryClient, title: string, publish = true) =>
  client.ask('task.add', { workstream: 'w', title }, undefined, { publish });

async function titles(client: MemoryClient): Promise<string[]> {
  return [...(await client.session.view.head()).read.board.openTasks()].map(({ title }) => title).sort();
}

test('4. of many queued operations the one that the upstream refuses goes to the rejected, the others are published', async () => {
  const { a, pushes } = pickyUpstream();
  await beginBoard(a);
  for (let i = 0; i < 20; i++) await add(a, i === 7 ? 'poison' : `task ${String(i).padStart(2, '0')}`, false);
  const before = pushes();
  const report = await a.session.sync({ timeoutMs: 60_000 });
  expect(report).toMatchObject({ published: 19, rejected: 1, waiting: 0, reason: null });
  expect(await titles(a)).toHaveLength(19);
  const [rejected, ...others] = await a.queue.listRejected();
  expect(others).toEqual([]);
  expect(rejected?.operation.args.title).toBe('poison');
  expect(rejected?.refusal).toMatchObject({
    code: 'upstream-refused',
    message: expect.stringContaining('no poison here'),
  });
  // Halving, not one by one.
  expect(pushes() - before).toBeLessThan(15);
});

test('4. a fresh call is not held up by a poisonous one that was queued earlier', async () => {
  const { a } = pickyUpstream();
  await beginBoard(a);
  await add(a, 'poison', false);
  const answer = await add(a, 'fresh');
  expect(answer).toMatchObject({ published: true, state: 'published' });
  await a.session.sync({ timeoutMs: 60_000 });
  expect((await a.queue.listRejected()).map(({ operation }) => operation.args.title)).toEqual(['poison']);
});

test('4. of concurrent callers only the one whose operation is refused hears so', async () => {
  const { a } = pickyUpstream();
  await beginBoard(a);
  const answers = await Promise.all(['one', 'poison', 'three'].map((title) => add(a, title)));
  expect(answers.map(({ outcome }) => (outcome.outcome === 'refused' ? outcome.code : outcome.outcome))).toEqual([
    'accepted',
    'upstream-refused',
    'accepted',
  ]);
  expect(await a.queue.list()).toEqual([]);
  expect(await a.queue.listRejected()).toEqual([]);
});

test('4. several poisonous ones are all found', async () => {
  const { a } = pickyUpstream();
  await beginBoard(a);
  for (let i = 0; i < 12; i++) await add(a, i % 5 === 0 ? `poison ${i}` : `task ${i}`, false);
  for (let tries = 0; tries < 3 && (await a.queue.list()).length > 0; tries++)
    await a.session.sync({ timeoutMs: 60_000 });
  expect(await titles(a)).toHaveLength(9);
  expect(await a.queue.listRejected()).toHaveLength(3);
});

test('4. an upstream that refuses everything: callers hear so, what was queued stays', async () => {
  const { a, refuseAll, pushes } = pickyUpstream();
  await beginBoard(a);
  for (let i = 0; i < 9; i++) await add(a, `task ${i}`, false);
  refuseAll(true);
  const before = pushes();
  const answer = await add(a, 'fresh');
  expect(answer.outcome).toMatchObject({ outcome: 'refused', code: 'upstream-refused' });
  expect(await a.queue.list()).toHaveLength(9);
  expect(await a.queue.listRejected()).toEqual([]);
  expect(pushes() - before).toBeLessThan(40);
  refuseAll(false);
  expect(await a.session.sync({ timeoutMs: 60_000 })).toMatchObject({ published: 9, waiting: 0 });
});

test.each([1, 2, 3])(
  '4. an upstream that refuses everything, and %i in the queue: sync says so at once',
  async (count) => {
    const { a, clock, refuseAll, pushes } = pickyUpstream();
    await beginBoard(a);
    for (let i = 0; i < count; i++) await add(a, `task ${i}`, false);
    refuseAll(true);
    const [before, began] = [pushes(), clock.monotonic()];
    const report = await a.session.sync({ timeoutMs: 60_000 });
    expect(report).toMatchObject({
      published: 0,
      rejected: 0,
      waiting: count,
      reachable: true,
      reason: 'no poison here',
    });
    expect(pushes() - before).toBeLessThan(15);
    expect(clock.monotonic() - began).toBeLessThan(30_000);
  },
);

test('4. two callers at once, and an upstream that refuses everything: both hear so', async () => {
  const { a, clock, refuseAll } = pickyUpstream();
  await beginBoard(a);
  refuseAll(true);
  const began = clock.monotonic();
  const answers = await Promise.all(['one', 'two'].map((title) => add(a, title)));
  for (const { outcome } of answers) expect(outcome).toMatchObject({ outcome: 'refused', code: 'upstream-refused' });
  expect(clock.monotonic() - began).toBeLessThan(30_000);
  expect(await a.queue.list()).toEqual([]);
});

test('4. one that is set apart is tried again when nothing is left that could land without it', () => {
  const isolation = new Isolation();
  const [first, second] = [unitOf('op-1'), unitOf('op-2')];
  const tries = (units: readonly Unit[]): boolean[] =>
    Array.from({ length: refusalTries }, () => isolation.refused(isolation.select(units), 'no'));
  expect(tries([first, second])).toEqual([true, true, true]);
  expect(isolation.select([first, second])).toEqual([first]);
  expect(tries([first, second])).toEqual([true, true, true]);
  expect(isolation.select([first, second])).toEqual([second]);
  // Another process publishes the second.
  expect(isolation.select([first])).toEqual([]);
  expect(isolation.settled(false)).toEqual([]);
  expect(isolation.select([first])).toEqual([first]);
  expect(tries([first]).at(-1)).toBe(false);
});

function unitOf(id: string): Unit {
  return unitsOf([
    {
      operation: { id, kind: 'task.add', agent: 'a', args: {} },
      order: id,
      base: 1,
      asked_at: 0,
      owner: { session: 'a', process: 'a', seen_at: 0 },
      deferred: false,
      told: null,
      sent: null,
      outcome: null,
    },
  ])[0] as Unit;
}

test('4. an upstream that refuses everything, and a call beside it that has its own no: the other hears so at once', async () => {
  const { a, clock, refuseAll } = pickyUpstream();
  await beginBoard(a);
  refuseAll(true);
  const began = clock.monotonic();
  const [added, noted] = await Promise.all([add(a, 'one'), a.ask('task.note', { id: '00000000', text: 'of no task' })]);
  expect(noted.outcome).toMatchObject({ outcome: 'refused', code: 'not-found' });
  expect(added.outcome).toMatchObject({ outcome: 'refused', code: 'upstream-refused' });
  expect(clock.monotonic() - began).toBeLessThan(30_000);
  expect(await a.queue.list()).toEqual([]);
});
