/**
 * The process that publishes for its clone dies, or is stopped, while its push is under way. The others go on at once, and
 * what it asked for is in once or not at all.
 */
import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { openOrc } from '../../src/app/orc.ts';
import { Audit } from '../support/fault-checks.ts';
import { checkRepository, git, readRef } from '../support/git-fixtures.ts';
import { HeldPush, makeRemoteAndClone, type Publisher, startPublishers } from '../support/publishers.ts';

interface Stage {
  readonly remote: string;
  readonly clone: string;
  readonly store: string;
  readonly victim: Publisher;
  readonly others: readonly Publisher[];
  readonly held: HeldPush;
  /** What an ordinary call takes here and now, ms. */
  readonly usualMs: number;
}

/** Four processes in linked work trees, a board with three tasks. */
async function setStage(): Promise<Stage> {
  const { remote, clone } = makeRemoteAndClone();
  {
    await using orc = await openOrc({ cwd: clone, create: true });
    await orc.createWorkstream('w');
    const titles = ['one', 'two', 'three', 'four'];
    await orc.batch(titles.map((title) => ({ kind: 'task.add', args: { workstream: 'w', title } })));
  }
  const [victim, ...others] = await startPublishers(clone, 4);
  const held = new HeldPush(remote);
  const times: number[] = [];
  for (const other of others) {
    const began = performance.now();
    expect((await other.perform('event.log', { action: 'warm' })).published).toBe(true);
    times.push(performance.now() - began);
  }
  held.arm();
  const store = `${clone}/.git/orc/board.git`;
  return { remote, clone, store, victim: victim as Publisher, others, held, usualMs: Math.max(...times) };
}

/** The published chain: whole, each operation once. Gives how often each kind stands in it, by agent. */
function audit({ remote, store }: Stage): (kind: string, agent: string) => number {
  const checked = new Audit(remote, 'refs/heads/orc');
  checked.read();
  expect(checked.faults).toEqual([]);
  checkRepository(remote);
  checkRepository(store);
  const operations = git(remote, 'log', '--format=%(trailers:key=Orc-Op,valueonly,separator=)', 'orc')
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; agent: string });
  return (kind, agent) => operations.filter((each) => each.kind === kind && each.agent === agent).length;
}

async function expectNothingLeft({ clone, store }: Stage): Promise<void> {
  await using orc = await openOrc({ cwd: clone, agent: 'survivor' });
  await orc.logEvent('survivor', 'looked');
  expect((await orc.status()).sync.queued).toBe(0);
  const left = fs.readdirSync(store, { recursive: true, encoding: 'utf8' });
  expect(left.filter((name) => /\.lock$|^(queue|takings|outcomes)\/.*json$/.test(name))).toEqual([]);
}

test('a publisher killed during its push delays the others by less than a second', { timeout: 120_000 }, async () => {
  const stage = await setStage();
  const { victim, others, held, remote, usualMs } = stage;
  const lost = victim.perform('task.add', { workstream: 'w', title: 'of the victim' });
  await held.entered();
  const before = readRef(remote, 'refs/heads/orc');
  const asked = others.map((other) => other.perform('task.add', { workstream: 'w', title: `of ${other.agent}` }));
  // They wait for the publisher that lives.
  await vi.waitFor(() => expect(fs.readdirSync(`${stage.store}/queue`)).toHaveLength(4), { timeout: 10_000 });
  expect(readRef(remote, 'refs/heads/orc')).toBe(before);

  const died = performance.now();
  await victim.kill();
  const answers = await Promise.all(asked);
  const tookMs = performance.now() - died;
  expect((await lost).code).toBe('killed');
  expect(answers.map(({ state }) => state)).toEqual(['published', 'published', 'published']);
  console.log(`killed: the others took ${Math.round(tookMs)} ms after it; a call takes ${Math.round(usualMs)} ms here`);
  // Each of them may have to push for itself.
  expect(tookMs).toBeLessThan(1_000 + others.length * usualMs);
  // The git that the dead one had started goes on, and comes too late.
  held.release(0);
  await expectNothingLeft(stage);
  const count = audit(stage);
  // It had not been told anything; an addition stands for itself, and is published for it.
  expect(count('task.add', victim.agent)).toBe(1);
  for (const { agent } of others) expect(count('task.add', agent)).toBe(1);
});

test.each([
  { hook: 'declines', exitCode: 1 as const },
  { hook: 'lets through', exitCode: 0 as const },
])(
  'the claim of a publisher that died untold: the push that the remote $hook',
  {
    timeout: 120_000,
  },
  async ({ exitCode }) => {
    const stage = await setStage();
    const { victim, others, held, remote } = stage;
    const before = readRef(remote, 'refs/heads/orc');
    const lost = victim.perform('task.next', { workstream: 'w' });
    await held.entered();
    await victim.kill();
    await lost;
    held.release(exitCode);
    // Its git lives on: until the remote has decided, nobody can know.
    if (exitCode === 0) await vi.waitFor(() => expect(readRef(remote, 'refs/heads/orc')).not.toBe(before), 10_000);
    const claims = await Promise.all(others.map((other) => other.perform('task.next', { workstream: 'w' })));
    expect(claims.map(({ state }) => state)).toEqual(['published', 'published', 'published']);
    await expectNothingLeft(stage);
    const count = audit(stage);
    await using orc = await openOrc({ cwd: stage.clone });
    const holders = await orc.ask((board) => [...board.openTasks()].map(({ assigned_to }) => assigned_to));
    const taken = holders.filter((holder) => holder !== null);
    expect(new Set(taken).size).toBe(taken.length);
    // Landed, it stands; else it is dropped, and nobody holds a task that nobody works on.
    const expected = exitCode === 0 ? 1 : 0;
    expect(count('task.next', victim.agent)).toBe(expected);
    expect(taken.filter((holder) => holder === victim.agent)).toHaveLength(expected);
    expect(taken).toHaveLength(3 + expected);
  },
);

test('a dead publisher whose pid was given to another process is taken for dead all the same', {
  timeout: 120_000,
}, async () => {
  const stage = await setStage();
  const { victim, others, held, store, usualMs } = stage;
  const lost = victim.perform('task.next', { workstream: 'w' });
  await held.entered();
  await victim.kill();
  await lost;
  // What it left names this process now: a pid that lives, and a start that is another one's.
  const files = fs.readdirSync(store, { recursive: true, encoding: 'utf8' }).map((name) => `${store}/${name}`);
  const left = files.filter((file) => /publisher\.lock$|(queue|takings)\/[^/]*\.json$/.test(file));
  for (const file of left) {
    const text = fs.readFileSync(file, 'utf8');
    expect(text).toContain(`"pid":${victim.pid},`);
    fs.writeFileSync(file, text.replaceAll(`"pid":${victim.pid},`, `"pid":${process.pid},`));
  }
  expect(left.length).toBeGreaterThanOrEqual(2);
  const began = performance.now();
  const claims = await Promise.all(others.map((other) => other.perform('task.next', { workstream: 'w' })));
  expect(performance.now() - began).toBeLessThan(1_000 + others.length * usualMs);
  expect(claims.map(({ state }) => state)).toEqual(['published', 'published', 'published']);
  held.release(1);
  await expectNothingLeft(stage);
  expect(audit(stage)('task.next', victim.agent)).toBe(0);
});

test('a publisher that is stopped longer than its role lasts: the others publish beside it, and it hears the truth', {
  timeout: 120_000,
}, async () => {
  const stage = await setStage();
  const { victim, others, held, usualMs } = stage;
  const late = victim.perform('task.next', { workstream: 'w' });
  await held.entered();
  victim.signal('SIGSTOP');
  const stopped = performance.now();
  const claims = await Promise.all(others.map((other) => other.perform('task.next', { workstream: 'w' })));
  const tookMs = performance.now() - stopped;
  expect(claims.map(({ state }) => state)).toEqual(['published', 'published', 'published']);
  console.log(`stopped: the others took ${Math.round(tookMs)} ms; a call takes ${Math.round(usualMs)} ms here`);
  // The role expires after five seconds. Each of them may have to push for itself.
  expect(tookMs).toBeLessThan(6_000 + others.length * usualMs);
  held.release(0);
  victim.signal('SIGCONT');
  const answer = await late;
  expect(answer).toMatchObject({ state: 'published', published: true, code: null });
  await expectNothingLeft(stage);
  const count = audit(stage);
  expect(count('task.next', victim.agent)).toBe(1);
  const ids = [...claims, answer].map(({ data }) => (data as { id: string }).id);
  expect(new Set(ids).size).toBe(4);
});
