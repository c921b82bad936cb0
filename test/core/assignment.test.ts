import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assignment } from '../../src/core/assignment.ts';

const agents = ['ada', 'bob', 'cyd', 'dan'];
/** Tasks, each as those who could do it. */
const wishes = fc.array(fc.shuffledSubarray(agents), { maxLength: 6 });

function assign(able: readonly (readonly string[])[]): { readonly assignment: Assignment; readonly served: boolean[] } {
  const assignment = new Assignment();
  return { assignment, served: able.map((ids, task) => assignment.tryAssign(String(task), ids)) };
}

/** All ways to serve tasks: for each task one of its agents, or none. */
function allWays(able: readonly (readonly string[])[]): boolean[][] {
  const [first, ...rest] = able;
  if (first === undefined) return [[]];
  const without = allWays(rest).map((way) => [false, ...way]);
  return [
    ...without,
    ...first.flatMap((id) =>
      allWays(rest.map((ids) => ids.filter((other) => other !== id))).map((way) => [true, ...way]),
    ),
  ];
}

test('serves as many tasks as any way could', () => {
  fc.assert(
    fc.property(wishes, (able) => {
      const most = Math.max(...allWays(able).map((way) => way.filter(Boolean).length));
      expect(assign(able).served.filter(Boolean)).toHaveLength(most);
    }),
  );
});

test('serves an earlier task rather than any later ones', () => {
  fc.assert(
    fc.property(wishes, (able) => {
      const inOrder = (way: readonly boolean[]): string => way.map(Number).join('');
      const best = allWays(able).map(inOrder).sort().at(-1);
      expect(inOrder(assign(able).served)).toBe(best);
    }),
  );
});

test('gives each task somebody who can do it, and nobody two', () => {
  fc.assert(
    fc.property(wishes, (able) => {
      const { assignment, served } = assign(able);
      const given = able.flatMap((ids, task) => {
        const agent = assignment.agentOf(String(task));
        expect(agent !== null).toBe(served[task]);
        if (agent === null) return [];
        expect(ids).toContain(agent);
        expect(assignment.taskOf(agent)).toBe(String(task));
        return [agent];
      });
      expect(new Set(given).size).toBe(given.length);
    }),
  );
});

test('takes whom a task would rather have, and another one when that makes room', () => {
  const assignment = new Assignment();
  expect(assignment.tryAssign('first', ['ada', 'bob'])).toBe(true);
  expect(assignment.agentOf('first')).toBe('ada');
  expect(assignment.tryAssign('second', ['ada'])).toBe(true);
  expect([assignment.agentOf('first'), assignment.agentOf('second')]).toEqual(['bob', 'ada']);
  expect(assignment.tryAssign('third', ['ada', 'bob'])).toBe(false);
  expect([assignment.agentOf('third'), assignment.taskOf('cyd')]).toEqual([null, null]);
});
