import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { orcIn } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function repository(): string {
  const folder = makeTempDir();
  git(folder, 'init', '--quiet');
  return folder;
}

test('what is installed, beside what, is told for people', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  const hook = path.join(folder, '.git/hooks/pre-commit');
  writeFileSync(hook, '#!/bin/sh\nlefthook run pre-commit\n', { mode: 0o755 });
  expect((await orc('hooks')).lines()).toEqual([
    `Hooks in ${folder}/.git/hooks (lefthook)`,
    `  pre-commit          absent  beside ${hook}`,
    '  prepare-commit-msg  absent',
    '  commit-msg          absent',
    '  post-commit         absent',
  ]);
  await orc('hooks', 'install');
  // Another version's, and one that its manager wrote anew.
  writeFileSync(path.join(folder, '.git/orc/hooks/commit-msg'), '#!/bin/sh\n');
  writeFileSync(hook, '#!/bin/sh\nlefthook run pre-commit\n');
  expect((await orc('hooks', 'status')).lines()).toEqual([
    `Hooks in ${folder}/.git/hooks (lefthook)`,
    `  pre-commit          absent     beside ${hook}`,
    '  prepare-commit-msg  installed',
    '  commit-msg          outdated',
    '  post-commit         installed',
    '`orc hooks install` brings them up to date.',
  ]);
  const again = (await orc('hooks', 'install')).out;
  expect(again).not.toMatch(/absent|outdated/);
  expect(again).toMatch(/^Installed\.\n/);
  expect((await orc('hooks', 'install')).lines()[0]).toBe('They were installed already.');
  expect((await orc('hooks', 'uninstall')).lines()[0]).toBe('Taken out.');
  expect((await orc('hooks', 'uninstall')).lines()[0]).toBe('There was nothing to take out.');
});

test('a folder that was set afterwards, and before another one than was there, is noticed', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  git(folder, 'config', 'core.hooksPath', 'first');
  expect((await orc('hooks', 'install')).lines().at(-1)).toBe(
    `git goes through ${folder}/.git/orc/hooks-path, which passes on to first.`,
  );
  git(folder, 'config', 'core.hooksPath', 'second');
  expect((await orc('hooks', 'status', '--json')).json().data).toMatchObject({
    folder: path.join(folder, 'second'),
    manager: 'core.hooksPath',
    hooks: [{ name: 'pre-commit', state: 'outdated' }, {}, {}, {}],
  });
  expect((await orc('hooks', 'install', '--json')).json().data).toMatchObject({
    changed: true,
    hooks: [{ state: 'installed' }, {}, {}, {}],
  });
  git(folder, 'config', 'extensions.worktreeConfig', 'true');
  git(folder, 'config', '--worktree', 'core.hooksPath', 'third');
  expect((await orc('hooks', 'status')).out).toContain('absent');
  await orc('hooks', 'install');
  expect((await orc('hooks', 'status')).out).not.toMatch(/absent|outdated/);
  git(folder, 'config', '--unset', 'core.hooksPath');
  await orc('hooks', 'uninstall');
  expect(git(folder, 'config', '--get-all', 'core.hooksPath')).toBe('third');
});

test('a folder of another user, and of none, is read as git reads it', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  const { username, homedir } = userInfo();
  git(folder, 'config', 'core.hooksPath', `~${username}/no such hooks`);
  expect((await orc('hooks', '--json')).json().data).toMatchObject({ folder: path.join(homedir, 'no such hooks') });
  git(folder, 'config', 'core.hooksPath', '~nobody-of-this-name/hooks');
  const { code, message } = (await orc('hooks', '--json')).error();
  expect({ code, message }).toEqual({
    code: 'git-failed',
    message: expect.stringContaining('~nobody-of-this-name/hooks'),
  });
});

test('what git puts among the lines of the configuration stays when they go', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  const config = path.join(folder, '.git/config');
  git(folder, 'config', 'core.hooksPath', 'hooks');
  const before = readFileSync(config, 'utf8');
  await orc('hooks', 'install');
  git(folder, 'config', '--add', 'include.path', '/etc/theirs');
  git(folder, 'config', 'core.hooksPath', 'others');
  await orc('hooks', 'install');
  expect(git(folder, 'config', '--get-all', 'include.path').split('\n')).toContain('/etc/theirs');
  expect(git(folder, 'config', 'core.hooksPath')).toBe(path.join(folder, '.git/orc/hooks-path'));
  await orc('hooks', 'uninstall');
  const after = `${before.replace('= hooks', '= others')}[include]\n\tpath = /etc/theirs\n`;
  expect(readFileSync(config, 'utf8')).toBe(after);
});

test('what is asked wrongly is refused by code', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  expect((await orc('hooks', 'install', '--board', folder, '--json')).error().code).toBe('usage');
  expect((await orc('hooks', 'run', 'pre-push', '--json')).error().code).toBe('usage');
  expect((await orcIn(makeTempDir())('hooks', 'install', '--json')).error().code).toBe('no-repository');
  mkdirSync(path.join(folder, '.git/orc'));
  writeFileSync(path.join(folder, '.git/orc/hooks'), 'no folder');
  expect((await orc('hooks', 'install', '--json')).error().code).toBe('io');
});

test('a commit is linked by any name that git knows', async () => {
  const folder = repository();
  const orc = orcIn(folder);
  await orc('init', '--remote', 'none');
  await orc('ws', 'create', 'build');
  const { id } = (await orc('t', 'add', 'build', 'T', '--json')).json().data;
  git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  const head = git(folder, 'rev-parse', 'HEAD');
  expect((await orc('t', 'link', id, 'HEAD')).out).toBe(`Linked: T (${head.slice(0, 12)})\n`);
  for (const unknown of ['nowhere', '--exec', ''])
    expect((await orc('t', 'link', '--json', '--', id, unknown)).error().code).toBe('not-found');
  expect((await orc('t', 'show', id, '--json')).json().data.commits).toMatchObject([{ commit: head }]);
});

test('the hidden command is in no help', async () => {
  const orc = orcIn(makeTempDir());
  expect((await orc('hooks', '--help')).out).not.toMatch(/\brun\b/);
});
