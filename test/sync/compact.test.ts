/** Compacting while others are away: what they asked for before the oldest event that is left, and the log that lacks its beginning. */
import { beforeAll, expect, test } from 'vitest';
import { watchEvents } from '../../src/app/watch.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import { listFiles } from '../../src/git/trees.ts';
import { type QueueRecord, unitsOf } from '../../src/sync/queue.ts';
import { replay } from '../../src/sync/replay.ts';
import { SeenOperations } from '../../src/sync/seen-operations.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import { checkBoard } from '../support/checker/check.ts';
import { judgeChain } from '../support/judged-chain.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { watchPorts } from '../support/watching.ts';

const timeoutMs = 30_000;
const queued = { publish: false } as const;

function world() {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const client = (name: string, more = {}) => memoryClient({ name, upstream, clock, ...more });
  return { upstream, clock, client, home: client('home') };
}

/** A segment of the log and more. */
async function fill(client: MemoryClient): Promise<void> {
  for (let n = 0; n < 260; n++) await client.ask('event.log', { action: 'seen', data: { turn: n } });
}

async function compact({ clock, home }: Pick<ReturnType<typeof world>, 'clock' | 'home'>) {
  clock.advance(60_000);
  return home.ask('board.compact', { before: new Date(clock.now() - 30_000).toISOString() });
}

function chainOf({ upstream }: { readonly upstream: MemoryUpstream }) {
  return readChain(objectsOf(upstream.objects), upstream.head ?? '');
}

async function segmentsOf(client: MemoryClient): Promise<string[]> {
  const head = await client.session.view.head();
  return [...(await listFiles(client.store, head.tree, { under: 'events' })).keys()].sort();
}

const story = world();
let away: MemoryClient;
beforeAll(async () => {
  const { home, client } = story;
  await beginBoard(home);
  const added = await home.ask('task.add', { workstream: 'w', title: 'old' });
  const id = added.outcome.outcome === 'accepted' && 'task' in added.outcome.result ? added.outcome.result.task : '';
  await home.ask('task.complete', { id });
  away = client('away');
  await away.session.sync({ timeoutMs });
  await away.ask('task.add', { workstream: 'w', title: 'written down' }, 'ann', queued);
  await fill(home);
  const compacted = await compact(story);
  expect(compacted.outcome).toMatchObject({ outcome: 'accepted', result: { value: 1 } });
  expect(await segmentsOf(home)).toEqual(['events/0000000257.jsonl']);
});

test('what waited since before the oldest event goes to the rejected, with all that it said', async () => {
  const waiting = (await away.queue.list())[0]?.operation;
  const report = await away.session.sync({ timeoutMs });
  expect(report).toMatchObject({ published: 0, rejected: 1, waiting: 0 });
  expect(await away.queue.listRejected()).toEqual([
    expect.objectContaining({
      operation: waiting,
      refusal: expect.objectContaining({
        code: 'compacted',
        hint: expect.stringContaining('it was not published: `orc rejected retry`'),
        details: { base: 4, log_begins: 257, may_be_in: false },
      }),
    }),
  ]);
});

test('a call of now from a clone that was away is decided as it is asked', async () => {
  const late = story.client('late');
  const answer = await late.ask('task.add', { workstream: 'w', title: 'of now' });
  expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted' } });
});

test('the checker and a hook on the server find nothing wrong with it', async () => {
  const chain = chainOf(story);
  expect(checkBoard({ chain }).violations).toEqual([]);
  const at = chain.commits.findIndex(({ message }) => message.startsWith('board.compact'));
  expect(await judgeChain(chain, at)).toMatchObject({ outcome: 'honest' });
});

test('a call that was made with the old head in hand, and meets the compacted board, is decided as it was asked', async () => {
  const made = world();
  await beginBoard(made.home);
  let behind: MemoryClient | null = made.client('behind');
  await behind.session.sync({ timeoutMs });
  await fill(made.home);
  await compact(made);
  const answer = await behind.ask('task.add', { workstream: 'w', title: 'of now' });
  expect(answer).toMatchObject({ published: true, outcome: { outcome: 'accepted' } });
  behind = null;
});

test('what was sent and is in, its line gone since, is found in the commits', async () => {
  const made = world();
  await beginBoard(made.home);
  let cut = true;
  const sender = made.client('sender', {
    intercept: async (stage: string) => {
      if (!cut) return undefined;
      return stage === 'after-push'
        ? { outcome: 'unknown' }
        : stage.endsWith('fetch')
          ? { outcome: 'unreachable' }
          : undefined;
    },
  });
  cut = false;
  await sender.session.sync({ timeoutMs });
  cut = true;
  const told = await sender.ask('task.add', { workstream: 'w', title: 'sent' }, 'ann', { timeoutMs: 500 });
  expect(told.state).toBe('unknown');
  await made.home.session.sync({ timeoutMs });
  await fill(made.home);
  await compact(made);
  cut = false;
  const { recorded: again } = await sender.session.findRecorded([told.operation.id]);
  expect(again.size).toBe(0);
  expect(await sender.session.sync({ timeoutMs })).toMatchObject({ rejected: 0, waiting: 0 });
  expect(await sender.queue.listRejected()).toEqual([]);
  const { recorded } = await sender.session.findRecorded([told.operation.id]);
  expect(recorded.get(told.operation.id)).toMatchObject({ published: true, outcome: { version: 3 } });
  expect(checkBoard({ chain: chainOf(made) }).violations).toEqual([]);
});

test('a watcher hears that events after its own last one are not there any more', async () => {
  const ports = watchPorts(story.home, new VirtualTime());
  const gap = watchEvents(ports, { after: 100 }).next();
  await expect(gap).rejects.toMatchObject({ code: 'compacted', details: { after: 100, oldest: 257 } });
  const [next] = [await watchEvents(ports, { after: 256 }).next()];
  expect(next.value).toMatchObject({ n: 257 });
  const { v } = next.value as { readonly v: number };
  const gapOfVersion = watchEvents(ports, { afterVersion: v - 2 }).next();
  await expect(gapOfVersion).rejects.toMatchObject({
    code: 'compacted',
    details: { after_version: v - 2, oldest: 257 },
  });
  expect((await watchEvents(ports, { afterVersion: v - 1 }).next()).value).toMatchObject({ n: 257 });
});

/** The operation that added the first task, whose line is gone. */
function firstAdded(): string {
  const message = chainOf(story).commits.find((commit) => commit.message.startsWith('task.add'))?.message ?? '';
  return /"id":"([0-9a-f]{32})","kind":"task.add"/.exec(message)?.[1] ?? '';
}

test('an id that is in does not come in again, though its line is gone: for its author, and for a hook on the server', async () => {
  const { session, store } = story.home;
  const { recorded } = await session.findRecorded([firstAdded()]);
  expect(recorded.get(firstAdded())).toMatchObject({ published: true, outcome: { version: 3 } });
  const seen = new SeenOperations(store, await session.view.head());
  expect(await seen.has(firstAdded(), 2)).toBe(true);
  expect(await seen.has('0'.repeat(32), 2)).toBe(false);
  // It is not looked for further back than somebody's base.
  expect(await new SeenOperations(store, await session.view.head()).has(firstAdded(), 200)).toBe(false);
});

test('what may have been sent, in a store that lacks the commits, is set aside with a word of that', async () => {
  const { session, store } = story.home;
  const hidden = chainOf(story).commits[50]?.oid as Oid;
  const cut = {
    ...store,
    readObjects: (oids: readonly Oid[]) => store.readObjects(oids.filter((oid) => oid !== hidden)),
  };
  const record: QueueRecord = {
    operation: { id: 'f'.repeat(32), kind: 'task.add', agent: 'ann', args: { workstream: 'w', title: 'sent' } },
    ...{ order: '1', base: 4, asked_at: 0, owner: { session: 'gone', process: 'gone', seen_at: 0 }, deferred: false },
    ...{ told: { state: 'unknown' }, sent: null, outcome: null },
  };
  const committer = { name: 'c', email: 'c@example.com' };
  const decide = (from: typeof cut, asked: QueueRecord) =>
    session.view
      .head()
      .then((head) =>
        replay(head, unitsOf([asked]), { store: from, committer, now: story.clock.now(), sharesClock: true }),
      );
  const decisionOf = async (from: typeof cut, asked: QueueRecord) => (await decide(from, asked)).decided[0]?.decision;
  expect(await decisionOf(cut, record)).toMatchObject({
    ...{ outcome: 'refused', code: 'compacted', details: { may_be_in: true } },
    hint: expect.stringContaining('it may be in'),
  });
  expect(await decisionOf({ ...store }, record)).toMatchObject({ code: 'compacted', details: { may_be_in: false } });
  expect(await decisionOf(cut, { ...record, told: null })).toMatchObject({ outcome: 'accepted' });
});
