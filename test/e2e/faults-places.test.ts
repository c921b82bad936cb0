/**
 * As faults.test.ts, where no push makes a run expensive: boards that stand alone, with both adapters, and every call in turn.
 * And what is no mutation of a board: beginning one, joining one, reading.
 */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Orc, openOrc } from '../../src/app/orc.ts';
import { OrcError } from '../../src/errors.ts';
import { failAt, findRepeated, nameFault } from '../support/fail-at.ts';
import { addTask, makeLonePlace, makeSharedPlace, newTask, says, tidy, useMemory } from '../support/fault-boards.ts';
import { Audit, filesOf } from '../support/fault-checks.ts';
import { type FaultLoop, loopTimeoutMs, runFaultLoop } from '../support/fault-loop.ts';
import { checkRepository, git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { drawOneIn, isFull, sampleSeed } from '../support/sample.ts';
import { makeTempDir } from '../support/temp-dir.ts';

useMemory();

const usual = { operations: 1, goOn: tidy };
const add: FaultLoop = { ...usual, name: 'add', act: says(addTask), opens: true };
const next: FaultLoop = {
  ...usual,
  name: 'next',
  act: says((orc) => orc.perform('task.next', { workstream: 'w' })),
  goOn: (orc, run) => tidy(orc, run, newTask('wanted')),
};
const release: FaultLoop = {
  ...usual,
  name: 'lock release',
  act: says((orc) => orc.perform('lock.release', { resource: 'deploy' })),
  goOn: async (orc) => expect(await orc.acquireLock('deploy', 'agent-1')).toBe(true),
};

test.each([
  { adapter: 'native' as const, loop: add },
  { adapter: 'native' as const, loop: { ...next, shift: 1, thins: true } },
  { adapter: 'portable' as const, loop: { ...add, shift: 2 } },
  { adapter: 'portable' as const, loop: { ...release, shift: 3, thins: true } },
])(
  '$loop.name with the $adapter adapter: a failing call is told, harms nothing, and is over with the next call',
  {
    timeout: loopTimeoutMs,
  },
  async ({ adapter, loop }) => {
    const report = await runFaultLoop(await makeLonePlace(adapter), loop);
    console.log(`${adapter}: ${report.summary}`);
    expect(report.violations).toEqual([]);
    expect(report.faults).toBeGreaterThan(isFull ? 80 : 25);
  },
);

/** Fails call after call, in one variant each (with `FULL=1` in all, and every call), until there is no such call. Gives the number of faults. */
async function eachFault<T>(
  work: (run: number) => Promise<T>,
  check: (run: number, fault: string, ended: { value: T } | { error: OrcError }) => Promise<void>,
): Promise<number> {
  let run = 0;
  let repeated: ReadonlySet<number> = new Set();
  const isDrawn = drawOneIn(2);
  for (let at = 0; ; at++) {
    if (at > 0 && (!isDrawn() || repeated.has(at))) continue;
    let variants = 1;
    for (let variant = 0; variant < variants; variant++) {
      const number = run++;
      const { fault, calls, ended } = await failAt(at, isFull ? variant : at, () => work(number));
      if (at === 0 && !isFull) repeated = findRepeated(calls, 0);
      const name = nameFault(fault);
      if (ended.outcome === 'done') await check(number, name, { value: ended.value });
      else {
        if (!(ended.error instanceof OrcError)) throw new Error(`${name}: no OrcError`, { cause: ended.error });
        await check(number, name, { error: ended.error });
      }
      if (fault === null && at > 0) return run - 2;
      if (isFull && fault !== null) variants = fault.variants;
    }
  }
}

const clearCodes = ['io', 'git-failed', 'git-missing', 'store-busy', 'unreachable', 'no-repository', 'not-published'];

test('reading gives the board or an error: never less than what is there', { timeout: loopTimeoutMs }, async () => {
  const { cwd, host, store } = await makeSharedPlace();
  {
    await using orc = await openOrc({ cwd });
    await tidy(orc, 1, newTask('one'), newTask('two'), { kind: 'lock.acquire', args: { resource: 'deploy' } });
    await orc.writeKnowledge('notes', 'text', 'agent-1');
    await orc.perform('task.add', newTask('tentative').args, { publish: 'sync' });
  }
  git(cwd, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  git(cwd, 'worktree', 'add', '--quiet', '../linked');
  for (const place of [cwd, path.join(path.dirname(cwd), 'linked')]) {
    for (const isPacked of [false, true]) {
      if (isPacked) git(store, 'repack', '-adq');
      const read = async () => {
        await using orc = await openOrc({ cwd: place });
        const { active_locks, recent_events, sync, ...status } = await orc.status();
        const [events, state, text] = [await orc.getEvents(), await orc.loadState(), await orc.readKnowledge('notes')];
        const counts = [active_locks.length, recent_events.length, sync.queued, sync.rejected];
        return { status, counts, events, state, text };
      };
      const expected = await read();
      expect(expected.events.length).toBeGreaterThan(5);
      expect(expected.counts).toEqual([1, 8, 1, 0]);
      const before = filesOf(host, store);
      const faults = await eachFault(read, async (_, fault, ended) => {
        if ('value' in ended) expect(ended.value, fault).toEqual(expected);
        else expect(clearCodes, `${fault}: ${ended.error.message}`).toContain(ended.error.code);
      });
      expect(filesOf(host, store)).toEqual(before);
      console.log(`reading${isPacked ? ' packs' : ''}: ${faults} faults; SAMPLE_SEED=${sampleSeed}`);
    }
  }
});

/** Copies of a clone, made when they are needed: beginning and joining happen once in each. */
function makeCopies(clone: string): (run: number) => string {
  const folder = makeTempDir();
  return (run) => {
    const copy = path.join(folder, String(run));
    cpSync(clone, copy, { recursive: true, errorOnExist: true });
    return copy;
  };
}

async function expectWholeBoard(orc: Orc, remote: string, fault: string): Promise<void> {
  const began = performance.now();
  await orc.createWorkstream('new');
  expect(performance.now() - began, fault).toBeLessThan(5_000);
  expect((await orc.status()).sync.queued, fault).toBe(0);
  const audit = new Audit(remote, 'refs/heads/orc');
  audit.read();
  expect(audit.faults, fault).toEqual([]);
}

test('beginning a board works, or is told and works the next time; there is one beginning', {
  timeout: loopTimeoutMs,
}, async () => {
  const [remoteOf, cloneOf] = [makeCopies(makeBareRemote()), makeCopies(makeClone(makeBareRemote()))];
  const places = new Map<number, { remote: string; cwd: string }>();
  const prepare = (run: number) => {
    const place = { remote: remoteOf(run), cwd: cloneOf(run) };
    git(place.cwd, 'remote', 'set-url', 'origin', place.remote);
    places.set(run, place);
  };
  prepare(0);
  const faults = await eachFault(
    async (run) => {
      const { cwd } = places.get(run) as { cwd: string };
      await using orc = await openOrc({ cwd, create: true, timeoutMs: 10_000 });
      return (await orc.head()).read.board.meta.id;
    },
    async (run, fault, ended) => {
      const { cwd, remote } = places.get(run) as { cwd: string; remote: string };
      if ('error' in ended) expect(clearCodes, `${fault}: ${ended.error.message}`).toContain(ended.error.code);
      await using orc = await openOrc({ cwd, create: true, timeoutMs: 10_000 });
      if ('value' in ended) expect((await orc.head()).read.board.meta.id, fault).toBe(ended.value);
      await expectWholeBoard(orc, remote, fault);
      if (isFull || run % 10 === 0) for (const folder of [remote, `${cwd}/.git/orc/board.git`]) checkRepository(folder);
      for (const folder of [remote, cwd]) rmSync(folder, { recursive: true });
      prepare(run + 1);
    },
  );
  console.log(`beginning: ${faults} faults; SAMPLE_SEED=${sampleSeed}`);
  expect(faults).toBeGreaterThan(isFull ? 100 : 30);
});

test('joining a board works, or is told and works the next time', { timeout: loopTimeoutMs }, async () => {
  const { upstream } = await makeSharedPlace();
  const cloneOf = makeCopies(makeClone(upstream));
  const clones = new Map([[0, cloneOf(0)]]);
  const read = async (run: number) => {
    await using orc = await openOrc({ cwd: clones.get(run) as string, timeoutMs: 10_000 });
    return (await orc.listWorkstreams()).map(({ name }) => name);
  };
  const faults = await eachFault(read, async (run, fault, ended) => {
    if ('value' in ended) expect(ended.value, fault).toEqual(['w']);
    else expect(clearCodes, `${fault}: ${ended.error.message}`).toContain(ended.error.code);
    const began = performance.now();
    expect(await read(run), fault).toEqual(['w']);
    expect(performance.now() - began, fault).toBeLessThan(5_000);
    if (isFull || run % 10 === 0) checkRepository(`${clones.get(run)}/.git/orc/board.git`);
    rmSync(clones.get(run) as string, { recursive: true });
    clones.set(run + 1, cloneOf(run + 1));
  });
  console.log(`joining: ${faults} faults; SAMPLE_SEED=${sampleSeed}`);
  expect(faults).toBeGreaterThan(isFull ? 50 : 15);
});
