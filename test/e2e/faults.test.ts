/**
 * Every call to the file system and every process start of a mutation fails once, one after the other (test/support/fail-at.ts).
 * `FULL=1` tries every way to fail at every call.
 */
import { expect, test } from 'vitest';
import type { Performed } from '../../src/app/performed.ts';
import { addTask, makeSharedPlace, newTask, says, tidy, useMemory } from '../support/fault-boards.ts';
import { type FaultLoop, loopTimeoutMs, runFaultLoop, type Told, toldBy } from '../support/fault-loop.ts';
import { isFull } from '../support/sample.ts';

useMemory();

const usual = { operations: 1, goOn: tidy, thins: true };
let claimed = '';

const loops: readonly FaultLoop[] = [
  { ...usual, name: 'add', act: says(addTask), opens: true },
  {
    ...usual,
    name: 'next',
    act: says((orc) => orc.perform('task.next', { workstream: 'w' })),
    goOn: (orc, run) => tidy(orc, run, newTask('wanted')),
  },
  {
    ...usual,
    name: 'complete',
    act: says((orc) => orc.perform('task.complete', { id: claimed, result: 'done' })),
    goOn: async (orc, run) => {
      const next = { kind: 'task.next', args: { workstream: 'w' } };
      const performed = await tidy(orc, run, newTask('wanted'), next);
      claimed = (performed.at(-1) as Performed<{ id: string }>).data.id;
    },
  },
  {
    ...usual,
    name: 'batch',
    operations: 3,
    act: async (orc, say, run) => {
      const performed = await orc.batch([1, 2, 3].map((k) => newTask(`task ${run}.${k}`)));
      const told = new Set<Told>(performed.map(toldBy));
      expect(told.size).toBe(1);
      say([...told][0] ?? null);
    },
  },
];

test.each(loops)(
  '$name: a failing call is told, harms nothing, and is over with the next call',
  {
    timeout: loopTimeoutMs,
  },
  async (loop) => {
    const report = await runFaultLoop(await makeSharedPlace(), { shift: loops.indexOf(loop), ...loop });
    console.log(report.summary);
    expect(report.violations).toEqual([]);
    expect(report.faults).toBeGreaterThan(isFull ? 60 : 20);
  },
);
