import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/core/records.ts';
import { buildGraph, graphMermaid } from '../../src/core/task-graph.ts';
import { compareTasks } from '../../src/core/task-order.ts';
import { growTree, type TreeOptions } from '../../src/core/task-tree.ts';
import { boardWith, taskTitled } from '../support/board-builder.ts';
import { readFlowchart } from '../support/flowchart.ts';

const sample = taskTitled(boardWith({ tasks: ['a'] }), 'a');
const task = (id: string, parent: string | null, changes: Partial<Task> = {}): Task => ({
  ...sample,
  id,
  title: id,
  parent,
  ...changes,
});

const family = [
  task('top', null),
  task('one', 'top', { status: 'done', estimate: '2h' }),
  task('two', 'top'),
  task('two-a', 'two', { estimate: '30m', status: 'in_progress' }),
  task('two-b', 'two', { status: 'cancelled', estimate: '9h' }),
  task('two-c', 'two'),
  task('other', null),
  task('past', null, { status: 'done' }),
];

function shape(tasks: readonly Task[], options: Partial<TreeOptions> = {}): string[] {
  return growTree(tasks, { withClosed: false, compare: compareTasks, ...options }).map(
    ({ task: { id }, depth }) => `${'.'.repeat(depth)}${id}`,
  );
}

describe('a tree', () => {
  test('has each open task below the one that it is a part of', () => {
    expect(shape(family)).toEqual(['other', 'top', '.two', '..two-a', '..two-c']);
    expect(shape([...family].reverse(), { withClosed: true })).toEqual([
      'other',
      'past',
      'top',
      '.one',
      '.two',
      '..two-a',
      '..two-b',
      '..two-c',
    ]);
    expect(shape(family, { root: 'two', withClosed: true })).toEqual(['two', '.two-a', '.two-b', '.two-c']);
    expect(shape(family, { root: 'nobody', withClosed: true })).toEqual([]);
  });

  test('shows a closed task above an open one', () => {
    expect(shape([task('top', null, { status: 'done' }), task('part', 'top')])).toEqual(['top', '.part']);
  });

  test('shows tasks whose parent is gone, and those that are parts of themselves, once', () => {
    expect(shape([task('a', 'b'), task('b', 'a'), task('c', 'a'), task('d', 'gone')])).toEqual(['d', 'a', '.b', '.c']);
  });

  test('is grown ten thousand deep', () => {
    const deep = Array.from({ length: 10_000 }, (_, n) => task(String(n), n === 0 ? null : String(n - 1)));
    const nodes = growTree(deep, { withClosed: false, compare: compareTasks });
    expect([nodes.length, nodes[0]?.descendants?.total, nodes.at(-1)?.depth]).toEqual([10_000, 9_999, 9_999]);
  });
});

describe('a roll-up', () => {
  const sumOf = (tasks: readonly Task[]) =>
    growTree(tasks, { root: 'top', withClosed: true, compare: compareTasks })[0]?.descendants;

  test('counts all parts by status, also those that are not shown, and adds up the estimates of those without parts', () => {
    expect(sumOf(family)).toEqual({
      ...{ total: 5, pending: 2, in_progress: 1, blocked: 0, done: 1, failed: 0, cancelled: 1 },
      percent: 25,
      work: { unit: 'hours', total: 2.5, open: 0.5, unestimated: 1 },
    });
    const [shown] = growTree(family, { withClosed: false, compare: compareTasks }).filter(
      ({ task: { id } }) => id === 'top',
    );
    expect(shown?.descendants).toEqual(sumOf(family));
  });

  test('is null without parts, has no work without estimates, and is complete when all is done or cancelled', () => {
    expect(sumOf([task('top', null)])).toBe(null);
    expect(sumOf([task('top', null), task('a', 'top')])).toMatchObject({ percent: 0, work: null });
    expect(sumOf([task('top', null), task('a', 'top', { status: 'cancelled' })])).toMatchObject({ percent: 100 });
    expect(sumOf([task('top', null), task('a', 'top', { estimate: 3 })])?.work?.unit).toBe('points');
  });
});

describe('a graph', () => {
  const tasks = [
    task('c1', null, { depends_on: ['b1', 'a1'], workstream: 'web"]' }),
    task('b1', null, { depends_on: ['a1'], status: 'in_progress', assigned_to: 'ann' }),
    task('a1', null, { status: 'done' }),
    task('d1', null, { depends_on: ['gone'] }),
  ];

  test('has what has to be done first first, and no edges to what is not there', () => {
    const graph = buildGraph(tasks, new Set(['b1']), compareTasks);
    expect(graph.nodes.map(({ id, is_critical }) => [id, is_critical])).toEqual([
      ['a1', false],
      ['b1', true],
      ['c1', false],
      ['d1', false],
    ]);
    expect(graph.edges).toEqual([
      { from: 'a1', to: 'b1' },
      { from: 'b1', to: 'c1' },
      { from: 'a1', to: 'c1' },
    ]);
    expect(buildGraph([...tasks].reverse(), new Set(['b1']), compareTasks)).toEqual(graph);
  });

  test('is drawn with its statuses, by workstream', () => {
    const { nodes, edges, critical } = readFlowchart(graphMermaid(buildGraph(tasks, new Set(['b1']), compareTasks)));
    expect(nodes.get('tb1')).toEqual({ lines: ['b1 b1', '-> ann'], style: 'in_progress', group: 'build' });
    expect(nodes.get('tc1')?.group).toBe('web"]');
    expect([edges.length, critical]).toEqual([3, ['tb1']]);
    expect(readFlowchart(graphMermaid({ nodes: [], edges: [] })).nodes.size).toBe(0);
  });

  test('of tasks that wait for each other shows them all', () => {
    const round = [task('a1', null, { depends_on: ['b1'] }), task('b1', null, { depends_on: ['a1'] })];
    const { nodes, edges } = buildGraph(round, new Set(), compareTasks);
    expect([nodes.map(({ id }) => id).sort(), edges.length]).toEqual([['a1', 'b1'], 2]);
  });
});
