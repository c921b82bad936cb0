/**
 * A clone as CI makes it: one commit, one branch, the token in its local configuration; and its relatives. The built command
 * works in it at once, and leaves the clone as it was.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { checkOut, ciCredentials } from '../support/ci-checkout.ts';
import { addCommit, checkRepository, git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { serveOverHttp } from '../support/http-remote.ts';
import { type OrcRun, runOrc } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A remote with some history of its own and a board whose history is longer than what CI fetches. */
async function makeRemote(tasks = 60): Promise<{ remote: string; clone: string }> {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  for (const message of ['one', 'two', 'three']) addCommit(clone, 'refs/heads/main', message);
  git(clone, 'push', '--quiet', 'origin', 'main');
  await using orc = await openOrc({ cwd: clone, create: true, publish: 'sync' });
  await orc.createWorkstream('build');
  const titles = Array.from({ length: tasks }, (_, count) => `Task ${count}`);
  await orc.batch(titles.map((title) => ({ kind: 'task.add', args: { workstream: 'build', title } })));
  await orc.sync();
  return { remote, clone };
}

const ciEnv = { CI: 'true', ORC_AGENT: 'runner-1' };

function inCi(clone: string, env: NodeJS.ProcessEnv = {}): (...words: string[]) => Promise<OrcRun> {
  return (...words) => runOrc(words, { cwd: clone, env: { ...ciEnv, ...env } });
}

/** Everything of a clone but orc's folder. */
function fingerprint(clone: string): Record<string, string> {
  const files = readdirSync(clone, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(path.join(clone, '.git/orc/')));
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(file).toString('base64')]));
}

function storeOf(clone: string): string {
  return path.join(clone, '.git/orc/board.git');
}

function versionsAt(remote: string): number[] {
  return git(remote, 'log', '--format=%(trailers:key=Orc-Version,valueonly,separator=)', 'orc').split('\n').map(Number);
}

/** sync, next, complete, sync: published, in a line, without an alarm. */
async function workIn(orc: (...words: string[]) => Promise<OrcRun>, remote: string): Promise<string> {
  const first = versionsAt(remote)[0] as number;
  expect(await orc('sync', '--json')).toMatchObject({ exitCode: 0, stderr: '' });
  const next = await orc('t', 'next', 'build', '--json');
  expect(next).toMatchObject({ exitCode: 0, stderr: '' });
  const { id } = next.json<{ data: { id: string } }>().data;
  expect(await orc('t', 'complete', 'build', id, 'Built', '--json')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await orc('sync', '--json')).toMatchObject({ exitCode: 0, stderr: '' });
  expect(versionsAt(remote).slice(0, 2)).toEqual([first + 2, first + 1]);
  expect(git(remote, 'log', '-1', '--format=%B', 'orc')).toMatch(
    new RegExp(`^task.complete build/${id} .*\\n\\nBuilt$`, 'm'),
  );
  return id;
}

test.each(['native', 'portable'])(
  '%s: a checkout of depth 1 over HTTP: works at once, publishes, stays as it was',
  // Some thirty processes: a machine with much else to do takes its time.
  { timeout: 180_000 },
  async (choice) => {
    const { remote, clone: author } = await makeRemote();
    const server = await serveOverHttp(remote, ciCredentials);
    const clone = await checkOut(server.url(), '--depth=1', '--single-branch', '--no-tags');
    const before = fingerprint(clone);
    await workIn(inCi(clone, { ORC_GIT: choice }), remote);
    // Others publish, more than the depth has; then it goes on.
    {
      await using orc = await openOrc({ cwd: author, publish: 'sync' });
      await orc.sync();
      const counts = Array.from({ length: 60 }, (_, count) => count);
      await orc.batch(counts.map((count) => ({ kind: 'event.log', args: { action: 'counted', data: { count } } })));
      await orc.sync();
    }
    await workIn(inCi(clone, { ORC_GIT: choice }), remote);
    expect(fingerprint(clone)).toEqual(before);
    expect(git(clone, 'rev-parse', '--is-shallow-repository')).toBe('true');
    checkRepository(storeOf(clone));
    checkRepository(remote);
    const cut = git(storeOf(clone), 'rev-list', '--count', 'orc');
    expect(Number(cut)).toBe(50 + 2 + 60 + 2);
    expect(readFileSync(path.join(storeOf(clone), 'config'), 'utf8')).not.toContain('s3cret');
    const history = await inCi(clone, { ORC_GIT: choice })('history', '--last', '500');
    expect(history.stdout).toContain('Older commits are not in this shallow store');
    expect((await inCi(clone, { ORC_GIT: choice })('history', '--last', '5')).stdout).not.toContain('Older commits');
    // Asked for, it becomes whole, and stays in order.
    const orc = inCi(clone, { ORC_GIT: choice });
    type Trail = { data: { entries: unknown[]; cut: boolean } };
    expect((await orc('history', '--last', '500', '--json')).json<Trail>().data.cut).toBe(true);
    expect((await orc('init', '--json')).json<{ data: object }>().data).toMatchObject({ how: 'opened', shallow: true });
    expect((await orc('init', '--full', '--json')).json<{ data: object }>().data).toMatchObject({
      how: 'opened',
      shallow: false,
    });
    const whole = (await orc('history', '--last', '500', '--json')).json<Trail>().data;
    expect([whole.cut, whole.entries.length]).toEqual([false, versionsAt(remote).length]);
    expect(await orc('init', '--full')).toMatchObject({ exitCode: 0, stderr: '' });
    await workIn(orc, remote);
    checkRepository(storeOf(clone));
  },
);

test('the server is gone: exit code 5, not-published, and the operation waits', async () => {
  const { remote } = await makeRemote(3);
  const server = await serveOverHttp(remote, ciCredentials);
  const clone = await checkOut(server.url(), '--depth=1', '--single-branch');
  const orc = inCi(clone);
  expect((await orc('sync')).exitCode).toBe(0);
  server.stop();
  const next = await orc('t', 'next', 'build', '--timeout', '2', '--json');
  expect(next.exitCode).toBe(5);
  expect(next.errorCode()).toBe('not-published');
  const patient = inCi(clone, { CI: '' });
  const noted = await patient('t', 'add', 'build', 'Later', '--require-published', '--timeout', '2', '--json');
  expect(noted.exitCode).toBe(5);
  expect(noted.errorCode()).toBe('not-published');
  const status = await orc('status', '--json');
  expect(status.json<{ data: { sync: object } }>().data.sync).toMatchObject({
    queued: 2,
    queued_since: expect.stringMatching(/^20/),
    inbox: null,
    last_contact: expect.stringMatching(/^20/),
  });
});

test('a copy of the clone, board store and all, works beside the first', async () => {
  const { remote } = await makeRemote(4);
  const server = await serveOverHttp(remote, ciCredentials);
  const clone = await checkOut(server.url(), '--depth=1', '--single-branch');
  const first = await workIn(inCi(clone), remote);
  const copy = path.join(makeTempDir(), 'copy');
  cpSync(clone, copy, { recursive: true });
  const [a, b] = await Promise.all([
    inCi(clone)('t', 'next', 'build', '--json'),
    inCi(copy, { ORC_AGENT: 'runner-2' })('t', 'next', 'build', '--json'),
  ]);
  const ids = [a, b].map((each) => each.json<{ data: { id: string } }>().data.id);
  expect(new Set([first, ...ids]).size).toBe(3);
  expect((await inCi(copy, { ORC_AGENT: 'runner-2' })('t', 'complete', 'build', ids[1] as string)).exitCode).toBe(0);
  expect((await inCi(clone)('t', 'complete', 'build', ids[0] as string)).exitCode).toBe(0);
  expect(versionsAt(remote)).toEqual([...versionsAt(remote)].sort((x, y) => y - x));
});

test('a partial clone: works, and nothing of the filter gets into the board store', async () => {
  const { remote } = await makeRemote();
  git(remote, 'config', 'uploadpack.allowFilter', 'true');
  const server = await serveOverHttp(remote, ciCredentials);
  const clone = await checkOut(server.url(), '--filter=blob:none', '--single-branch');
  const before = fingerprint(clone);
  await workIn(inCi(clone), remote);
  expect(fingerprint(clone)).toEqual(before);
  expect(readFileSync(path.join(storeOf(clone), 'config'), 'utf8')).not.toMatch(/partial|promisor|filter/i);
  checkRepository(storeOf(clone));
});

test('a shallow clone by a file:// URL, and the whole history where it is asked for', async () => {
  const { remote } = await makeRemote();
  const shallow = path.join(makeTempDir(), 'shallow');
  git('/', 'clone', '--quiet', '--depth=1', `file://${remote}`, shallow);
  await workIn(inCi(shallow), remote);
  const count = (clone: string): number => Number(git(storeOf(clone), 'rev-list', '--count', 'orc'));
  expect(count(shallow)).toBe(50 + 2);
  const all = versionsAt(remote).length;
  expect(all).toBe(60 + 4);
  const joined: [boolean | undefined, NodeJS.ProcessEnv, boolean][] = [
    [undefined, { CI: 'true' }, true],
    [undefined, { CI: '' }, false],
    [undefined, { CI: 'true', ORC_SHALLOW: '0' }, false],
    [undefined, { CI: '', ORC_SHALLOW: '1' }, true],
    [false, { CI: 'true', ORC_SHALLOW: '1' }, false],
    [true, { CI: '', ORC_SHALLOW: '0' }, true],
  ];
  for (const [asked, env, isShallow] of joined) {
    const clone = makeClone(remote);
    await using orc = await openOrc({ cwd: clone, env: { ...process.env, ...env }, create: { shallow: asked } });
    const expected = { asked, env, how: 'joined', count: isShallow ? 50 : all };
    expect({ asked, env, how: orc.how, count: count(clone) }).toEqual(expected);
  }
  for (const [flag, env, expected] of [
    ['--full', { CI: 'true' }, all],
    ['--shallow', { CI: '' }, 50],
  ] as const) {
    const clone = makeClone(remote);
    expect(await inCi(clone, env)('init', flag)).toMatchObject({ exitCode: 0 });
    expect(count(clone)).toBe(expected);
  }
  const clone = makeClone(remote);
  expect((await inCi(clone)('init', '--full', '--shallow')).exitCode).toBe(2);
  expect((await inCi(clone, { ORC_SHALLOW: 'yes' })('sync')).exitCode).toBe(2);
});

test('an upstream that is a shallow clone itself, and later is cut shorter', async () => {
  const { remote } = await makeRemote(8);
  const upstream = path.join(makeTempDir(), 'upstream.git');
  git('/', 'clone', '--quiet', '--bare', '--depth=4', '--no-single-branch', `file://${remote}`, upstream);
  const clone = makeClone(upstream);
  const orc = inCi(clone, { CI: '' });
  await workIn(orc, upstream);
  expect(Number(git(storeOf(clone), 'rev-list', '--count', 'orc'))).toBe(4 + 2);
  // Somebody else publishes there, and the upstream forgets what lies between.
  const other = makeClone(upstream);
  await workIn(inCi(other, { CI: '' }), upstream);
  await workIn(inCi(other, { CI: '' }), upstream);
  git(
    upstream,
    'fetch',
    '--quiet',
    '--depth=1',
    '--update-shallow',
    `file://${upstream}`,
    '+refs/heads/orc:refs/heads/cut',
  );
  expect(git(upstream, 'rev-list', '--count', 'orc')).toBe('1');
  await workIn(orc, upstream);
  await workIn(inCi(other, { CI: '' }), upstream);
});

test('an upstream that was moved back below what a shallow store has: no alarm, and a way on', async () => {
  const { remote } = await makeRemote();
  const clone = makeClone(remote);
  const orc = inCi(clone);
  await workIn(orc, remote);
  const [version = 0] = versionsAt(remote);
  const kept = git(remote, 'rev-parse', 'orc');
  git(remote, 'update-ref', 'refs/heads/orc', 'orc~55');
  const told = await orc('sync', '--json');
  expect(told.exitCode).toBe(1);
  expect(told.errorCode()).toBe('unreachable');
  expect(told.stderr).toContain('orc sync --accept-rewrite');
  expect((await orc('t', 'list', '--json')).exitCode).toBe(0);
  const accepted = await orc('sync', '--accept-rewrite', '--json');
  expect(accepted.exitCode).toBe(0);
  const { data } = accepted.json<{ data: { kept: string } }>();
  expect(git(storeOf(clone), 'rev-parse', data.kept)).toBe(kept);
  expect((await orc('t', 'next', 'build', '--json')).exitCode).toBe(0);
  expect(versionsAt(remote)[0]).toBe(version + 1);
  // Deleted, and another board in its place: those are told as what they are.
  git(remote, 'update-ref', '-d', 'refs/heads/orc');
  expect((await orc('sync')).exitCode).toBe(6);
  git(remote, 'fetch', '--quiet', `file://${(await makeRemote(2)).remote}`, 'orc:orc');
  expect((await orc('sync')).exitCode).toBe(6);
});

test('a board whose branch was deleted upstream: what was accepted can be put back, by the words of the hint', async () => {
  const { remote } = await makeRemote(2);
  const clone = makeClone(remote);
  const orc = inCi(clone);
  await workIn(orc, remote);
  const before = git(remote, 'rev-parse', 'orc');
  git(remote, 'update-ref', '-d', 'refs/heads/orc');
  expect((await orc('sync')).exitCode).toBe(6);
  const { hint } = (await orc('sync', '--accept-rewrite', '--json')).json<{ data: { hint: string } }>().data;
  const [, command = ''] = /^no board is there any more: `([^`]+)` puts this one back/.exec(hint) ?? [];
  execFileSync('sh', ['-c', command], { cwd: clone, stdio: 'pipe' });
  expect(git(remote, 'rev-parse', 'orc')).toBe(before);
  expect((await orc('sync')).exitCode).toBe(0);
});
