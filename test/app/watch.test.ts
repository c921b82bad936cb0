import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WatchNotice } from '../../src/app/follow.ts';
import { readEvents } from '../../src/app/reading.ts';
import { type WatchOptions, watchEvents } from '../../src/app/watch.ts';
import type { BoardEvent } from '../../src/core/records.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { createRandom } from '../simulation/random.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { beginBoard, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { clockOf, watchPorts } from '../support/watching.ts';

const hour = 3_600_000;

/** A board with one author, and a reader elsewhere who has not seen it yet. */
async function makeBoard() {
  const time = new VirtualTime();
  const clock = clockOf(time);
  const upstream = new MemoryUpstream();
  const author = memoryClient({ name: 'author', upstream, clock });
  await beginBoard(author);
  let cut = '';
  const reader = memoryClient({
    name: 'reader',
    upstream,
    clock,
    intercept: async () => (cut === '' ? undefined : { outcome: 'unreachable', reason: cut }),
  });
  await reader.session.sync({ timeoutMs: 1000 });
  await pass(time, 10);
  return { time, upstream, author, reader, setCut: (reason: string) => (cut = reason) };
}

/** Collects what is seen until it ends; `error` then says why, if it failed. */
function collect(client: MemoryClient, time: VirtualTime, options: WatchOptions = {}) {
  const notices: WatchNotice[] = [];
  const stream = watchEvents(watchPorts(client, time), { onNotice: (notice) => notices.push(notice), ...options });
  const seen: BoardEvent[] = [];
  const state: { isOver: boolean; error: unknown } = { isOver: false, error: null };
  const finish = (error: unknown): void => {
    state.isOver = true;
    state.error = error;
  };
  const whole = (async () => {
    for await (const event of stream) seen.push(event);
  })().then(() => finish(null), finish);
  return { seen, notices, stream, state, whole };
}

async function pass(time: VirtualTime, ms: number): Promise<void> {
  const end = time.now + ms;
  let isOver = false;
  time.at(end, () => {
    isOver = true;
  });
  await time.run(() => isOver, 1_000_000);
}

async function logOf(client: MemoryClient): Promise<BoardEvent[]> {
  return readEvents(client.store, await client.session.view.head(), {});
}

const actions = (events: readonly BoardEvent[]): string[] => events.map(({ action }) => action);

describe('watching', () => {
  test('gives what comes after the call, within a second or so when something happens', async () => {
    const { time, author, reader } = await makeBoard();
    const { seen, stream } = collect(reader, time);
    await author.ask('task.add', { workstream: 'w', title: 'One' });
    await pass(time, 2_000);
    expect(actions(seen)).toEqual(['task_created']);
    await author.ask('event.log', { action: 'deployed' });
    await pass(time, 2_000);
    expect(actions(seen)).toEqual(['task_created', 'deployed']);
    await stream.return();
  });

  test('begins where it is told: after an event, or after a board version', async () => {
    const { time, author, reader } = await makeBoard();
    await author.ask('event.log', { action: 'a' });
    await author.ask('event.log', { action: 'b' });
    const all = collect(reader, time, { after: 0 });
    const afterEvent = collect(reader, time, { after: 3 });
    const afterVersion = collect(reader, time, { afterVersion: 3 });
    await pass(time, 3_000);
    expect(actions(all.seen)).toEqual(['board_created', 'workstream_created', 'a', 'b']);
    expect(all.seen.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(actions(afterEvent.seen)).toEqual(['b']);
    expect(actions(afterVersion.seen)).toEqual(['b']);
  });

  test('filters as getEvents does', async () => {
    const { time, author, reader } = await makeBoard();
    const { seen } = collect(reader, time, { agent: 'agent-2', action: 'deployed' });
    await author.ask('event.log', { action: 'deployed' }, 'agent-1');
    await author.ask('event.log', { action: 'measured' }, 'agent-2');
    await author.ask('event.log', { action: 'deployed' }, 'agent-2');
    await pass(time, 3_000);
    expect(seen).toMatchObject([{ agent: 'agent-2', action: 'deployed' }]);
  });

  test('leaves out what is tentative, until it is published', async () => {
    const { time, reader, setCut } = await makeBoard();
    const { seen } = collect(reader, time);
    setCut('no route');
    const asked = reader.ask('event.log', { action: 'queued' }, 'agent-1', { timeoutMs: 500 });
    await pass(time, 5_000);
    expect(await asked).toMatchObject({ published: false, state: 'queued' });
    expect((await readEvents(reader.store, await reader.session.localHead(), {})).at(-1)?.action).toBe('queued');
    expect(actions(seen)).toEqual([]);
    setCut('');
    await reader.session.sync({ timeoutMs: 1000 });
    await pass(time, 500);
    expect(actions(seen)).toEqual(['queued']);
  });

  test('sees what this store publishes without asking the upstream', async () => {
    const { time, reader, upstream } = await makeBoard();
    const { seen } = collect(reader, time);
    await pass(time, hour);
    let asked = 0;
    upstream.intercept = async (stage) => {
      if (stage === 'read-head') asked++;
      return undefined;
    };
    await reader.ask('event.log', { action: 'deployed' });
    await pass(time, 400);
    expect(actions(seen)).toEqual(['deployed']);
    expect(asked).toBe(0);
  });

  test('asks less and less often while nothing happens, and never fetches for nothing', async () => {
    const { time, reader, upstream } = await makeBoard();
    const stages: string[] = [];
    upstream.intercept = async (stage) => {
      stages.push(stage);
      return undefined;
    };
    collect(reader, time);
    await pass(time, hour);
    expect(new Set(stages)).toEqual(new Set(['read-head']));
    expect(stages.length).toBeGreaterThan(100);
    expect(stages.length).toBeLessThan(140);
  });

  test('tells once that the upstream is away, goes on, and misses nothing', async () => {
    const { time, author, reader, setCut } = await makeBoard();
    const { seen, notices } = collect(reader, time);
    setCut('no route to host');
    await pass(time, hour);
    await author.ask('event.log', { action: 'meanwhile' });
    setCut('');
    await pass(time, 60_000);
    expect(notices).toEqual([{ kind: 'unreachable', reason: 'no route to host' }, { kind: 'reachable' }]);
    expect(actions(seen)).toEqual(['meanwhile']);
  });

  test('ends with history-rewritten when the upstream was rewound and went another way', async () => {
    const { time, author, reader, upstream } = await makeBoard();
    const { state } = collect(reader, time);
    const before = upstream.head;
    await author.ask('event.log', { action: 'lost' });
    await pass(time, 2_000);
    upstream.moveHead(before);
    const other = memoryClient({ name: 'other', upstream, clock: clockOf(time) });
    await other.session.sync({ timeoutMs: 1000 });
    await other.ask('event.log', { action: 'instead' });
    await pass(time, 60_000);
    expect(state.error).toMatchObject({ code: 'history-rewritten' });
  });

  test('ends with history-rewritten when this store accepted another history in the meantime', async () => {
    const { time, author, reader, upstream } = await makeBoard();
    const before = upstream.head;
    const { state, seen } = collect(reader, time);
    await author.ask('event.log', { action: 'lost' });
    await pass(time, 2_000);
    expect(actions(seen)).toEqual(['lost']);
    upstream.moveHead(before);
    const other = memoryClient({ name: 'other', upstream, clock: clockOf(time) });
    await other.session.sync({ timeoutMs: 1000 });
    await other.ask('event.log', { action: 'instead' });
    await reader.session.view.acceptRewrite();
    await pass(time, 500);
    expect(state.error).toMatchObject({ code: 'history-rewritten', details: { after: 3 } });
    expect(actions(seen)).toEqual(['lost']);
  });

  test('a cursor beyond the log is refused as soon as the upstream has answered, not before', async () => {
    const { time, author, reader, setCut } = await makeBoard();
    await author.ask('event.log', { action: 'a' });
    const known = collect(reader, time, { after: 3 });
    setCut('away');
    const unknown = collect(reader, time, { after: 4 });
    await pass(time, 120_000);
    expect(unknown.state.isOver).toBe(false);
    setCut('');
    await pass(time, 120_000);
    expect(unknown.state.error).toMatchObject({ code: 'invalid-argument', details: { after: 4 } });
    expect(known.state).toEqual({ isOver: false, error: null });
  });

  test('ends at once by the signal, by return and by break, even while it waits', async () => {
    const { time, author, reader } = await makeBoard();
    const stop = new AbortController();
    const signalled = collect(reader, time, { signal: stop.signal });
    const returned = collect(reader, time);
    await pass(time, 60_000);
    stop.abort();
    await returned.stream.return();
    await signalled.whole;
    await returned.whole;
    expect([signalled.state, returned.state]).toEqual([
      { isOver: true, error: null },
      { isOver: true, error: null },
    ]);
    const broken = (async () => {
      for await (const event of watchEvents(watchPorts(reader, time))) return event.action;
      return null;
    })();
    await author.ask('event.log', { action: 'deployed' });
    await pass(time, 60_000);
    expect(await broken).toBe('deployed');
  });

  test('a signal that is aborted already ends it before anything is asked', async () => {
    const { time, reader } = await makeBoard();
    const { state, whole } = collect(reader, time, { signal: AbortSignal.abort(), after: 0 });
    await whole;
    expect(state).toEqual({ isOver: true, error: null });
  });

  test('says that a lease ran out, by its own steady clock alone', async () => {
    const { time, author, reader } = await makeBoard();
    const added = await author.ask('task.add', { workstream: 'w', title: 'Slow' });
    const { notices } = collect(reader, time);
    await author.ask('task.next', { workstream: 'w', lease_ms: 60_000 }, 'agent-1');
    await pass(time, 50_000);
    expect(notices).toEqual([]);
    await pass(time, 60_000);
    const id = added.outcome.outcome === 'accepted' && 'task' in added.outcome.result ? added.outcome.result.task : '';
    expect(notices).toMatchObject([{ kind: 'lease-over', overdue: { task: { id, assigned_to: 'agent-1' } } }]);
  });
});

/** Long enough that a segment is full after some twenty of them. */
const filler = 'x'.repeat(3_000);

async function actAtRandom(client: MemoryClient, random: ReturnType<typeof createRandom>): Promise<void> {
  const burst = random.fraction() < 0.2 ? 12 : 1;
  const asked = Array.from({ length: burst }, () => {
    const [kind, args] =
      random.fraction() < 0.7
        ? (['event.log', { action: 'said', data: { filler } }] as const)
        : (['task.add', { workstream: 'w', title: 'T' }] as const);
    return client.ask(kind, args);
  });
  await Promise.all(asked);
}

describe('whatever happens', () => {
  test('each event is seen once, in the order of the log', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const random = createRandom(seed);
        const time = new VirtualTime();
        const clock = clockOf(time);
        const upstream = new MemoryUpstream();
        const author = memoryClient({ name: 'author', upstream, clock });
        await beginBoard(author);
        for (let n = 0; n < 5; n++) await author.ask('event.log', { action: 'before' });
        let isFlaky = true;
        const flaky = async () =>
          isFlaky && random.fraction() < 0.4 ? ({ outcome: 'unreachable', reason: 'flaky' } as const) : undefined;
        const watchers = await Promise.all(
          ['whole', 'shallow', 'acting'].map(async (name) => {
            const client = memoryClient({ name, upstream, clock, ...(name === 'acting' ? {} : { intercept: flaky }) });
            const depth = name === 'shallow' ? { depth: 2 } : {};
            let joined = 'unreachable';
            while (joined === 'unreachable') joined = (await client.session.view.fetch(depth)).outcome;
            return { name, client, seen: [] as BoardEvent[], stream: null as ReturnType<typeof watchEvents> | null };
          }),
        );
        let failure: unknown = null;
        const watch = async (watcher: (typeof watchers)[number]): Promise<void> => {
          const after = watcher.seen.at(-1)?.n ?? 0;
          watcher.stream = watchEvents(
            watchPorts(watcher.client, time, () => random.fraction()),
            { after },
          );
          for await (const event of watcher.stream) {
            watcher.seen.push(event);
            if (random.fraction() < 0.1) await time.sleep(random.fraction() * 3_000);
          }
        };
        const begin = (watcher: (typeof watchers)[number]): void =>
          void watch(watcher).catch((error: unknown) => {
            failure = error;
          });
        watchers.forEach(begin);
        const authors = [author, ...watchers.filter(({ name }) => name === 'acting').map(({ client }) => client)];
        const work = (async () => {
          for (let step = 0; step < 20; step++) {
            const roll = random.fraction();
            const watcher = watchers[Math.floor(random.fraction() * watchers.length)] as (typeof watchers)[number];
            if (roll < 0.3) {
              await watcher.stream?.return();
              begin(watcher);
            } else {
              await actAtRandom(authors[Math.floor(random.fraction() * authors.length)] as MemoryClient, random);
            }
            await time.sleep(random.fraction() < 0.2 ? 40_000 : random.fraction() * 2_000);
          }
          isFlaky = false;
          await time.sleep(120_000);
          for (const { stream } of watchers) await stream?.return();
        })();
        let isDone = false;
        void work.finally(() => {
          isDone = true;
        });
        expect(await time.run(() => isDone, 200_000)).toBe('done');
        await work;
        expect(failure).toBe(null);
        await author.session.sync({ timeoutMs: 1000 });
        const log = await logOf(author);
        expect(log.map(({ n }) => n)).toEqual(log.map((_, index) => index + 1));
        for (const { seen } of watchers) expect(seen).toEqual(log);
      }),
      { numRuns: 5 },
    );
  });
});
