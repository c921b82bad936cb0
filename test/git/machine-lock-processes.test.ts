import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeOwner } from '../../src/git/lock-file.ts';
import { createMachineLock } from '../../src/git/machine-lock.ts';
import { bundleScript } from '../support/bundle.ts';

let folder: string;
let workers: Set<ChildProcess>;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'orc-lock-processes-'));
  workers = new Set();
});
afterEach(() => {
  for (const worker of workers) worker.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface WorkerReport {
  readonly code: number | null;
  readonly output: string;
}

function startWorker(script: string, args: readonly string[]): Promise<WorkerReport> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const worker = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  workers.add(worker);
  let output = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (bytes) => (output += String(bytes)));
  return new Promise((resolve) =>
    worker.on('close', (code) => {
      workers.delete(worker);
      resolve({ code, output });
    }),
  );
}

describe('processes under one lock', () => {
  it('count without a gap or a double while holders and breakers are killed at every moment', {
    timeout: 60_000,
  }, async () => {
    // Each worker reads the last number under the lock, dawdles, and appends the next one. Two holders at once would
    // append the same number. `done` is written after the release was reported.
    const script = bundleScript(
      'counter',
      `import { appendFileSync, existsSync, readFileSync } from 'node:fs';
       import { setTimeout as sleep } from 'node:timers/promises';
       import { createMachineLock } from './src/git/machine-lock.ts';
       const [folder] = process.argv.slice(2);
       const risk = () => { if (Math.random() < 1 / 60) process.kill(process.pid, 'SIGKILL'); };
       const lock = createMachineLock(folder + '/store.lock', { onMoment: (moment) => {
         // Breaking is rare, and the interesting part.
         if (/breaking|checked|broken/.test(moment) && Math.random() < 1 / 4) process.kill(process.pid, 'SIGKILL');
         risk();
       } });
       while (!existsSync(folder + '/stop')) {
         const held = await lock.acquire({ timeoutMs: 20_000 });
         const last = Number(readFileSync(folder + '/counter', 'utf8').trimEnd().split('\\n').at(-1));
         risk();
         if (Math.random() < 0.5) await sleep(Math.random() * 2);
         appendFileSync(folder + '/counter', String(last + 1) + '\\n');
         risk();
         await held.release();
         appendFileSync(folder + '/done', String(last + 1) + '\\n');
       }`,
      folder,
    );
    writeFileSync(path.join(folder, 'counter'), '0\n');
    writeFileSync(path.join(folder, 'done'), '');
    const read = (name: string) => readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n').map(Number);
    // By what was done, not by the clock: a slow machine takes longer.
    const enough = { kills: 60, counted: 150 };
    let kills = 0;
    const isEnough = (): boolean => kills >= enough.kills && read('counter').length > enough.counted;
    const keepOneRunning = async (): Promise<void> => {
      while (!isEnough()) {
        const { code, output } = await startWorker(script, [folder]);
        expect(output).toBe('');
        if (code === null) kills++;
      }
    };
    // Kills from outside hit between the moments, inside of system calls too.
    const sniper = setInterval(() => {
      const victims = [...workers];
      victims[Math.floor(Math.random() * victims.length)]?.kill('SIGKILL');
    }, 150);
    const stopper = setInterval(() => {
      if (isEnough()) writeFileSync(path.join(folder, 'stop'), '');
    }, 50);
    await Promise.all(Array.from({ length: 6 }, keepOneRunning)).finally(() => {
      clearInterval(sniper);
      clearInterval(stopper);
    });

    const counted = read('counter');
    expect(counted).toEqual(counted.map((_, index) => index));
    const done = read('done');
    expect(new Set(done).size).toBe(done.length);
    expect(counted.length - 1).toBeGreaterThanOrEqual(done.length);
    expect(counted.length - 1 - done.length).toBeLessThanOrEqual(kills);
    expect(kills).toBeGreaterThan(20);
    expect(counted.length).toBeGreaterThan(100);

    // Whatever the last one left, the next comer gets the lock at once, and one more broken lock clears the rest.
    await (await createMachineLock(path.join(folder, 'store.lock')).acquire({ timeoutMs: 2_000 })).release();
    const remains = readdirSync(folder).filter((name) => name.startsWith('store.lock'));
    expect(remains.length).toBeLessThan(kills);
  });

  it('of many waiters on one stale lock exactly one gets it at a time', { timeout: 60_000 }, async () => {
    const rounds = 40;
    const script = bundleScript(
      'breakers',
      `import { closeSync, openSync, unlinkSync } from 'node:fs';
       import { createMachineLock } from './src/git/machine-lock.ts';
       const [folder, start] = process.argv.slice(2);
       while (Date.now() < Number(start)); // all at once
       for (let round = 0; round < ${rounds}; round++) {
         const onMoment = (moment) => {
           // Between the second look and the unlink: long enough for the others to try the same.
           if (moment !== 'checked') return;
           for (const end = performance.now() + Math.random() * 6; performance.now() < end; );
         };
         const held = await createMachineLock(folder + '/lock-' + round, { onMoment }).acquire({ timeoutMs: 20_000 });
         const inside = folder + '/inside-' + round;
         closeSync(openSync(inside, 'wx')); // throws when somebody else is inside
         if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 1));
         unlinkSync(inside);
         await held.release();
       }
       console.log('all');`,
      folder,
    );
    const pid = spawnSync(process.execPath, ['-e', '0']).pid;
    const plant = (name: string, nonce: string) =>
      writeFileSync(path.join(folder, name), JSON.stringify({ ...JSON.parse(describeOwner(nonce)), pid }));
    for (let round = 0; round < rounds; round++) {
      const nonce = round.toString(16).padStart(16, '0');
      plant(`lock-${round}`, nonce);
      if (round % 2 === 0) plant(`lock-${round}.break-${nonce}`, 'f'.repeat(16)); // whose first breaker died
    }
    const start = String(Date.now() + 600);
    const reports = await Promise.all(Array.from({ length: 8 }, () => startWorker(script, [folder, start])));
    expect(reports).toEqual(reports.map(() => ({ code: 0, output: 'all\n' })));
    expect(readdirSync(folder).filter((name) => /lock-|inside-/.test(name))).toEqual([]);
  });
});
