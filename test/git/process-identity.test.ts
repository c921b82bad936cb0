import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { judgeLiveness, ownIdentity, type ProcessIdentity } from '../../src/git/process-identity.ts';

/** A process that lives until it is killed, and who it is. */
function startProcess(): { child: ChildProcess; identity: ProcessIdentity } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const pid = child.pid as number;
  return { child, identity: { ...ownIdentity(), pid, started: startOf(pid) } };
}

/** Clock ticks from boot to the process's start, as proc(5) has it: the 22nd field. */
function startOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

const gone = (child: ChildProcess) =>
  new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });

describe.runIf(process.platform === 'linux')('a process of this boot and this pid namespace', () => {
  test('is alive while it runs, stopped or not, and dead when it is gone', async () => {
    const { child, identity } = startProcess();
    expect(judgeLiveness(identity, 0)).toBe('alive');
    child.kill('SIGSTOP');
    expect(judgeLiveness(identity, 0)).toBe('alive');
    await gone(child);
    expect(judgeLiveness(identity, Date.now())).toBe('dead');
  });

  test('is dead when its pid was given to another process, whenever it was last seen', () => {
    const { identity } = startProcess();
    const started = identity.started as number;
    for (const other of [started - 1, started + 1, 0]) {
      expect(judgeLiveness({ ...identity, started: other }, Date.now())).toBe('dead');
    }
    expect(judgeLiveness({ ...ownIdentity(), started: (ownIdentity().started as number) - 1 }, Date.now())).toBe(
      'dead',
    );
  });

  test('whose start nobody wrote down is judged by its pid alone', async () => {
    const { child, identity } = startProcess();
    expect(judgeLiveness({ ...identity, started: null }, 0)).toBe('alive');
    await gone(child);
    expect(judgeLiveness({ ...identity, started: null }, 0)).toBe('dead');
  });

  test('is not known by a name with spaces and parentheses', async () => {
    const script = "process.title = 'a) R 1 (b'; process.stdout.write('.'); setInterval(() => {}, 1000)";
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const pid = child.pid as number;
    expect(judgeLiveness({ ...ownIdentity(), pid, started: startOf(pid) }, 0)).toBe('alive');
    expect(judgeLiveness({ ...ownIdentity(), pid, started: startOf(pid) - 1 }, 0)).toBe('dead');
  });

  test('of another pid namespace cannot be judged, though the pid is taken here', () => {
    const { identity } = startProcess();
    expect(judgeLiveness({ ...identity, namespace: 'pid:[1]' }, Date.now())).toBe('foreign');
  });

  test('of an earlier boot is dead; of a boot that may be another machine’s it cannot be judged', () => {
    const { identity } = startProcess();
    const beforeBoot = Date.now() - os.uptime() * 1000 - 5_000;
    expect(judgeLiveness({ ...identity, boot: 'earlier' }, beforeBoot)).toBe('dead');
    expect(judgeLiveness({ ...identity, boot: 'earlier' }, Date.now())).toBe('foreign');
    expect(judgeLiveness({ ...identity, boot: 'earlier', host: 'elsewhere/' }, beforeBoot)).toBe('foreign');
  });
});
