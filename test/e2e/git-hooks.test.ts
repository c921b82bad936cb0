/** orc's git hooks in real clones, beside all sorts of others: they work, and leave no trace. */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type OrcRunner, orcIn } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';
import { HookedClone } from '../support/hooked-clone.ts';

const says = (what: string, status = 0): string => `#!/bin/sh\necho "${what} $0 $#: $*"\nexit ${status}\n`;

/** Installs, tries, uninstalls, and looks whether everything is as it was. */
async function comesAndGoes(
  clone: HookedClone,
  attempt: () => void | Promise<void>,
  orc = orcIn(clone.top),
): Promise<void> {
  const before = clone.snapshot();
  expect(await orc('hooks', 'install')).toMatchObject({ code: 0, err: '' });
  const installed = clone.snapshot();
  expect((await orc('hooks', 'install', '--json')).json().data).toMatchObject({
    changed: false,
    hooks: ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit'].map((name) => ({
      name,
      state: 'installed',
    })),
  });
  expect(clone.snapshot()).toEqual(installed);
  await attempt();
  expect(await orc('hooks', 'uninstall')).toMatchObject({ code: 0, err: '' });
  expect([...clone.snapshot()].filter(([name]) => name.startsWith('.git/'))).toEqual(
    [...before].filter(([name]) => name.startsWith('.git/')),
  );
  for (const [name, text] of before) expect(clone.snapshot().get(name)).toBe(text);
}

/** Puts a board there in which the agent holds a task and somebody else a lock on paths; without starting orc. */
function fakeBoard(clone: HookedClone): void {
  for (const folder of ['refs', 'holds/main', 'holds/linked'])
    mkdirSync(path.join(clone.top, '.git/orc/board.git', folder), { recursive: true });
  for (const session of ['main', 'linked'])
    clone.write(`.git/orc/board.git/holds/${session}/task-1a2b3c4d.txt`, 'ann\tbuild/1a2b3c4d\n');
}

const lastMessage = (cwd: string): string => git(cwd, 'log', '-1', '--format=%B');

describe('beside other hooks', () => {
  test('none at all, and a hooks folder that is not there', async () => {
    const clone = new HookedClone();
    rmSync(path.join(clone.top, '.git/hooks'), { recursive: true });
    await comesAndGoes(clone, () => {
      expect(clone.commit('a')).toEqual({ status: 0, out: '', err: '' });
      rmSync(path.join(clone.top, 'a'));
    });
  });

  test('plain ones: arguments, standard input and exit status are theirs, and so is what the user changes meanwhile', async () => {
    const clone = new HookedClone();
    clone.write('.git/hooks/pre-commit', `${says('theirs')}# no end of line`, 0o755);
    clone.write('.git/hooks/commit-msg', '#!/usr/bin/env -S bash -eu\ncat; echo "msg $#"\n', 0o775);
    clone.write('.git/hooks/post-commit', '#!/bin/sh', 0o755);
    clone.write('.git/hooks/pre-push', says('push'), 0o755);
    await comesAndGoes(clone, () => {
      expect(clone.commit('a').err).toBe('theirs .git/hooks/pre-commit 0: \nmsg 1\n');
      rmSync(path.join(clone.top, 'a'));
    });
    const orc = orcIn(clone.top);
    await orc('hooks', 'install');
    clone.write(
      '.git/hooks/pre-commit',
      `${clone.read('.git/hooks/pre-commit')}\nexit 7\n`.replace('exit 0', ':'),
      0o755,
    );
    clone.write('.git/hooks/prepare-commit-msg', `${clone.read('.git/hooks/prepare-commit-msg')}echo mine\n`, 0o755);
    expect(clone.commit('b').status).toBe(1);
    await orc('hooks', 'uninstall');
    expect(clone.read('.git/hooks/pre-commit')).toBe(
      `${says('theirs')}# no end of line\nexit 7\n`.replace('exit 0', ':'),
    );
    expect(clone.read('.git/hooks/prepare-commit-msg')).toBe('#!/bin/sh\necho mine\n');
    expect(existsSync(path.join(clone.top, '.git/orc'))).toBe(false);
  });

  test('programs, links and hooks that are switched off stay where they are', async () => {
    const clone = new HookedClone();
    clone.write(
      '.git/hooks/pre-commit',
      `#!${process.execPath}\nconsole.log(require('path').basename(process.argv[1]));\n`,
      0o755,
    );
    clone.write('scripts/check', says('linked'), 0o755);
    symlinkSync('../../scripts/check', path.join(clone.top, '.git/hooks/commit-msg'));
    clone.write('.git/hooks/post-commit', says('off'), 0o644);
    clone.write('.git/hooks/pre-push', says('push'), 0o755);
    const config = clone.read('.git/config');
    clone.write('.git/config', config.trimEnd());
    await comesAndGoes(clone, () => {
      expect(clone.commit('a').err).toMatch(/^pre-commit\nlinked .*\/hooks\/commit-msg 1: .*COMMIT_EDITMSG\n$/);
      rmSync(path.join(clone.top, 'a'));
    });
  });

  test('husky: its folder is not touched, in linked work trees neither, and it may set its folder again', async () => {
    const clone = new HookedClone();
    clone.write('.husky/pre-commit', 'echo "husky $1"\n');
    clone.write('.husky/_/.gitignore', '*');
    const dispatch =
      '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] || sh -e "$s" "$@"\n';
    for (const name of ['pre-commit', 'commit-msg', 'pre-push', 'post-checkout'])
      clone.write(`.husky/_/${name}`, dispatch, 0o755);
    git(clone.top, 'add', '.husky');
    git(clone.top, 'commit', '--quiet', '-m', 'husky');
    git(clone.top, 'config', 'core.hooksPath', '.husky/_');
    const linked = path.join(clone.top, '..', 'linked');
    git(clone.top, 'worktree', 'add', '--quiet', '--detach', linked);
    clone.write('../linked/.husky/_/pre-commit', dispatch, 0o755);
    const orc = orcIn(linked);
    await comesAndGoes(
      clone,
      async () => {
        expect((await orc('hooks', 'status', '--json')).json().data).toMatchObject({ manager: 'husky' });
        fakeBoard(clone);
        for (const cwd of [clone.top, linked]) {
          expect(clone.commit('a', { cwd }).err).toBe('husky \n');
          expect(lastMessage(cwd)).toBe('Change a\n\nOrc-Task: build/1a2b3c4d');
        }
        rmSync(path.join(clone.top, 'a'));
        // As its installation does at every `npm install`.
        git(clone.top, 'config', 'core.hooksPath', '.husky/_');
        expect((await orc('hooks', 'status')).out).toContain('pre-commit          installed');
        // The generated folder is gone, or the clone was moved: git falls back to the folder before.
        const moved = `${clone.top} moved`;
        clone.run('mv', [clone.top, moved], { cwd: '/' });
        expect(git(moved, 'config', 'core.hooksPath')).toBe('.husky/_');
        clone.run('mv', [moved, clone.top], { cwd: '/' });
        rmSync(path.join(clone.top, '.git/orc/board.git'), { recursive: true });
      },
      orc,
    );
  });

  test('a folder for all repositories, and one of this work tree alone', async () => {
    const clone = new HookedClone();
    clone.write('shared/pre-commit', says('shared'), 0o755);
    clone.write('own/pre-commit', says('own', 1), 0o755);
    const shared = path.join(clone.top, 'shared');
    const global = path.join(clone.top, '..', 'gitconfig');
    writeFileSync(global, `[core]\n\thooksPath = ${shared}\n`);
    const env = { ...process.env, GIT_CONFIG_GLOBAL: global };
    await comesAndGoes(
      clone,
      () => {
        expect(clone.commit('a', { env: { GIT_CONFIG_GLOBAL: global } }).err).toBe(`shared ${shared}/pre-commit 0: \n`);
        rmSync(path.join(clone.top, 'a'));
      },
      orcIn(clone.top, { env }),
    );
    git(clone.top, 'config', 'extensions.worktreeConfig', 'true');
    git(clone.top, 'config', '--worktree', 'core.hooksPath', path.join(clone.top, 'own'));
    await comesAndGoes(clone, () => {
      expect(clone.commit('b').status).toBe(1);
      rmSync(path.join(clone.top, 'b'));
    });
  });

  test('what others put into the generated folder is not thrown away', async () => {
    const clone = new HookedClone();
    git(clone.top, 'config', 'core.hooksPath', 'hooks');
    const orc = orcIn(clone.top);
    await orc('hooks', 'install');
    clone.write('.git/orc/hooks-path/post-index-change', says('stranger'), 0o755);
    expect((await orc('hooks', 'uninstall', '--json')).error()).toMatchObject({ code: 'conflict' });
    writeFileSync(path.join(clone.top, '.git/config.lock'), '');
    rmSync(path.join(clone.top, '.git/orc/hooks-path/post-index-change'));
    expect((await orc('hooks', 'uninstall', '--json')).error()).toMatchObject({ code: 'store-busy' });
    rmSync(path.join(clone.top, '.git/config.lock'));
    expect((await orc('hooks', 'uninstall')).code).toBe(0);
  });
});

describe('at a commit', () => {
  async function boardWithLock(): Promise<{ clone: HookedClone; orc: OrcRunner }> {
    const clone = new HookedClone();
    const orc = orcIn(clone.top);
    expect(await orc('init', '--remote', 'none', '--hooks')).toMatchObject({ code: 0 });
    mkdirSync(path.join(clone.top, 'src'));
    expect(clone.commit('src/a')).toMatchObject({ status: 0, err: '' });
    expect(clone.started()).toEqual([]);
    const other = orcIn(clone.top, { env: { ...process.env, ORC_SESSION: 'other' } });
    await other('l', 'acquire', 'path:src/**', 'agent-3', '--ttl', '10m');
    return { clone, orc };
  }

  test('paths that another agent has locked are refused, until it is over or overridden', {
    timeout: 60_000,
  }, async () => {
    const { clone, orc } = await boardWithLock();
    const ann = { ORC_AGENT: 'ann' };
    // Other paths, and the holder itself: the latter without starting orc.
    expect(clone.commit('b', { env: ann })).toMatchObject({ status: 0, err: '' });
    expect(clone.started()).toEqual(['orc hooks run pre-commit']);
    expect(clone.commit('src/a', { env: { ORC_AGENT: 'agent-3' } })).toMatchObject({ status: 0, err: '' });
    expect(clone.started()).toEqual([]);

    const refused = clone.commit('src/ü b', { env: ann });
    expect(refused).toMatchObject({ status: 1, out: '' });
    expect(refused.err).toMatch(
      /src\/ü b\n {4}held by agent-3 as path:src\/\*\* until (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d local time \(\d{4}-.*Z, \d+m left\)/,
    );
    expect(refused.err).toContain('orc msg send agent:agent-3 "');
    expect(refused.err).toContain("orc l acquire 'path:src/**' ann --wait 10m");
    expect(refused.err).toContain('ORC_SKIP=1');

    const skipped = clone.run('git', ['commit', '--quiet', '-m', 'x'], { env: { ...ann, ORC_SKIP: '1' } });
    expect(skipped.status).toBe(0);
    await orc('sync');
    await orc('sync');
    expect((await orc('events', '--action', 'lock_overridden', '--json')).json().data).toMatchObject([
      { agent: 'ann', paths: ['src/ü b'], locks: [{ resource: 'path:src/**', by: 'agent-3' }] },
    ]);

    // A merge brings what was committed there; what is neither side's is this commit's own.
    git(clone.top, 'switch', '--quiet', '-c', 'side', 'HEAD~1');
    expect(clone.commit('side', { env: ann }).status).toBe(0);
    git(clone.top, 'merge', '--quiet', '--no-commit', 'main');
    expect(clone.run('git', ['commit', '--quiet', '--no-edit'], { env: ann }).status).toBe(0);
    git(clone.top, 'reset', '--quiet', '--hard', 'HEAD~1');
    git(clone.top, 'merge', '--quiet', '--no-commit', 'main');
    clone.write('src/own', 'x');
    git(clone.top, 'add', 'src/own');
    expect(clone.run('git', ['commit', '--quiet', '--no-edit'], { env: ann }).err).toMatch(/^ {2}src\/own$/m);
    git(clone.top, 'reset', '--quiet', '--hard');

    // Broken, hanging, gone: the commit goes on, with one line.
    for (const [script, status] of [
      ['echo noise >&2; exit 3', 3],
      ['exec sleep 30', 124],
    ] as const) {
      clone.program('orc', script);
      const { status: code, err } = clone.commit('src/a', { env: { ...ann, ORC_HOOK_TIMEOUT: '0.2' } });
      expect({ code, err }).toEqual({
        code: 0,
        err: `orc: path locks were not checked, for orc failed or took too long (status ${status}); the commit goes on\n`,
      });
    }
    clone.write('.git/orc/hooks/command', '/nonexistent/node\n/nonexistent/orc\n');
    const path_ = { PATH: process.env.PATH };
    expect(clone.commit('src/a', { env: { ...ann, ...path_ } }).err).toMatch(/^orc: .*status 127.*\n$/);
    await orc('hooks', 'install');
    expect(clone.commit('src/a', { env: { ...ann, ...path_ } })).toMatchObject({ status: 1 });

    // Over: the list is empty after orc has looked once.
    clone.write('.git/orc/board.git/path-locks', '2020-01-01T00:00:00.000Z\tagent-3\tpath:src/**\n');
    expect(clone.commit('src/a', { env: { ...ann, ...path_ } })).toMatchObject({ status: 0, err: '' });
    expect(existsSync(path.join(clone.top, '.git/orc/board.git/path-locks'))).toBe(false);
  });

  test('the task is named in the message and its commits are listed, without a process', async () => {
    const { clone, orc } = await boardWithLock();
    await orc('ws', 'create', 'build');
    const { id } = (await orc('t', 'add', 'build', 'T', '--json')).json().data;
    await orc('t', 'claim', 'build', id, 'ann');
    expect(clone.commit('a', { env: { ORC_AGENT: 'agent-3' } }).status).toBe(0);
    expect(lastMessage(clone.top)).toBe('Change a');
    expect(clone.commit('a', { env: { ORC_AGENT: 'ann' } }).status).toBe(0);
    expect(lastMessage(clone.top)).toBe(`Change a\n\nOrc-Task: build/${id}`);
    const first = git(clone.top, 'rev-parse', 'HEAD');
    git(clone.top, 'checkout', '--quiet', '--detach');
    expect(clone.commit('a').status).toBe(0);
    const second = git(clone.top, 'rev-parse', 'HEAD');
    expect(clone.started().filter((line) => !line.includes('pre-commit'))).toEqual([]);
    expect(clone.run('git', ['commit', '--allow-empty'], { env: { GIT_EDITOR: 'true' } })).toMatchObject({ status: 1 });
    clone.write('.git/orc/board.git/commits.taken', `commit\t${first}\t${id}\tann\nnonsense\ncommit\tx\t${id}\t\n`);
    await orc('t', 'complete', id, 'done');
    expect((await orc('t', 'show', id, '--json')).json().data.commits).toMatchObject([
      { by: 'ann', commit: first },
      { by: 'ann', commit: second },
    ]);
    expect((await orc('t', 'show', id)).out).toContain(`Commits:\n  ${first}  ann, linked `);
    expect(clone.read('.git/orc/board.git/commits.set-aside').split('\n')).toHaveLength(3);
    await orc('sync');
    expect((await orc('events', '--action', 'commit_linked', '--json')).json().data).toHaveLength(2);
    expect(clone.commit('a').status).toBe(0);
    expect(lastMessage(clone.top)).toBe('Change a');
  });

  test("none of them runs for orc's own commits and pushes", async () => {
    const clone = new HookedClone();
    const all = ['pre-push', 'post-checkout', 'reference-transaction', 'update', 'pre-receive', 'post-receive'];
    for (const name of all) clone.write(`.git/hooks/${name}`, '#!/bin/sh\necho ran >>hooks-ran\n', 0o755);
    clone.program('hook-ran', '');
    for (const name of ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit'])
      clone.write(`.git/hooks/${name}`, '#!/bin/sh\nhook-ran\n', 0o755);
    const orc = orcIn(clone.top);
    await orc('init', '--remote', 'host', '--hooks');
    await orc('ws', 'create', 'build');
    await orc('t', 'add', 'build', 'T');
    await orc('sync');
    expect(git(clone.top, 'log', '--format=%s', 'orc').split('\n').length).toBeGreaterThan(2);
    expect(clone.started()).toEqual([]);
    expect(existsSync(path.join(clone.top, 'hooks-ran')) || existsSync(path.join(clone.top, '.git/hooks-ran'))).toBe(
      false,
    );
  });
});
