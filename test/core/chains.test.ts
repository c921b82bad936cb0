import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPath, findChains } from '../../src/core/chains.ts';
import { formatWork, readEstimate, unitOf, weightOf } from '../../src/core/estimate.ts';
import type { Task } from '../../src/core/records.ts';
import { compareTasks } from '../../src/core/task-order.ts';
import { boardWith, taskTitled } from '../support/board-builder.ts';

const sample = taskTitled(boardWith({ tasks: ['a'] }), 'a');
const task = (id: string, changes: Partial<Task> = {}): Task => ({ ...sample, id, title: id, ...changes });

describe('an estimate', () => {
  it.each([
    [3, 3],
    ['3', 3],
    ['1.5', 1.5],
    ['2h', 2],
    ['30m', 0.5],
    ['1d', 24],
    ['1.5 h', 1.5],
    ['soon', null],
    ['XL', null],
    ['', null],
    [0, null],
    [-2, null],
    ['-2h', null],
    [Number.POSITIVE_INFINITY, null],
    [null, null],
  ])('%j counts %j', (estimate, value) => {
    expect(readEstimate(estimate)).toBe(value);
    expect(weightOf({ estimate })).toBe(value ?? 1);
  });

  it('is in hours as soon as one is a length of time, in tasks when there is none', () => {
    const unit = (...estimates: Task['estimate'][]) => unitOf(estimates.map((estimate) => ({ estimate })));
    expect([unit(null, 'soon'), unit(null, 3), unit(3, '2h', '4')]).toEqual(['tasks', 'points', 'hours']);
    expect([formatWork(1, 'tasks'), formatWork(2, 'points'), formatWork(1.25, 'hours')]).toEqual([
      '1 task',
      '2 points',
      '1.25h',
    ]);
  });
});

describe('the longest chain', () => {
  const path = (tasks: readonly Task[]) => criticalPath(findChains(tasks, compareTasks));
  const ids = (tasks: readonly Task[]): string[] => path(tasks).tasks.map(({ id }) => id);

  it('counts tasks where nobody estimated, and estimates where somebody did', () => {
    const tasks = [
      task('a'),
      task('b', { depends_on: ['a'] }),
      task('c', { depends_on: ['b'] }),
      task('d', { depends_on: ['a'] }),
    ];
    expect(path(tasks)).toMatchObject({ length: 3, unit: 'tasks' });
    expect(ids(tasks)).toEqual(['a', 'b', 'c']);
    const estimated = tasks.map((each) => (each.id === 'd' ? { ...each, estimate: '5h' } : each));
    expect(path(estimated)).toMatchObject({ length: 6, unit: 'hours' });
    expect(ids(estimated)).toEqual(['a', 'd']);
  });

  it('of equal ones is that of the tasks that come first', () => {
    const tasks = [task('a'), task('b', { priority: 1 }), task('c', { depends_on: ['a', 'b'] })];
    for (const order of [tasks, [...tasks].reverse()]) expect(ids(order)).toEqual(['b', 'c']);
  });

  it('leaves out what waits for itself and what is not open, and is empty where nothing is', () => {
    const tasks = [
      task('a', { depends_on: ['b'] }),
      task('b', { depends_on: ['a'] }),
      task('c', { depends_on: ['gone'] }),
    ];
    expect(ids(tasks)).toEqual(['c']);
    expect(path([])).toEqual({ length: 0, unit: 'tasks', tasks: [] });
  });

  it('is as long as the longest of all chains', () => {
    const graphs = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat({ max: 9 }), { maxLength: 3 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(graphs, (graph) => {
        const tasks = graph.map(([estimate, before], index) =>
          task(String(index), { estimate, depends_on: before.filter((other) => other < index).map(String) }),
        );
        const lengthTo = (each: Task): number =>
          Number(each.estimate) + Math.max(0, ...each.depends_on.map((id) => lengthTo(tasks[Number(id)] as Task)));
        const { length, tasks: chain } = path(tasks);
        expect(length).toBe(Math.max(0, ...tasks.map(lengthTo)));
        expect(chain.reduce((sum, { estimate }) => sum + Number(estimate), 0)).toBe(length);
        chain.forEach(({ id }, index) => {
          if (index > 0) expect(tasks[Number(id)]?.depends_on).toContain(chain[index - 1]?.id);
        });
      }),
    );
  });

  it('is found among ten thousand without going ten thousand deep', () => {
    const tasks = Array.from({ length: 10_000 }, (_, n) =>
      task(String(n), { depends_on: n === 0 ? [] : [String(n - 1)] }),
    );
    expect(path(tasks).length).toBe(10_000);
  });
});
