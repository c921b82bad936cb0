/** Claims and locks of a long-lived process: renewed at a third, dropped when they are over, handed back at the end. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { openAgentSession } from '../../src/app/agent-session.ts';
import type { Lock, Task } from '../../src/core/records.ts';
import { addTask, orcWithBoard } from '../support/command-line.ts';
import { steppedWorld } from '../support/stepped-world.ts';

const minute = 60_000;
const poll = <T>(ask: () => T) => expect.poll(ask, { timeout: 15_000 });

async function holding() {
  const world = steppedWorld();
  const { orc, folder } = await orcWithBoard({ world });
  const id = await addTask(orc, 'First');
  const told: string[] = [];
  const session = await openAgentSession({ cwd: folder, agent: 'ann', world, tell: (line) => told.push(line) });
  onTestFinished(() => session.close());
  const change = async (kind: string, args: Record<string, unknown>, isTimed?: boolean) => {
    const performed = await session.orc.perform(kind, args, { agent: 'ann' });
    await session.keeper.note(kind, args, performed, isTimed === undefined ? {} : { isTimed });
    return performed;
  };
  const leaseEnd = async (): Promise<number> =>
    Date.parse((await session.orc.task(id))?.claim?.lease_until ?? '') - world.clock.now();
  const actions = async (): Promise<string[]> => (await session.orc.events({ last: 4 })).map(({ action }) => action);
  return { ...session, board: session.orc, world, orc, id, told, change, leaseEnd, actions };
}

describe('renewing', () => {
  test('a claim and a lock are renewed at a third of their length, again and again', async () => {
    const { world, id, change, leaseEnd, keeper, orc } = await holding();
    await change('task.claim', { id });
    await change('lock.acquire', { resource: 'git', ttl_ms: 6 * minute });
    expect([keeper.tasks, keeper.locks]).toEqual([[id], ['git']]);
    const ends = async (): Promise<number> => {
      const { data } = (await orc('l', 'list', '--json')).json() as { data: Lock[] };
      return Date.parse(data[0]?.holders[0]?.expires_at ?? '') - world.clock.now();
    };
    expect(world.waits()).toEqual([2 * minute, 10 * minute]);
    world.pass(2 * minute);
    await poll(ends).toBeGreaterThan(5 * minute);
    for (let passed = 2; passed < 10; passed += 2) {
      await poll(() => world.waits().length).toBe(2);
      world.pass(2 * minute);
    }
    await poll(leaseEnd).toBeGreaterThan(29 * minute);
    await poll(() => world.waits()).toEqual([2 * minute, 10 * minute]);
  });

  test('a lease of one’s own length is renewed at a third of that', async () => {
    const { world, id, change } = await holding();
    await change('task.next', { workstream: null, lease_ms: 90 * minute });
    expect(world.waits()).toEqual([30 * minute]);
    await change('task.complete', { id });
    expect(world.waits()).toEqual([]);
  });

  test('a lock whose length its holder chose is left to run out', async () => {
    const { world, change, keeper } = await holding();
    await change('lock.acquire', { resource: 'git', ttl_ms: 6 * minute }, true);
    expect([keeper.locks, world.waits()]).toEqual([['git'], []]);
    await change('lock.release', { resource: 'git' });
    expect(keeper.locks).toEqual([]);
  });

  test('what was lost is told once, and not renewed any more', async () => {
    const { world, id, change, keeper, told, orc } = await holding();
    await change('task.claim', { id });
    await change('lock.acquire', { resource: 'git', ttl_ms: 30 * minute });
    await orc('t', 'cancel', id);
    await orc('l', 'break', 'git', 'bob', '--reason', 'stuck');
    world.pass(10 * minute);
    await poll(() => keeper.tasks.length + keeper.locks.length).toBe(0);
    expect(told.sort()).toEqual(['lock git is not held by ann any more', `task ${id} is not held by ann any more`]);
    expect(world.waits()).toEqual([]);
  });
});

describe('asked again by its id', () => {
  test('what is over by now is not kept, and nothing that somebody of the same name holds elsewhere', async () => {
    const { orc, id, keeper, board, world } = await holding();
    const ask = async (kind: string, args: Record<string, unknown>, op: string) => {
      const performed = await board.perform(kind, args, { agent: 'ann', op });
      await keeper.note(kind, args, performed);
    };
    await board.perform('lock.acquire', { resource: 'git' }, { agent: 'ann', op: 'lock-of-ann' });
    await board.perform('lock.release', { resource: 'git' }, { agent: 'ann' });
    await ask('lock.acquire', { resource: 'git' }, 'lock-of-ann');
    await board.perform('task.claim', { id }, { agent: 'ann', op: 'task-of-ann' });
    await board.perform('task.release', { id }, { agent: 'ann' });
    await orc('t', 'claim', id, '--agent', 'ann');
    await ask('task.claim', { id }, 'task-of-ann');
    expect([keeper.tasks, keeper.locks, world.waits()]).toEqual([[], [], []]);
    expect(await keeper.handBack('over', 5_000)).toEqual({ tasks: [], locks: [], left: [] });
    expect((await orc('t', 'show', id, '--json')).json().data.status).toBe('in_progress');
  });
});

describe('handing back', () => {
  test('tasks are pending again, with a note that says why; locks are free', async () => {
    const { orc, keeper, id, change, world, actions } = await holding();
    await change('task.claim', { id });
    await change('lock.acquire', { resource: 'git', ttl_ms: 6 * minute }, true);
    expect(await keeper.handBack('the client went away', 5_000)).toEqual({ tasks: [id], locks: ['git'], left: [] });
    expect((await actions()).sort()).toEqual(['lock_acquired', 'lock_released', 'task_claimed', 'task_released']);
    const task = (await orc('t', 'show', id, '--json')).json().data as Task;
    expect(task).toMatchObject({ status: 'pending', notes: [{ by: 'ann', text: 'released: the client went away' }] });
    expect(world.waits()).toEqual([]);
    expect(await keeper.handBack('again', 5_000)).toEqual({ tasks: [], locks: [], left: [] });
  });

  test('what somebody else ended is nothing to hand back', async () => {
    const { keeper, id, change, orc } = await holding();
    await change('task.claim', { id });
    await orc('t', 'cancel', id);
    expect(await keeper.handBack('over', 5_000)).toEqual({ tasks: [id], locks: [], left: [] });
    expect((await orc('t', 'show', id, '--json')).json().data.status).toBe('cancelled');
  });

  test('ends in time, though nobody answers: what is left runs out by itself', async () => {
    const { keeper, id, change, told, board } = await holding();
    await change('task.claim', { id });
    board.perform = () => new Promise(() => {});
    expect(await keeper.handBack('over', 20)).toEqual({ tasks: [], locks: [], left: [id] });
    expect(told).toEqual([]);
  });
});
