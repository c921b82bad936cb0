import { describe, expect, it } from 'vitest';
import type { Board, Records } from '../../src/core/board.ts';
import { checkInvariants } from '../../src/core/invariants.ts';
import type { CollectionName } from '../../src/core/shelf.ts';
import { boardWith, claimTask, partly, runAccepted, taskTitled } from '../support/board-builder.ts';

/** A board on which something of everything has happened. */
function soundBoard(): Board {
  const board = boardWith({
    workstreams: ['build', 'ship'],
    agents: ['ada', 'bob'],
    tasks: ['a', { title: 'b', depends_on: ['a'], parent: 'a' }, { title: 'c', depends_on: ['b'] }, 'd', 'e', 'f'],
  });
  claimTask(board, taskTitled(board, 'a').id);
  claimTask(board, taskTitled(board, 'd').id);
  runAccepted(board, 'task.complete', { id: taskTitled(board, 'e').id });
  runAccepted(board, 'task.block', { id: taskTitled(board, 'f').id });
  runAccepted(board, 'lock.acquire', { resource: 'deploy' });
  runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
  runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
  runAccepted(board, 'lock.acquire', { resource: 'path:src/**' });
  runAccepted(board, 'lock.acquire', { resource: 'path:docs/**' }, { agent: 'bob' });
  runAccepted(board, 'knowledge.write', { topic: 'notes', content: 'x' });
  return board;
}

/** Edits a record as somebody does by hand. */
function edit<Name extends CollectionName>(
  board: Board,
  collection: Name,
  key: string,
  changes: Partial<Records[Name]>,
): void {
  const before = board[collection].get(key);
  if (before === undefined) throw new Error(`no ${collection}/${key}`);
  board.put([{ collection, key, before, after: { ...before, ...changes } } as never]);
}

const id = (board: Board, title: string): string => taskTitled(board, title).id;

it('a board that only operations have made has no fault', () => {
  const board = soundBoard();
  expect(checkInvariants(board)).toEqual([]);
  expect(checkInvariants(partly(board))).toEqual([]);
});

type Damage = (board: Board) => void;

const damages: readonly (readonly [string, Damage, string | RegExp])[] = [
  [
    'a task in progress that is assigned to nobody',
    (board) => edit(board, 'tasks', id(board, 'a'), { assigned_to: null }),
    /in progress and assigned to nobody/,
  ],
  [
    'a claim on a pending task',
    (board) =>
      edit(board, 'tasks', id(board, 'b'), {
        claim: { ...(taskTitled(board, 'a').claim as never as object), token: 1 } as never,
      }),
    /is pending and has a claim/,
  ],
  [
    'a token from the future',
    (board) =>
      edit(board, 'tasks', id(board, 'a'), {
        claim: { ...(taskTitled(board, 'a').claim as never as object), token: 9999 } as never,
      }),
    /claim\.token 9999 is beyond the board's version/,
  ],
  [
    'a token used twice',
    (board) => edit(board, 'tasks', id(board, 'a'), { claim: taskTitled(board, 'd').claim }),
    /^tasks \w+ and \w+ share the token \d+$/,
  ],
  [
    'a lease without an end',
    (board) =>
      edit(board, 'tasks', id(board, 'a'), {
        claim: { ...(taskTitled(board, 'a').claim as never as object), lease_until: 'soon' } as never,
      }),
    /its claim: lease_until is no time/,
  ],
  [
    'a dependency on nothing',
    (board) => edit(board, 'tasks', id(board, 'a'), { depends_on: ['deadbeef'] }),
    /depends on deadbeef, which does not exist/,
  ],
  [
    'a parent that is not there',
    (board) => edit(board, 'tasks', id(board, 'a'), { parent: 'deadbeef' }),
    /has the parent deadbeef, which does not exist/,
  ],
  [
    'a workstream that is not there',
    (board) => {
      edit(board, 'tasks', id(board, 'e'), { workstream: 'gone' });
    },
    /is in workstream gone, which does not exist/,
  ],
  ['a priority out of range', (board) => edit(board, 'tasks', id(board, 'a'), { priority: 0 }), /has the priority 0/],
  ['attempts below zero', (board) => edit(board, 'tasks', id(board, 'a'), { attempts: -1 }), /has -1 attempts/],
  [
    'too many notes',
    (board) => edit(board, 'tasks', id(board, 'a'), { notes: new Array(51).fill({ at: '', by: 'a', text: '' }) }),
    /more than 50 notes/,
  ],
  [
    'a creation in the future',
    (board) => edit(board, 'tasks', id(board, 'a'), { created_version: 9999 }),
    /created_version 9999 is beyond/,
  ],
  [
    'a time that is none',
    (board) => edit(board, 'tasks', id(board, 'a'), { updated_at: '2026-02-30' }),
    /updated_at is no time/,
  ],
  [
    'a count that is wrong',
    (board) => board.setCounts('build', { ...board.countsOf('build'), pending: 7 }),
    'workstream build counts 7 tasks pending, but has 2',
  ],
  [
    'a count of closed tasks that is wrong',
    (board) => board.setCounts('build', { ...board.countsOf('build'), done: 7 }),
    'workstream build counts 7 tasks done, but has 1',
  ],
  [
    'an archived workstream with open tasks',
    (board) => edit(board, 'workstreams', 'build', { status: 'archived' }),
    'workstream build is archived and has open tasks',
  ],
  [
    "a workstream's priority out of range",
    (board) => edit(board, 'workstreams', 'build', { priority: 1.5 }),
    'workstream build has the priority 1.5',
  ],
  [
    "a workstream's name that is dangerous",
    (board) => edit(board, 'workstreams', 'ship', { name: '../x' }),
    /^workstream \.\.\/x: name must not/,
  ],
  [
    'workstreams that differ by case alone',
    (board) => edit(board, 'workstreams', 'ship', { name: 'BUILD' }),
    'workstreams BUILD and build differ by case alone',
  ],
  [
    'agents that differ by case alone',
    (board) => edit(board, 'agents', 'bob', { id: 'Ada' }),
    'agents Ada and ada differ by case alone',
  ],
  [
    'an agent seen at no time',
    (board) => edit(board, 'agents', 'ada', { last_seen: '' }),
    'agent ada last_seen is no time',
  ],
  [
    'an exclusive lock with two holders',
    (board) => edit(board, 'locks', 'db', { shared: false }),
    'lock db is exclusive and has 2 holders',
  ],
  [
    'a lock without a holder',
    (board) => edit(board, 'locks', 'deploy', { holders: [] }),
    'lock deploy is held by nobody',
  ],
  [
    'holders out of order',
    (board) => edit(board, 'locks', 'db', { holders: [...(board.locks.get('db')?.holders ?? [])].reverse() }),
    'lock db has tokens that do not rise',
  ],
  [
    'a hold from the future',
    (board) =>
      edit(board, 'locks', 'deploy', {
        holders: (board.locks.get('deploy')?.holders ?? []).map((hold) => ({ ...hold, token: 9999 })),
      }),
    /lock deploy, held by agent-1: token 9999 is beyond/,
  ],
  [
    'a hold whose times disagree',
    (board) =>
      edit(board, 'locks', 'deploy', {
        holders: (board.locks.get('deploy')?.holders ?? []).map((hold) => ({ ...hold, ttl_ms: 1 })),
      }),
    /expires_at is not acquired_at and ttl_ms/,
  ],
  [
    'a resource that is dangerous',
    (board) => edit(board, 'locks', 'deploy', { resource: 'a\u202eb' }),
    /^lock a.b: resource must not/,
  ],
  [
    'resources that differ by case alone',
    (board) => edit(board, 'locks', 'deploy', { resource: 'DB' }),
    'resources DB and db differ by case alone',
  ],
  [
    'path locks that overlap',
    (board) => edit(board, 'locks', 'path:docs/**', { resource: 'path:src/*.ts' }),
    'locks path:src/** and path:src/*.ts overlap and have different holders',
  ],
  [
    'knowledge from the future',
    (board) => edit(board, 'knowledge', 'notes', { version: 9999 }),
    "knowledge notes version 9999 is beyond the board's version 21",
  ],
  [
    'knowledge that no topic names',
    (board) => void board.topics.delete('notes'),
    'knowledge notes is not among the topics',
  ],
  [
    'topics that differ by case alone',
    (board) => void board.topics.add('Notes'),
    'topics Notes and notes differ by case alone',
  ],
  ['a topic that is dangerous', (board) => void board.topics.add('../x'), /^knowledge \.\.\/x: topic must not/],
];

describe('it finds', () => {
  it.each(damages)('%s', (_what, damage, words) => {
    const board = soundBoard();
    damage(board);
    const faults = checkInvariants(board);
    expect(faults).toContainEqual(typeof words === 'string' ? words : expect.stringMatching(words));
  });

  it('tasks that wait for themselves, and no others', () => {
    const board = soundBoard();
    edit(board, 'tasks', id(board, 'a'), { depends_on: [id(board, 'b')] });
    // `c` waits for `b`, but is in no circle.
    const circle = [id(board, 'a'), id(board, 'b')].sort();
    expect(checkInvariants(board)).toEqual(
      circle.map((each) => `task ${each} waits for itself, or stands between tasks that do`),
    );
  });

  it('a task that is its own ancestor', () => {
    const board = soundBoard();
    edit(board, 'tasks', id(board, 'a'), { parent: id(board, 'a') });
    expect(checkInvariants(board)).toEqual([
      `task ${id(board, 'a')} is its own ancestor, or stands between tasks that do`,
    ]);
  });

  it('all faults at once, in an order that does not depend on loading', () => {
    const board = soundBoard();
    edit(board, 'tasks', id(board, 'a'), { priority: 0, parent: 'deadbeef' });
    edit(board, 'agents', 'ada', { last_seen: '' });
    const faults = checkInvariants(board);
    expect(faults).toHaveLength(3);
    expect(faults).toEqual([...faults].sort());
  });
});

it('says nothing of what is not loaded', () => {
  const whole = soundBoard();
  edit(whole, 'tasks', id(whole, 'b'), { depends_on: [id(whole, 'e')] });
  const board = partly(whole);
  board.setCounts('build', { ...board.countsOf('build'), done: 7 });
  expect(checkInvariants(board)).toEqual([]);
});

it('takes a board of ten thousand tasks in good time', () => {
  const board = boardWith({ tasks: ['a'] });
  const pattern = taskTitled(board, 'a');
  const idOf = (index: number): string => (0x10000000 + index).toString(16);
  for (let index = 0; index < 10_000; index++) {
    const dependencies = index === 0 ? [] : [idOf(index - 1), idOf(0)];
    board.put([
      {
        collection: 'tasks',
        key: idOf(index),
        before: null,
        after: { ...pattern, id: idOf(index), depends_on: dependencies },
      },
    ]);
  }
  edit(board, 'tasks', idOf(0), { depends_on: [idOf(9_999)] });
  const start = performance.now();
  expect(checkInvariants(board)).toHaveLength(10_000);
  expect(performance.now() - start).toBeLessThan(2000);
});
