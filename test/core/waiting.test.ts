/** What keeps a task waiting, in words; and that `next`, the list of what is ready and the reasons say the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apply } from '../../src/core/apply.ts';
import type { Board } from '../../src/core/board.ts';
import type { Decision } from '../../src/core/operation.ts';
import { requireDependencies } from '../../src/core/readiness.ts';
import { isOpen, type Task } from '../../src/core/records.ts';
import { findObstacle, type WaitingFor } from '../../src/core/waiting.ts';
import {
  afterStart,
  boardWith,
  claimTask,
  contextFor,
  minute,
  operationFor,
  runAccepted,
  taskTitled,
} from '../support/board-builder.ts';
import { partlyLoaded } from '../support/board-loading.ts';
import { busyAt, busyBoard } from '../support/busy-board.ts';

const now = { at: afterStart(0), clockSkewMs: 0 };
const idOf = (board: Board, title: string): string => taskTitled(board, title).id;
const obstacle = (board: Board, title: string, moment = now): WaitingFor | null =>
  findObstacle(board, taskTitled(board, title), 'ada', moment);

describe('what keeps a task from being handed out', () => {
  test('nothing', () => {
    expect(obstacle(boardWith({ tasks: ['a'] }), 'a')).toBe(null);
  });

  test('tasks that are not done, and those that never will be', () => {
    const board = boardWith({ tasks: ['a', 'b', { title: 'c', depends_on: ['a', 'b'] }] });
    const [a, b, c] = ['a', 'b', 'c'].map((title) => idOf(board, title));
    expect(obstacle(board, 'c')).toEqual({
      kind: 'dependencies',
      message: `task ${c} waits for ${a}, ${b}`,
      tasks: [a, b],
    });
    runAccepted(board, 'task.complete', { id: a });
    runAccepted(board, 'task.cancel', { id: b });
    expect(obstacle(board, 'c')).toMatchObject({ message: `task ${c} waits for ${b} (cancelled)`, tasks: [b] });
    board.provide('tasks', c ?? '', { ...taskTitled(board, 'c'), depends_on: ['00000000'] });
    expect(obstacle(board, 'c')?.message).toBe(`task ${c} waits for 00000000 (which does not exist)`);
  });

  test('its status, its workstream, capabilities, a lock, its attempts', () => {
    const board = boardWith({
      settings: { max_attempts: 1 },
      workstreams: ['build', 'rest'],
      tasks: [
        'blocked',
        'held',
        'spent',
        'done',
        { title: 'needs', needs: ['gpu'] },
        { title: 'files', paths: ['a/*'] },
        { title: 'resting', workstream: 'rest' },
      ],
    });
    runAccepted(board, 'task.block', { id: idOf(board, 'blocked') });
    claimTask(board, idOf(board, 'held'), { agent: 'bob' });
    claimTask(board, idOf(board, 'spent'), { agent: 'bob', lease_ms: 1000 });
    runAccepted(board, 'task.complete', { id: idOf(board, 'done') });
    runAccepted(board, 'workstream.pause', { name: 'rest' });
    runAccepted(board, 'lock.acquire', { resource: 'path:a/**', ttl_ms: minute }, { agent: 'bob' });
    const told = (title: string) => {
      const found = obstacle(board, title, { at: afterStart(2000), clockSkewMs: 0 });
      return [found?.kind, found?.message.replace(/[0-9a-f]{8}/, 'ID')];
    };
    expect(['blocked', 'held', 'spent', 'done', 'needs', 'files', 'resting'].map(told)).toEqual([
      ['blocked', 'task ID is blocked'],
      ['held', 'task ID is held by bob'],
      ['attempts', 'the lease of bob ran out, the last of 1 attempts: `next` gives it up'],
      ['closed', 'task ID is done'],
      ['capabilities', 'task ID needs gpu'],
      ['lock', 'task ID touches files that bob holds with "path:a/**"'],
      ['workstream', 'workstream "rest" is paused'],
    ]);
  });
});

/** The order of `next`, as the documents have it. */
function inOrder(board: Board, isAny: boolean): (a: Task, b: Task) => number {
  const keys = (task: Task): (number | string)[] => {
    const urgency = isAny ? (board.workstreams.get(task.workstream)?.priority ?? 9) : 0;
    return [urgency, task.priority, task.created_version, task.created_index, task.id];
  };
  return (a, b) => {
    const [left, right] = [keys(a), keys(b)];
    const at = left.findIndex((key, index) => key !== right[index]);
    return at < 0 ? 0 : (left[at] ?? 0) < (right[at] ?? 0) ? -1 : 1;
  };
}

describe('next', () => {
  const asked = fc.record({
    seed: fc.integer({ min: 0, max: 1_000_000 }),
    agent: fc.constantFrom('ada', 'bob', 'gus', 'somebody'),
    workstream: fc.constantFrom(null, null, 'api', 'docs'),
    label: fc.constantFrom(undefined, undefined, 'soon', 'debt'),
  });

  test('gives the first task that nothing stands against, whatever was loaded first, and loads in two rounds at most', () => {
    fc.assert(
      fc.property(asked, ({ seed, agent, workstream, label }) => {
        const board = busyBoard(seed, 40);
        const options = { agent, at: busyAt };
        const operation = operationFor(
          board,
          'task.next',
          { workstream, ...(label === undefined ? {} : { label }) },
          options,
        );
        const decideOn = (on: Board): Decision => apply(on, operation, contextFor(board, options));
        const decision = decideOn(board);
        const ready = [...board.openTasks()]
          .filter((task) => workstream === null || task.workstream === workstream)
          .filter((task) => label === undefined || task.labels.includes(label))
          .filter((task) => findObstacle(board, task, agent, { at: busyAt, clockSkewMs: 0 }) === null)
          .sort(inOrder(board, workstream === null));
        const [first] = ready;
        if ('result' in decision)
          expect(decision.result).toEqual(first === undefined ? { value: null } : { task: first.id });
        for (const order of [1, 2, 3]) {
          const other = partlyLoaded(board, seed + order, decideOn);
          expect(other.answer).toEqual(decision);
          // The last round is the one that decides.
          expect(other.rounds).toBeLessThanOrEqual(3);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('loads what many open tasks wait for in one go', () => {
    const titles = Array.from({ length: 60 }, (_, n) => `step ${n}`);
    const board = boardWith({
      tasks: titles.flatMap((title) => [`${title} before`, { title, depends_on: [`${title} before`] }]),
    });
    for (const title of titles) runAccepted(board, 'task.cancel', { id: idOf(board, `${title} before`) });
    const operation = operationFor(board, 'task.next', { workstream: 'build' });
    const nothing = partlyLoaded(board, 1, (on) => apply(on, operation, contextFor(board)));
    expect([nothing.answer.outcome, nothing.rounds, nothing.loaded]).toEqual(['unchanged', 3, 60]);
    const question = (on: Board): void => requireDependencies(on, on.openTasks());
    expect(partlyLoaded(board, 1, question)).toMatchObject({ rounds: 2, loaded: 60 });
  });

  test('loads as much with hundreds of closed tasks as with ten', () => {
    const loadedWith = (closed: number): [number, number] => {
      const done = Array.from({ length: closed }, (_, n) => `done ${n}`);
      const board = boardWith({
        tasks: [...done, { title: 'a', depends_on: ['done 0'] }, { title: 'b', depends_on: ['done 1'] }],
      });
      for (const task of [...board.openTasks()]) {
        if (task.title.startsWith('done')) runAccepted(board, 'task.complete', { id: task.id });
      }
      expect([...board.tasks.loaded()].filter((task) => !isOpen(task))).toHaveLength(closed);
      const operation = operationFor(board, 'task.next', { workstream: 'build' });
      const { rounds, loaded } = partlyLoaded(board, 1, (on) => apply(on, operation, contextFor(board)));
      return [rounds, loaded];
    };
    expect(loadedWith(10)).toEqual([2, 1]);
    expect(loadedWith(300)).toEqual([2, 1]);
  });
});
