/** How fair waiting for a lock is: measured over virtual time, with the pace alone and with real clients over git in memory. */
import { describe, expect, it, test } from 'vitest';
import { courtesyMs, LockPace } from '../../src/app/lock-pace.ts';
import { acquireWaiting } from '../../src/app/wait-for-lock.ts';
import { OrcError } from '../../src/errors.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Clock } from '../../src/sync/ports.ts';
import { createRandom } from '../simulation/random.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { beginBoard, memoryClient } from '../support/memory-client.ts';

const second = 1000;
const minute = 60 * second;

describe('the pace', () => {
  it('is three seconds at first, give or take, and grows with the time that one hold lasts, up to ten seconds', () => {
    const pace = new LockPace();
    const held = { hold: 1, untilFreeMs: 3600 * second };
    expect(pace.next(held, 0, 0)).toBe(1500);
    expect(pace.next(held, 10 * second, 0.999)).toBeCloseTo(3000, -1);
    expect(pace.next(held, 30 * second, 0)).toBe(3000);
    expect(pace.next(held, 3000 * second, 0)).toBe(5000);
  });

  it('is quicker each time that the lock went to another hold, down to a quarter of a second', () => {
    const pace = new LockPace();
    const pauses = Array.from({ length: 14 }, (_, hold) => pace.next({ hold, untilFreeMs: 600 * second }, hold, 0));
    for (const [index, pause] of pauses.entries()) expect(pause).toBeCloseTo(Math.max(1500 / 1.3 ** index, 125), 5);
  });

  it('does not sleep through the end of a hold: the eager come first', () => {
    const pace = new LockPace();
    expect(pace.next({ hold: 1, untilFreeMs: 100 }, 0, 0)).toBe(100);
    expect(pace.next({ hold: 1, untilFreeMs: 100 }, 0, 0.9)).toBe(550);
    expect(pace.next({ hold: 2, untilFreeMs: 100 }, 0, 0.9)).toBe(325);
    // Over by this clock, and refused all the same: whose clock is right does not matter, it asks at its pace.
    expect(pace.next({ hold: 3, untilFreeMs: -3600 * second }, 0, 0.9)).toBeGreaterThan(500);
    expect(pace.next({ hold: 3, untilFreeMs: Number.NaN }, 0, 0.9)).toBeGreaterThan(500);
  });
});

interface Play {
  readonly workers: number;
  readonly turns: number;
  /** Between letting go and wanting it again, ms. */
  readonly thinkMs: number;
  readonly holdMs: number;
  readonly ttlMs: number;
}

/** Workers that want one lock again and again, each way to it and back taking 25 to 75 ms. */
async function play(seed: number, { workers, turns, thinkMs, holdMs, ttlMs }: Play) {
  const time = new VirtualTime();
  const random = createRandom(seed);
  const trip = () => time.sleep(random.between(25, 75));
  const served: number[] = [];
  const lost: number[] = [];
  let asked = 0;
  let lock: { by: number; until: number } | null = null;
  const worker = async (name: number): Promise<void> => {
    const chance = random.fork();
    await time.sleep(chance.below(200));
    for (let round = 0; served.length < turns; round++) {
      const pace = new LockPace();
      if (round > 0) await time.sleep(Math.max(thinkMs, courtesyMs));
      const before = served.length;
      for (;;) {
        asked++;
        await trip();
        if (lock === null || lock.until <= time.now) break;
        const held = { hold: served.length, untilFreeMs: lock.until - time.now };
        await trip();
        await time.sleep(pace.next(held, time.now, chance.fraction()));
      }
      lost.push(served.length - before);
      served.push(name);
      lock = { by: name, until: time.now + ttlMs };
      await time.sleep(holdMs * (0.7 + 0.6 * chance.fraction()));
      if (lock?.by === name) lock = null;
    }
  };
  for (let name = 0; name < workers; name++) void worker(name);
  await time.run(() => served.length >= turns, 200_000);
  const counts = Array.from({ length: workers }, (_, name) => served.filter((each) => each === name).length);
  return { mostLost: Math.max(...lost), counts, asksPerSecond: (asked * second) / time.now };
}

describe('of eight who want a lock again and again', () => {
  it.each([
    ['for a moment', { thinkMs: 0, holdMs: 600, ttlMs: minute }],
    ['for some seconds', { thinkMs: 0, holdMs: 4 * second, ttlMs: minute }],
    ['for a minute', { thinkMs: 0, holdMs: minute, ttlMs: 90 * second }],
    ['with a pause in between', { thinkMs: 5 * second, holdMs: 3 * second, ttlMs: minute }],
    ['without ever letting go', { thinkMs: 0, holdMs: 30 * second, ttlMs: 20 * second }],
  ])('nobody sees it go to others for more than four rounds: %s', async (_, play_) => {
    for (const seed of [1, 2, 3]) {
      const { mostLost, counts, asksPerSecond } = await play(seed, {
        workers: 8,
        turns: play_.holdMs > 10 * second ? 80 : 160,
        ...play_,
      });
      expect(mostLost).toBeLessThanOrEqual(32);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(play_.holdMs > 10 * second ? 6 : 12);
      expect(asksPerSecond).toBeLessThan(12);
    }
  });
});

it('of two, one that wants it again at once does not keep the other out', async () => {
  const all = { workers: 2, turns: 120, thinkMs: 0, holdMs: 4 * second, ttlMs: minute };
  for (const seed of [1, 2, 3, 4]) expect((await play(seed, all)).mostLost).toBeLessThanOrEqual(8);
});

/** Eight clients of one upstream, each with a store of its own, and a network that takes 10 to 50 ms for each call. */
function eightClients() {
  const time = new VirtualTime();
  const start = Date.parse('2026-01-01T00:00:00.000Z');
  const clock: Clock = {
    now: () => start + time.now,
    monotonic: () => time.now,
    sleep: (ms) => time.sleep(ms),
  };
  const upstream = new MemoryUpstream();
  const clients = Array.from({ length: 8 }, (_, index) => {
    const random = createRandom(index);
    const name = `agent-${index}`;
    const intercept = async (): Promise<undefined> => void (await time.sleep(random.between(10, 50)));
    const client = memoryClient({ name, upstream, clock, intercept });
    const world = { clock, chance: { id: () => '', fraction: () => random.fraction() } };
    return { name, client, world };
  });
  /** As the API asks: a refusal is thrown. */
  const acquire = async ({ client }: (typeof clients)[number], args: Record<string, unknown>): Promise<void> => {
    const { outcome } = await client.ask('lock.acquire', args);
    if (outcome.outcome !== 'refused') return;
    throw new OrcError(outcome.code, outcome.message, { details: outcome.details ?? {} });
  };
  return { time, clock, clients, acquire };
}

async function runAll(time: VirtualTime, work: readonly Promise<void>[]): Promise<void> {
  let isDone = false;
  const all = Promise.all(work).finally(() => {
    isDone = true;
  });
  expect(await time.run(() => isDone, 500_000)).toBe('done');
  await all;
}

test('eight clients that wait for the lock of a ninth all get it, one after the other, in little more than their holds take', async () => {
  const { time, clients, acquire } = eightClients();
  const order: string[] = [];
  let holder: string | null = null;
  const args = { resource: 'deploy', ttl_ms: 10 * minute };
  const holdMs = 2 * second;
  let begun = Number.POSITIVE_INFINITY;
  const waiting = clients.map(async (each, index) => {
    await time.sleep(index * 300 + 1000);
    await acquireWaiting(each.world, { waitMs: 5 * minute }, () => acquire(each, args));
    expect(holder).toBeNull();
    holder = each.name;
    order.push(each.name);
    await time.sleep(holdMs);
    holder = null;
    const token = await tokenOf(each.client);
    await each.client.ask('lock.release', { resource: 'deploy', token });
  });
  const first = (async () => {
    const [{ client }] = clients as [(typeof clients)[number]];
    await beginBoard(client);
    const { outcome } = await client.ask('lock.acquire', args, 'the ninth');
    expect(outcome.outcome).toBe('accepted');
    await time.sleep(6 * second);
    const token = await tokenOf(client);
    begun = time.now;
    await client.ask('lock.release', { resource: 'deploy', token }, 'the ninth');
  })();
  await runAll(time, [first, ...waiting]);
  expect([...order].sort()).toEqual(clients.map(({ name }) => name));
  expect(time.now - begun).toBeLessThan(8 * (holdMs + 2 * second));
});

test('eight clients whose holds simply run out get their turns, and nobody who waits misses three rounds', async () => {
  const { time, clients, acquire } = eightClients();
  const served: string[] = [];
  const turns = 16;
  const missed: number[] = [];
  await runAll(time, [beginBoard((clients[0] as (typeof clients)[number]).client)]);
  await runAll(
    time,
    clients.map(async (each) => {
      while (served.length < turns) {
        const before = served.length;
        const args = { resource: 'deploy', ttl_ms: 5 * second };
        await acquireWaiting(each.world, { waitMs: 10 * minute }, () => acquire(each, args));
        missed.push(served.length - before);
        served.push(each.name);
        await time.sleep(8 * second);
      }
    }),
  );
  expect(new Set(served).size).toBe(8);
  expect(Math.max(...missed)).toBeLessThanOrEqual(24);
});

async function tokenOf({ session }: { readonly session: ReturnType<typeof memoryClient>['session'] }): Promise<number> {
  const { board } = (await session.view.head()).read;
  return board.locks.get('deploy')?.holders[0]?.token ?? 0;
}

describe('waiting', () => {
  const start = Date.parse('2026-01-01T00:00:00.000Z');
  const worldAt = () => {
    let passed = 0;
    const pauses: number[] = [];
    const clock: Clock = {
      now: () => start + passed,
      monotonic: () => passed,
      sleep: async (ms) => {
        pauses.push(ms);
        passed += ms;
      },
    };
    return { clock, chance: { id: () => '', fraction: () => 0.5 }, pauses };
  };
  const held = (untilMs: number) =>
    new OrcError('lock-held', 'held', {
      details: { by: 'ada', free_from: new Date(start + untilMs).toISOString(), acquired_version: 7 },
    });

  it('asks once when there is no time for more, and tells why it was refused', async () => {
    const world = worldAt();
    await expect(acquireWaiting(world, { waitMs: 0 }, () => Promise.reject(held(minute)))).rejects.toMatchObject({
      code: 'lock-held',
    });
    expect(world.pauses).toEqual([]);
  });

  it('asks a last time when the time is over', async () => {
    const world = worldAt();
    let asked = 0;
    const refuse = () => {
      asked++;
      return Promise.reject(held(minute));
    };
    await expect(acquireWaiting(world, { waitMs: 3 * second }, refuse)).rejects.toMatchObject({ code: 'lock-held' });
    expect(world.pauses.reduce((sum, each) => sum + each, 0)).toBe(3 * second);
    expect(asked).toBe(world.pauses.length + 1);
  });

  it('waits for locks, not for other troubles', async () => {
    for (const code of ['clock-off', 'not-published', 'invalid-argument', 'not-found'] as const) {
      const world = worldAt();
      const fail = () => Promise.reject(new OrcError(code, 'no'));
      await expect(acquireWaiting(world, { waitMs: minute }, fail)).rejects.toMatchObject({ code });
      expect(world.pauses).toEqual([]);
    }
  });

  it('ends when it is called off', async () => {
    const controller = new AbortController();
    const world = worldAt();
    let asked = 0;
    const refuse = () => {
      if (++asked === 2) controller.abort();
      return Promise.reject(held(minute));
    };
    const options = { waitMs: minute, signal: controller.signal };
    await expect(acquireWaiting(world, options, refuse)).rejects.toMatchObject({ code: 'lock-held' });
    expect(asked).toBe(2);
  });

  it('asks no more when it is called off between two questions: nobody is given what nobody wants', async () => {
    const controller = new AbortController();
    const { clock, ...world } = worldAt();
    const sleep = async (ms: number): Promise<void> => {
      controller.abort();
      await clock.sleep(ms);
    };
    let asked = 0;
    const acquire = async () => {
      if (++asked === 1) throw held(minute);
      return 'mine';
    };
    const calledOff = { ...world, clock: { ...clock, sleep } };
    const options = { waitMs: minute, signal: controller.signal };
    await expect(acquireWaiting(calledOff, options, acquire)).rejects.toMatchObject({ code: 'lock-held' });
    expect(asked).toBe(1);
    const early = acquireWaiting(calledOff, { ...options, courtesyMs: 700 }, acquire);
    await expect(early).rejects.toMatchObject({ code: 'not-published', details: { state: 'none' } });
    expect(asked).toBe(1);
  });

  it('leaves it to others first, when told so', async () => {
    const world = worldAt();
    expect(await acquireWaiting(world, { waitMs: minute, courtesyMs: 700 }, async () => 'mine')).toBe('mine');
    expect(world.pauses).toEqual([700]);
  });
});
