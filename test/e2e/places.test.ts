/** Where a board can live, and that nothing else is touched there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { addCommit, checkRepository, git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { serveOverHttp } from '../support/http-remote.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function makeRepository(...options: string[]): string {
  const folder = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', '--initial-branch=main', ...options, folder);
  return folder;
}

/** Everything about a clone that orc must leave alone. */
function fingerprint(clone: string): Record<string, unknown> {
  const gitDir = path.join(clone, '.git');
  return {
    status: git(clone, 'status', '--porcelain=v2', '--branch'),
    head: readFileSync(path.join(gitDir, 'HEAD'), 'utf8'),
    index: existsSync(path.join(gitDir, 'index')) ? readFileSync(path.join(gitDir, 'index')).toString('hex') : null,
    refs: git(clone, 'for-each-ref'),
    config: readFileSync(path.join(gitDir, 'config'), 'utf8'),
    hooks: readdirSync(path.join(gitDir, 'hooks')).sort(),
    objects: git(clone, 'count-objects', '-v'),
    stash: git(clone, 'stash', 'list'),
    top: readdirSync(clone).sort(),
    gitTop: readdirSync(gitDir)
      .filter((name) => name !== 'orc')
      .sort(),
  };
}

async function workThrough(cwd: string): Promise<void> {
  await using orc = await openOrc({ cwd, create: true });
  await orc.createWorkstream('w');
  const task = await orc.addTask('w', { title: 'T' });
  await orc.getNextTask('w', 'agent-1');
  await orc.acquireLock('deploy', 'agent-1');
  await orc.writeKnowledge('topic', 'Text\n');
  await orc.completeTask('w', task.id, 'Done');
  await orc.releaseLock('deploy', 'agent-1');
}

test('a clone with a remote: work tree, index, HEAD, branches, hooks and objects stay as they are', async () => {
  const remote = makeBareRemote();
  const seed = makeClone(remote);
  addCommit(seed, 'refs/heads/main');
  git(seed, 'push', '--quiet', 'origin', 'main');
  const clone = makeClone(remote);
  const marker = path.join(makeTempDir(), 'hook-ran');
  for (const hook of ['pre-push', 'pre-commit', 'post-commit', 'reference-transaction', 'post-checkout']) {
    installHook(path.join(clone, '.git'), hook, `echo ${hook} >> '${marker}'`);
  }
  writeFileSync(path.join(clone, 'staged.txt'), 'staged\n');
  git(clone, 'add', 'staged.txt');
  writeFileSync(path.join(clone, 'untracked.txt'), 'untracked\n');
  if (existsSync(marker)) throw new Error('the fixture itself ran a hook');
  const before = fingerprint(clone);
  await workThrough(clone);
  expect(fingerprint(clone)).toEqual(before);
  expect(existsSync(marker)).toBe(false);
  expect(git(remote, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/heads/orc');
});

test('orc sync shows the story to plain git: by author, by task, by number', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  await workThrough(clone);
  await using orc = await openOrc({ cwd: clone });
  await orc.sync();
  expect(
    git(clone, 'log', '--format=%an', '--author=agent-1', 'origin/orc')
      .split('\n')
      .every((name) => name === 'agent-1'),
  ).toBe(true);
  const [task] = Object.values((await orc.loadState()).workstreams)[0]?.tasks ?? [];
  const story = git(clone, 'log', '--format=%s', 'origin/orc', '--', `tasks/*${task?.id}*`).split('\n');
  expect(story).toEqual([
    `task.complete w/${task?.id} by agent-1`,
    `task.next w/${task?.id} by agent-1`,
    `task.add w/${task?.id} by system`,
  ]);
  expect(git(clone, 'shortlog', '-sn', 'origin/orc')).toMatch(/4\s+agent-1/);
  expect(git(clone, 'show', 'origin/orc:BOARD.md')).toContain('Done');
  checkRepository(clone);
});

test('a repository without a remote: the story is on its own branch orc', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  expect(git(repository, 'log', '--format=%s', '-1', 'orc')).toBe('lock.release deploy by agent-1');
  expect(git(repository, 'status', '--porcelain')).toBe('');
  checkRepository(repository);
});

test('a host whose own hooks and settings would interfere: none of them runs', async () => {
  const repository = makeRepository();
  const marker = path.join(makeTempDir(), 'hook-ran');
  for (const hook of ['pre-receive', 'update', 'post-receive', 'post-update', 'reference-transaction']) {
    installHook(path.join(repository, '.git'), hook, `echo ${hook} >> '${marker}'; exit 1`);
  }
  await workThrough(repository);
  expect(existsSync(marker)).toBe(false);
});

test('sub-folders, linked work trees and bare repositories reach the same board', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  addCommit(clone, 'refs/heads/main');
  git(clone, 'reset', '--quiet', '--hard');
  await workThrough(clone);
  const folder = path.join(clone, 'a/b');
  mkdirSync(folder, { recursive: true });
  const linked = path.join(makeTempDir(), 'linked');
  git(clone, 'worktree', 'add', '--quiet', '-b', 'side', linked);
  for (const cwd of [folder, linked]) {
    await using orc = await openOrc({ cwd });
    expect((await orc.listWorkstreams()).map(({ name }) => name)).toEqual(['w']);
    expect(orc.how).toBe('opened');
  }
  const bare = path.join(makeTempDir(), 'bare.git');
  git('/', 'init', '--quiet', '--bare', bare);
  await workThrough(bare);
  expect(git(bare, 'log', '--format=%s', '-1', 'orc')).toBe('lock.release deploy by agent-1');
});

test('the same agent in another work tree of the clone is somebody else', async () => {
  const repository = makeRepository();
  addCommit(repository, 'refs/heads/main');
  git(repository, 'reset', '--quiet', '--hard');
  const linked = path.join(makeTempDir(), 'linked');
  git(repository, 'worktree', 'add', '--quiet', '-b', 'side', linked);
  await using here = await openOrc({ cwd: repository, create: true });
  await here.createWorkstream('w');
  const task = await here.addTask('w', { title: 'T' });
  await here.claimTask('w', task.id, 'agent-1');
  await using there = await openOrc({ cwd: linked });
  await expect(there.completeTask('w', task.id, 'x', { agent: 'agent-1' })).rejects.toMatchObject({
    code: 'not-holder',
  });
  expect((await here.completeTask('w', task.id, 'x')).status).toBe('done');
});

test('a host with SHA-256 objects, alone and with a remote', async () => {
  const alone = makeRepository('--object-format=sha256');
  await workThrough(alone);
  expect(git(alone, 'rev-parse', 'orc')).toHaveLength(64);
  const remote = makeBareRemote('sha256');
  const clone = path.join(makeTempDir(), 'clone');
  git('/', 'init', '--quiet', '--object-format=sha256', clone);
  git(clone, 'remote', 'add', 'origin', remote);
  await workThrough(clone);
  expect(git(remote, 'rev-parse', 'orc')).toHaveLength(64);
  checkRepository(remote);
});

test('a remote of another object format is told at once, whichever way round, and by its address', async () => {
  for (const [format, remote] of [
    ['sha1', makeBareRemote('sha256')],
    ['sha256', makeBareRemote()],
  ] as const) {
    const clone = path.join(makeTempDir(), 'clone');
    git('/', 'init', '--quiet', `--object-format=${format}`, clone);
    git(clone, 'remote', 'add', 'origin', remote);
    const began = performance.now();
    await expect(openOrc({ cwd: clone, create: true })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(format === 'sha1' ? 'has SHA-256 objects' : 'has SHA-1 objects'),
      hint: expect.stringContaining('a clone with'),
    });
    if (format === 'sha1')
      await expect(openOrc({ board: remote, create: true })).rejects.toMatchObject({ code: 'unsupported' });
    expect(performance.now() - began).toBeLessThan(20_000);
  }
});

test('a board that stands alone: upstream none', async () => {
  const repository = makeRepository();
  await using orc = await openOrc({ cwd: repository, create: { upstream: 'none' } });
  await orc.createWorkstream('w');
  await orc.addTask('w', { title: 'T' });
  expect((await orc.getNextTask('w', 'agent-1'))?.title).toBe('T');
  expect(await orc.getNextTask('w', 'agent-2')).toBe(null);
  expect(git(repository, 'for-each-ref')).toBe('');
});

test('objects and refs in process, with ORC_GIT=portable: the same board, native and portable in turn', async () => {
  const remote = makeBareRemote();
  const server = await serveOverHttp(remote, 'alice:secret');
  const clone = makeClone(remote);
  git(clone, 'remote', 'set-url', 'origin', server.url('alice:secret'));
  const env = { ...process.env, ORC_GIT: 'portable' };
  await using portable = await openOrc({ cwd: clone, create: true, env });
  await portable.createWorkstream('w');
  const task = await portable.addTask('w', { title: 'T' });
  await using native = await openOrc({ cwd: clone });
  expect((await native.getNextTask('w', 'agent-1'))?.id).toBe(task.id);
  expect((await portable.completeTask('w', task.id, 'done')).status).toBe('done');
  checkRepository(remote);
  checkRepository(path.join(clone, '.git/orc/board.git'));
  await expect(openOrc({ cwd: clone, env: { ...process.env, ORC_GIT: 'other' } })).rejects.toMatchObject({
    code: 'invalid-argument',
  });
});

test('a board by its address, without a clone', async () => {
  const remote = makeBareRemote();
  await workThrough(makeClone(remote));
  const env = { ...process.env, XDG_CACHE_HOME: makeTempDir() };
  await using orc = await openOrc({ cwd: makeTempDir(), board: remote, env });
  expect((await orc.status()).workstreams[0]?.done).toBe(1);
  await orc.addTask('w', { title: 'from afar' });
  await using again = await openOrc({ cwd: '/', board: remote, env });
  expect((await again.status()).workstreams[0]?.pending).toBe(1);
});

test('the branch orc is checked out: an error that names the work tree, and nothing is written', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  const before = git(repository, 'rev-parse', 'orc');
  git(repository, 'checkout', '--quiet', 'orc');
  await using orc = await openOrc({ cwd: repository });
  await expect(orc.createWorkstream('x')).rejects.toMatchObject({
    code: 'checked-out',
    message: expect.stringContaining(repository),
  });
  expect(git(repository, 'rev-parse', 'orc')).toBe(before);
  expect((await orc.status()).sync.queued).toBe(0);
});

test('the branch orc is checked out in a work tree that is gone: git keeps it reserved, and the hint says how to free it', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  const linked = path.join(makeTempDir(), 'linked');
  git(repository, 'worktree', 'add', '--quiet', linked, 'orc');
  rmSync(linked, { recursive: true });
  await using orc = await openOrc({ cwd: repository });
  await expect(orc.createWorkstream('x')).rejects.toMatchObject({
    code: 'checked-out',
    message: expect.stringContaining(linked),
    hint: expect.stringContaining('git worktree prune'),
  });
  git(repository, 'worktree', 'prune');
  expect((await orc.createWorkstream('x')).name).toBe('x');
});

test('not a repository, no board, a foreign branch, several remotes: each says what helps', async () => {
  await expect(openOrc({ cwd: makeTempDir() })).rejects.toMatchObject({ code: 'no-repository' });
  const empty = makeRepository();
  await expect(openOrc({ cwd: empty })).rejects.toMatchObject({
    code: 'no-board',
    hint: expect.stringContaining('orc init'),
  });
  // A bare `orc init` would begin another one.
  await expect(openOrc({ cwd: empty, branch: 'team/x' })).rejects.toMatchObject({
    code: 'no-board',
    hint: '`orc init --branch team/x` begins one',
  });
  const folder = makeBareRemote();
  await expect(openOrc({ cwd: empty, board: folder })).rejects.toMatchObject({
    code: 'no-board',
    hint: `\`orc init --board ${folder}\` begins one`,
  });
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  addCommit(clone, 'refs/heads/orc');
  git(clone, 'push', '--quiet', 'origin', 'orc');
  await expect(openOrc({ cwd: clone })).rejects.toMatchObject({ code: 'board-mismatch' });
  const many = makeClone(makeBareRemote());
  git(many, 'remote', 'add', 'second', makeBareRemote());
  await expect(openOrc({ cwd: many, create: true })).rejects.toMatchObject({ code: 'ambiguous-remote' });
  await using chosen = await openOrc({ cwd: many, create: { upstream: 'second' } });
  expect(chosen.connection.config.upstream).toEqual({ kind: 'remote', remote: 'second' });
});

test('a clone whose remote is gone works on: queued, told so, published by the next sync', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  await workThrough(clone);
  await using orc = await openOrc({ cwd: clone });
  git(clone, 'remote', 'set-url', 'origin', `${remote}-gone`);
  await using offline = await openOrc({ cwd: clone });
  const performed = await offline.perform('task.add', { workstream: 'w', title: 'offline' });
  expect(performed).toMatchObject({ published: false, state: 'queued' });
  await expect(offline.getNextTask('w', 'agent-1')).rejects.toMatchObject({ code: 'not-published' });
  expect((await offline.status()).sync.queued).toBe(2);
  git(clone, 'remote', 'set-url', 'origin', remote);
  await using online = await openOrc({ cwd: clone });
  expect(await online.sync()).toMatchObject({ published: 2, waiting: 0, reachable: true });
  expect(orc.how).toBe('opened');
});

test('a remote that is added later: status tells of it, init takes the board there, other clones join', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  const remote = makeBareRemote();
  git(repository, 'remote', 'add', 'origin', remote);
  await using before = await openOrc({ cwd: repository });
  expect((await before.status()).sync.hint).toContain('orc init --remote origin');
  await using moved = await openOrc({ cwd: repository, create: { upstream: 'origin' } });
  expect(moved.connection.config.upstream).toEqual({ kind: 'remote', remote: 'origin' });
  expect(moved.how).toBe('moved');
  expect(git(repository, 'for-each-ref', 'refs/heads/orc')).toBe('');
  await moved.addTask('w', { title: 'after the move' });
  await using other = await openOrc({ cwd: makeClone(remote) });
  expect((await other.status()).workstreams[0]).toMatchObject({ pending: 1, done: 1 });
  await expect(openOrc({ cwd: repository, create: { upstream: 'host' } })).rejects.toMatchObject({
    code: 'already-exists',
  });
  const alone = makeRepository();
  await workThrough(alone);
  git(alone, 'remote', 'add', 'origin', remote);
  await expect(openOrc({ cwd: alone, create: { upstream: 'origin' } })).rejects.toMatchObject({
    code: 'board-mismatch',
  });
});

test('a remote that has an older state of the board, pushed there by plain git, gets the rest with the move', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  const remote = makeBareRemote();
  git(repository, 'push', '--quiet', remote, 'orc~3:refs/heads/orc', 'orc:refs/heads/whole');
  git(repository, 'remote', 'add', 'origin', remote);
  await using moved = await openOrc({ cwd: repository, create: { upstream: 'origin' } });
  expect(git(remote, 'rev-parse', 'orc')).toBe(git(remote, 'rev-parse', 'whole'));
  expect((await moved.perform('task.add', { workstream: 'w', title: 'after' })).published).toBe(true);
  await using other = await openOrc({ cwd: makeClone(remote) });
  expect((await other.status()).workstreams[0]).toMatchObject({ pending: 1, done: 1 });
});

test('a remote where the board has gone on already is joined with the move, and the own branch goes', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  const remote = makeBareRemote();
  git(repository, 'push', '--quiet', remote, 'orc');
  await using other = await openOrc({ cwd: makeClone(remote) });
  await other.addTask('w', { title: 'further' });
  git(repository, 'remote', 'add', 'origin', remote);
  await using moved = await openOrc({ cwd: repository, create: { upstream: 'origin' } });
  expect((await moved.status()).workstreams[0]).toMatchObject({ pending: 1, done: 1 });
  expect(git(repository, 'for-each-ref', 'refs/heads/orc')).toBe('');
});

test('a rewritten upstream: exit and say so, go on when accepted, keep the old chain, versions never go back', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  await workThrough(clone);
  await using orc = await openOrc({ cwd: clone });
  const before = git(remote, 'rev-parse', 'orc');
  const { version } = await orc.status();
  git(remote, 'update-ref', 'refs/heads/orc', `${before}~3`);
  // Behind is what a lagging replica looks like; another commit on top makes it another history.
  await using other = await openOrc({ cwd: makeClone(remote) });
  await other.createWorkstream('elsewhere');
  await expect(orc.sync()).rejects.toMatchObject({ code: 'history-rewritten' });
  await expect(orc.addTask('w', { title: 'x' })).rejects.toMatchObject({ code: 'history-rewritten' });
  expect((await orc.status()).version).toBe(version);
  const report = await orc.sync({ acceptRewrite: true });
  expect(report.kept).toMatch(/^refs\/orc\/rewritten\/\d{8}T\d{9}Z$/);
  expect(git(path.join(clone, '.git/orc/board.git'), 'rev-parse', report.kept as string)).toBe(before);
  expect((await orc.listWorkstreams()).map(({ name }) => name)).toContain('elsewhere');
  const task = await orc.addTask('w', { title: 'after' });
  expect(task.created_version).toBeGreaterThan(version);
  expect((await orc.sync({ acceptRewrite: true })).kept).toBe(null);
});

test('an operation asked again by its id without the upstream is made once', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  await workThrough(clone);
  git(clone, 'remote', 'set-url', 'origin', `${remote}-gone`);
  await using offline = await openOrc({ cwd: clone });
  const first = await offline.perform('task.add', { workstream: 'w', title: 'once' }, { op: 'retry-000001' });
  const again = await offline.perform('task.add', { workstream: 'w', title: 'once' }, { op: 'retry-000001' });
  expect([first.state, again.state]).toEqual(['queued', 'queued']);
  expect((again.data as { id: string }).id).toBe((first.data as { id: string }).id);
  await expect(offline.perform('workstream.create', { name: 'x' }, { op: 'retry-000001' })).rejects.toMatchObject({
    code: 'invalid-argument',
  });
  git(clone, 'remote', 'set-url', 'origin', remote);
  await using online = await openOrc({ cwd: clone });
  expect(await online.sync()).toMatchObject({ published: 1, waiting: 0 });
  expect((await online.listWorkstreams())[0]).toMatchObject({ pending: 1 });
});

test('boards on other branches have stores of their own, and the only one is found without naming it', async () => {
  const repository = makeRepository();
  await using first = await openOrc({ cwd: repository, branch: 'board', create: true });
  await first.createWorkstream('one');
  await using found = await openOrc({ cwd: repository });
  expect((await found.listWorkstreams()).map(({ name }) => name)).toEqual(['one']);
  await using second = await openOrc({ cwd: repository, branch: 'team/x', create: true });
  await using third = await openOrc({ cwd: repository, branch: 'team-x', create: true });
  await second.createWorkstream('two');
  expect(await third.listWorkstreams()).toEqual([]);
  expect(git(repository, 'for-each-ref', '--format=%(refname:short)')).toBe('board\nteam-x\nteam/x');
});

test('what is claimed without the upstream is shown as such, without a token, until it is published', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  await using deferred = await openOrc({ cwd: repository, publish: 'sync' });
  const added = await deferred.addTask('w', { title: 'later' });
  const claimed = await deferred.getNextTask('w', 'agent-1');
  expect(claimed?.id).toBe(added.id);
  expect(claimed?.claim?.token).toBe(null);
  expect((await deferred.task(added.id))?.claim?.token).toBe(null);
  expect((await deferred.status()).in_progress).toMatchObject([{ id: added.id, tentative: true }]);
  expect(await deferred.statusText()).toContain('[NOT PUBLISHED]');
  await deferred.acquireLock('deploy', 'agent-1');
  expect((await deferred.status()).active_locks).toMatchObject([{ resource: 'deploy', tentative: true }]);
  expect(await deferred.statusText()).toMatch(/^deploy: held by agent-1 .*\[NOT PUBLISHED\]$/m);
  await deferred.sync();
  expect((await deferred.status()).active_locks).toMatchObject([{ resource: 'deploy', tentative: false }]);
  expect(await deferred.statusText()).not.toContain('[NOT PUBLISHED]');
  expect(typeof (await deferred.task(added.id))?.claim?.token).toBe('number');
  expect((await deferred.status()).in_progress).toMatchObject([{ tentative: false }]);
  expect((await deferred.completeTask('w', added.id, 'done')).status).toBe('done');
});

test('an operation id answers only for the agent that used it', async () => {
  const repository = makeRepository();
  await workThrough(repository);
  await using orc = await openOrc({ cwd: repository });
  await orc.addTask('w', { title: 'one' });
  const mine = await orc.getNextTask('w', 'me', { op: 'op-of-mine-1' });
  expect((await orc.getNextTask('w', 'me', { op: 'op-of-mine-1' }))?.id).toBe(mine?.id);
  await expect(orc.getNextTask('w', 'other', { op: 'op-of-mine-1' })).rejects.toMatchObject({
    code: 'invalid-argument',
  });
});
