/** Real repositories for tests, made by the user's git without the user's configuration. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import type { ObjectFormat, Oid } from '../../src/git/store.ts';
import { codeCache } from './code-cache.ts';
import { makeTempDir } from './temp-dir.ts';

/** The environment in which tests start git, and let orc start it. */
export const isolatedEnv: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  LC_ALL: 'C',
  ORC_CODE_CACHE: codeCache,
};

/** Runs git and returns what it printed, trimmed; throws with git's words when it fails. */
export function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env: isolatedEnv, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1e9 }).trim();
}

/** A bare repository without commits, in a folder of its own. */
export function makeBareRemote(format: ObjectFormat = 'sha1'): string {
  const path = join(makeTempDir(), 'remote.git');
  git('/', 'init', '--quiet', '--bare', `--object-format=${format}`, '--initial-branch=main', path);
  return path;
}

/** A clone with a work tree. */
export function makeClone(remote: string): string {
  const path = join(makeTempDir(), 'clone');
  git('/', 'clone', '--quiet', remote, path);
  return path;
}

/** Adds an empty commit on top of `ref` (or a root commit) and moves `ref` to it. */
export function addCommit(repository: string, ref: string, message = 'change'): Oid {
  const tree = git(repository, 'hash-object', '-t', 'tree', '-w', '/dev/null');
  const parent = readRef(repository, ref);
  const oid = git(repository, 'commit-tree', tree, ...(parent === null ? [] : ['-p', parent]), '-m', message);
  git(repository, 'update-ref', ref, oid);
  return oid as Oid;
}

export function readRef(repository: string, ref: string): Oid | null {
  const found = git(repository, 'for-each-ref', '--format=%(objectname)', ref);
  return found === '' ? null : (found as Oid);
}

/** Installs a shell script as a hook. `gitDir` is the bare repository or the `.git` folder. */
export function installHook(gitDir: string, name: string, script: string): void {
  fs.mkdirSync(join(gitDir, 'hooks'), { recursive: true });
  fs.writeFileSync(join(gitDir, 'hooks', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Throws unless git finds the repository in perfect order. */
export function checkRepository(repository: string): void {
  git(repository, 'fsck', '--strict', '--no-dangling', '--no-reflogs');
}
