/** How many processes a command starts, exactly: each costs more than most commands' own work. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { snapshotFile } from '../../src/sync/snapshot.ts';
import { projectRoot } from '../support/bundle.ts';
import { git, isolatedEnv, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const command = path.join(projectRoot, 'dist/bin/orc.cjs');

interface Place {
  /** Runs the command; gives what it printed, and the words of each git that it started. */
  readonly orc: (...words: string[]) => { readonly out: string; readonly started: readonly string[] };
  readonly clone: string;
  readonly store: string;
}

/** A clone of a remote with a board, and a git in front of the real one that keeps count. */
function makePlace(): Place {
  const clone = makeClone(makeBareRemote());
  const bin = makeTempDir();
  const log = path.join(bin, 'started');
  const real = execFileSync('/bin/sh', ['-c', 'command -v git'], { env: isolatedEnv, encoding: 'utf8' }).trim();
  writeFileSync(path.join(bin, 'git'), `#!/bin/sh\necho "$*" >> '${log}'\nexec '${real}' "$@"\n`);
  chmodSync(path.join(bin, 'git'), 0o755);
  const env = { ...isolatedEnv, PATH: `${bin}:${isolatedEnv.PATH ?? process.env.PATH}`, XDG_CACHE_HOME: bin };
  const orc: Place['orc'] = (...words) => {
    writeFileSync(log, '');
    const out = execFileSync(process.execPath, [command, ...words], { cwd: clone, env, encoding: 'utf8' });
    return { out, started: readFileSync(log, 'utf8').split('\n').slice(0, -1) };
  };
  orc('ws', 'create', 'w');
  return { orc, clone, store: path.join(clone, '.git/orc/board.git') };
}

test('a published change starts two: one for the configuration, one that receives the push', () => {
  const { orc, store } = makePlace();
  orc('t', 'add', 'w', 'one');
  const id = /[0-9a-f]{8}/.exec(orc('t', 'next', 'w', 'ada').out)?.[0] ?? '';
  // As after a fetch: everything is packed.
  git(store, 'repack', '-adq');
  git(store, 'pack-refs', '--all');
  const changes = [
    ['t', 'add', 'w', 'four'],
    ['t', 'next', 'w', 'bob'],
    ['t', 'complete', 'w', id, 'done', '--agent', 'ada'],
    ['lock', 'acquire', 'deploy', 'ada'],
  ];
  for (const words of changes) {
    const { started } = orc(...words);
    expect(started, words.join(' ')).toHaveLength(2);
    expect(started[0]).toMatch(/ config --list /);
    expect(started[1]).toMatch(/ receive-pack /);
  }
});

test('a look at the board starts none, from the snapshot or after a change of its own', () => {
  const { orc, store } = makePlace();
  for (let n = 0; n < 2; n++) expect(orc('status').started).toEqual([]);
  orc('t', 'add', 'w', 'one');
  git(store, 'repack', '-adq');
  const changed = orc('status');
  expect(changed.started).toEqual([]);
  expect(changed.out).toContain('1 pending');
});

test('with the snapshot and without it the answer is the same, to the byte', () => {
  const { orc, store, clone } = makePlace();
  orc('t', 'add', 'w', 'one \u202e two');
  orc('a', 'register', 'ada', 'worker');
  orc('lock', 'acquire', 'deploy', 'ada');
  orc('msg', 'send', 'agent:ada', 'hello');
  git(clone, 'config', 'orc.agent', 'ada');
  const withoutTimes = (text: string) => text.replace(/\d+(\.\d+)?(ms|s|m|h)\b|"expires_in_ms":-?\d+/g, '#');
  for (const words of [['status'], ['s', '--json']]) {
    orc('status');
    const quick = orc(...words).out;
    // An option that changes nothing: the whole command answers.
    const whole = orc(...words, '--no-color').out;
    // The snapshot does not hold any more: what differs is read.
    orc('lock', 'renew', 'deploy', 'ada');
    const later = orc(...words);
    expect(later.started).toEqual([]);
    expect(withoutTimes(later.out)).toBe(withoutTimes(orc(...words, '--no-color').out));
    rmSync(path.dirname(snapshotFile(store)), { recursive: true });
    const cold = orc(...words).out;
    expect(withoutTimes(quick)).toBe(withoutTimes(whole));
    expect(withoutTimes(orc(...words, '--no-color').out)).toBe(withoutTimes(cold));
    expect(quick).toContain('ada');
  }
});

test('an environment that the whole command refuses is refused with the snapshot too', () => {
  const { orc, clone } = makePlace();
  orc('status');
  const env = { ...isolatedEnv, ORC_GIT: 'neither' };
  const looked = spawnSync(process.execPath, [command, 'status'], { cwd: clone, env, encoding: 'utf8' });
  expect(looked).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('ORC_GIT must be') });
});
