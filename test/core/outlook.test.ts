import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import { outlookOf, type WorkScope } from '../../src/core/outlook.ts';
import { MissingRecord } from '../../src/core/shelf.ts';
import {
  afterStart,
  type BoardPlan,
  boardWith,
  claimTask,
  hour,
  minute,
  partly,
  runAccepted,
  second,
  taskTitled,
} from '../support/board-builder.ts';

const moment = { at: afterStart(0), clockSkewMs: 0 };

function look(board: Board, scope: Partial<WorkScope> = {}, more: Partial<typeof moment> = {}) {
  return outlookOf(board, { workstream: null, agent: 'agent-1', ...scope }, { ...moment, ...more });
}

function boardAtWork(plan: BoardPlan, claimed: readonly string[], agent = 'agent-2'): Board {
  const board = boardWith(plan);
  for (const title of claimed) claimTask(board, taskTitled(board, title).id, { agent, lease_ms: hour });
  return board;
}

describe('ready', () => {
  it('a pending task that waits for nothing', () => {
    expect(look(boardWith({ tasks: ['a'] }))).toEqual({ prospect: 'ready' });
    expect(look(boardWith({ tasks: ['a'] }), { workstream: 'build' })).toEqual({ prospect: 'ready' });
  });

  it('one whose dependencies are done, and one whose lease has run out', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }] });
    runAccepted(board, 'task.complete', { id: taskTitled(board, 'a').id });
    expect(look(board)).toEqual({ prospect: 'ready' });
    const left = boardAtWork({ tasks: ['a'] }, ['a']);
    expect(look(left, {}, { at: afterStart(hour) })).toEqual({ prospect: 'ready' });
    expect(look(left, {}, { at: afterStart(hour), clockSkewMs: 5000 })).toMatchObject({ prospect: 'coming' });
  });
});

describe('coming', () => {
  it('what somebody has at work may come back; it says when its lease is over', () => {
    const board = boardAtWork({ tasks: ['a'] }, ['a']);
    expect(look(board, {}, { clockSkewMs: 5000 })).toEqual({ prospect: 'coming', wakeAt: afterStart(hour + 5000) });
  });

  it('what waits for work of others, in another workstream as well', () => {
    const plan = {
      workstreams: ['build', 'other'],
      tasks: [
        { title: 'a', workstream: 'other' },
        { title: 'b', depends_on: ['a'] },
      ],
    };
    expect(look(boardAtWork(plan, ['a']), { workstream: 'build' })).toEqual({ prospect: 'coming', wakeAt: null });
  });

  it('a chain of tasks, the first of which is at work', () => {
    const plan = {
      workstreams: ['build', 'other'],
      tasks: [
        { title: 'a', workstream: 'other' },
        { title: 'b', workstream: 'other', depends_on: ['a'] },
        { title: 'c', depends_on: ['b'] },
      ],
    };
    expect(look(boardAtWork(plan, ['a']), { workstream: 'build' })).toMatchObject({ prospect: 'coming' });
  });

  it('files that somebody has locked', () => {
    const board = boardWith({ tasks: [{ title: 'a', paths: ['src/**'] }] });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/x.ts', ttl_ms: minute }, { agent: 'agent-2' });
    expect(look(board)).toEqual({ prospect: 'coming', wakeAt: afterStart(minute) });
    expect(look(board, { agent: 'agent-2' })).toEqual({ prospect: 'ready' });
  });

  it('a lock that several share is in the way until the last of the others runs out, whatever ran out before', () => {
    const board = boardWith({ tasks: [{ title: 'a', paths: ['src/**'] }] });
    const share = (agent: string, ttl_ms: number) =>
      runAccepted(board, 'lock.acquire', { resource: 'path:src/x.ts', shared: true, ttl_ms }, { agent });
    share('agent-1', second);
    share('agent-2', minute);
    share('agent-3', hour);
    expect(look(board)).toEqual({ prospect: 'coming', wakeAt: afterStart(hour) });
    expect(look(board, {}, { at: afterStart(minute) })).toEqual({ prospect: 'coming', wakeAt: afterStart(hour) });
    expect(look(board, {}, { at: afterStart(hour) })).toEqual({ prospect: 'ready' });
  });
});

describe('none', () => {
  it('nothing is open', () => {
    expect(look(boardWith({ tasks: [] }))).toEqual({ prospect: 'none' });
  });

  it.each([
    ['tasks of another workstream', { workstream: 'docs' }],
    ['tasks without the label', { label: 'api' }],
  ])('%s', (_what, scope) => {
    const board = boardWith({ workstreams: ['build', 'docs'], tasks: ['a'] });
    expect(look(board, scope)).toEqual({ prospect: 'none' });
  });

  it('what needs a capability that the agent has not', () => {
    const board = boardWith({
      agents: [{ id: 'agent-3', capabilities: ['sql'] }],
      tasks: [{ title: 'a', needs: ['sql'] }],
    });
    expect(look(board)).toEqual({ prospect: 'none' });
    expect(look(board, { agent: 'agent-3' })).toEqual({ prospect: 'ready' });
  });

  it('a paused workstream', () => {
    const board = boardWith({ tasks: ['a'] });
    runAccepted(board, 'workstream.pause', { name: 'build' });
    expect(look(board)).toEqual({ prospect: 'none' });
  });

  it('what waits for a task that is blocked, failed or cancelled', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }] });
    const { id } = taskTitled(board, 'a');
    runAccepted(board, 'task.block', { id });
    expect(look(board)).toEqual({ prospect: 'none' });
    runAccepted(board, 'task.cancel', { id });
    expect(look(board)).toEqual({ prospect: 'none' });
  });

  it('what waits for a task that others could do, and nobody does', () => {
    const tasks = [
      { title: 'a', workstream: 'other' },
      { title: 'b', depends_on: ['a'] },
    ];
    const board = boardWith({ workstreams: ['build', 'other'], tasks });
    expect(look(board, { workstream: 'build' })).toEqual({ prospect: 'none' });
    expect(look(board)).toEqual({ prospect: 'ready' });
  });

  it('what waits for running work and for a failed task at once', () => {
    const board = boardAtWork({ tasks: ['a', 'x', { title: 'b', depends_on: ['a', 'x'] }] }, ['a']);
    runAccepted(board, 'task.cancel', { id: taskTitled(board, 'x').id });
    expect(look(board, { workstream: 'build' })).toMatchObject({ prospect: 'coming', wakeAt: afterStart(hour) });
    runAccepted(board, 'task.cancel', { id: taskTitled(board, 'a').id });
    expect(look(board)).toEqual({ prospect: 'none' });
  });
});

it('asks for closed dependencies that are not loaded, and only where they decide', () => {
  const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }] });
  runAccepted(board, 'task.complete', { id: taskTitled(board, 'a').id });
  expect(() => look(partly(board))).toThrow(MissingRecord);
});
