/** Plans against a reading of the board that was written from the documents, not from the code. */
import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import { type PlannedWork, planWork } from '../../src/core/plan.ts';
import type { Task } from '../../src/core/records.ts';
import { boardWith, claimTask, minute, runAccepted, startTime, taskTitled } from '../support/board-builder.ts';
import { partlyLoaded } from '../support/board-loading.ts';
import { busyAt, busyBoard } from '../support/busy-board.ts';
import { fleetBoard } from '../support/fleet-board.ts';
import { boardOf } from '../support/fleet-on-board.ts';

const staleAfter = 5 * minute;
const now = { at: busyAt, clockSkewMs: 0 };
const planOf = (board: Board): PlannedWork => planWork(board, now, staleAfter);
const seeds = fc.integer({ min: 0, max: 1_000_000 });

const folders = [
  'src/api/users',
  'src/api/orders',
  'src/api/auth',
  'src/shared',
  'web/pages',
  'web/styles',
  'web/cart',
];
folders.push('db/migrations', 'db/reports', 'deploy', 'ci', '.github/workflows', 'docs', 'docs/guide', 'examples');
const files = folders.flatMap((folder) =>
  ['a', 'b', 'c', 'd', 'e', 'f', 'sub/g'].map((name) => `${folder}/${name}.ts`),
);

const filesByGlob = new Map<string, readonly string[]>();
function filesOf(globs: readonly string[]): Set<string> {
  return new Set(
    globs.flatMap((glob) => {
      const matches = picomatch(glob, { dot: true });
      const known = filesByGlob.get(glob) ?? files.filter((file) => matches(file));
      filesByGlob.set(glob, known);
      return known;
    }),
  );
}

function shareFiles(a: Pick<Task, 'paths'>, b: Pick<Task, 'paths'>): boolean {
  const theirs = filesOf(b.paths);
  return [...filesOf(a.paths)].some((file) => theirs.has(file));
}

/** What the plan was made of, read anew. */
function reading(board: Board) {
  const tasks = [...board.tasks.loaded()];
  const byName = new Map(tasks.map((task) => [`${task.workstream}/${task.id}`, task]));
  const isHeld = ({ status, claim }: Task): boolean =>
    status === 'in_progress' && claim !== null && Date.parse(claim.lease_until) > now.at;
  const isDone = (id: string): boolean => tasks.some((task) => task.id === id && task.status === 'done');
  const isActive = ({ workstream }: Task): boolean => board.workstreams.get(workstream)?.status === 'active';
  const isReady = (task: Task): boolean =>
    isActive(task) &&
    (task.status === 'pending' || (task.status === 'in_progress' && !isHeld(task) && task.attempts < 2)) &&
    task.depends_on.every(isDone);
  const live = [...board.agents.loaded()].filter(({ last_seen }) => now.at - Date.parse(last_seen) <= staleAfter);
  const running = tasks.filter(isHeld);
  const isFree = (id: string): boolean => !running.some(({ assigned_to }) => assigned_to === id);
  const able = ({ needs }: Pick<Task, 'needs'>): string[] =>
    live.filter((agent) => needs.every((need) => agent.capabilities.includes(need))).map(({ id }) => id);
  const lockedGlobs = [...board.locks.loaded()]
    .filter(({ holders }) => holders.some((hold) => Date.parse(hold.expires_at) > now.at))
    .flatMap(({ resource }) => (resource.startsWith('path:') ? [resource.slice(5)] : []));
  const isLocked = (task: Task): boolean => shareFiles(task, { paths: lockedGlobs });
  const named = (name: string): Task => {
    const task = byName.get(name);
    if (task === undefined) throw new Error(`the plan names ${name}, which does not exist`);
    return task;
  };
  return { tasks, isHeld, isReady, isActive, live, running, isFree, able, isLocked, named };
}

describe('a plan of any board', () => {
  test('has each ready task once: to start, or with one reason to wait', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const { parallel, serial, workstreams, left_out } = planOf(board);
        const { tasks, isReady } = reading(board);
        const held = serial.filter(({ kind }) => kind !== 'dependency' && kind !== 'stuck');
        const told = [...parallel.map(({ task }) => task.id), ...held.flatMap(({ waits }) => waits.map(idOf))];
        const ready = tasks.filter(isReady).map(({ id }) => id);
        expect(told.sort()).toEqual(ready.sort());
        expect(workstreams.flatMap((each) => each.ready).sort()).toEqual(ready);
        expect(left_out).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('starts nothing that is in the way of anything else, held or started', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const { running, isLocked } = reading(board);
        const starting = planOf(board).parallel.map(({ task }) => task);
        starting.forEach((task, index) => {
          for (const other of [...starting.slice(0, index), ...running]) expect(shareFiles(task, other)).toBe(false);
          expect(isLocked(task)).toBe(false);
        });
      }),
      { numRuns: 20 },
    );
  });

  test('gives reasons that hold', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const plan = planOf(board);
        const { running, isActive, isFree, able, isLocked, named } = reading(board);
        const started = new Map(plan.parallel.map(({ task, agent }) => [task.id, agent]));
        const givenTo = new Set(started.values());
        for (const { kind, tasks, waits, reason } of plan.serial) {
          seen.add(kind);
          expect(reason).not.toBe('');
          const [first, ...others] = tasks.map(named) as [Task, ...Task[]];
          const last = others.at(-1) ?? first;
          if (kind === 'paths') {
            expect(running.includes(first) || started.has(first.id)).toBe(true);
            expect(shareFiles(first, last)).toBe(true);
          }
          if (kind === 'lock') expect(isLocked(first)).toBe(true);
          if (kind === 'capability') expect(able(first)).toEqual([]);
          if (kind === 'agents') {
            expect(able(first).length).toBeGreaterThan(0);
            expect(able(first).filter((id) => isFree(id) && !givenTo.has(id))).toEqual([]);
            for (const id of able(first)) expect(reason).toContain(`${id} (`);
          }
          if (kind === 'dependency') {
            expect(running.includes(first) || started.has(first.id)).toBe(true);
            for (const other of others) expect(other.depends_on).toContain(first.id);
            expect(waits.map(({ task }) => task)).toEqual(tasks.slice(1));
          }
          if (kind === 'stuck') {
            const states = first.depends_on.map((id) => board.tasks.get(id)?.status ?? '');
            expect(states.some((status) => ['blocked', 'failed', 'cancelled'].includes(status))).toBe(true);
          }
          if (kind === 'dependency' || kind === 'stuck')
            for (const { task } of waits) expect(isActive(named(task))).toBe(true);
          for (const { task, title } of waits) expect(named(task).title).toBe(title);
        }
      }),
      { numRuns: 40 },
    );
    expect([...seen].sort()).toEqual(['agents', 'capability', 'dependency', 'lock', 'paths', 'stuck']);
  });

  test('gives each agent one task that it can do, as many as can be, and nobody one who has one', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const { parallel, serial, agents } = planOf(board);
        const { live, isFree, able, named } = reading(board);
        const given = parallel.flatMap(({ agent }) => agent ?? []);
        expect(new Set(given).size).toBe(given.length);
        for (const { task, agent } of parallel) {
          if (agent === null) expect(task.needs).toEqual([]);
          else expect([able(task).includes(agent), isFree(agent)]).toEqual([true, true]);
        }
        const unserved = serial.filter(({ kind }) => kind === 'agents').map(({ tasks: [name = ''] }) => named(name));
        const wanting = [...parallel.map(({ task }) => task), ...unserved];
        expect(given.length).toBe(mostServed(wanting.map((task) => able(task).filter(isFree))));
        expect(agents.map(({ id }) => id).sort()).toEqual(live.map(({ id }) => id).sort());
        for (const { id, task, tasks } of agents) expect(tasks.length > 0).toBe(!isFree(id) && task === null);
      }),
      { numRuns: 20 },
    );
  });

  test('so many more agents could start their tasks beside all that is started', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const { parallel, missing } = planOf(board);
        const { running, isLocked, named } = reading(board);
        const together = [...running, ...parallel.map(({ task }) => task)];
        for (const { capabilities, count, tasks } of missing) {
          expect(tasks).toHaveLength(count);
          for (const task of tasks.map(named)) {
            expect([...task.needs].sort()).toEqual(capabilities);
            expect(isLocked(task) || together.some((other) => shareFiles(task, other))).toBe(false);
            together.push(task);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test('is the same whatever was loaded first, and plain JSON', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const board = busyBoard(seed);
        const plan = planOf(board);
        const other = partlyLoaded(board, seed, (partly) => planOf(partly));
        expect(other.answer).toEqual(plan);
        // All that the open tasks wait for, at once.
        expect(other.rounds).toBeLessThanOrEqual(2);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the plan of the fleet', () => {
  const board = boardOf(fleetBoard(7));
  const plan = planWork(board, { at: startTime, clockSkewMs: 0 }, staleAfter);

  test('has a critical path that leads from dependency to dependency', () => {
    const { tasks, length, unit } = plan.critical_path;
    expect(unit).toBe('hours');
    expect(length).toBeGreaterThan(24);
    tasks.forEach(({ id }, index) => {
      if (index > 0) expect(board.tasks.get(id)?.depends_on).toContain(tasks[index - 1]?.id);
    });
    const ready = plan.workstreams.flatMap((each) => each.ready);
    expect(tasks.map(({ id }) => ready.includes(id))).toEqual(tasks.map((_, index) => index === 0));
  });

  test('gives all eight agents something to do, the workstreams taking turns', () => {
    expect(plan.agents.every(({ task }) => task !== null)).toBe(true);
    const served = plan.parallel.filter(({ agent }) => agent !== null).map(({ task }) => task.workstream);
    expect(new Set(served).size).toBe(5);
  });
});

describe('among tasks of one priority', () => {
  test('those come first behind which the longest chain waits', () => {
    const tasks = [
      'short',
      { title: 'long', paths: ['x'] },
      { title: 'other', paths: ['x'] },
      { title: 'end', depends_on: ['long'] },
    ];
    const board = boardWith({ tasks: [{ title: 'first', paths: ['x'] }, ...tasks] });
    const { parallel, serial, workstreams } = planWork(board, { at: startTime, clockSkewMs: 0 }, staleAfter);
    expect(parallel.map(({ task, is_critical }) => [task.title, is_critical])).toEqual([
      ['long', true],
      ['short', false],
    ]);
    expect(serial.filter(({ kind }) => kind === 'paths').map(({ waits: [task] }) => task?.title)).toEqual([
      'first',
      'other',
    ]);
    // What `next` gives out first is said as it is.
    expect(workstreams[0]?.next_task?.title).toBe('first');
  });

  test('one task alone is no critical path to speak of', () => {
    const board = boardWith({ tasks: [{ title: 'alone', estimate: 3 }] });
    const { parallel, critical_path } = planWork(board, { at: startTime, clockSkewMs: 0 }, staleAfter);
    expect([parallel[0]?.is_critical, critical_path.length, critical_path.unit]).toEqual([false, 3, 'points']);
  });
});

test('more ready tasks than one plan looks at are counted', () => {
  const board = boardWith({ tasks: Array.from({ length: 203 }, (_, n) => `task ${n}`) });
  const { parallel, left_out } = planWork(board, { at: startTime, clockSkewMs: 0 }, staleAfter);
  expect([parallel.length, left_out]).toEqual([200, 3]);
});

test('a task whose lease ran out for the last time is not planned: next gives it up', () => {
  const board = boardWith({ settings: { max_attempts: 1 }, tasks: ['spent'] });
  claimTask(board, taskTitled(board, 'spent').id, { lease_ms: minute });
  expect(planWork(board, { at: startTime + 2 * minute, clockSkewMs: 0 }, staleAfter).parallel).toEqual([]);
});

test('who does not exist, or was given up, is waited for in vain, and the plan says so', () => {
  const board = boardWith({ tasks: ['gone', { title: 'waits', depends_on: ['gone'] }] });
  const [gone, waits] = ['gone', 'waits'].map((title) => taskTitled(board, title)) as [Task, Task];
  runAccepted(board, 'task.cancel', { id: gone.id });
  const reasons = (): string[] =>
    planWork(board, { at: startTime, clockSkewMs: 0 }, staleAfter).serial.map(({ reason }) => reason);
  expect(reasons()).toEqual([`it waits for build/${gone.id}, which was cancelled`]);
  board.provide('tasks', waits.id, { ...waits, depends_on: ['00000000'] });
  expect(reasons()).toEqual(['it waits for 00000000, which does not exist']);
});

function idOf({ task }: { readonly task: string }): string {
  return task.slice(task.lastIndexOf('/') + 1);
}

/** The most tasks that can have an agent each, by trying all ways: over sets of agents that are taken. */
function mostServed(able: readonly (readonly string[])[]): number {
  const bits = new Map([...new Set(able.flat())].map((id, index) => [id, 1 << index]));
  let best = new Map<number, number>([[0, 0]]);
  for (const ids of able) {
    const next = new Map(best);
    for (const [taken, served] of best) {
      for (const id of ids) {
        const bit = bits.get(id) ?? 0;
        if ((taken & bit) === 0) next.set(taken | bit, Math.max(next.get(taken | bit) ?? 0, served + 1));
      }
    }
    best = next;
  }
  return Math.max(...best.values());
}
