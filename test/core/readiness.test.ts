import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import {
  compareAcrossWorkstreams,
  conflictingLock,
  isHoldExpired,
  isLeaseExpired,
  isReady,
  leaseEnd,
  missingCapabilities,
  obstacleTo,
  openDependencies,
} from '../../src/core/readiness.ts';
import type { Task } from '../../src/core/records.ts';
import { compareTasks } from '../../src/core/task-order.ts';
import {
  afterStart,
  boardWith,
  claimTask,
  hour,
  minute,
  runAccepted,
  second,
  taskTitled,
} from '../support/board-builder.ts';

const now = { at: afterStart(0), clockSkewMs: 0 };
const ready = (board: Board, title: string, agent = 'ada'): boolean =>
  isReady(board, taskTitled(board, title), agent, now);

describe('a task is ready', () => {
  it('when it is pending, its workstream active, and nothing stands in the way', () => {
    expect(ready(boardWith({ tasks: ['a'] }), 'a')).toBe(true);
  });

  it('when its lease has run out', () => {
    const board = boardWith({ tasks: ['a'] });
    claimTask(board, taskTitled(board, 'a').id, { lease_ms: minute });
    expect(ready(board, 'a')).toBe(false);
    expect(isReady(board, taskTitled(board, 'a'), 'ada', { at: afterStart(minute), clockSkewMs: 0 })).toBe(true);
  });

  it('not in a workstream that is paused', () => {
    const board = boardWith({ tasks: ['a'] });
    runAccepted(board, 'workstream.pause', { name: 'build' });
    expect(ready(board, 'a')).toBe(false);
    // A claim by name is the caller's decision: pausing only keeps `next` away.
    expect(obstacleTo(board, taskTitled(board, 'a'), 'ada', now)).toBeNull();
  });

  it('not while blocked, nor when closed', () => {
    const board = boardWith({ tasks: ['a', 'b'] });
    runAccepted(board, 'task.block', { id: taskTitled(board, 'a').id });
    runAccepted(board, 'task.complete', { id: taskTitled(board, 'b').id });
    expect([ready(board, 'a'), ready(board, 'b')]).toEqual([false, false]);
  });

  it('only when all that it depends on is done: failed and cancelled do not count', () => {
    const board = boardWith({
      settings: { max_attempts: 1 },
      tasks: ['done', 'failed', 'cancelled', { title: 'a', depends_on: ['done', 'failed', 'cancelled'] }],
    });
    const id = (title: string): string => taskTitled(board, title).id;
    runAccepted(board, 'task.complete', { id: id('done') });
    runAccepted(board, 'task.fail', { id: id('failed') });
    runAccepted(board, 'task.cancel', { id: id('cancelled') });
    expect(openDependencies(board, taskTitled(board, 'a'))).toEqual([id('failed'), id('cancelled')]);
    expect(ready(board, 'a')).toBe(false);
  });

  it('only for an agent that has what it needs', () => {
    const board = boardWith({
      agents: [{ id: 'ada', capabilities: ['gpu'] }],
      tasks: [{ title: 'a', needs: ['gpu'] }],
    });
    expect([ready(board, 'a', 'ada'), ready(board, 'a', 'bob')]).toEqual([true, false]);
    expect(missingCapabilities(board, { needs: ['gpu', 'browser'] }, 'ada')).toEqual(['browser']);
    expect(missingCapabilities(board, { needs: ['gpu'] }, 'nobody')).toEqual(['gpu']);
  });

  it('not while somebody else has locked files that it touches, shared or not', () => {
    const board = boardWith({ tasks: [{ title: 'a', paths: ['docs/x.md', 'src/core/*.ts'] }, 'b'] });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/**', shared: true, ttl_ms: minute }, { agent: 'bob' });
    expect([ready(board, 'a', 'ada'), ready(board, 'a', 'bob'), ready(board, 'b', 'ada')]).toEqual([false, true, true]);
    expect(conflictingLock(board, taskTitled(board, 'a'), 'ada', now)?.resource).toBe('path:src/**');
    expect(
      conflictingLock(board, taskTitled(board, 'a'), 'ada', { at: afterStart(minute), clockSkewMs: 0 }),
    ).toBeNull();
    expect(conflictingLock(board, { paths: ['docs/x.md'] }, 'ada', now)).toBeNull();
  });

  it('whatever resource is locked that names no files', () => {
    const board = boardWith({ tasks: [{ title: 'a', paths: ['deploy'] }] });
    runAccepted(board, 'lock.acquire', { resource: 'deploy' }, { agent: 'bob' });
    expect(ready(board, 'a', 'ada')).toBe(true);
  });
});

describe('a lease', () => {
  it('of an imported task counts from its last change', () => {
    const board = boardWith({ tasks: ['a'] });
    const imported: Task = { ...taskTitled(board, 'a'), status: 'in_progress', assigned_to: 'ada' };
    expect(leaseEnd(board, imported)).toBe(afterStart(30 * minute));
  });

  it('is over with a margin for clocks that differ', () => {
    const board = boardWith({ tasks: ['a'] });
    claimTask(board, taskTitled(board, 'a').id);
    const task = taskTitled(board, 'a');
    expect(isLeaseExpired(board, task, { at: afterStart(30 * minute + 4999), clockSkewMs: 5 * second })).toBe(false);
    expect(isLeaseExpired(board, task, { at: afterStart(30 * minute + 5000), clockSkewMs: 5 * second })).toBe(true);
    expect(isLeaseExpired(board, { ...task, status: 'pending' }, { at: afterStart(hour), clockSkewMs: 0 })).toBe(false);
  });

  it('or a hold whose end cannot be read is over: damage keeps nothing for ever', () => {
    const board = boardWith({ tasks: ['a'] });
    claimTask(board, taskTitled(board, 'a').id);
    const task = taskTitled(board, 'a');
    if (task.claim === null) throw new Error('not claimed');
    expect(isLeaseExpired(board, { ...task, claim: { ...task.claim, lease_until: 'soon' } }, now)).toBe(true);
    runAccepted(board, 'lock.acquire', { resource: 'x' });
    const hold = board.locks.get('x')?.holders[0];
    if (hold === undefined) throw new Error('not held');
    expect([isHoldExpired(hold, now), isHoldExpired({ ...hold, expires_at: 'soon' }, now)]).toEqual([false, true]);
  });
});

describe('the order of next', () => {
  const task = (changes: Partial<Task>): Task => {
    const board = boardWith({ tasks: ['a'] });
    return { ...taskTitled(board, 'a'), ...changes };
  };

  it('is priority, then the version of creation, then the place in an import, then id', () => {
    const inOrder = [
      task({ id: 'ffffffff', priority: 1, created_version: 9 }),
      task({ id: 'eeeeeeee', priority: 5, created_version: 2 }),
      task({ id: 'dddddddd', priority: 5, created_version: 3, created_index: 0 }),
      task({ id: 'aaaaaaaa', priority: 5, created_version: 3, created_index: 1 }),
      task({ id: 'bbbbbbbb', priority: 5, created_version: 3, created_index: 1 }),
    ];
    expect([...inOrder].reverse().sort(compareTasks)).toEqual(inOrder);
    expect(compareTasks(task({}), task({}))).toBe(0);
  });

  it('across workstreams begins with the most urgent workstream', () => {
    const board = boardWith({
      workstreams: [
        { name: 'low', priority: 9 },
        { name: 'high', priority: 1 },
      ],
      tasks: [
        { title: 'a', priority: 1 },
        { title: 'b', priority: 9, workstream: 'high' },
      ],
    });
    const titles = [...board.openTasks()].sort(compareAcrossWorkstreams(board)).map((each) => each.title);
    expect(titles).toEqual(['b', 'a']);
  });
});
