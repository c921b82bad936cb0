/** As faults.test.ts, for locks, knowledge, and what is published later. */
import { expect, test } from 'vitest';
import { makeSharedPlace, newTask, says, tidy, useMemory } from '../support/fault-boards.ts';
import { type FaultLoop, loopTimeoutMs, runFaultLoop, toldBy } from '../support/fault-loop.ts';
import { isFull } from '../support/sample.ts';

useMemory();

const usual = { operations: 1, goOn: tidy, thins: true };

const loops: readonly FaultLoop[] = [
  {
    ...usual,
    name: 'lock acquire',
    act: says((orc) => orc.perform('lock.acquire', { resource: 'deploy', ttl_ms: 60_000 })),
    goOn: async (orc, run) => {
      const isHeld = await orc.ask((board) => board.locks.get('deploy') !== undefined);
      await tidy(orc, run, ...(isHeld ? [{ kind: 'lock.break', args: { resource: 'deploy', reason: 'next' } }] : []));
    },
  },
  {
    ...usual,
    name: 'lock release',
    act: says((orc) => orc.perform('lock.release', { resource: 'deploy' })),
    goOn: async (orc) => expect(await orc.acquireLock('deploy', 'agent-1')).toBe(true),
  },
  {
    ...usual,
    name: 'knowledge',
    act: says((orc, run) => orc.perform('knowledge.write', { topic: 'notes', content: `text ${run}` })),
  },
  {
    ...usual,
    name: 'deferred, then sync',
    mayChange: ['.git/refs/remotes/origin/', '.git/logs/refs/remotes/origin/', '.git/objects/'],
    act: async (orc, say, run) => {
      const add = await orc.perform('task.add', newTask(`task ${run}`).args, { publish: 'sync' });
      say(toldBy(add));
      const report = await orc.sync();
      expect(report.rejected).toBe(0);
      if (add.state === 'queued' && report.waiting === 0) say('published');
    },
  },
];

test.each(loops)(
  '$name: a failing call is told, harms nothing, and is over with the next call',
  {
    timeout: loopTimeoutMs,
  },
  async (loop) => {
    const report = await runFaultLoop(await makeSharedPlace(), { shift: 4 + loops.indexOf(loop), ...loop });
    console.log(report.summary);
    expect(report.violations).toEqual([]);
    expect(report.faults).toBeGreaterThan(isFull ? 60 : 20);
  },
);
