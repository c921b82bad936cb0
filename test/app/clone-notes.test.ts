/** What hooks find without starting orc follows the local head. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pathLocksFile, readPathLocks } from '../../src/app/clone-notes.ts';
import { changedPaths, checkCommit } from '../../src/app/commit-check.ts';
import { openOrc } from '../../src/app/orc.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';

test('locks on paths are listed from wherever they are taken, and gone when they are', async () => {
  const remote = makeBareRemote();
  await using here = await openOrc({ cwd: makeClone(remote), create: true });
  await using there = await openOrc({ cwd: makeClone(remote) });
  const store = here.connection.store.path;
  await here.acquireLock('deploy', 'ann');
  expect(existsSync(pathLocksFile(store))).toBe(false);
  await there.acquireLock('path:src/**', 'bob', 600_000);
  await there.tryLock('path:docs/a b', 'bob', { shared: true, ttlMs: 600_000 });
  await here.sync();
  expect(
    readPathLocks(store)
      .map(({ agent, resource }) => `${agent} ${resource}`)
      .sort(),
  ).toEqual(['bob path:docs/a b', 'bob path:src/**']);
  await there.releaseLock('path:src/**', 'bob');
  await there.releaseLock('path:docs/a b', 'bob');
  await here.createWorkstream('build');
  expect(existsSync(pathLocksFile(store))).toBe(false);
});

test('a task that was claimed here is noted until it is over, here or elsewhere, whatever its workstream is called', async () => {
  const remote = makeBareRemote();
  await using here = await openOrc({ cwd: makeClone(remote), create: true });
  await using there = await openOrc({ cwd: makeClone(remote) });
  const folder = path.join(here.connection.store.path, 'holds/main');
  const noted = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.txt'));
  await here.createWorkstream('social media');
  const [one, two] = [
    await here.addTask('social media', { title: '1' }),
    await here.addTask('social media', { title: '2' }),
  ];
  await here.claimTask(null, one.id, 'ann');
  await here.getNextTask(null, 'ann');
  expect(readFileSync(path.join(folder, `task-${one.id}.txt`), 'utf8')).toBe(`ann\tsocial media/${one.id}\n`);
  expect(noted()).toHaveLength(2);
  await here.completeTask(null, one.id, null, { agent: 'ann' });
  expect(noted()).toEqual([`task-${two.id}.txt`]);
  await there.sync();
  await there.perform('task.cancel', { id: two.id });
  await here.sync();
  expect(noted()).toEqual([]);
});

test('a task that another work tree completes is noted nowhere any more', async () => {
  const cwd = makeClone(makeBareRemote());
  await using here = await openOrc({ cwd, create: true });
  await using beside = await openOrc({ cwd, env: { ...process.env, ORC_SESSION: 'beside' } });
  const { path: store } = here.connection.store;
  await here.createWorkstream('build');
  const { id } = await here.addTask('build', { title: '1' });
  const claim = await here.claimTask(null, id, 'ann');
  const note = path.join(store, 'holds/main', `task-${id}.txt`);
  expect(existsSync(note)).toBe(true);
  await beside.completeTask(null, id, null, { agent: 'ann', token: claim.claim?.token ?? 0 });
  expect(existsSync(note)).toBe(false);
});

test('what hooks spooled comes with the next change, once, and what cannot be understood is set aside', async () => {
  const cwd = makeClone(makeBareRemote());
  await using orc = await openOrc({ cwd, create: true, agent: 'eve' });
  const store = orc.connection.store.path;
  await orc.createWorkstream('build');
  const { id } = await orc.addTask('build', { title: 'T' });
  const commit = (digit: string): string => digit.repeat(40);
  const good = [
    `commit\t${commit('a')}\t${id}\tann`,
    `commit\t${commit('b')}\t${id}\t`,
    'event\tevent-00000001\tann\tbuilt\t{"x":1}',
  ];
  const bad = [
    'nonsense',
    `commit\tabc\t${id}\tann`,
    `commit\t${commit('a')}\tffffffff\tann`,
    `commit\t${commit('a')}\t${id}\t../x`,
    `commit\t${commit('a')}\t${id}\tann\tmore`,
    'event\tevent-00000002\tann\tbuilt\t{',
    'event\tshort\tann\tbuilt\t{}',
    'event\tevent-00000003\tann\ttask_created\t{}',
    '\u0000\t\t',
  ];
  writeFileSync(path.join(store, 'commits.spool'), `${[...good, ...bad, ...good].join('\n')}\n`);
  // A carrier died after the first line was queued.
  writeFileSync(path.join(store, 'commits.taken'), `${good[0]}\n`);
  await orc.linkCommit(id, commit('b'), { agent: 'eve' });
  expect((await orc.task(id))?.commits).toMatchObject([
    { by: 'ann', commit: commit('a') },
    { by: 'eve', commit: commit('b') },
  ]);
  // A carrier died at the end: all of them are published by now.
  writeFileSync(path.join(store, 'commits.taken'), `${good.join('\n')}\n`);
  await orc.sync();
  const events = await orc.getEvents();
  expect(events.filter(({ action }) => action === 'commit_linked')).toHaveLength(2);
  expect(events.filter(({ action }) => action === 'built')).toMatchObject([{ agent: 'ann', x: 1 }]);
  expect(readFileSync(path.join(store, 'commits.set-aside'), 'utf8').split('\n').slice(0, -1)).toEqual(
    bad.map((line) => expect.stringContaining(`${line}\t# `)),
  );
  expect(['commits.spool', 'commits.taken'].filter((name) => existsSync(path.join(store, name)))).toEqual([]);
});

test('whose locks count: named agents pass their own alone, where nobody is named those of the session', async () => {
  const cwd = makeClone(makeBareRemote());
  await using orc = await openOrc({ cwd, create: true });
  await orc.acquireLock('path:src/**', 'ann', 600_000);
  const check = async (env: NodeJS.ProcessEnv, now = Date.now()): Promise<string[]> => {
    const options = { cwd, agent: undefined, now, newId: () => 'event-00000001', input: 'src/a\0docs/b\0src/c d\0' };
    return (await checkCommit({ ...options, env: { ...process.env, ...env } })).locked.map((each) => each.path);
  };
  expect(await check({})).toEqual([]);
  expect(await check({ ORC_AGENT: 'ann' })).toEqual([]);
  expect(await check({ ORC_AGENT: 'bob' })).toEqual(['src/a', 'src/c d']);
  expect(await check({ ORC_SESSION: 'other' })).toEqual(['src/a', 'src/c d']);
  expect(await check({ ORC_AGENT: 'bob' }, Date.now() + 700_000)).toEqual([]);
  expect(existsSync(pathLocksFile(orc.connection.store.path))).toBe(false);
});

test('in a merge only what is neither side counts', () => {
  expect(changedPaths('a\0b\0')).toEqual(['a', 'b']);
  expect(changedPaths('a\0b\0//\0b\0c\0')).toEqual(['b']);
  expect(changedPaths('a\0//\0')).toEqual([]);
  expect(changedPaths('')).toEqual([]);
});
