/**
 * What the hook of a remote adds to a push, for each commit in it, over a hook that does nothing: one commit at a time, in
 * pushes of 64, and all that is left at once. The same honest commits go to both remotes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrc } from '../../dist/lib/index.js';
import { compareAdded } from '../support/report.mjs';
import { benchEnv, git, makeFolder, makeRemoteAndClone } from '../support/repositories.mjs';

const command = fileURLToPath(new URL('../../dist/bin/orc.cjs', import.meta.url));
const goalMs = 50;
const openTasks = 200;
const inLargePush = 1_000;

export async function benchServerHook({ rounds }) {
  const { remote, clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  const add = (count) =>
    Promise.all(Array.from({ length: count }, (_, n) => orc.addTask('bench', { title: `Task ${n}` })));
  await add(openTasks);
  const begin = git(remote, 'rev-parse', 'orc');
  const singles = rounds + 3;
  const batches = Math.max(3, Math.ceil(rounds / 5));
  for (let left = singles + batches * 64 + inLargePush; left > 0; left -= 64)
    await Promise.all(Array.from({ length: 64 }, (_, n) => orc.logEvent('bench', 'seen', { number: left + n })));
  await orc.close();
  const commits = git(remote, 'rev-list', '--reverse', `${begin}..orc`).split('\n');
  const guarded = makeTarget(remote, begin, (target) => {
    execFileSync(process.execPath, [command, 'hooks', 'install', '--server', target], {
      env: benchEnv,
      stdio: 'ignore',
    });
  });
  const empty = makeTarget(remote, begin, (target) => {
    const hook = path.join(target, 'hooks/update');
    writeFileSync(hook, '#!/bin/sh\nexit 0\n');
    chmodSync(hook, 0o755);
  });
  const push = (target, oid) => {
    const began = performance.now();
    git(remote, 'push', '--quiet', target, `${oid}:refs/heads/orc`);
    return performance.now() - began;
  };
  let at = -1;
  const floors = [];
  const pair = (count) => {
    at += count;
    const times = [push(guarded, commits[at]), push(empty, commits[at])];
    const began = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    floors.push(performance.now() - began);
    return times;
  };
  const one = Array.from({ length: singles }, () => pair(1)).slice(3);
  const many = Array.from({ length: batches }, () => pair(64));
  const all = [pair(inLargePush)];
  return [
    compareAdded('the server hook, one commit a push, against an empty hook, for each commit', {
      pairs: one,
      commits: 1,
      goalMs,
      floors,
    }),
    compareAdded('the server hook, 64 commits a push', { pairs: many, commits: 64, goalMs, floors }),
    compareAdded('the server hook, 1 000 commits a push', { pairs: all, commits: inLargePush, goalMs, floors }),
  ];
}

function makeTarget(source, begin, prepare) {
  const target = path.join(makeFolder(), 'target.git');
  git('/', 'init', '--quiet', '--bare', target);
  git(source, 'push', '--quiet', target, `${begin}:refs/heads/orc`);
  git(target, 'repack', '--quiet', '-a', '-d');
  prepare(target);
  return target;
}
