/** Boards in real repositories, made through the library, and the command that judges them. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { importBoard } from '../../src/app/import-board.ts';
import { listRejected } from '../../src/app/rejected.ts';
import { type Orc, OrcError, openOrc } from '../../src/index.ts';
import { openElsewhere, openSharedBoard } from '../support/boards.ts';
import { checkBoard } from '../support/checker/check.ts';
import { readRepository } from '../support/checker/repository.ts';
import type { CallRecord, CheckOptions, FinalFacts } from '../support/checker/types.ts';
import { git, makeBareRemote } from '../support/git-fixtures.ts';
import { commitByHand, fileOf } from '../support/hand-edits.ts';
import { makeTempDir } from '../support/temp-dir.ts';

vi.setConfig({ testTimeout: 60_000 });

type Args = Record<string, unknown>;

/** A caller that writes its log. */
function caller(orc: Orc, client: string, logs: CallRecord[]) {
  return async (kind: string, args: Args, options: { readonly publish?: 'sync'; readonly agent?: string } = {}) => {
    const op = createHash('sha256').update(`${client} ${logs.length}`).digest('hex').slice(0, 32);
    const start = performance.now();
    const agent = options.agent ?? client;
    const about = { client, op, kind, agent, args, start };
    try {
      const done = await orc.perform(kind, args, { ...options, agent, op });
      const answer = done.state === 'none' ? 'unchanged' : done.published === true ? 'ok' : 'queued';
      logs.push({
        ...about,
        end: performance.now(),
        answer,
        version: done.published === true ? done.version : null,
        published: done.published,
      });
      return done;
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
      logs.push({
        ...about,
        end: performance.now(),
        answer: 'refused',
        code: error.code,
        published: options.publish === undefined,
      });
      return null;
    }
  };
}

function taskOf(done: { readonly data: unknown } | null): string {
  return (done?.data as { readonly id: string } | null | undefined)?.id ?? '';
}

/** The beginning of a board is not in the logs. */
function optionsFor(repository: string): CheckOptions {
  const first = readRepository(repository).commits[0];
  const trailers = typeof first?.trailers === 'object' ? first.trailers : null;
  return { timeOrigin: performance.timeOrigin, clockError: 50, unlogged: new Set([trailers?.operation.id ?? '']) };
}

test('two clones of one board, with calls at the same time, tentative ones, and some that are refused later', async () => {
  const { orc, remote } = await openSharedBoard();
  const other = await openElsewhere(remote);
  const logs: CallRecord[] = [];
  const [ada, bob] = [caller(orc, 'ada', logs), caller(other, 'bob', logs)];
  await ada('workstream.create', { name: 'w', description: 'x'.repeat(3000) });
  await ada('task.add', { workstream: 'w', title: 'One', priority: 1 });
  await Promise.all([
    ada('task.add', { workstream: 'w', title: 'Two' }),
    bob('task.add', { workstream: 'w', title: 'Three' }),
  ]);
  const [mine, theirs] = await Promise.all([
    ada('task.next', { workstream: 'w' }),
    bob('task.next', { workstream: null }),
  ]);
  await bob('agent.register', { id: 'bob', capabilities: ['js'] });
  await Promise.all([
    ada('task.complete', { id: taskOf(mine), result: 'y'.repeat(2500) }),
    bob('task.fail', { id: taskOf(theirs), reason: 'z'.repeat(2500) }),
  ]);
  await ada('task.complete', { id: taskOf(mine) });
  await ada('lock.acquire', { resource: 'path:src/**' });
  await bob('lock.acquire', { resource: 'path:src/a.ts' });
  await bob('agent.heartbeat', { id: 'bob' });
  await bob('knowledge.write', { topic: 'k', content: '1\n2\n3\n4\n5\n' });
  await orc.sync();
  // told as queued: one is merged with what others wrote, one is refused
  await ada('knowledge.write', { topic: 'k', content: '1\n2\n3\n4\nfive\n' }, { publish: 'sync' });
  await ada('workstream.create', { name: 'twice' }, { publish: 'sync' });
  await bob('knowledge.write', { topic: 'k', content: 'one\n2\n3\n4\n5\n' });
  await bob('workstream.create', { name: 'twice' });
  await orc.sync();
  const finals: FinalFacts[] = [{ client: 'ada', rejected: await listRejected(orc), queued: [] }];
  const chain = readRepository(remote);
  const { violations, judged } = checkBoard({ chain, logs, finals, options: optionsFor(remote) });
  expect(violations).toEqual([]);
  expect((await orc.knowledge('k'))?.content).toBe('one\n2\n3\n4\nfive\n');
  expect(judged[7]).toBeGreaterThanOrEqual(3);
  expect(finals[0]?.rejected).toEqual([expect.objectContaining({ code: 'already-exists' })]);
  const lost = checkBoard({
    chain,
    logs,
    finals: [{ client: 'ada', rejected: [], queued: [] }],
    options: optionsFor(remote),
  });
  expect(lost.violations).toEqual([expect.objectContaining({ rule: 2, message: 'told queued, and is lost' })]);
});

test('a board with ids of SHA-256, and a batch', async () => {
  const remote = makeBareRemote('sha256');
  const clone = makeTempDir();
  git(clone, 'init', '--quiet', '--object-format=sha256');
  git(clone, 'remote', 'add', 'origin', remote);
  const orc = await openOrc({ cwd: clone, create: true, agent: 'ada' });
  await orc.batch([
    { kind: 'workstream.create', args: { name: 'w' } },
    { kind: 'task.add', args: { workstream: 'w', title: 'One', description: 'd'.repeat(5000) } },
    { kind: 'task.next', args: { workstream: 'w' } },
    { kind: 'task.next', args: { workstream: 'w' } },
  ]);
  await orc.close();
  const chain = readRepository(remote);
  expect(chain.commits[0]?.oid).toHaveLength(64);
  expect(checkBoard({ chain }).violations).toEqual([]);
});

test('edits by hand are followed, and told unless they are allowed', async () => {
  const { orc, remote } = await openSharedBoard({ agent: 'ada' });
  await orc.createWorkstream('w');
  const task = await orc.addTask('w', { title: 'One' });
  const place = `tasks/open/${task.id[0]}/${task.id[1]}/${task.id}.json`;
  const edited = fileOf(remote, place).replace('"priority": 5', '"priority": 2');
  const state = fileOf(remote, 'state.json').replace(/"version": \d+/, '"version": 41');
  commitByHand(remote, [
    { path: place, content: edited },
    { path: 'state.json', content: state },
    { path: 'knowledge/people.md', content: 'Plain words\n' },
    { path: 'workstreams/broken.json', content: '{' },
    { path: 'LICENSE', content: 'Free\n' },
  ]);
  await orc.sync();
  await orc.addTask('w', { title: 'Two', depends_on: [task.id] });
  commitByHand(remote, [
    { path: 'orc.yaml', content: 'lease: 5m\nboard_md: false\n' },
    { path: 'workstreams/broken.json', content: null },
  ]);
  await orc.sync();
  await orc.getNextTask('w', 'ada');
  await orc.perform('knowledge.append', { topic: 'people', content: 'More' });
  const chain = readRepository(remote);
  expect(checkBoard({ chain, options: { allowManualEdits: true } }).violations).toEqual([]);
  const { violations } = checkBoard({ chain });
  expect(violations.map(({ rule }) => rule)).toEqual([1, 1]);
});

test('a board that took over a single-file board', async () => {
  const { orc, remote } = await openSharedBoard({ agent: 'ada' });
  await importBoard(orc, path.resolve('test/fixtures/opspawn-board'));
  await orc.createWorkstream('after');
  const next = await orc.getNextTask(null, 'ada');
  if (next !== null) await orc.completeTask(null, next.id, 'Done');
  const chain = readRepository(remote);
  expect(checkBoard({ chain }).violations).toEqual([]);
});

test('the command tells its verdict by the exit code', async () => {
  const { orc, remote } = await openSharedBoard({ agent: 'ada' });
  await orc.createWorkstream('w');
  const log = path.join(makeTempDir(), 'log.jsonl');
  const call = {
    client: 'one',
    op: 'an-operation',
    kind: 'workstream.pause',
    agent: 'ada',
    args: { name: 'w' },
    start: 1,
    end: 2,
    answer: 'ok',
  };
  writeFileSync(log, `${JSON.stringify(call)}\n`);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/run-ts.mjs', 'test/support/checker/main.ts', ...args], { encoding: 'utf8' });
  const good = run(remote);
  expect(good.stdout).toContain('no rule is broken');
  expect(good.status).toBe(0);
  const bad = run(remote, '--log', log, '--unlogged-all');
  expect(bad.stdout).toContain('rule 2 an-operation: told ok, and is not in the chain');
  expect(bad.status).toBe(1);
  const nothing = run(path.join(makeTempDir(), 'nowhere'));
  expect(nothing.status).toBe(2);
});
