import { describe, expect, it } from 'vitest';
import { checkInvariants } from '../../../src/core/invariants.ts';
import {
  afterStart,
  boardWith,
  contextFor,
  decide,
  decideLoading,
  minute,
  operationFor,
  partly,
  runAccepted,
  runRefused,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

const original = {
  version: 18,
  updated_at: '2026-02-06T08:32:35.231Z',
  workstreams: [
    {
      name: 'revenue',
      description: 'Revenue generation',
      priority: 1,
      created_at: '2026-02-06T07:36:50.538Z',
      tasks: [
        {
          id: '299833bc',
          title: 'Payments',
          status: 'done',
          assigned_to: 'main',
          result: 'in',
          created_at: '2026-02-06T08:36:59.474+01:00',
          updated_at: '2026-02-06T07:41:39.062Z',
        },
        {
          id: 'f4048c19',
          title: 'Dashboard',
          status: 'done',
          created_at: '2026-02-06T07:36:59.609Z',
          updated_at: '2026-02-06T08:32:35.231Z',
        },
        {
          id: '494af3c1',
          title: 'List it',
          status: 'in_progress',
          assigned_to: 'main',
          created_at: '2026-02-06T07:36:59.510',
          updated_at: '2026-02-06T07:36:59.510Z',
        },
      ],
    },
    {
      name: 'infra',
      created_at: '2026-02-06T07:36:50.652Z',
      tasks: [
        {
          id: '9e203446',
          title: 'Health',
          created_at: '2026-02-06T07:36:59.706Z',
          updated_at: '2026-02-06T07:36:59.706Z',
        },
      ],
    },
  ],
  agents: [
    {
      id: 'main',
      type: 'coordinator',
      registered_at: '2026-02-06T07:37:03.628Z',
      last_seen: '2026-02-06T07:37:03.628Z',
    },
  ],
  locks: [{ resource: 'git', agent: 'main', acquired_at: '2026-02-06T07:37:03.628Z', ttl_ms: 60_000 }],
  events: [
    { ts: '2026-02-06T07:36:50.539Z', agent: 'system', action: 'workstream_created', workstream: 'revenue' },
    {
      ts: '2026-02-06T07:41:39.062Z',
      agent: 'main',
      action: 'task_completed',
      workstream: 'revenue',
      task_id: '299833bc',
      result: 'in',
      n: 99,
      v: 99,
      op: 'forged-operation',
    },
  ],
  knowledge: [
    { topic: 'payments', content: '# Payment System', updated_by: 'system', updated_at: '2026-02-06T07:41:48.711Z' },
  ],
};

describe('board.import', () => {
  it('takes a whole board over in one mutation, tasks done that nobody claimed included', () => {
    const board = boardWith({ workstreams: [] });
    const accepted = runAccepted(board, 'board.import', original, { agent: 'system', at: afterStart(minute) });
    expect(taskOf(board, '299833bc')).toMatchObject({
      workstream: 'revenue',
      status: 'done',
      assigned_to: 'main',
      claim: null,
      result: 'in',
      priority: 5,
      created_index: 0,
    });
    expect(taskOf(board, 'f4048c19')).toMatchObject({
      status: 'done',
      assigned_to: null,
      created_version: accepted.version,
      created_index: 1,
    });
    expect(taskOf(board, '494af3c1')).toMatchObject({ status: 'in_progress', assigned_to: 'main', claim: null });
    expect(board.workstreams.get('infra')).toMatchObject({
      status: 'active',
      priority: 5,
      description: '',
      created_index: 1,
    });
    expect(board.countsOf('revenue')).toMatchObject({ done: 2, in_progress: 1, pending: 0 });
    expect(board.agents.get('main')).toMatchObject({ type: 'coordinator', status: 'active' });
    expect(board.locks.get('git')?.holders).toMatchObject([
      { agent: 'main', token: accepted.version, expires_at: '2026-02-06T07:38:03.628Z', imported: true },
    ]);
    expect(board.knowledge.get('payments')).toMatchObject({
      content: '# Payment System',
      updated_at: '2026-02-06T07:41:48.711Z',
    });
    expect(accepted.result).toEqual({ value: 4 });
    expect(checkInvariants(board)).toEqual([]);
  });

  it('brings times to UTC, whatever zone they bear and whatever zone this machine is in', () => {
    const board = boardWith({ workstreams: [] });
    runAccepted(board, 'board.import', original);
    expect(taskOf(board, '299833bc').created_at).toBe('2026-02-06T07:36:59.474Z');
    expect(taskOf(board, '494af3c1').created_at).toBe('2026-02-06T07:36:59.510Z');
  });

  it('numbers the old events, without proof of any operation, before its own', () => {
    const board = boardWith({ workstreams: [] });
    const { events, version, operation } = runAccepted(board, 'board.import', original);
    expect(events.map((event) => [event.n, event.v, event.action, event.op])).toEqual([
      [2, version, 'workstream_created', undefined],
      [3, version, 'task_completed', undefined],
      [4, version, 'board_imported', operation.id],
    ]);
    expect(events[1]).toMatchObject({ ts: '2026-02-06T07:41:39.062Z', agent: 'main', result: 'in' });
    expect(events[2]).toMatchObject({
      workstreams: 2,
      tasks: 4,
      agents: 1,
      events: 2,
      knowledge: 1,
      imported_version: 18,
      imported_updated_at: original.updated_at,
    });
    expect(board.meta.events).toBe(4);
  });

  it.each([
    ['a workstream', { workstreams: [{ ...original.workstreams[1], name: 'Build', tasks: [] }] }],
    [
      'a task',
      (id: string) => ({
        workstreams: [{ ...original.workstreams[1], tasks: [{ ...original.workstreams[1]?.tasks[0], id }] }],
      }),
    ],
    ['an agent', { agents: [{ ...original.agents[0], id: 'ADA' }] }],
    ['a lock', { locks: [{ ...original.locks[0], resource: 'Deploy' }] }],
    ['a lock, twice', { locks: [...original.locks, ...original.locks] }],
    ['knowledge', { knowledge: [{ topic: 'NOTES', content: '' }] }],
    ['a task, twice', { workstreams: [...original.workstreams, { ...original.workstreams[0], name: 'copy' }] }],
    ['a workstream, twice', { workstreams: [original.workstreams[1], { ...original.workstreams[1], tasks: [] }] }],
  ])('refuses %s that is on the board already: already-exists', (_what, changes) => {
    const board = boardWith({ agents: ['ada'], tasks: ['a'] });
    runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    runAccepted(board, 'knowledge.write', { topic: 'notes', content: '' });
    const args = typeof changes === 'function' ? changes(taskTitled(board, 'a').id) : changes;
    runRefused(board, 'already-exists', 'board.import', { ...original, ...args });
  });

  it.each([
    [{ version: -1 }, /^version must be a whole number, 0 or more/],
    [{ updated_at: 'Feb 6 2026' }, /^updated_at must be a time such as/],
    [
      { agents: [{ ...original.agents[0], last_seen: '+275760-09-13T00:00:00.000Z' }] },
      /^agents\.0\.last_seen must be a time/,
    ],
    [{ locks: [{ ...original.locks[0], ttl_ms: 0 }] }, /^locks\.0\.ttl_ms must be/],
    [{ events: [{ agent: 'a', action: 'b' }] }, /^events\.0\.ts is required/],
    [{ workstreams: [{ name: '../x', created_at: original.updated_at, tasks: [] }] }, /^workstreams\.0\.name must not/],
    [{ owner: 'me' }, /^unknown arguments: owner/],
  ])('refuses %j in words that say where', (changes, words) => {
    expect(
      runRefused(boardWith({ workstreams: [] }), 'invalid-argument', 'board.import', { ...original, ...changes })
        .message,
    ).toMatch(words);
  });

  it('tells the first fault of a list, however many there are', () => {
    const events = Array.from({ length: 70_000 }, () => ({}));
    const tasks = events.map((_, index) => ({ id: (0xa0000000 + index).toString(16) }));
    const workstreams = [{ name: 'w', created_at: original.updated_at, tasks }];
    for (const [changes, words] of [
      [{ events }, 'events.0.ts is required'],
      [{ workstreams }, 'workstreams.0.tasks.0.title is required'],
    ] as const)
      expect(
        runRefused(boardWith({ workstreams: [] }), 'invalid-argument', 'board.import', { ...original, ...changes })
          .message,
      ).toBe(words);
  });

  it.each([
    ['unknown-dependency', ['deadbeef']],
    ['dependency-cycle', ['9e203446']],
  ] as const)('refuses loose ends: %s', (code, depends_on) => {
    const infra = original.workstreams[1];
    const workstreams = [{ ...infra, tasks: [{ ...infra?.tasks[0], depends_on }] }];
    runRefused(boardWith({ workstreams: [] }), code, 'board.import', { ...original, workstreams });
  });

  it('takes shared locks with all their holders, exclusive ones with one', () => {
    const others = [{ agent: 'bob', acquired_at: original.updated_at, ttl_ms: 1 }];
    const board = boardWith({ workstreams: [] });
    runAccepted(board, 'board.import', { ...original, locks: [{ ...original.locks[0], shared: true, others }] });
    expect(board.locks.get('git')?.holders.map((hold) => hold.agent)).toEqual(['main', 'bob']);
    expect(checkInvariants(board)).toEqual([]);
    const crowded = { ...original, locks: [{ ...original.locks[0], others }] };
    runRefused(boardWith({ workstreams: [] }), 'invalid-argument', 'board.import', crowded);
  });

  it('finds credentials in what it brings', () => {
    const knowledge = [{ topic: 'a', content: `AK${'IA'}ABCDEFGHIJKLMNOP` }];
    runRefused(boardWith({ workstreams: [] }), 'secret-found', 'board.import', { ...original, knowledge });
    runAccepted(boardWith({ workstreams: [] }), 'board.import', { ...original, knowledge, allow_secret: true });
  });

  it('asks for all tasks at once whether they are there', () => {
    const board = boardWith({ workstreams: [] });
    const { decision, rounds } = decideLoading(
      partly(board),
      board,
      operationFor(board, 'board.import', original),
      contextFor(board),
    );
    expect(decision).toEqual(decide(board, 'board.import', original));
    expect(rounds).toBe(2);
  });
});

it("what came of a task's checks is taken over, with its time in UTC", () => {
  const run = { command: 'npm test', exit_code: 0, duration_ms: 5, commit: null, dirty: null, output_tail: 'ok' };
  const results = { at: '2026-02-06T08:41:39.062+01:00', by: 'main', forced: false, runs: [run] };
  const times = { created_at: '2026-02-06T07:36:59.609Z', updated_at: '2026-02-06T07:41:39.062Z' };
  const task = { id: '299833bc', title: 'Payments', status: 'done', ...times, check_results: results };
  const workstream = { name: 'revenue', created_at: times.created_at, tasks: [task, { ...task, id: 'f4048c19' }] };
  const { check_results: _none, ...plain } = workstream.tasks[1] as typeof task;
  const board = boardWith({ workstreams: [] });
  const nothing = { agents: [], locks: [], events: [], knowledge: [] };
  const args = { version: 1, updated_at: null, workstreams: [{ ...workstream, tasks: [task, plain] }], ...nothing };
  runAccepted(board, 'board.import', args);
  expect(taskOf(board, '299833bc').check_results).toEqual({ ...results, at: '2026-02-06T07:41:39.062Z' });
  expect(taskOf(board, 'f4048c19')).not.toHaveProperty('check_results');
});
