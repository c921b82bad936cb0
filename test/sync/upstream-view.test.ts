import { describe, expect, test } from 'vitest';
import type { MemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeCommit } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { versionOf } from '../../src/sync/head.ts';
import { rewrittenPrefix, trackingRef } from '../../src/sync/refs.ts';
import type { Moment } from '../../src/sync/upstream-view.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

const timeoutMs = 1000;

/** A line of `length` commits with two edits by hand in it; oldest first. `author` has all of them. */
async function lineOf(length: number) {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const author = memoryClient({ name: 'author', upstream, clock });
  await beginBoard(author);
  while (heads(upstream).length < length) {
    const count = heads(upstream).length;
    if (count === 4 || count === 5) upstream.moveHead(await editByHand(author, upstream.head as Oid), author.store);
    else await author.ask('task.add', { workstream: 'w', title: `Task ${count}` });
  }
  return { upstream, clock, author, line: heads(upstream) };
}

function heads(upstream: MemoryUpstream): Oid[] {
  return upstream.heads.filter((head) => head !== null);
}

/** A commit without trailers; its tree is its parent's. */
async function editByHand(client: MemoryClient, parent: Oid, message = 'tidied up\n'): Promise<Oid> {
  const { store } = client;
  const { tree, author, committer } = decodeCommit(await bytesOf(store, parent));
  const bytes = encodeCommit({ tree, parents: [parent], author, committer, message });
  const oid = store.hashObject('commit', bytes);
  await store.writeObjects([{ type: 'commit', bytes, oid }]);
  return oid;
}

async function bytesOf(store: MemoryStore, oid: Oid): Promise<Uint8Array> {
  return (await store.readObjects([oid])).get(oid)?.bytes ?? new Uint8Array();
}

/** How the store's view takes it when it stood at one head and is shown another. */
async function relationTo(shown: Oid, seen: Oid, depth: number | null, upstream: MemoryUpstream) {
  let head = seen;
  const client = memoryClient({ name: 'reader', upstream, clock: fakeClock(), shownHead: () => head });
  await client.session.view.fetch({ timeoutMs, ...(depth === null ? {} : { depth }) });
  head = shown;
  return client.session.view.fetch({ timeoutMs }).then(
    ({ outcome }) => outcome,
    (error: { code: string }) => error.code,
  );
}

describe('a shallow store', () => {
  test('has the newest commits alone, holds the whole board, claims, proves and publishes', async () => {
    const { upstream, clock, author, line } = await lineOf(12);
    let cuts = 0;
    const reader = memoryClient({
      name: 'reader',
      upstream,
      clock,
      intercept: async (stage) => (stage === 'after-push' && cuts-- > 0 ? { outcome: 'unknown' } : undefined),
    });
    expect(await reader.session.view.fetch({ timeoutMs, depth: 3 })).toEqual({ outcome: 'moved' });
    expect((await reader.store.readObjects(line)).size).toBe(3);
    const { board } = (await reader.session.view.head()).read;
    const whole = (await author.session.view.head()).read.board;
    expect(board.meta).toEqual(whole.meta);
    expect([...board.openTasks()]).toEqual([...whole.openTasks()]);

    const claimed = await reader.ask('task.next', { workstream: 'w' });
    expect(claimed).toMatchObject({ published: true, outcome: { outcome: 'accepted', version: 11 } });
    // 3. The answer gets lost; the event line proves it, on commits that others put on top meanwhile.
    cuts = 1;
    const added = await reader.ask('task.add', { workstream: 'w', title: 'Once' });
    expect(added).toMatchObject({ published: true, outcome: { outcome: 'accepted', version: 12 } });
    await author.ask('task.add', { workstream: 'w', title: 'On top' });
    expect(await reader.session.sync({ timeoutMs })).toMatchObject({ reachable: true, waiting: 0 });
    expect(heads(upstream)).toHaveLength(15);
    expect((await reader.session.view.head()).commit).toBe(upstream.head);
  });

  test('replays what was asked while others published', async () => {
    const { upstream, clock, author } = await lineOf(12);
    const reader = memoryClient({ name: 'reader', upstream, clock });
    await reader.session.view.fetch({ timeoutMs, depth: 1 });
    await author.ask('task.next', { workstream: 'w' });
    const answer = await reader.ask('task.next', { workstream: 'w' });
    expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted' } });
  });

  test('tells newer, same and older heads apart at every depth, with no false alarm', async () => {
    const { upstream, line } = await lineOf(12);
    for (let depth = 1; depth <= line.length + 1; depth++) {
      for (const [at, seen] of line.entries()) {
        for (const [other, shown] of line.entries()) {
          const expected = other > at ? 'moved' : other === at ? 'same' : 'unreachable';
          const name = `depth ${depth}: at ${at}, shown ${other}`;
          expect(`${name}: ${await relationTo(shown, seen, depth, upstream)}`).toBe(`${name}: ${expected}`);
        }
      }
    }
  });

  test('takes a rewritten history for what it is, unless all of it is older than the store', async () => {
    const { upstream, author, line } = await lineOf(12);
    const versions = await Promise.all(line.map((commit) => versionOf(author.store, commit)));
    const trailers = await Promise.all(line.map((commit) => trailerOf(author, commit)));
    for (let fork = 0; fork < 11; fork++) {
      for (const length of [1, 13 - fork]) {
        const other = await forkOf(upstream, line[fork] as Oid, length);
        for (let depth = 1; depth <= 12; depth++) {
          const isOlder = (versions[fork] as number) + length < Math.min(...trailers.slice(-depth));
          const name = `depth ${depth}: fork at ${fork}, ${length} long`;
          const found = await relationTo(other, line[11] as Oid, depth, upstream);
          expect(`${name}: ${found}`).toBe(`${name}: ${isOlder ? 'unreachable' : 'history-rewritten'}`);
        }
      }
    }
  });
});

test('5. with the whole history every fork is told, also one by hand', async () => {
  const { upstream, author, line } = await lineOf(12);
  for (let fork = 0; fork < 11; fork++) {
    const other = await forkOf(upstream, line[fork] as Oid, 1);
    expect(await relationTo(other, line[11] as Oid, null, upstream)).toBe('history-rewritten');
    const edit = await editByHand(author, line[fork] as Oid, `edit ${fork}\n`);
    upstream.moveHead(edit, author.store);
    expect(await relationTo(edit, line[11] as Oid, null, upstream)).toBe('history-rewritten');
  }
});

test('a fetch that began before a question says nothing of the upstream since then, though the clock shows the same time', async () => {
  const upstream = new MemoryUpstream();
  const clock = { ...fakeClock(), now: () => 0, monotonic: () => 0 };
  await beginBoard(memoryClient({ name: 'author', upstream, clock: fakeClock() }));
  let asked: Moment | null = null;
  const reader = memoryClient({
    name: 'reader',
    upstream,
    clock,
    intercept: async (stage) => {
      if (stage === 'after-fetch') asked = view.moment();
      return undefined;
    },
  });
  const { view } = reader.session;
  const before = view.moment();
  await view.fetch({ timeoutMs });
  const head = await view.head();
  expect(view.isConfirmed(head, before)).toBe(true);
  const since = asked as unknown as Moment;
  expect(view.isConfirmed(head, since)).toBe(false);
  await view.confirm({ timeoutMs });
  expect(view.isConfirmed(head, since)).toBe(true);
});

test('asking first and fetching then share one time limit', async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const author = memoryClient({ name: 'author', upstream, clock });
  await beginBoard(author);
  const limits: (number | undefined)[] = [];
  const reader = memoryClient({
    name: 'reader',
    upstream,
    clock,
    intercept: async (stage, info) => {
      if (stage === 'read-head') clock.advance(700);
      if (stage === 'before-fetch') limits.push(info.timeoutMs);
      return undefined;
    },
  });
  const { view } = reader.session;
  expect(await view.confirm({ timeoutMs })).toMatchObject({ outcome: 'moved' });
  expect(limits).toHaveLength(1);
  expect(limits[0]).toBeLessThanOrEqual(timeoutMs - 700);
});

describe('5. an upstream that was moved back', () => {
  test.each([null, 2])('is out of reach as long as it may be a replica that lags (depth %s)', async (depth) => {
    const { upstream, clock, line } = await lineOf(12);
    let shown: Oid | null = null;
    const reader = memoryClient({ name: 'reader', upstream, clock, shownHead: () => shown ?? upstream.head });
    await reader.session.view.fetch({ timeoutMs, ...(depth === null ? {} : { depth }) });
    shown = line[2] as Oid;
    const fetched = await reader.session.view.fetch({ timeoutMs });
    expect(fetched.outcome).toBe('unreachable');
    expect(fetched.reason).toContain('older state');
    expect(fetched.reason).toContain('orc sync --accept-rewrite');
    expect(await reader.store.readRef(trackingRef)).toBe(line[11]);
    shown = null;
    await reader.ask('task.next', { workstream: 'w' });
    expect(await reader.session.view.acceptRewrite({ timeoutMs })).toMatchObject({ kept: null });
  });

  test.each([null, 2])(
    'is gone on from when somebody accepts that; no version comes twice (depth %s)',
    async (depth) => {
      const { upstream, clock, line } = await lineOf(12);
      const reader = memoryClient({ name: 'reader', upstream, clock });
      await reader.session.view.fetch({ timeoutMs, ...(depth === null ? {} : { depth }) });
      const { version } = (await reader.session.view.head()).read.board.meta;
      upstream.moveHead(line[2] as Oid);
      const accepted = await reader.session.view.acceptRewrite({ timeoutMs });
      expect(accepted.kept).toContain(rewrittenPrefix);
      expect(await reader.store.readRef(accepted.kept ?? '')).toBe(line[11]);
      expect(await reader.store.readRef(trackingRef)).toBe(line[2]);
      const answer = await reader.ask('task.add', { workstream: 'w', title: 'After' });
      expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted', version: version + 1 } });
      expect(await reader.session.view.acceptRewrite({ timeoutMs })).toMatchObject({ kept: null });
    },
  );

  test('is gone on from by a process that goes on while another accepts it; no version comes twice', async () => {
    const { upstream, clock, author, line } = await lineOf(12);
    const back = line[2] as Oid;
    // One has loaded that head long since, and slept; the other was there to the end.
    const { store, queueStorage } = memoryClient({ name: 'store', upstream, clock });
    const clients = ['sleeper', 'awake'].map((name) => memoryClient({ name, upstream, clock, store, queueStorage }));
    const [sleeper, awake] = clients as [MemoryClient, MemoryClient];
    upstream.moveHead(back);
    await sleeper.session.view.fetch({ timeoutMs });
    await sleeper.session.localHead();
    upstream.moveHead(line[11] as Oid, author.store);
    await awake.session.view.fetch({ timeoutMs });
    const { version } = (await awake.session.view.head()).read.board.meta;
    upstream.moveHead(back);
    const accepting = memoryClient({ name: 'accepting', upstream, clock, store, queueStorage });
    await accepting.session.view.acceptRewrite({ timeoutMs });
    for (const [index, client] of [sleeper, awake].entries())
      expect(await client.ask('task.add', { workstream: 'w', title: 'After' })).toMatchObject({
        published: true,
        outcome: { outcome: 'accepted', version: version + 1 + index },
      });
  });

  test('stays accepted, though a process that fetched before that is slower', async () => {
    const { upstream, clock, line } = await lineOf(12);
    const { store, queueStorage } = memoryClient({ name: 'store', upstream, clock });
    upstream.moveHead(line[10] as Oid);
    const accepting = memoryClient({ name: 'accepting', upstream, clock, store, queueStorage });
    await accepting.session.view.fetch({ timeoutMs });
    upstream.moveHead(line[11] as Oid);
    const other = await forkOf(upstream, line[2] as Oid, 1);
    upstream.moveHead(line[11] as Oid);
    let isSlow = true;
    const slow = memoryClient({
      ...{ name: 'slow', upstream, clock, store, queueStorage },
      intercept: async (stage) => {
        if (stage !== 'after-fetch' || !isSlow) return undefined;
        isSlow = false;
        upstream.moveHead(other);
        await accepting.session.view.acceptRewrite({ timeoutMs });
        return undefined;
      },
    });
    expect(await slow.session.view.fetch({ timeoutMs })).toMatchObject({ outcome: 'unreachable' });
    expect(await store.readRef(trackingRef)).toBe(other);
    expect(await slow.session.view.fetch({ timeoutMs })).toEqual({ outcome: 'same' });
  });

  test('is not accepted when it was a replica that lagged for a moment', async () => {
    const { upstream, clock, line } = await lineOf(12);
    let lags = 0;
    const shownHead = () => (lags-- > 0 ? (line[3] as Oid) : upstream.head);
    const reader = memoryClient({ name: 'reader', upstream, clock, shownHead });
    await reader.session.view.fetch({ timeoutMs });
    lags = 2;
    expect(await reader.session.view.acceptRewrite({ timeoutMs })).toMatchObject({ kept: null });
    expect(await reader.store.readRef(trackingRef)).toBe(line[11]);
    lags = 2;
    expect(await reader.session.view.fetch({ timeoutMs })).toEqual({ outcome: 'same' });
  });
});

test('5. another board that one process goes on to is the board of those that go on beside it', async () => {
  const { upstream, clock } = await lineOf(6);
  const reader = memoryClient({ name: 'reader', upstream, clock });
  await reader.session.view.fetch({ timeoutMs });
  const elsewhere = new MemoryUpstream();
  const stranger = memoryClient({ name: 'stranger', upstream: elsewhere, clock });
  await stranger.ask('board.init', { board: 'f00d'.repeat(4), settings: 'format: 1\n' });
  upstream.moveHead(elsewhere.head, stranger.store);
  const { store, queueStorage } = reader;
  const accepting = memoryClient({ name: 'accepting', upstream, clock, store, queueStorage });
  await accepting.session.view.acceptRewrite({ timeoutMs });
  await stranger.ask('workstream.create', { name: 'v' });
  upstream.moveHead(elsewhere.head, stranger.store);
  expect(await reader.session.view.fetch({ timeoutMs })).toEqual({ outcome: 'moved' });
});

test('5. another board, or none, is no older state', async () => {
  const { upstream, clock, author } = await lineOf(12);
  const reader = memoryClient({ name: 'reader', upstream, clock });
  await reader.session.view.fetch({ timeoutMs, depth: 2 });
  const elsewhere = new MemoryUpstream();
  const stranger = memoryClient({ name: 'stranger', upstream: elsewhere, clock });
  await stranger.ask('board.init', { board: 'f00d'.repeat(4), settings: 'format: 1\n' });
  const { head } = upstream;
  upstream.moveHead(elsewhere.head, stranger.store);
  await expect(reader.session.view.fetch({ timeoutMs })).rejects.toMatchObject({
    code: 'history-rewritten',
    message: 'reader now holds another board',
  });
  upstream.moveHead(null);
  await expect(reader.session.view.fetch({ timeoutMs })).rejects.toMatchObject({ code: 'history-rewritten' });
  upstream.moveHead(head, author.store);
  expect(await reader.session.view.fetch({ timeoutMs })).toEqual({ outcome: 'same' });
});

/** Another line from one of the commits, with versions of its own that rise; the upstream has it, its branch does not move. */
async function forkOf(upstream: MemoryUpstream, from: Oid, length: number): Promise<Oid> {
  const { head } = upstream;
  upstream.moveHead(from);
  const client = memoryClient({ name: `fork-${length}`, upstream, clock: fakeClock() });
  for (let count = 0; count < length; count++) {
    const answer = await client.ask('event.log', { action: 'strayed' });
    expect(answer.published).toBe(true);
  }
  const tip = upstream.head as Oid;
  upstream.moveHead(head);
  return tip;
}

/** The version that a commit bears itself; none is higher than all. */
async function trailerOf(client: MemoryClient, commit: Oid): Promise<number> {
  const version = /^Orc-Version: (\d+)$/m.exec(new TextDecoder().decode(await bytesOf(client.store, commit)))?.[1];
  return version === undefined ? Number.POSITIVE_INFINITY : Number(version);
}

test('the local head does not move to what was made of an older upstream head', async () => {
  const { upstream, clock, author } = await lineOf(4);
  const reader = memoryClient({ name: 'reader', upstream, clock });
  await reader.session.sync({ timeoutMs });
  // Something tentative lies on top, so that the local head stays when the upstream's is brought here.
  await reader.ask('task.add', { workstream: 'w', title: 'Waits' }, 'reader', { publish: false });
  const { view } = reader.session;
  const from = await view.place();
  const old = await view.head();
  await author.ask('task.add', { workstream: 'w', title: 'Meanwhile' });
  await view.fetch({ timeoutMs });
  expect(await view.place()).toMatchObject({ local: from.local });
  expect(await view.moveLocal(old, from)).toBe(false);
  expect(await view.place()).toMatchObject({ local: from.local });
  expect(await view.moveLocal(await view.head(), await view.place())).toBe(true);
});
