/** The user's world stays as it is, over real transports: no hook of the user's runs, nothing but the board is pushed. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { addCommit, checkRepository, git, isolatedEnv } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';
import { describeServer, type Place } from '../support/servers/in-tests.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const hookNames = [
  ...['pre-push', 'pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit', 'post-checkout', 'post-merge'],
  ...['post-rewrite', 'pre-auto-gc', 'reference-transaction', 'post-index-change', 'fsmonitor-watchman'],
  // Those of the receiving side: a `core.hooksPath` of the user's must not bring them to a remote in a folder.
  ...['pre-receive', 'update', 'post-receive', 'post-update', 'push-to-checkout', 'proc-receive'],
];

/** Hooks that leave a line in `marker` and fail. */
function writeHooks(folder: string, marker: string): void {
  mkdirSync(folder, { recursive: true });
  for (const hook of hookNames) {
    writeFileSync(path.join(folder, hook), `#!/bin/sh\necho ${hook} >> '${marker}'\nexit 1\n`, { mode: 0o755 });
  }
}

const settings = (marker: string): string => `
[push]
	gpgSign = true
	followTags = true
	default = matching
	pushOption = from-the-user
	recurseSubmodules = check
[commit]
	gpgSign = true
[tag]
	gpgSign = true
	forceSignAnnotated = true
[gpg]
	program = ${marker}-signer
[fetch]
	prune = true
	pruneTags = true
[gc]
	auto = 1
	autoDetach = false
[maintenance]
	auto = true
[receive]
	autogc = true
[core]
	fsmonitor = ${marker}-signer
	editor = ${marker}-signer
[sequence]
	editor = ${marker}-signer
[credential]
	interactive = always
`;

/** Everything of a clone that must stay. */
function fingerprint(clone: string): Record<string, unknown> {
  const gitDir = path.join(clone, '.git');
  const read = (file: string) => readFileSync(path.join(gitDir, file)).toString('hex');
  return {
    // `git status` would refresh the index itself.
    index: read('index'),
    head: read('HEAD'),
    config: read('config'),
    refs: git(clone, 'for-each-ref').replace(/^.*refs\/remotes\/origin\/orc$\n?/m, ''),
    stash: git(clone, 'rev-parse', '--verify', '--quiet', 'refs/stash'),
    files: readdirSync(clone).sort(),
    gitTop: readdirSync(gitDir)
      .filter((name) => name !== 'orc')
      .sort(),
    packs: readdirSync(path.join(gitDir, 'objects/pack')).sort(),
    staged: readFileSync(path.join(clone, 'staged.txt'), 'utf8'),
  };
}

/** With `gc.auto=1` git collects when objects/17 holds more than one file: it takes that folder for a sample. */
function addToGarbage(clone: string): void {
  for (let i = 0, found = 0; found < 3; i++) {
    const content = `garbage ${i}`;
    if (!createHash('sha1').update(`blob ${content.length}\0${content}`).digest('hex').startsWith('17')) continue;
    execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: clone, env: isolatedEnv, input: content });
    found++;
  }
}

/** A clone in the middle of the user's work: commits, tags, a stale tracking branch, a stash, something staged. */
function makeBusyClone(place: Place): string {
  const clone = place.clone();
  addCommit(clone, 'refs/heads/main');
  git(clone, 'reset', '--quiet', '--hard');
  addCommit(clone, 'refs/heads/side', 'not for others');
  git(clone, 'tag', '-a', 'v1', '-m', 'not for others', 'main');
  git(clone, 'update-ref', 'refs/remotes/origin/gone', 'main');
  for (const content of ['stashed\n', 'staged\n']) {
    writeFileSync(path.join(clone, 'staged.txt'), content);
    git(clone, 'add', 'staged.txt');
    if (content === 'stashed\n') git(clone, 'stash', 'push', '--quiet');
  }
  addToGarbage(clone);
  return clone;
}

async function workThrough(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const run = async (...args: string[]) => {
    const done = await runOrc([...args, '--json'], { cwd, env });
    expect([done.exitCode, done.stderr], args.join(' ')).toEqual([0, '']);
    return done.json<{ data: { id: string } }>().data;
  };
  await run('init');
  await run('ws', 'create', 'w');
  const { id } = await run('t', 'add', 'w', 'Task');
  await run('t', 'next', 'w', 'agent-1');
  await run('sync');
  await run('t', 'complete', 'w', id, 'Done');
  await run('l', 'acquire', 'deploy', 'agent-1');
  await run('sync');
}

const places = ['.git/hooks', 'core.hooksPath of the clone', 'core.hooksPath of the user'] as const;

for (const name of ['file', 'http'] as const) {
  describeServer(name, "the user's world", (_server, place) => {
    test.each(places)('hooks in %s, signing, tags, refspecs, pruning, collecting: orc does without', async (where) => {
      const here = place();
      const clone = makeBusyClone(here);
      git(clone, 'push', '--quiet', 'origin', 'main');
      const home = makeTempDir();
      const marker = path.join(home, 'ran');
      writeFileSync(`${marker}-signer`, `#!/bin/sh\necho signer >> '${marker}'\nexit 1\n`, { mode: 0o755 });
      const hooks = where === '.git/hooks' ? path.join(clone, where) : path.join(home, 'hooks');
      const global = path.join(home, 'gitconfig');
      const hooksPath = `[core]\n\thooksPath = ${hooks}\n`;
      writeFileSync(global, (where.endsWith('user') ? hooksPath : '') + settings(marker));
      git(clone, 'config', 'remote.origin.push', 'refs/heads/*:refs/heads/*');
      git(clone, 'config', '--add', 'remote.origin.fetch', '+refs/tags/*:refs/tags/*');
      git(clone, 'config', 'remote.origin.mirror', 'true');
      git(clone, 'config', 'remote.origin.prune', 'true');
      const local = path.join(clone, '.git/config');
      const more = (where.endsWith('clone') ? hooksPath : '') + settings(marker);
      writeFileSync(local, readFileSync(local, 'utf8') + more);
      writeHooks(hooks, marker);

      const before = fingerprint(clone);
      await workThrough(clone, { ...here.env, GIT_CONFIG_GLOBAL: global });
      expect(existsSync(marker) ? readFileSync(marker, 'utf8') : '').toBe('');
      expect(fingerprint(clone)).toEqual(before);
      expect(git(here.remote, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
        'refs/heads/main',
        'refs/heads/orc',
      ]);
      expect(new Set(git(here.remote, 'log', '--format=%G?', 'orc').split('\n'))).toEqual(new Set(['N']));
      checkRepository(here.remote);
      // The hooks do run when the user's git is at work: what is tested here can fail.
      expect(() => git(clone, '-c', `core.hooksPath=${hooks}`, 'commit', '--allow-empty', '-m', 'x')).toThrow();
      expect(readFileSync(marker, 'utf8')).not.toBe('');
      git(clone, '-c', `core.hooksPath=/dev/null`, 'gc', '--auto', '--quiet');
      expect(fingerprint(clone).packs).not.toEqual(before.packs);
    });
  });
}
