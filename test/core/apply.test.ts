import { describe, expect, it } from 'vitest';
import { advance, apply, checkOperation } from '../../src/core/apply.ts';
import { Board } from '../../src/core/board.ts';
import type { Accepted, Operation } from '../../src/core/operation.ts';
import { MissingRecord } from '../../src/core/shelf.ts';
import {
  afterStart,
  boardWith,
  contextFor,
  decide,
  decideLoading,
  deepFreeze,
  hour,
  isoAfter,
  minute,
  operationFor,
  operationId,
  partly,
  run,
  runAccepted,
  runRefused,
  second,
  snapshot,
  taskTitled,
} from '../support/board-builder.ts';

describe('an operation, before any board', () => {
  const good: Operation = { id: operationId(1), kind: 'workstream.create', agent: 'ada', args: { name: 'build' } };

  it('is checked, and gets its defaults', () => {
    expect(checkOperation(good)).toMatchObject({
      args: { name: 'build', description: '', priority: 5 },
      definition: { kind: 'workstream.create' },
    });
  });

  it.each(['', 'workstream.destroy', '__proto__', 'toString'])('of kind %j is refused: usage', (kind) => {
    expect(checkOperation({ ...good, kind })).toMatchObject({ outcome: 'refused', code: 'usage' });
  });

  it.each(['', 'short', '../../etc/passwd', 'x'.repeat(65), 'has space 1'])('with the id %j is refused', (id) => {
    expect(checkOperation({ ...good, id })).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('operation id'),
    });
  });

  it.each(['', '../x', '-x', 'a\nb', 'x.lock', '__proto__', 'a\u202eb'])('of the agent %j is refused', (agent) => {
    expect(checkOperation({ ...good, agent })).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^agent must/),
    });
  });

  it('with an argument too many is refused, and told which there are', () => {
    expect(checkOperation({ ...good, args: { name: 'x', owner: 1 } })).toMatchObject({
      code: 'invalid-argument',
      message: 'unknown arguments: owner',
      hint: 'arguments of workstream.create: name, description, priority',
    });
  });

  it('is checked for form first, then for credentials', () => {
    const secret = `AK${'IA'}ABCDEFGHIJKLMNOP`;
    expect(checkOperation({ ...good, args: { name: '../x', description: secret } })).toMatchObject({
      code: 'invalid-argument',
    });
    expect(checkOperation({ ...good, args: { name: 'x', description: secret } })).toMatchObject({
      code: 'secret-found',
    });
    expect(
      checkOperation({ ...good, args: { name: 'x', description: secret, allow_secret: true } }),
    ).not.toHaveProperty('code');
  });
});

describe('deciding', () => {
  it('refuses everything but a beginning on a board that has none: no-board', () => {
    const board = Board.empty();
    runRefused(board, 'no-board', 'workstream.create', { name: 'x' });
    runRefused(board, 'no-board', 'task.next', { workstream: null });
    expect(run(board, 'board.init', { board: '0123456789abcdef', settings: '' }).outcome).toBe('accepted');
  });

  it('leaves board and operation as they are, and gives the same again', () => {
    const board = boardWith({ agents: ['ada'], tasks: ['a'] });
    const before = snapshot(board);
    const operation = deepFreeze(operationFor(board, 'task.next', { workstream: 'build' }, { agent: 'ada' }));
    const context = deepFreeze(contextFor(board, { at: afterStart(hour) }));
    const decisions = [
      apply(board, operation, context),
      apply(board, operation, context),
      apply(board.clone(), operation, context),
    ];
    expect(snapshot(board)).toEqual(before);
    expect(decisions[1]).toEqual(decisions[0]);
    expect(decisions[2]).toEqual(decisions[0]);
  });

  it('numbers events on, and gives each operation one line that bears its id', () => {
    const board = boardWith();
    const [first, second] = [
      runAccepted(board, 'workstream.create', { name: 'a' }),
      runAccepted(board, 'workstream.create', { name: 'b' }),
    ];
    expect(second.events).toEqual([
      {
        n: (first.events[0]?.n ?? 0) + 1,
        v: second.version,
        ts: isoAfter(0),
        agent: 'agent-1',
        action: 'workstream_created',
        workstream: 'b',
        op: second.operation.id,
      },
    ]);
    expect(Object.keys(second.events[0] ?? {})).toEqual(['n', 'v', 'ts', 'agent', 'action', 'workstream', 'op']);
    expect(board.meta).toMatchObject({ version: second.version, events: second.events[0]?.n, updated_at: isoAfter(0) });
  });

  it('goes by the version and the time that it is given, not by the board', () => {
    const board = boardWith({ tasks: ['a'] });
    const operation = operationFor(board, 'task.claim', { id: taskTitled(board, 'a').id });
    const accepted = apply(board, operation, { at: afterStart(minute), version: 4711, clockSkewMs: 0 }) as Accepted;
    advance(board, accepted);
    expect(taskTitled(board, 'a').claim).toMatchObject({ token: 4711, claimed_at: isoAfter(minute) });
    expect(board.meta).toMatchObject({ version: 4711, updated_at: isoAfter(minute) });
  });
});

describe('a heartbeat rides along', () => {
  const lastSeen = (board: Board, id = 'ada'): string | undefined => board.agents.get(id)?.last_seen;

  it('with whatever a registered agent does, at most once in a third of a lease', () => {
    const board = boardWith({ agents: ['ada'], tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    runAccepted(board, 'task.note', { id, text: 'x' }, { agent: 'ada', at: afterStart(10 * minute - 1) });
    expect(lastSeen(board)).toBe(isoAfter(0));
    runAccepted(board, 'task.note', { id, text: 'x' }, { agent: 'ada', at: afterStart(10 * minute) });
    expect(lastSeen(board)).toBe(isoAfter(10 * minute));
  });

  it('not with what others do, nor for those who are unknown or retired, nor where nothing was accepted', () => {
    const board = boardWith({ agents: ['ada', 'bob'], tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    runAccepted(board, 'agent.retire', { id: 'bob' });
    for (const agent of ['bob', 'cyd'])
      runAccepted(board, 'task.note', { id, text: 'x' }, { agent, at: afterStart(hour) });
    expect([lastSeen(board), lastSeen(board, 'bob'), lastSeen(board, 'cyd')]).toEqual([
      isoAfter(0),
      isoAfter(0),
      undefined,
    ]);
    runRefused(board, 'not-found', 'workstream.pause', { name: 'x' }, { agent: 'ada', at: afterStart(hour) });
    expect(lastSeen(board)).toBe(isoAfter(0));
  });

  it('once: registering is a sign of life by itself', () => {
    const board = boardWith({ agents: ['ada'] });
    const accepted = runAccepted(board, 'agent.register', { id: 'ada' }, { agent: 'ada', at: afterStart(hour) });
    expect(accepted.changes).toHaveLength(1);
  });

  it('although the agent was last seen by a clock that was far ahead', () => {
    const board = boardWith({ agents: ['ada'] });
    runAccepted(board, 'event.log', { action: 'x' }, { agent: 'ada', at: afterStart(9000 * hour) });
    runAccepted(board, 'event.log', { action: 'x' }, { agent: 'ada', at: afterStart(hour) });
    expect(lastSeen(board)).toBe(isoAfter(hour));
  });
});

describe('locks whose time is up', () => {
  it('go with the next mutation, but no sooner than clocks may differ', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'deploy', ttl_ms: minute });
    runAccepted(board, 'lock.acquire', { resource: 'db', ttl_ms: hour });
    runAccepted(board, 'event.log', { action: 'x' }, { at: afterStart(minute + 4999), clockSkewMs: 5 * second });
    expect(board.locks.get('deploy')).toBeDefined();
    const accepted = runAccepted(
      board,
      'event.log',
      { action: 'x' },
      { at: afterStart(minute + 5000), clockSkewMs: 5 * second },
    );
    expect(board.locks.get('deploy')).toBeUndefined();
    expect(board.locks.get('db')).toBeDefined();
    expect(accepted.changes.map((change) => change.key)).toEqual(['deploy']);
    expect(accepted.events).toHaveLength(1);
  });

  it('leave the other holders of a shared lock', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true, ttl_ms: minute });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true, ttl_ms: hour }, { agent: 'bob' });
    runAccepted(board, 'event.log', { action: 'x' }, { at: afterStart(2 * minute) });
    expect(board.locks.get('db')?.holders.map((hold) => hold.agent)).toEqual(['bob']);
  });

  it('go also where the mutation is about other holders of the same lock', () => {
    const board = boardWith({ agents: ['bob'] });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true, ttl_ms: minute });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true, ttl_ms: hour }, { agent: 'bob' });
    runAccepted(board, 'agent.retire', { id: 'bob' }, { at: afterStart(2 * minute) });
    expect(board.locks.get('db')).toBeUndefined();
  });

  it('are dealt with once, where the operation itself is about them', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    const accepted = runAccepted(board, 'lock.acquire', { resource: 'deploy' }, { agent: 'bob', at: afterStart(hour) });
    expect(accepted.changes).toHaveLength(1);
  });
});

describe('the subject of a commit', () => {
  const subject = (board: Board, kind: string, args: Record<string, unknown>, agent = 'agent-1'): string =>
    runAccepted(board, kind, args, { agent }).subject;

  it('says kind, record and agent', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    expect(subject(board, 'task.claim', { id })).toBe(`task.claim build/${id} by agent-1`);
    expect(subject(board, 'config.set', { key: 'publish', value: 'each', text: '' })).toBe('config.set by agent-1');
    expect(subject(board, 'lock.acquire', { resource: 'path:src/**' })).toBe('lock.acquire path:src/** by agent-1');
  });

  it('has at most 72 characters, and keeps the agent where there is room', () => {
    const board = boardWith();
    const long = subject(board, 'workstream.create', { name: 'x'.repeat(128) });
    expect(long).toBe(`workstream.create ${'x'.repeat(42)}… by agent-1`);
    expect(long).toHaveLength(72);
    const longer = subject(board, 'workstream.create', { name: 'y'.repeat(128) }, 'z'.repeat(128));
    expect(longer).toBe(`workstream.create ${'y'.repeat(53)}…`);
    expect(longer).toHaveLength(72);
  });

  it('is never cut within a character', () => {
    for (const shift of ['', 'x']) {
      const cut = subject(boardWith(), 'workstream.create', { name: `${shift}${'🙂'.repeat(40)}` });
      expect(cut.length).toBeLessThanOrEqual(72);
      expect(Buffer.from(cut).toString()).toBe(cut);
    }
  });
});

describe('a board that is partly loaded', () => {
  function world(): Board {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }] });
    runAccepted(board, 'task.complete', { id: taskTitled(board, 'a').id });
    runAccepted(board, 'knowledge.write', { topic: 'notes', content: 'x' });
    return board;
  }

  it('asks for a closed task by name, and goes on when it is provided', () => {
    const whole = world();
    const board = partly(whole);
    const { id } = taskTitled(whole, 'a');
    expect(() => decide(board, 'task.next', { workstream: 'build' })).toThrow(MissingRecord);
    board.provide('tasks', id, whole.tasks.get(id) ?? null);
    expect(decide(board, 'task.next', { workstream: 'build' })).toEqual(
      decide(whole, 'task.next', { workstream: 'build' }),
    );
  });

  it('takes word that a record does not exist', () => {
    const board = partly(world());
    expect(() => decide(board, 'task.note', { id: 'deadbeef', text: 'x' })).toThrow(MissingRecord);
    board.provide('tasks', 'deadbeef', null);
    runRefused(board, 'not-found', 'task.note', { id: 'deadbeef', text: 'x' });
  });

  it.each([
    ['task.reopen', (id: string) => ({ id })],
    ['task.note', (id: string) => ({ id, text: 'x' })],
    ['task.add', (id: string) => ({ workstream: 'build', title: 'c', depends_on: [id] })],
    ['knowledge.append', () => ({ topic: 'notes', content: 'y' })],
    ['knowledge.delete', () => ({ topic: 'notes' })],
    ['task.next', () => ({ workstream: null })],
  ])('%s is decided as on the whole board, and the counts stay right', (kind, argsFor) => {
    const whole = world();
    const board = partly(whole);
    const args = argsFor(taskTitled(whole, 'a').id);
    const { decision } = decideLoading(board, whole, operationFor(whole, kind, args), contextFor(whole));
    expect(decision).toEqual(decide(whole, kind, args));
    advance(board, decision as Accepted);
    advance(whole, decision as Accepted);
    expect(board.countsOf('build')).toEqual(whole.countsOf('build'));
  });

  it('needs nothing to write a topic that is not there', () => {
    expect(run(partly(world()), 'knowledge.write', { topic: 'new', content: 'x' }).outcome).toBe('accepted');
  });

  it('looks closed dependencies up for one of ten thousand tasks, and all of its own at once', () => {
    const whole = boardWith({ tasks: ['pattern', 'done'] });
    const [pattern, done] = [taskTitled(whole, 'pattern'), taskTitled(whole, 'done')];
    for (let index = 0; index < 10_000; index++) {
      const closed = (0x20000000 + index).toString(16);
      const open = (0x10000000 + ((index * 7919) % 10_000)).toString(16);
      whole.put([
        { collection: 'tasks', key: closed, before: null, after: { ...done, id: closed, status: 'done' } },
        {
          collection: 'tasks',
          key: open,
          before: null,
          after: { ...pattern, id: open, created_version: index + 100, depends_on: [closed, done.id] },
        },
      ]);
    }
    runAccepted(whole, 'task.cancel', { id: pattern.id });
    runAccepted(whole, 'task.complete', { id: done.id });
    const { decision, rounds } = decideLoading(
      partly(whole),
      whole,
      operationFor(whole, 'task.next', { workstream: 'build' }),
      contextFor(whole),
    );
    expect(decision).toEqual(decide(whole, 'task.next', { workstream: 'build' }));
    expect(rounds).toBe(2);
  });
});
