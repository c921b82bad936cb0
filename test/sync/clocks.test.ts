/**
 * Clocks that are wrong by an hour or a year, and clocks that jump. They make takeovers unfair at worst: nobody works with an
 * outdated token, nothing is held twice. Where the upstream tells the time, not even that.
 */
import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/core/records.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { parseTrailers } from '../../src/sync/commit-message.ts';
import { type Head, loadHead } from '../../src/sync/head.ts';
import type { Clock } from '../../src/sync/ports.ts';
import { beginBoard, type MemoryClient, memoryClient } from '../support/memory-client.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const year = 365 * 24 * hour;
const offsets = [0, 0, hour, -hour, year, -year];
const resources = ['deploy', 'path:src/**', 'path:src/core/*.ts'];

type Random = () => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** True time, and machines whose clocks are off by so much. */
class Times {
  true = Date.parse('2026-01-01T00:00:00.000Z');
  readonly off = new Map<string, number>();

  clockOf(name: string): Clock {
    const start = this.true;
    return {
      now: () => this.true + (this.off.get(name) ?? 0),
      monotonic: () => this.true - start,
      sleep: async (ms) => {
        this.true += ms;
      },
    };
  }
}

interface Held {
  readonly task?: string;
  readonly resource?: string;
  readonly token: number;
}

/** Who decided what on which clock, by operation id. */
type Offsets = Map<string, number>;

interface Finished {
  readonly upstream: MemoryUpstream;
  readonly reader: MemoryClient;
  /** By version: how far off the clock was of the machine that published it. */
  readonly offs: Offsets;
  readonly refused: Map<string, number>;
}

async function playThrough(seed: number, tellsTime: boolean): Promise<Finished> {
  const random = randomFrom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const times = new Times();
  const upstream = new MemoryUpstream();
  const names = ['ada', 'bob', 'cyd', 'dee'];
  const clients = names.map((name) =>
    memoryClient({
      name,
      upstream,
      clock: times.clockOf(name),
      sharesClock: false,
      ...(tellsTime ? { upstreamClock: () => times.true } : {}),
    }),
  );
  for (const [index, name] of names.entries()) times.off.set(name, index === 0 ? 0 : pick(offsets));
  await beginBoard(clients[0] as MemoryClient);
  for (let count = 0; count < 6; count++)
    await clients[0]?.ask('task.add', { workstream: 'w', title: `Task ${count}` });

  const held = new Map(names.map((name) => [name, [] as Held[]]));
  const offs: Offsets = new Map();
  const refused = new Map<string, number>();
  const act = async (index: number): Promise<void> => {
    const [client, name] = [clients[index] as MemoryClient, names[index] as string];
    const mine = held.get(name) as Held[];
    const old = mine.length > 0 ? pick(mine) : undefined;
    const { kind, args } = request(random, pick, old);
    const answer = await client.ask(kind, args);
    const { outcome } = answer;
    if (outcome.outcome === 'refused') refused.set(outcome.code, (refused.get(outcome.code) ?? 0) + 1);
    if (outcome.outcome !== 'accepted') return;
    expect(answer.published).toBe(true);
    offs.set(answer.operation.id, times.off.get(name) ?? 0);
    const { result, version } = outcome;
    // What is given up stays in the pocket now and then: a token that is outdated.
    if (old !== undefined && /complete|fail|release/.test(kind) && random() < 0.5) mine.splice(mine.indexOf(old), 1);
    if (/next|claim/.test(kind) && 'task' in result) mine.push({ task: result.task, token: version });
    if (kind === 'lock.acquire' && 'lock' in result) mine.push({ resource: result.lock, token: version });
  };
  for (let step = 0; step < 120; step++) {
    const first = Math.floor(random() * 4);
    if (random() < 0.3) await Promise.all([act(first), act((first + 1) % 4)]);
    else await act(first);
    if (random() < 0.3) times.true += random() * 20 * minute;
    if (random() < 0.1) times.off.set(pick(names), pick(offsets) + Math.round((random() - 0.5) * 8 * second));
  }
  return { upstream, reader: clients[0] as MemoryClient, offs, refused };
}

function request(random: Random, pick: <Item>(items: readonly Item[]) => Item, old: Held | undefined) {
  const lease = { lease_ms: Math.round(1 * minute + random() * 20 * minute) };
  if (old?.task !== undefined && random() < 0.6) {
    const kind = pick(['task.complete', 'task.renew', 'task.fail', 'task.release']);
    return { kind, args: { id: old.task, token: old.token } };
  }
  if (old?.resource !== undefined && random() < 0.6) {
    const kind = pick(['lock.renew', 'lock.release']);
    return { kind, args: { resource: old.resource, token: old.token } };
  }
  const kind = pick(['task.next', 'task.next', 'lock.acquire', 'task.add']);
  if (kind === 'task.add') return { kind, args: { workstream: 'w', title: 'More' } };
  if (kind === 'task.next') return { kind, args: { workstream: 'w', ...lease } };
  return { kind, args: { resource: pick(resources), ttl_ms: lease.lease_ms } };
}

interface Step {
  readonly id: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly before: Head;
  readonly after: Head;
}

/** The published line, oldest first. */
async function stepsOf({ upstream, reader }: Finished): Promise<Step[]> {
  const { store, session } = reader;
  await session.view.fetch({ timeoutMs: 1000 });
  const line: { readonly commit: Oid; readonly message: string }[] = [];
  for (let commit: Oid | undefined = upstream.head ?? undefined; commit !== undefined; ) {
    const bytes: Uint8Array | undefined = (await store.readObjects([commit])).get(commit)?.bytes;
    const { parents, message } = decodeCommit(bytes as Uint8Array);
    line.unshift({ commit, message });
    commit = parents[0];
  }
  const steps: Step[] = [];
  let before = await loadHead(store, line[0]?.commit as Oid, null);
  for (const { commit, message } of line.slice(1)) {
    const op = parseTrailers(message)?.op;
    if (op === undefined) throw new Error(`no operation: ${message}`);
    const after = await loadHead(store, commit, before);
    steps.push({ ...op, before, after });
    before = after;
  }
  return steps;
}

function openTask({ read }: Head, id: unknown): Task | undefined {
  return [...read.board.openTasks()].find((task) => task.id === id);
}

/** What holds whatever the clocks say. */
function checkTokens({ kind, agent, args, before, after }: Step): void {
  const { board } = before.read;
  if (args.token !== undefined && args.id !== undefined) {
    const task = openTask(before, args.id);
    expect({ kind, token: task?.claim?.token, agent: task?.assigned_to }).toEqual({ kind, token: args.token, agent });
  }
  if (args.token !== undefined && typeof args.resource === 'string') {
    const hold = board.locks.get(args.resource)?.holders.find((each) => each.token === args.token);
    expect(hold?.agent).toBe(agent);
  }
  for (const lock of after.read.board.locks.loaded()) expect(lock.holders).toHaveLength(1);
  // Somebody else's claim is only ever replaced by a claim that says so, after its time on the deciding clock.
  for (const now of after.read.board.openTasks()) {
    const was = openTask(before, now.id);
    if (was?.claim == null || now.claim === null || was.claim.id === now.claim.id) continue;
    expect(now.claim.token).toBeGreaterThan(was.claim.token);
    expect(Date.parse(was.claim.lease_until)).toBeLessThan(Date.parse(now.claim.claimed_at));
  }
}

/** Tasks and locks that passed from one agent to another because the first one's time was up. */
function takenOver({ before, after }: Step): number {
  let count = 0;
  for (const task of before.read.board.openTasks()) {
    const now = openTask(after, task.id);
    const isReplaced = now?.claim != null && now.claim.id !== task.claim?.id;
    if (task.claim !== null && isReplaced) count++;
  }
  return count;
}

function swept({ args, before, after }: Step): number {
  const left = new Set([...after.read.board.locks.loaded()].flatMap(({ holders }) => holders.map(({ id }) => id)));
  return [...before.read.board.locks.loaded()]
    .flatMap(({ resource, holders }) => holders.map(({ id, token }) => ({ id, token, resource })))
    .filter(({ id, token, resource }) => !left.has(id) && !(resource === args.resource && token === args.token)).length;
}

const seeds = Array.from({ length: 8 }, (_, index) => index + 1);

describe.each([true, false])('the upstream tells the time: %s', (tellsTime) => {
  const met = { takeovers: 0, outdated: 0, refusedByClock: 0 };

  test.each(seeds)('no outdated token is accepted and nothing is held twice (seed %i)', async (seed) => {
    const finished = await playThrough(seed, tellsTime);
    for (const step of await stepsOf(finished)) {
      checkTokens(step);
      const count = takenOver(step) + swept(step);
      met.takeovers += count;
      const off = Math.abs(finished.offs.get(step.id) ?? 0);
      if (tellsTime && count > 0) expect(off).toBeLessThanOrEqual(5 * second + 500);
    }
    met.outdated += finished.refused.get('stale-token') ?? 0;
    met.refusedByClock += finished.refused.get('clock-off') ?? 0;
  });

  test('in these worlds time ran out, outdated tokens were tried, and clocks were too far off', () => {
    expect(met.takeovers).toBeGreaterThan(10);
    expect(met.outdated).toBeGreaterThan(10);
    expect(met.refusedByClock > 10).toBe(tellsTime);
  });
});

test('a clock that is an hour off refuses to take over, by name and by next, and does everything else', async () => {
  const times = new Times();
  const upstream = new MemoryUpstream();
  const upstreamClock = () => times.true;
  const [ada, bob] = ['ada', 'bob'].map((name) =>
    memoryClient({ name, upstream, clock: times.clockOf(name), upstreamClock }),
  ) as [MemoryClient, MemoryClient];
  await beginBoard(ada);
  await ada.ask('task.add', { workstream: 'w', title: 'One' });
  const held = await ada.ask('task.next', { workstream: 'w' });
  await ada.ask('lock.acquire', { resource: 'deploy', ttl_ms: 10 * minute });
  times.true += 15 * minute;
  times.off.set('bob', hour);
  const id = (held.outcome as { result: { task: string } }).result.task;
  for (const [kind, args] of [
    ['task.claim', { id }],
    ['task.next', { workstream: 'w' }],
    ['lock.acquire', { resource: 'deploy' }],
  ] as const) {
    const answer = await bob.ask(kind, args);
    expect({ kind, ...answer }).toMatchObject({
      kind,
      published: null,
      outcome: { outcome: 'refused', code: 'clock-off' },
    });
  }
  expect((await bob.ask('task.add', { workstream: 'w', title: 'Two' })).published).toBe(true);
  expect((await bob.ask('task.next', { workstream: 'w' })).published).toBe(true);
  expect((await bob.ask('lock.acquire', { resource: 'other' })).published).toBe(true);
  const { board } = (await bob.session.view.head()).read;
  expect(board.locks.get('deploy')?.holders[0]?.agent).toBe('ada');
  // Set right, it may: the lock's time is up, the lease is not.
  times.off.set('bob', 0);
  expect((await bob.ask('lock.acquire', { resource: 'deploy' })).published).toBe(true);
  expect((await bob.ask('task.claim', { id })).outcome).toMatchObject({ code: 'already-claimed' });
});

test('out of reach, the last word on the clock counts; on return it is asked anew', async () => {
  const times = new Times();
  const upstream = new MemoryUpstream();
  let isDown = false;
  const options = { upstream, upstreamClock: () => times.true };
  const ada = memoryClient({ ...options, name: 'ada', clock: times.clockOf('ada') });
  const bob = memoryClient({
    ...options,
    name: 'bob',
    clock: times.clockOf('bob'),
    intercept: async () => (isDown ? { outcome: 'unreachable' } : undefined),
  });
  await beginBoard(ada);
  await ada.ask('task.add', { workstream: 'w', title: 'One' });
  await ada.ask('task.next', { workstream: 'w' });
  await bob.session.sync({ timeoutMs: 1000 });
  times.true += hour;
  isDown = true;
  const answer = await bob.ask('task.next', { workstream: 'w' });
  expect(answer).toMatchObject({ published: false, state: 'queued', outcome: { outcome: 'accepted' } });
  times.off.set('bob', hour);
  isDown = false;
  expect(await bob.session.sync({ timeoutMs: 1000 })).toMatchObject({ published: 0, rejected: 1 });
  expect((await bob.queue.listRejected())[0]?.refusal.code).toBe('clock-off');
});
