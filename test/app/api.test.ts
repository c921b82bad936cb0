/** The original's nineteen functions: names, arguments and results, behind `await`. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Orc, openOrc } from '../../src/index.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';

let orc: Orc;

beforeEach(async () => {
  orc = await openOrc({ cwd: makeClone(makeBareRemote()), create: true });
});

afterEach(async () => {
  await orc.close();
});

test('loadState gives the single-file shape of an empty board', async () => {
  const state = await orc.loadState();
  expect(state).toMatchObject({ workstreams: {}, agents: {}, locks: {} });
  expect(typeof state.version).toBe('number');
});

test('createWorkstream and listWorkstreams', async () => {
  expect(await orc.createWorkstream('test-ws', { description: 'Test workstream', priority: 1 })).toMatchObject({
    description: 'Test workstream',
    priority: 1,
    status: 'active',
  });
  const list = await orc.listWorkstreams();
  expect(list).toMatchObject([{ name: 'test-ws', task_count: 0, pending: 0, in_progress: 0, done: 0 }]);
  await expect(orc.createWorkstream('test-ws')).rejects.toMatchObject({ code: 'already-exists' });
});

test('workstreams are listed by priority', async () => {
  await orc.createWorkstream('later', { priority: 7 });
  await orc.createWorkstream('first', { priority: 2 });
  expect((await orc.listWorkstreams()).map(({ name }) => name)).toEqual(['first', 'later']);
});

test('the life of a task', async () => {
  await orc.createWorkstream('test-ws');
  const task = await orc.addTask('test-ws', { title: 'Test task', description: 'A test', priority: 2 });
  expect(task.id).toMatch(/^[0-9a-f]{8}$/);
  expect(task).toMatchObject({
    status: 'pending',
    title: 'Test task',
    estimate: null,
    assigned_to: null,
    result: null,
  });
  const claimed = await orc.claimTask('test-ws', task.id, 'agent-test');
  expect(claimed).toMatchObject({ status: 'in_progress', assigned_to: 'agent-test' });
  await expect(orc.claimTask('test-ws', task.id, 'agent-2')).rejects.toMatchObject({
    code: 'already-claimed',
    details: { by: 'agent-test' },
  });
  const completed = await orc.completeTask('test-ws', task.id, 'Done!');
  expect(completed).toMatchObject({ status: 'done', result: 'Done!', assigned_to: 'agent-test' });
  await expect(orc.completeTask('test-ws', task.id, 'again')).rejects.toMatchObject({ code: 'closed' });
  expect((await orc.loadState()).workstreams['test-ws']?.tasks).toMatchObject([{ id: task.id, status: 'done' }]);
});

test('a task can be completed without a claim, in whose place nobody stands', async () => {
  await orc.createWorkstream('w');
  const task = await orc.addTask('w', { title: 'T' });
  expect(await orc.completeTask('w', task.id)).toMatchObject({ status: 'done', result: null, assigned_to: null });
});

test('getNextTask gives the most urgent task, null when there is none, an error for an unknown workstream', async () => {
  await orc.createWorkstream('test-ws');
  await orc.addTask('test-ws', { title: 'Task A', priority: 3 });
  await orc.addTask('test-ws', { title: 'Task B', priority: 1 });
  expect(await orc.getNextTask('test-ws', 'agent-auto')).toMatchObject({ title: 'Task B', status: 'in_progress' });
  expect((await orc.getNextTask('test-ws', 'agent-auto'))?.title).toBe('Task A');
  expect(await orc.getNextTask('test-ws', 'agent-auto')).toBe(null);
  await expect(orc.getNextTask('nowhere', 'agent-auto')).rejects.toMatchObject({ code: 'not-found' });
});

test('registerAgent and heartbeat', async () => {
  expect(await orc.registerAgent('test-agent', { type: 'worker', capabilities: ['code'] })).toMatchObject({
    type: 'worker',
    status: 'active',
    capabilities: ['code'],
  });
  expect(await orc.heartbeat('test-agent')).toBe(undefined);
  expect(await orc.heartbeat('nobody')).toBe(undefined);
  expect((await orc.loadState()).agents['test-agent']?.status).toBe('active');
  expect(Object.keys((await orc.loadState()).agents)).toEqual(['test-agent']);
});

test('acquireLock and releaseLock answer true or false; tryLock tells more', async () => {
  expect(await orc.acquireLock('git-repo', 'agent-1', 5000)).toBe(true);
  expect(await orc.acquireLock('git-repo', 'agent-2', 5000)).toBe(false);
  expect(await orc.acquireLock('git-repo', 'agent-1', 5000)).toBe(true);
  expect(await orc.tryLock('git-repo', 'agent-2')).toMatchObject({ outcome: 'held', by: 'agent-1' });
  expect(await orc.releaseLock('git-repo', 'agent-2')).toBe(false);
  expect(await orc.releaseLock('git-repo', 'agent-1')).toBe(true);
  expect(await orc.releaseLock('git-repo', 'agent-1')).toBe(false);
  expect(await orc.tryLock('git-repo', 'agent-2')).toMatchObject({
    outcome: 'acquired',
    lock: { resource: 'git-repo' },
  });
  await expect(orc.acquireLock('git-repo', 'agent-1', 0)).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('acquireLock and tryLock wait as long as they are told to', async () => {
  expect(await orc.acquireLock('git-repo', 'agent-1', 60_000)).toBe(true);
  const waiting = { waitMs: 20 };
  expect(await orc.acquireLock('git-repo', 'agent-2', 60_000, waiting)).toBe(false);
  const signal = AbortSignal.abort();
  const attempt = await orc.tryLock('git-repo', 'agent-2', { waitMs: 60_000, signal });
  expect(attempt).toEqual({ outcome: 'held', by: 'agent-1', until: expect.any(String), freeFrom: expect.any(String) });
  expect(await orc.releaseLock('git-repo', 'agent-1')).toBe(true);
  expect(await orc.acquireLock('git-repo', 'agent-2', 60_000, waiting)).toBe(true);
  await expect(orc.tryLock('../x', 'agent-2', waiting)).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('numbers that a program computed wrongly are refused, not taken for something else', async () => {
  await orc.acquireLock('git-repo', 'agent-1', 60_000);
  for (const wrong of [Number.NaN, -1]) {
    for (const ask of [
      () => orc.tryLock('git-repo', 'agent-2', { waitMs: wrong }),
      () => orc.getEvents({ last: wrong }),
      () => orc.getEvents({ after: wrong }),
      () => orc.knowledgeHistory('test-topic', { last: wrong }),
      () => orc.listCycles({ last: wrong }),
      () => orc.watch({ after: wrong }).next(),
      () => orc.watch({ afterVersion: wrong }).next(),
      () => orc.undo(wrong),
    ])
      await expect(ask(), `${ask} ${wrong}`).rejects.toMatchObject({ code: 'invalid-argument' });
  }
});

test('knowledge: written, read, listed, deleted', async () => {
  expect(await orc.writeKnowledge('test-topic', '# Test\nSome knowledge here.')).toBe(undefined);
  expect(await orc.readKnowledge('test-topic')).toBe('# Test\nSome knowledge here.');
  expect(await orc.readKnowledge('nonexistent')).toBe(null);
  expect(await orc.listKnowledge()).toEqual(['test-topic']);
  expect(await orc.deleteKnowledge('test-topic')).toBe(true);
  expect(await orc.readKnowledge('test-topic')).toBe(null);
  expect(await orc.deleteKnowledge('nonexistent')).toBe(false);
});

test('logEvent and getEvents with their filters', async () => {
  const event = await orc.logEvent('test-agent', 'test_action', { data: 'hello' });
  expect(event).toMatchObject({ agent: 'test-agent', action: 'test_action', data: 'hello' });
  await orc.logEvent('other', 'test_action');
  expect(await orc.getEvents({ agent: 'test-agent', action: 'test_action' })).toMatchObject([{ data: 'hello' }]);
  expect(await orc.getEvents({ last: 2 })).toHaveLength(2);
  expect(await orc.getEvents({ last: 0 })).toEqual([]);
  expect(await orc.getEvents({ since: event.ts, action: 'board_created' })).toEqual([]);
  await expect(orc.logEvent('a', 'task_completed')).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(orc.logEvent('a', 'mine', { op: 'x' })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('status and statusText', async () => {
  await orc.createWorkstream('test-ws');
  await orc.registerAgent('a1');
  await orc.acquireLock('deploy', 'a1');
  await orc.writeKnowledge('topic', 'x');
  const status = await orc.status();
  expect(status).toMatchObject({
    workstreams: [{ name: 'test-ws' }],
    agents: [{ id: 'a1', stale: false }],
    active_locks: [{ resource: 'deploy', agent: 'a1', ttl_ms: 60_000 }],
    knowledge_topics: ['topic'],
  });
  expect(status.recent_events.length).toBeLessThanOrEqual(10);
  const text = await orc.statusText();
  for (const part of ['orc status', '[P5] test-ws: 0 pending, 0 active, 0 done', 'deploy: held by a1', 'topic'])
    expect(text).toContain(part);
});

test('an operation asked again by its id gives its recorded outcome', async () => {
  await orc.createWorkstream('w');
  await orc.addTask('w', { title: 'one' });
  await orc.addTask('w', { title: 'two' });
  const first = await orc.getNextTask('w', 'a1', { op: 'my-retry-0001' });
  const again = await orc.getNextTask('w', 'a1', { op: 'my-retry-0001' });
  expect(again?.id).toBe(first?.id);
  expect((await orc.listWorkstreams())[0]).toMatchObject({ pending: 1, in_progress: 1 });
  await expect(orc.addTask('w', { title: 'x' }, { op: 'no' })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('an id answers for one request: for another kind, agent, arguments or batch it is refused', async () => {
  await orc.createWorkstream('w');
  const op = 'my-retry-0002';
  const task = await orc.addTask('w', { title: 'one', description: 'long '.repeat(1_000) }, { op });
  const again = await orc.addTask('w', { title: 'one', description: 'long '.repeat(1_000) }, { op });
  expect(again.id).toBe(task.id);
  const others = [
    () => orc.addTask('w', { title: 'two', description: 'long '.repeat(1_000) }, { op }),
    () => orc.addTask('w', { title: 'one', description: 'long '.repeat(1_001) }, { op }),
    () => orc.addTask('w', { title: 'one', description: 'long '.repeat(1_000) }, { op, agent: 'somebody' }),
    () => orc.claimTask('w', task.id, 'a1', { op }),
  ];
  for (const other of others)
    await expect(other()).rejects.toMatchObject({
      code: 'invalid-argument',
      hint: expect.stringContaining('recorded is task.add {"workstream":"w","title":"one"'),
      details: { recorded: { kind: 'task.add', args: { title: 'one' } } },
    });
  // What proves a claim is added by orc, and is another one, or none, when it is asked again.
  await orc.claimTask('w', task.id, 'a1');
  const done = { op: 'my-retry-0003', agent: 'a1' };
  await orc.completeTask('w', task.id, 'done', done);
  expect(await orc.completeTask('w', task.id, 'done', done)).toMatchObject({ status: 'done', result: 'done' });
  expect((await orc.loadState()).workstreams.w?.tasks).toHaveLength(1);
});

test('a batch asked again by its id gives its recorded outcomes, never a second batch', async () => {
  await orc.createWorkstream('w');
  const add = (title: string) => ({ kind: 'task.add', args: { workstream: 'w', title } });
  const idle = { kind: 'task.next', args: { workstream: 'nothing' }, agent: 'a1' };
  await orc.createWorkstream('nothing');
  const first = await orc.batch([add('one'), idle, add('two')], { op: 'my-batch-0001' });
  expect(first.map(({ op }) => op)).toEqual(['my-batch-0001.1', 'my-batch-0001.2', 'my-batch-0001.3']);
  const again = await orc.batch([add('one'), idle, add('two')], { op: 'my-batch-0001' });
  const facts = (all: typeof first) => all.map(({ op, state, data }) => [op, state, (data as { id?: string })?.id]);
  expect(facts(again)).toEqual(facts(first));
  expect(again[2]).toMatchObject({ published: true, version: first[2]?.version, commit: first[2]?.commit });
  expect((await orc.loadState()).workstreams.w?.tasks).toHaveLength(2);
  for (const lines of [[add('one')], [add('one'), idle, add('three')], [add('one'), idle, add('two'), add('three')]])
    await expect(orc.batch(lines, { op: 'my-batch-0001' })).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(orc.batch([add('x')], { op: 'x'.repeat(63) })).rejects.toMatchObject({ code: 'invalid-argument' });
  expect((await orc.loadState()).workstreams.w?.tasks).toHaveLength(2);
});

test('a task id may be given by any unambiguous prefix', async () => {
  await orc.createWorkstream('w');
  const task = await orc.addTask('w', { title: 'one' });
  expect((await orc.claimTask('w', task.id.slice(0, 4), 'a1')).id).toBe(task.id);
  await orc.completeTask('w', task.id.slice(0, 5), 'done');
  expect((await orc.task(task.id.slice(0, 3)))?.status).toBe('done');
  await expect(orc.claimTask('w', 'zz', 'a1')).rejects.toMatchObject({ code: 'invalid-argument' });
  const missing = task.id.startsWith('0') ? '1' : '0';
  await expect(orc.claimTask('w', missing, 'a1')).rejects.toMatchObject({ code: 'not-found' });
});
