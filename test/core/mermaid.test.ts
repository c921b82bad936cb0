import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labelText, renderFlowchart } from '../../src/core/mermaid.ts';
import { planWork } from '../../src/core/plan.ts';
import { nameOf } from '../../src/core/plan-conflicts.ts';
import { planMermaid } from '../../src/core/plan-diagram.ts';
import { busyAt, busyBoard } from '../support/busy-board.ts';
import { readFlowchart } from '../support/flowchart.ts';

const hostile = [
  '"]; click t1 "javascript:alert(1)"',
  'x"]:::done\nend\nsubgraph a',
  '"`**md**`"',
  '<script>alert(1)</script>',
  '#quot; &#60; #60;',
  'ﬂ°°60¶ß',
  '%%{init: {}}%%',
  'a --> b; c',
  '[x] (y) {z} |w|',
  '\\"',
];

describe('a label', () => {
  test.each(hostile)('shows %j as it is, and ends where it ends', (title) => {
    const drawn = renderFlowchart({
      groups: [{ title, nodes: [{ id: '1a', lines: [title, title], style: 'pending', isCritical: true }] }],
      edges: [{ from: '1a', to: '1a', kind: 'apart', label: title }],
    });
    const { nodes, edges, critical } = readFlowchart(drawn);
    const shown = title.replace(/\n/g, ' ');
    expect(nodes.get('t1a')).toEqual({ lines: [shown, shown], style: 'pending', group: shown });
    expect(edges).toEqual([{ from: 't1a', to: 't1a', arrow: '-.-', label: shown }]);
    expect(critical).toEqual(['t1a']);
  });

  test('of any text is one that the strict grammar takes', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(...'"`#;<>[]{}|\\\n%-:=&x') }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const drawn = renderFlowchart({
          groups: [{ title: text, nodes: [{ id: '1', lines: [text], style: 'done' }] }],
          edges: [],
        });
        expect(readFlowchart(drawn).nodes.size).toBe(1);
      }),
    );
  });

  test('leaves out what cannot be seen, and what is too long', () => {
    expect(labelText('\u202eevil\u0000\u200b')).toBe('evil');
    expect(labelText('x'.repeat(100))).toBe(`${'x'.repeat(59)}#8230;`);
    expect(labelText('名前 Ärger 🎉')).toBe('名前 Ärger #127881;');
  });
});

test('edges to what is not drawn are left out', () => {
  const drawn = renderFlowchart({
    groups: [{ title: 'w', nodes: [{ id: '1', lines: ['a'], style: 'pending' }] }],
    edges: [{ from: '1', to: '2', kind: 'waits' }],
  });
  expect(readFlowchart(drawn).edges).toEqual([]);
});

test.each([1, 2, 3, 4])('the plan of board %d is drawn: who starts, what runs, what waits for what', (seed) => {
  const board = busyBoard(seed);
  const work = planWork(board, { at: busyAt, clockSkewMs: 0 }, 300_000);
  const { nodes, edges } = readFlowchart(planMermaid(board, work));
  for (const { task, agent } of work.parallel) {
    const drawn = nodes.get(`t${task.id}`);
    expect([drawn?.style, drawn?.group]).toEqual(['start', task.workstream]);
    expect(drawn?.lines[1]).toBe(agent === null ? undefined : `-> ${agent}`);
  }
  for (const { task } of work.running) expect(nodes.get(`t${task.split('/')[1]}`)?.style).toBe('in_progress');
  const arrows = new Set(edges.map(({ from, to, arrow }) => `${from} ${arrow} ${to}`));
  const short = (name = ''): string => `t${name.split('/')[1]}`;
  for (const { kind, tasks } of work.serial) {
    for (const other of tasks.slice(1)) {
      const arrow = kind === 'paths' ? '-.-' : '-->';
      expect(arrows.has(`${short(tasks[0])} ${arrow} ${short(other)}`)).toBe(true);
    }
  }
  const path = work.critical_path.tasks.map(nameOf);
  path.slice(1).forEach((name, index) => {
    expect(arrows.has(`${short(path[index])} --> ${short(name)}`)).toBe(true);
  });
});
