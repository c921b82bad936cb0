/**
 * `kill -9` at any moment of a mutation: the store opens again at once, nothing acknowledged is missing, nothing is half
 * done. The moments are the calls to the file system and the process starts: a sample of them, with FULL=1 one after the other.
 */
import { expect, test } from 'vitest';
import { type Orc, openOrc } from '../../src/index.ts';
import { checkRepository, git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { KillableScript } from '../support/kill-at.ts';
import { isFull, sampleOf, sampleSeed } from '../support/sample.ts';

const moments = 18;

const imports = "import { openOrc } from './src/index.ts';";

const mutations = {
  add: `const task = await orc.addTask('w', { title: process.env.TITLE ?? '' }); say('acked ' + task.id);`,
  next: `const task = await orc.getNextTask('w', 'agent-1'); say('acked ' + task?.id);`,
  lock: `say('acked ' + await orc.acquireLock('deploy', 'agent-1', 60000));`,
};

/** Acknowledged just before the calls are counted: must be there whatever happens then. */
const before: Readonly<Record<string, string>> = {
  add: `say('acked ' + (await orc.addTask('w', { title: 'before ' + process.env.TITLE })).id);`,
};

/** Publishes what the dead left. */
async function recover(orc: Orc): Promise<{ tookMs: number; waiting: number }> {
  const began = performance.now();
  await orc.logEvent('survivor', 'looked');
  const tookMs = performance.now() - began;
  // A claim that was on its way is dropped once the head has moved past it.
  return { tookMs, waiting: (await orc.sync()).waiting };
}

/** The board as it is now, and its chain as the remote has it. */
async function inspect(clone: string, remote: string) {
  await using orc = await openOrc({ cwd: clone, agent: 'survivor' });
  const events = await orc.getEvents();
  const versions = git(remote, 'log', '--format=%(trailers:key=Orc-Version,valueonly,separator=)', 'orc')
    .split('\n')
    .map(Number);
  const parents = git(remote, 'log', '--format=%p', 'orc').split('\n');
  const state = await orc.loadState();
  return { events, versions, parents, state };
}

for (const [name, mutation] of Object.entries(mutations)) {
  test(`a process killed at any call of "${name}" leaves a whole board, and acknowledged work stays`, {
    timeout: 300_000,
  }, async () => {
    const remote = makeBareRemote();
    const clone = makeClone(remote);
    await using survivor = await openOrc({ cwd: clone, create: true });
    await survivor.createWorkstream('w');
    const script = new KillableScript(
      `kill-${name}`,
      imports,
      `const orc = await openOrc({ cwd: process.cwd(), timeoutMs: 10000 }); await orc.status(); ${before[name] ?? ''} arm(); ${mutation}`,
    );
    const acknowledged: string[] = [];
    if (name === 'next') await survivor.addTask('w', { title: 'undisturbed' });
    const whole = await script.run(0, { cwd: clone, env: { TITLE: 'undisturbed' } });
    const calls = whole.calls as number;
    let killed = 0;
    // Each call twice: killed before it is made, and after.
    const all = Array.from({ length: 2 * calls }, (_, index) => index + 2);
    for (const step of sampleOf(all, moments)) {
      if (name === 'next' && (await survivor.listWorkstreams())[0]?.pending === 0)
        await survivor.addTask('w', { title: `for moment ${step}` });
      const run = await script.run(step >> 1, {
        cwd: clone,
        after: step % 2 === 1,
        env: { TITLE: `moment ${step}` },
      });
      for (const line of run.lines) if (line.startsWith('acked ')) acknowledged.push(line.slice('acked '.length));
      if (run.killed) killed++;
      else expect(run.stderr).toBe('');
      const { tookMs, waiting } = await recover(survivor);
      expect(tookMs).toBeLessThan(5_000);
      expect(waiting).toBe(0);
    }
    const { events, versions, parents, state } = await inspect(clone, remote);
    console.log(
      `${name}: killed at ${killed} of ${all.length} moments (seed ${sampleSeed}), ${acknowledged.length} acknowledged, ${versions.length} mutations published`,
    );
    // Over the three mutations: more than 200 moments. A call fewer may be made at the end.
    expect(all.length).toBeGreaterThan(66);
    expect(killed).toBeGreaterThan((isFull ? all.length : moments) * 0.6);
    // One chain, versions without a gap, every operation once.
    expect(parents.slice(0, -1).every((parent) => /^[0-9a-f]+$/.test(parent))).toBe(true);
    expect(versions).toEqual(Array.from({ length: versions.length }, (_, i) => versions.length - i));
    const ops = events.map(({ op }) => op).filter((op) => op !== undefined);
    expect(new Set(ops).size).toBe(ops.length);
    expect(ops).toHaveLength(versions.length);
    const tasks = state.workstreams.w?.tasks ?? [];
    if (name !== 'lock') for (const id of acknowledged) expect(tasks.map((task) => task.id)).toContain(id);
    if (name === 'add') expect(new Set(tasks.map(({ title }) => title)).size).toBe(tasks.length);
    checkRepository(remote);
    checkRepository(`${clone}/.git/orc/board.git`);
  });
}
