/** Putting the hook of a remote in and taking it out, and what becomes of a push when the hook itself fails. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { receivePush } from '../../src/app/server-check.ts';
import { installServerHook, readServerHook, uninstallServerHook } from '../../src/app/server-hooks.ts';
import { addCommit, git, isolatedEnv, makeBareRemote } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const command = { node: process.execPath, receive: process.argv[1] ?? '' };
const zeros = '0'.repeat(40);

function filesIn(folder: string): Record<string, string> {
  const names = fs.readdirSync(folder).filter((name) => !name.endsWith('.sample'));
  return Object.fromEntries(
    names.map((name) => {
      const file = path.join(folder, name);
      return [name, `${(fs.statSync(file).mode & 0o777).toString(8)} ${fs.readFileSync(file, 'latin1')}`];
    }),
  );
}

describe('installing', () => {
  test('puts one hook in, twice is once, and goes without a trace', async () => {
    const remote = makeBareRemote();
    const hooks = path.join(remote, 'hooks');
    const before = filesIn(hooks);
    const first = await installServerHook({ path: remote, command });
    expect(first).toMatchObject({ folder: hooks, changed: true, manager: null });
    expect(first.hooks.map(({ name, state }) => [name, state])).toEqual([
      ['update', 'installed'],
      ['pre-receive', 'absent'],
    ]);
    expect((await installServerHook({ path: remote, command })).changed).toBe(false);
    const other = await installServerHook({ path: remote, hook: 'pre-receive', command });
    expect(other.hooks.map(({ state }) => state)).toEqual(['absent', 'installed']);
    expect(other.notes).toEqual(['pre-receive takes the place of update, which was installed before.', 'Guards orc.']);
    expect((await uninstallServerHook({ path: remote })).changed).toBe(true);
    expect(filesIn(hooks)).toEqual(before);
    expect((await uninstallServerHook({ path: remote })).changed).toBe(false);
  });

  test('a hook that is there goes on before ours, and comes back byte for byte', async () => {
    const remote = makeBareRemote();
    const file = path.join(remote, 'hooks/update');
    fs.writeFileSync(file, '#!/bin/sh\n# theirs \xe9\n[ "$1" != refs/heads/closed ]\n', {
      encoding: 'latin1',
      mode: 0o711,
    });
    const before = filesIn(path.dirname(file));
    const report = await installServerHook({ path: remote, command });
    expect(report.hooks[0]).toEqual({ name: 'update', state: 'installed', beside: 'update.before-orc' });
    const push = (branch: string): number | null => {
      const commit = addCommit(remote, 'refs/stash/any');
      return spawnSync(file, [`refs/heads/${branch}`, zeros, commit], { cwd: remote, env: isolatedEnv }).status;
    };
    expect([push('topic'), push('closed')]).toEqual([0, 1]);
    await uninstallServerHook({ path: remote });
    expect(filesIn(path.dirname(file))).toEqual(before);
  });

  test('a hook of one’s own is shown where ours is another one, or none', async () => {
    const remote = makeBareRemote();
    fs.writeFileSync(path.join(remote, 'hooks/pre-receive'), '#!/bin/sh\n', { mode: 0o755 });
    const beside = async () => (await readServerHook({ path: remote })).hooks.map((hook) => [hook.state, hook.beside]);
    expect(await beside()).toEqual([
      ['absent', null],
      ['absent', 'pre-receive'],
    ]);
    await installServerHook({ path: remote, command });
    expect(await beside()).toEqual([
      ['installed', null],
      ['absent', 'pre-receive'],
    ]);
  });

  test('what pre-receive runs leaves it the list of what is pushed', async () => {
    const remote = makeBareRemote();
    const receive = path.join(makeTempDir(), 'receive');
    fs.writeFileSync(receive, 'cat >/dev/null; echo "$1"; exit 1\n');
    await installServerHook({ path: remote, hook: 'pre-receive', command: { node: '/bin/sh', receive } });
    await installServerHook({
      path: remote,
      hook: 'pre-receive',
      branch: 'other',
      command: { node: '/bin/sh', receive },
    });
    git(remote, 'config', 'orc.hookFailure', 'accept');
    const input = ['orc', 'other'].map((name) => `${zeros} ${zeros} refs/heads/${name}\n`).join('');
    const { stdout } = spawnSync(path.join(remote, 'hooks/pre-receive'), { cwd: remote, env: isolatedEnv, input });
    expect(stdout.toString()).toBe('refs/heads/orc\nrefs/heads/other\n');
  });

  test('a folder of a user’s, as git names it', async () => {
    const remote = makeBareRemote();
    git(remote, 'config', 'core.hooksPath', `~${userInfo().username}/no such hooks`);
    expect(await readServerHook({ path: remote })).toMatchObject({
      folder: path.join(userInfo().homedir, 'no such hooks'),
    });
    git(remote, 'config', 'core.hooksPath', '~nobody-of-this-name/hooks');
    await expect(readServerHook({ path: remote })).rejects.toMatchObject({ code: 'git-failed' });
  });

  test('hooks that git does not run, for the user’s own core.hooksPath, are told to be so', async () => {
    const remote = makeBareRemote();
    await installServerHook({ path: remote, command });
    const file = path.join(makeTempDir(), 'gitconfig');
    vi.stubEnv('GIT_CONFIG_GLOBAL', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    fs.writeFileSync(file, '[core]\n\thooksPath = /srv/all hooks\n');
    const { notes } = await readServerHook({ path: remote });
    expect(notes.at(-1)).toMatch(
      /^Not for this user: .* \/srv\/all hooks\. `git -C .* config core\.hooksPath .*hooks`/,
    );
    git(remote, 'config', 'core.hooksPath', path.join(remote, 'hooks'));
    expect((await readServerHook({ path: remote })).notes).toEqual(['Guards orc.']);
  });

  test('the folder that core.hooksPath names, a repository with a work tree, more than one board', async () => {
    const folder = makeTempDir();
    git(folder, 'init', '--quiet');
    git(folder, 'config', 'core.hooksPath', path.join(folder, 'my hooks'));
    await installServerHook({ path: folder, command });
    const report = await installServerHook({ path: folder, branch: "team's", command });
    expect(report).toMatchObject({ folder: path.join(folder, 'my hooks'), manager: 'core.hooksPath' });
    expect(report.notes).toEqual(["Guards orc, team's."]);
    const file = path.join(folder, 'my hooks/update');
    // Both reach a program that is no orc; another branch reaches nothing.
    const run = (ref: string) => spawnSync(file, [ref, zeros, zeros], { cwd: folder, env: isolatedEnv }).status;
    expect(run('refs/heads/main')).toBe(0);
    expect(run("refs/heads/team's")).not.toBe(0);
  });

  test('an older hook of ours is outdated, one whose program is gone too', async () => {
    const remote = makeBareRemote();
    await installServerHook({ path: remote, command: { ...command, receive: '/nowhere/receive.cjs' } });
    expect((await readServerHook({ path: remote })).hooks[0]?.state).toBe('outdated');
    await installServerHook({ path: remote, command });
    expect((await readServerHook({ path: remote })).hooks[0]?.state).toBe('installed');
    fs.appendFileSync(path.join(remote, 'hooks/update'), '# more\n');
    expect((await readServerHook({ path: remote })).hooks[0]?.state).toBe('outdated');
  });

  test('is refused where there is no repository, and where two hooks of others would become one', async () => {
    await expect(installServerHook({ path: makeTempDir(), command })).rejects.toMatchObject({ code: 'no-repository' });
    await expect(installServerHook({ path: makeBareRemote(), branch: 'a..b', command })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    const remote = makeBareRemote();
    for (const name of ['update', 'update.before-orc']) fs.writeFileSync(path.join(remote, 'hooks', name), 'x');
    await expect(installServerHook({ path: remote, command })).rejects.toMatchObject({ code: 'already-exists' });
    // What guards the board goes on: it gives way to a hook that is there, and to no other.
    await installServerHook({ path: remote, hook: 'pre-receive', command });
    const before = filesIn(path.join(remote, 'hooks'));
    await expect(installServerHook({ path: remote, command })).rejects.toMatchObject({ code: 'already-exists' });
    expect(filesIn(path.join(remote, 'hooks'))).toEqual(before);
  });
});

describe('a push that is received', () => {
  const receive = (remote: string, from: string, to: string) =>
    receivePush({
      cwd: remote,
      env: { ...isolatedEnv, GIT_DIR: '.' },
      ref: 'refs/heads/orc',
      from,
      to,
      now: Date.now(),
    });

  test('that is no board is refused in one line without control characters', async () => {
    const remote = makeBareRemote();
    const commit = addCommit(remote, 'refs/heads/any', 'made by \u001b[31mhand\u202e');
    const { outcome, line } = await receive(remote, zeros, commit);
    expect(outcome).toBe('refused');
    expect(line).toMatch(/^orc: refused \(manual-edit\): [0-9a-f]{8} \(made by hand\): a board begins [ -~]*$/);
  });

  test('is let in with a warning where the hook is told to warn', async () => {
    const remote = makeBareRemote();
    git(remote, 'config', 'orc.hookMode', 'warn');
    await installServerHook({ path: remote, command });
    expect((await readServerHook({ path: remote })).notes.at(-1)).toContain('only warns');
    const answer = await receive(remote, zeros, addCommit(remote, 'refs/heads/any'));
    expect(answer).toMatchObject({
      outcome: 'let-in',
      line: expect.stringContaining('would be refused (manual-edit)'),
    });
  });

  test.each([
    [
      'a setting that is none',
      (remote: string) => git(remote, 'config', 'orc.hookMode', 'maybe'),
      'orc.hookMode must be',
    ],
    [
      'a length that is none',
      (remote: string) => git(remote, 'config', 'orc.hookAhead', 'soon'),
      'orc.hookAhead must be',
    ],
    [
      'a length without its unit',
      (remote: string) => git(remote, 'config', 'orc.hookAhead', '600'),
      'orc.hookAhead must be a length of time with its unit',
    ],
    ['no repository', (remote: string) => fs.rmSync(path.join(remote, 'HEAD')), 'is not a board store'],
  ])('fails with the cause: %s', async (_, spoil, cause) => {
    const remote = makeBareRemote();
    const commit = addCommit(remote, 'refs/heads/any');
    spoil(remote);
    const { outcome, line } = await receive(remote, zeros, commit);
    expect({ outcome, line }).toEqual({ outcome: 'failed', line: expect.stringContaining(cause) });
    expect(line).toMatch(/^orc: the hook that guards the board failed: /);
  });

  test('without ids of objects is nothing that git would send', async () => {
    expect(await receive(makeBareRemote(), 'HEAD', 'main')).toMatchObject({ outcome: 'failed' });
  });
});
