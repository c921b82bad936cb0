/** Each git hook as git starts it, against a hook of the shell that does nothing. Nothing is locked; a task is held. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../support/report.mjs';
import { benchEnv, makeRemoteAndClone } from '../support/repositories.mjs';

const command = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist/bin/orc.cjs');
const goalMs = 3;
const message = 'Subject of a commit\n\nWhat it changes,\nand why.\n';
const hooks = [
  ['pre-commit', []],
  ['prepare-commit-msg', ['.git/COMMIT_EDITMSG', 'message']],
  ['commit-msg', ['.git/COMMIT_EDITMSG']],
  ['post-commit', []],
];

export async function benchGitHooks({ rounds }) {
  const { clone } = makeRemoteAndClone();
  const orc = (...args) =>
    execFileSync(process.execPath, [command, ...args], { cwd: clone, env: benchEnv, encoding: 'utf8' });
  orc('init', '--hooks');
  orc('ws', 'create', 'bench');
  const { id } = JSON.parse(orc('t', 'add', 'bench', 'Task', '--json')).data;
  orc('t', 'claim', 'bench', id, 'agent-1');
  execFileSync('git', ['commit', '--quiet', '--allow-empty', '-m', message], { cwd: clone, env: benchEnv });
  const empty = path.join(clone, '.git/empty');
  mkdirSync(empty, { recursive: true });
  const run = (file, args) => {
    const began = performance.now();
    spawnSync(file, args, { cwd: clone, env: { ...benchEnv, GIT_EDITOR: ':' }, stdio: 'ignore' });
    return performance.now() - began;
  };
  const results = [];
  for (const [name, args] of hooks) {
    writeFileSync(path.join(empty, name), '#!/bin/sh\n', { mode: 0o755 });
    const before = name === 'prepare-commit-msg' ? message : `${message}\nOrc-Task: bench/${id}\n`;
    const pairs = [];
    for (let round = -5; round < rounds * 8; round++) {
      writeFileSync(path.join(clone, '.git/COMMIT_EDITMSG'), before);
      const ours = run(path.join(clone, '.git/hooks', name), args);
      const theirs = run(path.join(empty, name), args);
      if (round >= 0) pairs.push([ours, theirs]);
    }
    results.push({
      row: `the hook ${name}, against an empty one`,
      rounds: pairs.length,
      ours_ms: median(pairs.map(([ours]) => ours)),
      against_ms: median(pairs.map(([, theirs]) => theirs)),
      over_ms: median(pairs.map(([ours, theirs]) => ours - theirs)),
      goal_ms: goalMs,
    });
  }
  return results;
}
