import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildGitEnvironment } from '../../src/git/native/git-environment.ts';
import { classifyPush } from '../../src/git/native/push-report.ts';
import { runGit } from '../../src/git/native/run-git.ts';
import { isolatedEnv } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('git inherits connections and credentials, and nothing that leads it elsewhere', () => {
  const base = {
    PATH: '/bin',
    SSH_AUTH_SOCK: 's',
    GIT_DIR: 'x',
    GIT_WORK_TREE: 'x',
    GIT_INDEX_FILE: 'x',
    GIT_CONFIG_PARAMETERS: "'core.hooksPath'='x'",
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'core.hooksPath',
    GIT_CONFIG_VALUE_0: 'x',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: 'ca',
    GIT_ASKPASS: 'ask',
    GIT_ALLOW_PROTOCOL: 'ext',
    GIT_TRACE: '1',
    LC_ALL: 'de_DE.UTF-8',
  };
  expect(buildGitEnvironment(base, { config: [['a.b', 'c']] })).toEqual({
    PATH: '/bin',
    SSH_AUTH_SOCK: 's',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: 'ca',
    GIT_ASKPASS: 'ask',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'a.b',
    GIT_CONFIG_VALUE_0: 'c',
    GIT_ALLOW_PROTOCOL: 'file:ssh:http:https:git',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    GCM_INTERACTIVE: 'never',
    LC_ALL: 'C',
  });
  expect(buildGitEnvironment(base, { interactive: true })).toMatchObject({ GIT_TERMINAL_PROMPT: '1' });
});

test('a failure of git is a result, with clean words', async () => {
  const env = isolatedEnv;
  const result = await runGit({ args: ['-c', 'x.y=\u001b[31m', 'no-such-command-\u001b[31m'], env });
  expect(result).toMatchObject({ exitCode: 1, timedOut: false });
  expect(result.stderr).not.toContain('\u001b');
});

test('a time limit that no timer can hold is none that is over at once', async () => {
  // It reads until its input ends, which it does when it was given all of it.
  const stdin = Array.from({ length: 20 }, () => new Uint8Array(100_000).fill(0x61));
  const call = { args: ['stripspace'], env: isolatedEnv, stdin, timeoutMs: 366 * 86_400_000 };
  expect(await runGit(call)).toMatchObject({ exitCode: 0, timedOut: false });
});

test('bytes go in and come out as they are, more than a pipe holds', async () => {
  const chunk = new Uint8Array(100_000).fill(0x61);
  const stdin = Array.from({ length: 20 }, () => chunk);
  const result = await runGit({ args: ['stripspace'], env: isolatedEnv, stdin });
  expect(result.stdout.length).toBe(2_000_001);
});

test('git that reads no input does no harm', async () => {
  const stdin = Array.from({ length: 100 }, () => new Uint8Array(100_000));
  expect(await runGit({ args: ['version'], env: isolatedEnv, stdin })).toMatchObject({ exitCode: 0 });
});

test('a helper that git left running does not hold the answer back', async () => {
  const pidFile = join(makeTempDir(), 'pid');
  const script = `!f() { sleep 30 & echo $! > ${pidFile}; echo done; }; f`;
  const startedAt = performance.now();
  const result = await runGit({ args: ['-c', `alias.helper=${script}`, 'helper'], env: isolatedEnv });
  expect(result.stdout.toString()).toBe('done\n');
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  process.kill(Number(fs.readFileSync(pidFile, 'utf8')));
});

test('a missing folder is not taken for a missing git', async () => {
  await expect(runGit({ args: ['version'], gitDir: '/nonexistent/x', env: isolatedEnv })).rejects.toMatchObject({
    code: 'no-board',
  });
});

const ref = 'refs/heads/orc';
test('a push whose time is up is told as that, whatever git said while it was killed', () => {
  const stderr =
    'send-pack: unexpected disconnect while reading sideband packet\nfatal: the remote end hung up unexpectedly\n';
  const outcome = classifyPush('refs/heads/orc', { stdout: '', stderr, exitCode: null, timedOut: true });
  expect(outcome).toEqual({ outcome: 'unknown', reason: 'no answer in time' });
});

const report = (stdout: string, stderr: string, exitCode: number | null = 1, timedOut = false) =>
  classifyPush(ref, { stdout, stderr, exitCode, timedOut }).outcome;

test('only git’s own words say for certain that the branch has moved', () => {
  const isBehind = (summary: string) => {
    const stdout = `To x\n!\tabc:${ref}\t${summary}\nDone\n`;
    const outcome = classifyPush(ref, { stdout, stderr: '', exitCode: 1, timedOut: false });
    return outcome.outcome === 'rejected' && outcome.isBehind === true;
  };
  // The lease on the branch names the commit on which the push builds.
  const certain = ['[rejected] (fetch first)', '[rejected] (non-fast-forward)', '[rejected] (stale info)'];
  expect(certain.map(isBehind)).toEqual([true, true, true]);
  const others = [
    '[remote rejected] (fetch first)',
    '[remote rejected] (stale info)',
    '[remote rejected] (hook declined)',
  ];
  expect(others.map(isBehind)).toEqual([false, false, false]);
});

test.each([
  [`To x\n \tabc:${ref}\ta..b\nDone\n`, '', 'taken'],
  [`To x\n*\tabc:${ref}\t[new branch]\nDone\n`, '', 'taken'],
  [`To x\n=\tabc:${ref}\t[up to date]\nDone\n`, '', 'taken'],
  [`To x\n!\tabc:${ref}\t[rejected] (fetch first)\nDone\n`, '', 'rejected'],
  [`To x\n!\tabc:${ref}\t[remote rejected] (hook declined)\nDone\n`, '', 'rejected'],
  [`To x\n!\tabc:${ref}\t[remote failure] (remote failed to report status)\n`, '', 'unknown'],
  [`To x\n \tabc:refs/heads/other\ta..b\nDone\n`, '', 'unknown'],
  ['', "fatal: '/x' does not appear to be a git repository", 'unreachable'],
  ['', "remote: fatal: '/x' does not appear to be a git repository", 'unknown'],
  ['', 'fatal: the remote end hung up unexpectedly', 'unknown'],
  ['', "error: RPC failed; HTTP 502\nfatal: unable to access 'https://x/': 502", 'unknown'],
  ['', "fatal: unable to access 'https://x/': Could not resolve host: x", 'unreachable'],
  ['', 'ssh: connect to host x port 22: Connection refused', 'unreachable'],
  ['', 'git@host: Permission denied (publickey).', 'unreachable'],
  ['', 'Read from remote host x: Connection timed out', 'unknown'],
  ['', '', 'unknown'],
])('a push that reports %j and says %j is %s', (stdout, stderr, outcome) => {
  expect(report(stdout, stderr)).toBe(outcome);
});

test('a push that was killed is unknown, unless the upstream had answered', () => {
  expect(report('', "fatal: '/x' does not appear to be a git repository", null, true)).toBe('unknown');
  expect(report(`To x\n \tabc:${ref}\ta..b\n`, '', null, true)).toBe('taken');
});
