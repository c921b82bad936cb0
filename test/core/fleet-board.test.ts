import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import { checkInvariants } from '../../src/core/invariants.ts';
import { fleetAgents, fleetBoard, fleetDepth, fleetWorkstreams } from '../support/fleet-board.ts';
import { boardOf } from '../support/fleet-on-board.ts';

describe.each([1, 2, 3])('the fleet board of seed %d', (seed) => {
  test('is the same each time, and has 200 tasks in 5 workstreams, 8 agents', () => {
    const requests = fleetBoard(seed);
    expect(fleetBoard(seed)).toEqual(requests);
    const count = (kind: string): number => requests.filter((each) => each.kind === kind).length;
    expect([count('workstream.create'), count('agent.register'), count('task.add')]).toEqual([
      fleetWorkstreams.length,
      fleetAgents.length,
      200,
    ]);
    expect(fleetWorkstreams).toHaveLength(5);
  });

  test('is accepted whole, and its longest chain has six tasks', () => {
    const board = boardOf(fleetBoard(seed));
    expect(checkInvariants(board)).toEqual([]);
    expect([...board.openTasks()]).toHaveLength(200);
    expect(longestChain(board)).toBe(fleetDepth);
  });

  test('needs only what some agent has, and can do without needs, paths and agents', () => {
    const able = (needs: readonly string[]): boolean =>
      fleetAgents.some(({ capabilities }) => needs.every((need) => capabilities.includes(need)));
    const tasks = [...boardOf(fleetBoard(seed)).openTasks()];
    expect(tasks.every(({ needs }) => able(needs))).toBe(true);
    for (const field of ['needs', 'paths', 'labels', 'depends_on'] as const)
      expect(tasks.filter((task) => task[field].length > 0).length).toBeGreaterThan(20);
    const plain = boardOf(fleetBoard(seed, { hasNeeds: false, hasPaths: false, hasAgents: false, tasks: 40 }));
    expect([...plain.agents.loaded()]).toEqual([]);
    expect([...plain.openTasks()].filter(({ needs, paths }) => needs.length + paths.length > 0)).toEqual([]);
    expect([longestChain(plain), [...plain.openTasks()].length]).toEqual([fleetDepth, 40]);
  });
});

test('another seed gives another board', () => {
  expect(fleetBoard(1)).not.toEqual(fleetBoard(2));
});

function longestChain(board: Board): number {
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const depth = 1 + Math.max(0, ...(board.tasks.get(id)?.depends_on ?? []).map(depthOf));
    depths.set(id, depth);
    return depth;
  };
  return Math.max(...[...board.openTasks()].map(({ id }) => depthOf(id)));
}
