/** Commands of others with what they have started, told to end. Real processes: nothing else has groups. */
import { execFileSync } from 'node:child_process';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RunningProcess, startProcess } from '../../src/app/process-group.ts';

/** A shell that runs this; what it prints so far, and the process ids among that. */
async function shell(script: string) {
  let out = '';
  const running = await startProcess({
    file: 'sh',
    args: ['-c', script],
    cwd: process.cwd(),
    env: process.env,
    onOutput: (chunk) => {
      out += chunk.toString();
    },
  });
  const begun = await vi.waitUntil(() => /^begun (\d+)$/m.exec(out)?.[1], { timeout: 10_000, interval: 5 });
  const child = Number(begun);
  onTestFinished(() => endAtOnce(child));
  return { running, child, out: () => out };
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

/** One that has ended and is still listed, because nobody asks after it, is none. */
function isRunning(pid: number): boolean {
  try {
    return !/^\s*(?:Z|$)/.test(execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

async function hasEnded({ ended }: RunningProcess): Promise<boolean> {
  const nothing = Symbol('not yet');
  // Behind whatever is settled already.
  const turn = new Promise<typeof nothing>((resolve) => setImmediate(() => resolve(nothing)));
  return (await Promise.race([ended, turn])) !== nothing;
}

// A shell ends at SIGTERM, whatever it has started does.
const deaf = `sh -c 'trap "" TERM; echo begun $$; exec >&- 2>&-; while :; do sleep 0.05; done' & wait`;

describe.skipIf(process.platform === 'win32')('a command that is told to end', () => {
  test('has ended when all that it started has: what does not listen is ended with the group', async () => {
    const { running, child } = await shell(deaf);
    running.signal('SIGTERM');
    // The shell is gone when its child alone is left.
    await vi.waitUntil(() => isOrphan(child), { timeout: 10_000, interval: 20 });
    expect([await hasEnded(running), isRunning(child)]).toEqual([false, true]);
    running.signal('SIGKILL');
    expect(await running.ended).toEqual({ how: 'signal', signal: 'SIGTERM' });
    expect(isRunning(child)).toBe(false);
  });

  test('may have children that take their time, and say something in the end', async () => {
    const slow = `sh -c 'trap "sleep 0.1; echo tidied; exit" TERM; echo begun $$; while :; do sleep 0.05; done' 2>&- & wait`;
    const { running, child, out } = await shell(slow);
    running.signal('SIGTERM');
    expect(await running.ended).toEqual({ how: 'signal', signal: 'SIGTERM' });
    expect([isRunning(child), out()]).toEqual([false, `begun ${child}\ntidied\n`]);
  });
});

test.skipIf(process.platform === 'win32')(
  'what a command leaves running when it ends by itself is left alone, also by a signal that comes later',
  async () => {
    const { running, child } = await shell(`sh -c 'echo begun $$; exec sleep 60' >&2 & sleep 0.1`);
    expect(await running.ended).toEqual({ how: 'exit', code: 0 });
    running.signal('SIGTERM');
    running.signal('SIGKILL');
    expect(isRunning(child)).toBe(true);
  },
);

test('words that no program can be given are refused, and not taken for a bug', async () => {
  const options = { file: 'sh', cwd: process.cwd(), env: process.env, onOutput: () => {} };
  await expect(startProcess({ ...options, args: ['-c', 'echo a\0b'] })).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('NUL'),
  });
});

function isOrphan(pid: number): boolean {
  const parent = execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return parent !== '' && !isShell(parent);
}

function isShell(pid: string): boolean {
  try {
    return execFileSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' }).startsWith('sh -c sh -c');
  } catch {
    return false;
  }
}
