import { expect, test } from 'vitest';
import { OrcError } from '../../src/errors.ts';
import { createMemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { trackingRef } from '../../src/sync/refs.ts';
import { beginBoard, boardId, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

function twoClients() {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  const b = memoryClient({ name: 'beta', upstream, clock });
  return { upstream, clock, a, b };
}

async function addTask(client: MemoryClient, title = 'T'): Promise<string> {
  const answer = await client.ask('task.add', { workstream: 'w', title });
  if (answer.outcome.outcome !== 'accepted' || !('task' in answer.outcome.result))
    throw new Error(JSON.stringify(answer.outcome));
  return answer.outcome.result.task;
}

test('1. an accepted operation is published, with its version and record', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const answer = await a.ask('task.add', { workstream: 'w', title: 'First' });
  expect(answer).toMatchObject({
    published: true,
    state: 'published',
    outcome: { outcome: 'accepted', version: 3, record: { title: 'First' } },
  });
  expect(upstream.heads).toHaveLength(3);
  expect(await a.queue.list()).toEqual([]);
});

test('2. two clients claim one task: the loser replays and hears who won', async () => {
  const { a, b } = twoClients();
  await beginBoard(a);
  const task = await addTask(a);
  await b.session.sync({ timeoutMs: 1000 });
  const [first, second] = await Promise.all([a.ask('task.claim', { id: task }), b.ask('task.claim', { id: task })]);
  const outcomes = [first.outcome, second.outcome].map((outcome) => outcome.outcome).sort();
  expect(outcomes).toEqual(['accepted', 'refused']);
  const refused = [first, second].find(({ outcome }) => outcome.outcome === 'refused');
  expect(refused?.outcome).toMatchObject({ code: 'already-claimed' });
});

test('2. a loser of the race for next gets another task', async () => {
  const { a, b } = twoClients();
  await beginBoard(a);
  await addTask(a, 'one');
  await addTask(a, 'two');
  await b.session.sync({ timeoutMs: 1000 });
  const answers = await Promise.all([a.ask('task.next', { workstream: 'w' }), b.ask('task.next', { workstream: 'w' })]);
  const tasks = answers.map(({ outcome }) =>
    outcome.outcome === 'accepted' && 'task' in outcome.result ? outcome.result.task : null,
  );
  expect(new Set(tasks).size).toBe(2);
  expect(tasks).not.toContain(null);
});

test('a refusal decided on an old head is checked against the upstream before it is told', async () => {
  const { a, b } = twoClients();
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  const task = await addTask(a);
  const answer = await b.ask('task.claim', { id: task });
  expect(answer.outcome.outcome).toBe('accepted');
});

test('a refusal decided on one head is not told because another call confirmed a newer one', async () => {
  const { a, upstream, clock } = twoClients();
  let meanwhile: (() => Promise<unknown>) | null = null;
  const b = memoryClient({
    name: 'gamma',
    upstream,
    clock,
    intercept: async (stage) => {
      const call = stage === 'read-head' ? meanwhile : null;
      if (call !== null) meanwhile = null;
      await call?.();
      return undefined;
    },
  });
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  const task = await addTask(a);
  meanwhile = () => b.session.view.fetch();
  const answer = await b.ask('task.claim', { id: task });
  expect(meanwhile).toBeNull();
  expect(answer.outcome.outcome).toBe('accepted');
});

test('next finds nothing only after the upstream was asked', async () => {
  const { a, b } = twoClients();
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  await addTask(a);
  const answer = await b.ask('task.next', { workstream: 'w' });
  expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted' } });
  const none = await b.ask('task.next', { workstream: 'w' });
  expect(none).toMatchObject({ published: null, outcome: { outcome: 'unchanged' } });
});

test('3. an upstream that cannot be reached: queued, told so, published by the next sync', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let isDown = false;
  const a = memoryClient({
    name: 'alpha',
    upstream,
    clock,
    intercept: async () => (isDown ? { outcome: 'unreachable' } : undefined),
  });
  await beginBoard(a);
  const task = await addTask(a);
  isDown = true;
  const answer = await a.ask('task.claim', { id: task });
  expect(answer).toMatchObject({ published: false, state: 'queued', outcome: { outcome: 'accepted' } });
  const local = (await a.session.localHead()).read.board;
  expect(local.tasks.get(task)?.status).toBe('in_progress');
  expect((await a.queue.list())[0]?.told).toEqual({ state: 'queued', result: { task } });
  const failed = await a.session.sync({ timeoutMs: 1000 });
  expect(failed).toMatchObject({ reachable: false, waiting: 1 });
  isDown = false;
  const report = await a.session.sync({ timeoutMs: 1000 });
  expect(report).toMatchObject({ published: 1, waiting: 0, reachable: true });
  expect((await a.session.view.head()).read.board.tasks.get(task)?.assigned_to).toBe('alpha');
});

test('3. who insists goes on though a call beside it, which does not, gave up', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let away = 0;
  const intercept = async () => (away-- > 0 ? ({ outcome: 'unreachable' } as const) : undefined);
  const a = memoryClient({ name: 'alpha', upstream, clock, intercept });
  await beginBoard(a);
  away = 8;
  const [, insisting] = await Promise.all(
    [false, true].map((insist) => a.ask('task.add', { workstream: 'w', title: 'T' }, undefined, { insist })),
  );
  expect(insisting).toMatchObject({ state: 'published', published: true });
});

test('3. a push that landed without an answer is found in the event log, not made twice', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let cuts = 0;
  const a = memoryClient({
    name: 'alpha',
    upstream,
    clock,
    intercept: async (stage) => (stage === 'after-push' && cuts-- > 0 ? { outcome: 'unknown' } : undefined),
  });
  await beginBoard(a);
  cuts = 1;
  const answer = await a.ask('task.add', { workstream: 'w', title: 'Once' });
  expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted', version: 3 } });
  expect((await a.session.view.head()).read.board.countsOf('w').pending).toBe(1);
});

test('a tentative claim of a task that somebody else got is rejected, never turned into another', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  let isDown = false;
  const a = memoryClient({
    name: 'alpha',
    upstream,
    clock,
    intercept: async () => (isDown ? { outcome: 'unreachable' } : undefined),
  });
  const b = memoryClient({ name: 'beta', upstream, clock });
  await beginBoard(a);
  const first = await addTask(a, 'one');
  await addTask(a, 'two');
  isDown = true;
  const tentative = await a.ask('task.next', { workstream: 'w' });
  expect(tentative).toMatchObject({ state: 'queued', outcome: { result: { task: first } } });
  await b.ask('task.claim', { id: first });
  isDown = false;
  const report = await a.session.sync({ timeoutMs: 1000 });
  expect(report).toMatchObject({ published: 0, rejected: 1, waiting: 0 });
  const [rejected] = await a.queue.listRejected();
  expect(rejected?.refusal.code).toBe('already-claimed');
  expect((await a.session.view.head()).read.board.countsOf('w')).toMatchObject({ in_progress: 1, pending: 1 });
});

test('a tentative next that found nothing never becomes a claim', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const other = memoryClient({ name: 'other', upstream, clock });
  await other.ask('board.init', { board: boardId, settings: 'format: 1\nmax_attempts: 1\n' });
  await other.ask('workstream.create', { name: 'w' });
  await addTask(other, 'ran out');
  await other.ask('task.next', { workstream: 'w', lease_ms: 1000 });
  clock.advance(3_600_000);
  let isAway = false;
  const intercept = async () => (isAway ? ({ outcome: 'unreachable' } as const) : undefined);
  const a = memoryClient({ name: 'alpha', upstream, clock, intercept });
  await a.session.view.fetch({ timeoutMs: 1000 });
  isAway = true;
  // All that it could do is to fail what ran out too often: that is left to whoever asks next.
  const told = await a.ask('task.next', { workstream: 'w' });
  expect(told).toMatchObject({ state: 'none', outcome: { outcome: 'unchanged', result: { value: null } } });
  expect(await a.queue.list()).toEqual([]);
  const lines = ['event.log', 'task.next'].map((kind, index) => ({
    ...{ id: `batch-of-two.${index + 1}`, kind, agent: 'alpha', batch: { id: 'batch-of-two', k: index + 1, n: 2 } },
    args: kind === 'task.next' ? { workstream: 'w' } : { action: 'looked' },
  }));
  const batch = await a.session.submit(lines, { publish: true, timeoutMs: 5000 });
  expect(batch.map(({ state }) => state)).toEqual(['queued', 'none']);
  await addTask(other, 'new');
  isAway = false;
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ waiting: 0, rejected: 0 });
  const held = [...(await a.session.view.head()).read.board.openTasks()].filter((each) => each.assigned_to === 'alpha');
  expect(held).toEqual([]);
});

test('5. a rewritten upstream stops everything and changes nothing', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const before = await a.store.readRef('refs/remotes/upstream/orc');
  const stranger = memoryClient({ name: 'stranger', upstream: new MemoryUpstream(), clock: fakeClock() });
  await beginBoard(stranger);
  await stranger.ask('workstream.create', { name: 'other' });
  const foreign = await stranger.store.readRef('refs/heads/orc');
  upstream.moveHead(foreign, stranger.store);
  await expect(a.session.sync({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'history-rewritten' });
  await expect(a.ask('workstream.create', { name: 'x' })).rejects.toMatchObject({ code: 'history-rewritten' });
  expect(await a.store.readRef('refs/remotes/upstream/orc')).toBe(before);
  expect(await a.queue.list()).toEqual([]);
});

test('5. a branch that is gone counts as rewritten', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const before = await a.store.readRef('refs/remotes/upstream/orc');
  upstream.moveHead(null);
  await expect(a.session.sync({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'history-rewritten' });
  // A change does not bring it back: whoever removed it, or named another repository, hears of it.
  await expect(a.ask('workstream.create', { name: 'x' })).rejects.toMatchObject({ code: 'history-rewritten' });
  expect(upstream.head).toBe(null);
  expect(await a.store.readRef('refs/remotes/upstream/orc')).toBe(before);
  expect(await a.queue.list()).toEqual([]);
});

test('5. a replica that lags is not a rewritten history', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const old = upstream.heads[0] ?? null;
  const newest = upstream.heads.at(-1) ?? null;
  upstream.moveHead(old);
  const report = await a.session.sync({ timeoutMs: 10_000 });
  expect(report.reachable).toBe(false);
  expect(await a.store.readRef('refs/remotes/upstream/orc')).toBe(newest);
});

test('concurrent calls of one process share pushes', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const before = upstream.heads.length;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => a.ask('task.add', { workstream: 'w', title: `T${i}` })),
  );
  expect(answers.every(({ published }) => published === true)).toBe(true);
  expect(new Set(answers.map(({ outcome }) => (outcome.outcome === 'accepted' ? outcome.version : 0))).size).toBe(20);
  expect(upstream.heads.length - before).toBeLessThanOrEqual(3);
});

test('a claim whose process died untold is dropped; an addition is published', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  await beginBoard(a);
  const task = await addTask(a);
  const base = (await a.session.view.head()).read.board.meta.version;
  const record = (kind: string, args: object, order: string) => ({
    operation: { id: `ghost-${order}`.padEnd(12, '0'), kind, agent: 'ghost', args: args as Record<string, unknown> },
    order,
    base,
    asked_at: clock.now(),
    owner: { session: 'ghost', process: 'ghost', seen_at: 0 },
    deferred: false,
    told: null,
    sent: null,
    outcome: null,
  });
  const { queue, queueStorage } = a;
  await queue.add([
    record('task.claim', { id: task }, '1'),
    record('task.add', { workstream: 'w', title: 'left behind' }, '2'),
  ]);
  const successor = memoryClient({
    name: 'successor',
    upstream,
    clock,
    store: a.store,
    queueStorage,
    liveness: () => 'dead',
  });
  await successor.session.sync({ timeoutMs: 1000 });
  const board = (await successor.session.view.head()).read.board;
  expect(board.tasks.get(task)?.status).toBe('pending');
  expect([...board.openTasks()].map(({ title }) => title)).toContain('left behind');
  expect(await queue.list()).toEqual([]);
});

test('a batch is accepted whole or refused whole', async () => {
  const { a, upstream } = twoClients();
  await beginBoard(a);
  const heads = upstream.heads.length;
  const operations = (bad: boolean) =>
    ['x', 'y', 'z'].map((name, index) => ({
      id: `batch-${bad ? 'bad' : 'good'}-${name}`,
      kind: 'workstream.create',
      agent: 'alpha',
      args: { name: bad && index === 1 ? 'w' : `${name}${bad ? 'b' : ''}` },
      batch: { id: `batch-${bad}`, k: index + 1, n: 3 },
    }));
  const refused = await a.session.submit(operations(true), { publish: true, timeoutMs: 1000 });
  expect(refused.map(({ outcome }) => (outcome.outcome === 'refused' ? outcome.code : outcome.outcome))).toEqual([
    'batch-refused',
    'already-exists',
    'batch-refused',
  ]);
  expect(upstream.heads.length).toBe(heads);
  const accepted = await a.session.submit(operations(false), { publish: true, timeoutMs: 1000 });
  expect(accepted.every(({ published }) => published === true)).toBe(true);
  expect(upstream.heads.length).toBe(heads + 1);
});

test('a store that was lost joins again from the upstream alone', async () => {
  const { a, upstream, clock } = twoClients();
  await beginBoard(a);
  const task = await addTask(a);
  const again = memoryClient({ name: 'alpha2', upstream, clock, store: createMemoryStore() });
  await again.session.sync({ timeoutMs: 1000 });
  expect((await again.session.localHead()).read.board.tasks.get(task)?.title).toBe('T');
});

test('a batch of which a part would be dropped with its dead owner goes as a whole', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  await beginBoard(a);
  const { queue, queueStorage } = a;
  const kinds = [
    ['task.add', { workstream: 'w', title: 'never' }],
    ['lock.acquire', { resource: 'deploy' }],
  ] as const;
  await queue.add(
    kinds.map(([kind, args], index) => ({
      operation: {
        id: `dead-batch-${index}`,
        kind,
        agent: 'ghost',
        args,
        batch: { id: 'dead-batch', k: index + 1, n: 2 },
      },
      order: `0-${index}`,
      base: 2,
      asked_at: clock.now(),
      owner: { session: 'ghost', process: 'ghost', seen_at: 0 },
      deferred: false,
      told: null,
      sent: null,
      outcome: null,
    })),
  );
  const successor = memoryClient({
    name: 'successor',
    upstream,
    clock,
    store: a.store,
    queueStorage,
    liveness: () => 'dead',
  });
  await successor.session.sync({ timeoutMs: 1000 });
  expect(await queue.list()).toEqual([]);
  expect((await successor.session.view.head()).read.board.meta.version).toBe(2);
});

test('an outcome that a dead owner never took is cleared away', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  await beginBoard(a);
  const { queue, queueStorage } = a;
  await queue.add([
    {
      operation: { id: 'left-behind-1', kind: 'task.add', agent: 'ghost', args: { workstream: 'w', title: 'x' } },
      order: '0',
      base: 2,
      asked_at: clock.now(),
      owner: { session: 'ghost', process: 'ghost', seen_at: 0 },
      deferred: false,
      told: null,
      sent: null,
      outcome: { outcome: 'unchanged', result: { value: null } },
    },
  ]);
  await memoryClient({
    name: 'successor',
    upstream,
    clock,
    store: a.store,
    queueStorage,
    liveness: () => 'dead',
  }).session.sync({ timeoutMs: 1000 });
  expect(await queue.list()).toEqual([]);
});

test('a queued write of knowledge does not silently replace what was published meanwhile', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  const b = memoryClient({ name: 'beta', upstream, clock });
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  const write = (client: MemoryClient, content: string, publish: boolean) =>
    client.ask('knowledge.write', { topic: 'notes', content }, undefined, { publish });
  await write(a, 'one of alpha', false);
  await write(a, 'two of alpha', false);
  await write(b, 'of beta', true);
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 2, waiting: 0 });
  const [rejected] = await a.queue.listRejected();
  expect(rejected?.refusal.code).toBe('conflict');
});

test('queued writes of one author follow one another', async () => {
  const { a } = twoClients();
  await beginBoard(a);
  for (const content of ['one', 'two', 'three'])
    await a.ask('knowledge.write', { topic: 'notes', content }, undefined, { publish: false });
  expect(await a.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 3, rejected: 0 });
});

test.each(['one process', 'another process'])(
  'the order of asking holds though the clock is set back (%s)',
  async (who) => {
    const upstream = new MemoryUpstream();
    const clock = fakeClock();
    let setBackMs = 0;
    const turned = { ...clock, now: () => clock.now() - setBackMs };
    const a = memoryClient({ name: 'alpha', upstream, clock: turned });
    await beginBoard(a);
    const added = await a.ask('task.add', { workstream: 'w', title: 'T' }, undefined, { publish: false });
    const id = (added.outcome as { result: { task: string } }).result.task;
    setBackMs = 60_000;
    const { store, queueStorage } = a;
    const then =
      who === 'one process' ? a : memoryClient({ name: 'beta', upstream, clock: turned, store, queueStorage });
    const noted = await then.ask('task.note', { id, text: 'on what waits' }, undefined, { publish: false });
    expect(noted).toMatchObject({ state: 'queued', outcome: { outcome: 'accepted' } });
    expect(await then.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 2, rejected: 0, waiting: 0 });
  },
);

test('one id asked by two calls at once: one asks, the other hears that it is asked already', async () => {
  const { a } = twoClients();
  await beginBoard(a);
  const operation = {
    id: 'chosen-by-the-caller',
    kind: 'task.add',
    agent: 'alpha',
    args: { workstream: 'w', title: 'T' },
  };
  const submit = () => a.session.submit([operation], { publish: true, timeoutMs: 1000, lookedUpTo: 2 });
  const outcomes = await Promise.allSettled([submit(), submit()]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const failed = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(failed.reason).toMatchObject({ code: 'store-busy', hint: expect.stringContaining('ask again') });
  expect((await a.session.view.head()).read.board.countsOf('w').pending).toBe(1);
});

test('an id that was looked for in vain is found when another process of the store has published it since', async () => {
  const { upstream, clock, a } = twoClients();
  await beginBoard(a);
  const { store, queueStorage } = a;
  const other = memoryClient({ name: 'other', upstream, clock, store, queueStorage });
  const operation = { id: 'chosen-by-the-caller', kind: 'event.log', agent: 'alpha', args: { action: 'looked' } };
  const { recorded, lookedUpTo } = await a.session.findRecorded([operation.id]);
  expect(recorded.size).toBe(0);
  const submit = (client: MemoryClient) =>
    client.session.submit([operation], { publish: true, timeoutMs: 1000, lookedUpTo });
  const [first] = await submit(other);
  const [second] = await submit(a);
  expect(second).toMatchObject({ published: true, outcome: { outcome: 'accepted', version: 3 } });
  expect(second?.outcome).toMatchObject({ outcome: 'accepted', commit: (await a.session.view.head()).commit });
  expect(first?.outcome).toMatchObject({ outcome: 'accepted', version: 3 });
  expect((await a.session.view.head()).read.board.meta.version).toBe(3);
});

test.each([0, 1, 2, 3, 4, 5, 6])('a batch whose owner is found dead at look %i is not torn apart', async (deadFrom) => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const a = memoryClient({ name: 'alpha', upstream, clock });
  await beginBoard(a);
  const task = await addTask(a);
  const lines = [
    ['event.log', { action: 'looked' }],
    ['task.claim', { id: task }],
  ] as const;
  await a.queue.add(
    lines.map(([kind, args], index) => ({
      operation: {
        id: `torn-batch-${index}`,
        kind,
        agent: 'ghost',
        args,
        batch: { id: 'torn-batch', k: index + 1, n: 2 },
      },
      order: `0-${index}`,
      base: 3,
      asked_at: clock.now(),
      owner: { session: 'ghost', process: 'ghost', seen_at: 0 },
      deferred: false,
      told: { state: 'unknown' },
      sent: null,
      outcome: null,
    })),
  );
  let looks = 0;
  const liveness = () => (looks++ < deadFrom ? ('alive' as const) : ('dead' as const));
  const { store, queueStorage } = a;
  const successor = memoryClient({ name: 'successor', upstream, clock, store, queueStorage, liveness });
  await successor.session.sync({ timeoutMs: 1000 });
  expect(await a.queue.list()).toEqual([]);
  const board = (await successor.session.view.head()).read.board;
  expect([3, 5]).toContain(board.meta.version); // all of it or nothing
});

test('1. what was taken is told as published although it could not be stored here; the next fetch brings it', async () => {
  const { a, b, upstream } = twoClients();
  await beginBoard(a);
  const { writeObjects } = a.store;
  const head = await a.store.readRef(trackingRef);
  expect(head).toBe(upstream.head);
  a.store.writeObjects = async (objects) => {
    await writeObjects.call(a.store, objects); // so that the push finds them: only that it took its time is told
    throw new OrcError('io', 'no space left on the disk');
  };
  expect(await a.ask('task.add', { workstream: 'w', title: 'First' })).toMatchObject({ published: true });
  expect(await a.store.readRef(trackingRef)).toBe(head);
  a.store.writeObjects = writeObjects;
  expect(await a.ask('task.add', { workstream: 'w', title: 'Second' })).toMatchObject({ published: true });
  await b.session.sync({ timeoutMs: 1000 });
  expect(upstream.heads).toHaveLength(4);
  expect(await a.queue.list()).toEqual([]);
});

test('a push that was lost and could not be stored is an error, and nothing of it is told', async () => {
  const { a, b } = twoClients();
  await beginBoard(a);
  await b.session.sync({ timeoutMs: 1000 });
  await addTask(a);
  b.store.writeObjects = async () => {
    throw new OrcError('io', 'no space left on the disk');
  };
  await expect(b.ask('task.add', { workstream: 'w', title: 'Mine' })).rejects.toMatchObject({ code: 'io' });
});
