import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeOwner, linkExclusively, lookAtLock, sweepRemains } from '../../src/git/lock-file.ts';
import { createMachineLock } from '../../src/git/machine-lock.ts';
import { judgeLiveness, ownIdentity } from '../../src/git/process-identity.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'orc-lock-'));
  file = path.join(folder, 'store.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Time that passes only in `sleep`. */
function virtualTiming(onSleep: () => void = () => undefined) {
  const timing = {
    elapsed: 0,
    sleeps: 0,
    now: () => timing.elapsed,
    random: () => 0.5,
    sleep: async (ms: number) => {
      timing.elapsed += ms;
      timing.sleeps++;
      onSleep();
    },
  };
  return timing;
}

const NONCE = '00112233445566ff';
/** A lock file as another process would have left it. */
function plant(fields: Record<string, unknown>, options: { ageMs?: number; at?: string } = {}): void {
  const target = options.at ?? file;
  writeFileSync(target, JSON.stringify({ ...JSON.parse(describeOwner(NONCE)), ...fields }));
  age(target, options.ageMs ?? 0);
}

function age(target: string, ageMs: number): void {
  const seconds = (Date.now() - ageMs) / 1000;
  utimesSync(target, seconds, seconds);
}

/** The pid of a process that is over. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;

const foreign = { namespace: 'pid:[1]', pid: 1 };

describe('holding', () => {
  it('excludes others, in the same process too, until it is released', async () => {
    const [one, two] = [createMachineLock(file), createMachineLock(file)];
    const held = await one.tryAcquire();
    expect(held?.refresh()).toBe(true);
    expect(await two.tryAcquire()).toBeNull();
    expect(await one.tryAcquire()).toBeNull();
    await held?.release();
    await held?.release();
    expect(held?.refresh()).toBe(false);
    const next = await two.tryAcquire();
    expect(next).not.toBeNull();
    await next?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('names the owner in the file', async () => {
    const held = await createMachineLock(file).acquire({ timeoutMs: 0 });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ...ownIdentity(), pid: process.pid });
    await held.release();
  });

  it('lets waiters in one after the other', async () => {
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const held = await createMachineLock(file).acquire({ timeoutMs: 10_000 });
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
        await held.release();
      }),
    );
    expect(most).toBe(1);
  });

  it('does not remove the lock of somebody who took it over, and says so on refresh', async () => {
    const held = await createMachineLock(file).acquire({ timeoutMs: 0 });
    plant({ pid: 1 });
    expect(held.refresh()).toBe(false);
    await held.release();
    expect(lookAtLock(file)?.id).toBe(NONCE);
  });

  it('releases under the break lock after a long sleep, when a foreigner may be breaking it', async () => {
    const timing = virtualTiming();
    const moments: string[] = [];
    const lock = createMachineLock(file, {
      timing,
      onMoment: (moment, at) => moments.push(`${path.basename(at)} ${moment}`),
    });
    const held = await lock.acquire({ timeoutMs: 0 });
    timing.elapsed += 6_000;
    moments.length = 0;
    await held.release();
    expect(moments[0]).toBe('store.lock releasing');
    expect(moments[1]).toMatch(/^store\.lock\.break-[0-9a-f]{16} written$/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refreshed by a timer that keeps no process alive', async () => {
    vi.useFakeTimers();
    try {
      const held = await createMachineLock(file).acquire({ timeoutMs: 0 });
      age(file, 60_000);
      vi.advanceTimersByTime(2_100);
      expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(10_000);
      await held.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('waiting', () => {
  it('ends with the owner in the error, after small growing pauses', async () => {
    plant({});
    const timing = virtualTiming();
    const lock = createMachineLock(file, { timing });
    await expect(lock.acquire({ timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'store-busy',
      message: expect.stringContaining(`process ${process.pid} on `),
      details: { owner: { pid: process.pid } },
    });
    expect(timing.elapsed).toBe(1_000);
    expect(timing.sleeps).toBeGreaterThan(50);
    expect(timing.sleeps).toBeLessThan(80);
  });

  it('tells a folder that is not there', async () => {
    await expect(createMachineLock(path.join(folder, 'no/lock')).tryAcquire()).rejects.toMatchObject({ code: 'io' });
  });
});

describe('a dead owner', () => {
  async function expectTakenAtOnce(): Promise<void> {
    const held = await createMachineLock(file).tryAcquire();
    expect(held).not.toBeNull();
    await held?.release();
    expect(readdirSync(folder)).toEqual([]);
  }

  it('whose pid is gone', async () => {
    plant({ pid: deadPid() });
    await expectTakenAtOnce();
  });

  it.runIf(process.platform === 'linux')('whose pid means another process by now', async () => {
    plant({ started: (ownIdentity().started ?? 0) - 1 });
    await expectTakenAtOnce();
  });

  it('of an earlier boot of this machine', async () => {
    plant({ boot: 'another', pid: process.pid }, { ageMs: os.uptime() * 1000 + 5_000 });
    await expectTakenAtOnce();
  });

  it('that left a file without content, on a file system without links, after a second', async () => {
    writeFileSync(file, '');
    expect(await createMachineLock(file).tryAcquire()).toBeNull();
    age(file, 1_500);
    await expectTakenAtOnce();
  });

  it('that died while breaking the lock of one that died while breaking …', async () => {
    let target = file;
    for (let level = 0; level < 4; level++) {
      const nonce = String(level).repeat(16);
      plant({ pid: deadPid(), nonce }, { at: target });
      target = `${file}.break-${nonce}`;
    }
    await expectTakenAtOnce();
  });

  it.runIf(process.platform === 'linux')('that is a zombie which nobody will ever wait for', async () => {
    // The shell becomes a program that knows nothing of the child it has.
    const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 10'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = Number(
        await new Promise<string>((resolve) => parent.stdout.once('data', (bytes) => resolve(String(bytes)))),
      );
      await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z '));
      expect(process.kill(pid, 0)).toBe(true);
      plant({ pid, started: null });
      await expectTakenAtOnce();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('is not one whose process merely belongs to somebody else', async () => {
    plant({ pid: 1, started: null });
    expect(await createMachineLock(file).tryAcquire()).toBeNull();
  });
});

describe('a foreign owner', () => {
  it('is given up 10 s after its last refresh, and only when watched not to refresh for some seconds', async () => {
    plant(foreign, { ageMs: 60_000 });
    const timing = virtualTiming();
    const held = await createMachineLock(file, { timing }).acquire({ timeoutMs: 30_000 });
    expect(timing.elapsed).toBeGreaterThan(4_500);
    expect(timing.elapsed).toBeLessThan(4_600);
    await held.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never given up while it refreshes, however old its file looks (a clock that jumped)', async () => {
    plant(foreign, { ageMs: 3_600_000 });
    let tick = 0;
    const timing = virtualTiming(() => age(file, 3_600_000 - tick++));
    await expect(createMachineLock(file, { timing }).acquire({ timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'store-busy',
    });
  });

  it('is given up after a while though its file is from the future', async () => {
    plant(foreign, { ageMs: -3_600_000 });
    const timing = virtualTiming();
    await (await createMachineLock(file, { timing }).acquire({ timeoutMs: 30_000 })).release();
    expect(timing.elapsed).toBeGreaterThan(14_500);
  });

  it('is one of another boot that was seen since we came up: another machine of our name', async () => {
    plant({ boot: 'another', pid: deadPid() });
    expect(await createMachineLock(file).tryAcquire()).toBeNull();
    plant({ boot: 'another', host: 'elsewhere/', pid: 1 }, { ageMs: os.uptime() * 1000 + 5_000 });
    expect(await createMachineLock(file).tryAcquire()).toBeNull();
  });

  it('that died while breaking is given up as well', async () => {
    plant({ pid: deadPid() });
    plant({ ...foreign, nonce: 'f'.repeat(16) }, { at: `${file}.break-${NONCE}`, ageMs: 60_000 });
    const timing = virtualTiming();
    await (await createMachineLock(file, { timing }).acquire({ timeoutMs: 30_000 })).release();
    expect(timing.elapsed).toBeGreaterThan(4_500);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('what crashes leave beside the lock', () => {
  it('is swept when a stale lock is broken, unless it still matters', () => {
    const name = (id: string) => `${file}.break-${id}`;
    plant({ nonce: 'a'.repeat(16) });
    plant({ pid: deadPid() }, { at: name('a'.repeat(16)) }); // for breaking what is there now
    plant({ pid: deadPid() }, { at: name('b'.repeat(16)) });
    plant({}, { at: name('c'.repeat(16)) });
    plant(foreign, { at: name('d'.repeat(16)) });
    plant(foreign, { at: name('e'.repeat(16)), ageMs: 7_200_000 });
    plant({}, { at: `${file}.tmp-1-000000000000`, ageMs: 120_000 });
    plant({}, { at: `${file}.tmp-1-000000000001` });
    sweepRemains(file);
    const left = [
      '',
      `.break-${'a'.repeat(16)}`,
      `.break-${'c'.repeat(16)}`,
      `.break-${'d'.repeat(16)}`,
      '.tmp-1-000000000001',
    ];
    expect(readdirSync(folder).sort()).toEqual(left.map((suffix) => `store.lock${suffix}`));
  });
});

describe('lock files', () => {
  it.each(['', '{', 'null', '[]', '{"nonce":"../../x"}', '{"nonce":"00112233445566ff"}'])(
    'with the content %j have no owner',
    (text) => {
      writeFileSync(file, text);
      expect(lookAtLock(file)).toMatchObject({ owner: null, id: expect.stringMatching(/^unreadable-\d+-\d+$/) });
    },
  );

  it('with a swept temporary file are not taken', () => {
    expect(linkExclusively(path.join(folder, 'gone'), file, 0)).toBe('exists');
    expect(existsSync(file)).toBe(false);
  });
});

describe('judgeLiveness', () => {
  it('knows the own process', () => {
    expect(judgeLiveness(ownIdentity(), Date.now())).toBe('alive');
  });
});
