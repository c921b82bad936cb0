/** The built command where no git is installed, and with tokens of the environment where one is. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type FakeGitServer, fakeGitServer } from '../support/fake-git-server.ts';
import { checkRepository, git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { type OrcRun, runOrc } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const token = 'tok-5up3rs3cret';
const credentials = `x-access-token:${token}`;

/** Commands in a PATH without git, with a cache of their own. */
function withoutGit(cwd: string, extra: NodeJS.ProcessEnv = {}) {
  const env = { PATH: makeTempDir(), XDG_CACHE_HOME: makeTempDir(), ...extra };
  return {
    env,
    run: (...args: string[]): Promise<OrcRun> => runOrc([...args, '--json'], { cwd, env }),
  };
}

async function expectOk<T = Record<string, unknown>>(
  running: Promise<OrcRun>,
): Promise<{ data: T; published: unknown }> {
  const run = await running;
  expect({ code: run.exitCode, err: run.stderr }).toEqual({ code: 0, err: '' });
  expect(run.stdout).not.toContain(token);
  return run.json<{ data: T; published: unknown; version: number }>();
}

/** A clone of a served repository whose configuration names it without credentials. */
async function serveClone(): Promise<{ remote: string; server: FakeGitServer; clone: string }> {
  const remote = makeBareRemote();
  const server = await fakeGitServer(remote, { credentials });
  const clone = makeClone(remote);
  git(clone, 'remote', 'set-url', 'origin', server.url());
  return { remote, server, clone };
}

test('a board named by its URL: begun, joined, worked on and published without git', async () => {
  const remote = makeBareRemote();
  const server = await fakeGitServer(remote, { credentials });
  const cwd = makeTempDir();
  const one = withoutGit(cwd, { ORC_AUTH_TOKEN: token, ORC_BOARD: server.url() });
  await expectOk(one.run('init'));
  await expectOk(one.run('ws', 'create', 'revenue'));
  const added = await expectOk<{ id: string }>(one.run('t', 'add', 'revenue', 'Count the money'));
  expect(added.published).toBe(true);

  // Another machine joins what is there.
  const two = withoutGit(cwd, { ORC_AUTH_TOKEN: token, ORC_BOARD: server.url() });
  const claimed = await expectOk<{ id: string }>(two.run('t', 'next', 'revenue', 'agent-2'));
  expect(claimed).toMatchObject({ published: true, data: { id: added.data.id } });
  const beaten = await one.run('t', 'claim', added.data.id, 'agent-1');
  expect([beaten.exitCode, beaten.errorCode()]).toEqual([3, 'already-claimed']);
  expect((await expectOk(two.run('t', 'complete', 'revenue', added.data.id, 'Done'))).published).toBe(true);
  await expectOk(one.run('sync'));
  checkRepository(remote);
  const subjects = git(remote, 'log', '--format=%s', 'orc').split('\n');
  expect(subjects[0]).toMatch(/^task\.complete revenue\//);
  expect(git(remote, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/orc');
});

test('a clone: with the token that a CI checkout leaves in its configuration', async () => {
  const { remote, server, clone } = await serveClone();
  const header = `AUTHORIZATION: basic ${Buffer.from(credentials).toString('base64')}`;
  git(clone, 'config', `http.http://127.0.0.1:${server.port}/.extraheader`, header);
  const { run } = withoutGit(clone);
  await expectOk(run('init'));
  await expectOk(run('ws', 'create', 'w'));
  await expectOk(run('t', 'add', 'w', 'T'));
  expect((await expectOk(run('t', 'next', 'w', 'agent-1'))).published).toBe(true);
  await expectOk(run('l', 'acquire', 'deploy', 'agent-1'));
  await expectOk(run('sync'));
  await expectOk(run('status'));
  checkRepository(remote);
  // With git at hand again, the same store goes on.
  const native = await runOrc(['t', 'list', '--json'], { cwd: clone });
  expect(native.exitCode).toBe(0);
  expect((await runOrc(['sync', '--json'], { cwd: clone })).exitCode).toBe(0);
  checkRepository(path.join(clone, '.git/orc/board.git'));
});

test('when the server is away, changes wait, and go with the next sync', async () => {
  const { remote, server, clone } = await serveClone();
  const { run, env } = withoutGit(clone, { ORC_AUTH_TOKEN: token });
  await expectOk(run('init'));
  await expectOk(run('ws', 'create', 'w'));
  const before = git(remote, 'rev-parse', 'orc');
  const away = await runOrc(['ws', 'create', 'x', '--json'], {
    cwd: clone,
    env: { ...env, ORC_AUTH_TOKEN: 'outdated' },
  });
  expect([away.exitCode, away.json().published]).toEqual([5, false]);
  expect(away.stdout + away.stderr).toContain('the upstream refused the credentials of ORC_AUTH_TOKEN');
  expect(git(remote, 'rev-parse', 'orc')).toBe(before);
  await expectOk(run('sync'));
  expect(git(remote, 'rev-list', '--count', `${before}..orc`)).toBe('1');
  await server.stop();
  const gone = await run('ws', 'create', 'y');
  expect([gone.exitCode, gone.json().published]).toEqual([5, false]);
});

test('what needs git says so: ssh, a folder, the repository itself', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  const begun = await runOrc(['init', '--json'], { cwd: clone });
  expect(begun.exitCode).toBe(0);
  const { run } = withoutGit(clone);
  await expectOk(run('status'));
  const refused = await run('ws', 'create', 'w');
  expect([refused.exitCode, refused.errorCode()]).toEqual([1, 'git-missing']);
  expect(refused.stderr).toContain('install git');
  // Nothing waits that its caller was told had failed.
  const after = await runOrc(['status', '--json'], { cwd: clone });
  expect(after.json<{ data: { sync: { queued: number } } }>().data.sync.queued).toBe(0);

  const alone = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', alone);
  const inAlone = withoutGit(alone);
  const host = await inAlone.run('init');
  expect(host.errorCode()).toBe('git-missing');
  expect(existsSync(path.join(alone, '.git/refs/heads/orc'))).toBe(false);
  await expectOk(inAlone.run('init', '--remote', 'none'));
  expect((await expectOk(inAlone.run('ws', 'create', 'w'))).published).toBe(true);
  const forced = await runOrc(['ws', 'create', 'w', '--json'], { cwd: clone, env: { ORC_GIT: 'portable' } });
  expect(forced.errorCode()).toBe('unsupported');
});

test('the token of the environment serves git too, and stands in no file and no process list', async () => {
  const { remote, server, clone } = await serveClone();
  const env = { ORC_AUTH_TOKEN: token };
  for (const args of [['init'], ['ws', 'create', 'w'], ['sync']]) {
    const run = await runOrc([...args, '--json'], { cwd: clone, env });
    expect({ code: run.exitCode, err: run.stderr }).toEqual({ code: 0, err: '' });
  }
  expect(git(remote, 'rev-list', '--count', 'orc')).toBe('2');
  expect(server.seen.some(({ headers }) => /^git\/\d/.test(headers['user-agent'] ?? ''))).toBe(true);
  const encoded = Buffer.from(credentials).toString('base64');
  for (const file of readdirSync(path.join(clone, '.git'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = readFileSync(path.join(file.parentPath, file.name), 'latin1');
    expect(content.includes(token) || content.includes(encoded), file.name).toBe(false);
  }
});

test('ORC_AUTH_TOKEN goes to none of several hosts until it is said to which', async () => {
  const { server, clone } = await serveClone();
  const other = await fakeGitServer(makeBareRemote(), { credentials });
  git(clone, 'remote', 'add', 'fork', other.url().replace('127.0.0.1', 'localhost'));
  const { run, env } = withoutGit(clone, { ORC_AUTH_TOKEN: token });
  const unclear = await run('init', '--remote', 'origin');
  expect(unclear.errorCode()).toBe('unreachable');
  const seen = [...server.seen, ...other.seen];
  expect(seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  const told = await runOrc(['init', '--remote', 'origin', '--json'], {
    cwd: clone,
    env: { ...env, ORC_AUTH_HOST: '127.0.0.1' },
  });
  expect(told.exitCode).toBe(0);
  // From now on the clone knows its upstream.
  await expectOk(run('ws', 'create', 'w'));
  expect(other.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('no hook of a clone runs, and nothing of it changes', async () => {
  const { clone } = await serveClone();
  const gitDir = path.join(clone, '.git');
  const marker = path.join(makeTempDir(), 'ran');
  for (const hook of ['pre-push', 'reference-transaction', 'post-commit'])
    installHook(gitDir, hook, `touch '${marker}'`);
  writeFileSync(path.join(clone, 'file'), 'text');
  const look = () => [git(clone, 'status', '--porcelain'), git(clone, 'for-each-ref'), git(clone, 'count-objects')];
  const before = look();
  const { run } = withoutGit(clone, { ORC_AUTH_TOKEN: token });
  await expectOk(run('init'));
  await expectOk(run('ws', 'create', 'w'));
  await expectOk(run('sync'));
  expect(look()).toEqual(before);
  expect(existsSync(marker)).toBe(false);
});
