import { describe, expect, it } from 'vitest';
import { Board, emptyMeta } from '../../src/core/board.ts';
import {
  boardWith,
  claimTask,
  openTaskCount,
  partly,
  runAccepted,
  snapshot,
  taskTitled,
} from '../support/board-builder.ts';

describe('a board', () => {
  it('is empty before its first operation, and complete', () => {
    const board = Board.empty();
    expect(board.meta).toEqual(emptyMeta);
    expect(board.tasks.get('deadbeef')).toBeUndefined();
    expect(board.countsOf('build')).toEqual({
      pending: 0,
      in_progress: 0,
      blocked: 0,
      done: 0,
      failed: 0,
      cancelled: 0,
    });
    expect([...board.openTasks()]).toEqual([]);
  });

  it('counts nothing of a workstream of that name that was taken away by hand', () => {
    const board = boardWith({ tasks: [] });
    // As `state.json` still had it.
    board.setCounts('again', { ...board.countsOf('again'), pending: 3 });
    runAccepted(board, 'workstream.create', { name: 'again' });
    expect(board.countsOf('again').pending).toBe(0);
  });

  it('counts the open tasks that a workstream left behind when it was taken away by hand', () => {
    const board = boardWith({ tasks: ['a', 'b', 'c'] });
    claimTask(board, taskTitled(board, 'a').id);
    board.workstreams.set('build', null);
    runAccepted(board, 'workstream.create', { name: 'build' });
    expect(board.countsOf('build')).toMatchObject({ pending: 2, in_progress: 1 });
    runAccepted(board, 'task.cancel', { id: taskTitled(board, 'b').id });
    expect(board.countsOf('build')).toMatchObject({ pending: 1, in_progress: 1, cancelled: 1 });
  });

  it('counts tasks by status, through every change', () => {
    const board = boardWith({ settings: { max_attempts: 1 }, tasks: ['a', 'b', 'c', 'd', 'e', 'f'] });
    const id = (title: string): string => taskTitled(board, title).id;
    claimTask(board, id('a'));
    runAccepted(board, 'task.block', { id: id('b') });
    runAccepted(board, 'task.complete', { id: id('c') });
    runAccepted(board, 'task.fail', { id: id('d') });
    runAccepted(board, 'task.cancel', { id: id('e') });
    expect(board.countsOf('build')).toEqual({
      pending: 1,
      in_progress: 1,
      blocked: 1,
      done: 1,
      failed: 1,
      cancelled: 1,
    });
    expect(openTaskCount(board)).toBe(3);
    expect([...board.openTasks()].map((task) => task.title).sort()).toEqual(['a', 'b', 'f']);
    expect([board.isOpenTask(id('a')), board.isOpenTask(id('c')), board.isOpenTask('deadbeef')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('has copies that live their own lives', () => {
    const board = boardWith({ tasks: ['a'] });
    runAccepted(board, 'knowledge.write', { topic: 'x', content: '' });
    const before = snapshot(board);
    const copy = board.clone();
    expect(snapshot(copy)).toEqual(before);
    runAccepted(copy, 'task.complete', { id: taskTitled(copy, 'a').id });
    runAccepted(copy, 'knowledge.delete', { topic: 'x' });
    runAccepted(copy, 'workstream.create', { name: 'new' });
    expect(snapshot(board)).toEqual(before);
  });

  it('learns of records without counting them, and forgets them', () => {
    const whole = boardWith({ tasks: ['a', 'b'] });
    const { id } = taskTitled(whole, 'a');
    runAccepted(whole, 'task.complete', { id });
    const board = partly(whole);
    board.provide('tasks', id, whole.tasks.get(id) ?? null);
    expect(board.tasks.get(id)?.status).toBe('done');
    expect(board.countsOf('build')).toEqual(whole.countsOf('build'));
    board.forget('tasks', id);
    expect(board.tasks.isLoaded(id)).toBe(false);
  });

  it('keeps its open tasks in step with what it learns and forgets', () => {
    const whole = boardWith({ tasks: ['a'] });
    const task = taskTitled(whole, 'a');
    const board = partly(whole);
    board.provide('tasks', task.id, { ...task, status: 'done' });
    expect([...board.openTasks()]).toEqual([]);
    board.provide('tasks', task.id, task);
    expect([...board.openTasks()]).toEqual([task]);
    board.provide('tasks', task.id, null);
    expect([...board.openTasks()]).toEqual([]);
    board.provide('tasks', task.id, task);
    board.forget('tasks', task.id);
    expect([...board.openTasks()]).toEqual([]);
  });

  it('takes counts anew, and loses them with their workstream', () => {
    const board = boardWith({ tasks: ['a'] });
    const before = board.workstreams.get('build') ?? null;
    board.setCounts('build', { ...board.countsOf('build'), done: 7 });
    expect(board.countsOf('build').done).toBe(7);
    board.put([{ collection: 'workstreams', key: 'build', before, after: null }]);
    expect(board.countsOf('build').done).toBe(0);
    board.put([{ collection: 'files', key: 'a', before: null, after: { path: 'a', text: 'x' } }]);
    expect(board.files.get('a')?.text).toBe('x');
  });
});
