/** Throw-away repositories to measure in. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

// Node reads these certificates whenever it starts, before anything else: three times what it takes otherwise.
const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;

const env = {
  ...inherited,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.com',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.com',
};

export const benchEnv = env;

export function git(cwd, ...args) {
  return execFileSync('git', args, { cwd, env, encoding: 'utf8' }).trim();
}

const folders = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone when the process ends. */
export function makeFolder() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'orc-bench-'));
  folders.push(folder);
  return folder;
}

/** A bare remote and a clone of it. */
export function makeRemoteAndClone() {
  const folder = makeFolder();
  const remote = path.join(folder, 'remote.git');
  const clone = path.join(folder, 'clone');
  git('/', 'init', '--quiet', '--bare', remote);
  git('/', 'init', '--quiet', clone);
  git(clone, 'remote', 'add', 'origin', remote);
  return { remote, clone };
}

/** What plain git needs to publish one commit: `commit-tree` and `push`. */
export function makeBarePublisher() {
  const { clone } = makeRemoteAndClone();
  const tree = git(clone, 'hash-object', '-t', 'tree', '-w', '/dev/null');
  let parent = null;
  return () => {
    parent = git(clone, 'commit-tree', tree, ...(parent === null ? [] : ['-p', parent]), '-m', 'one commit');
    git(clone, 'push', '--quiet', 'origin', `${parent}:refs/heads/bench`);
  };
}
