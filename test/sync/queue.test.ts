/** The queue's rules, the same over memory and over files. */
import fs, { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openFileQueueStorage } from '../../src/sync/file-queue.ts';
import { createMemoryQueueStorage } from '../../src/sync/memory-queue.ts';
import type { Liveness, Outcome, Owner, Queue, QueueRecord, Told } from '../../src/sync/queue.ts';
import { createQueue, type QueueStorage } from '../../src/sync/stored-queue.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const accepted: Outcome = { outcome: 'accepted', version: 3, commit: null, result: { value: null }, record: null };
const refused: Extract<Outcome, { outcome: 'refused' }> = {
  outcome: 'refused',
  code: 'already-claimed',
  message: 'no',
};
const queued: Told = { state: 'queued', result: { value: null } };
const everything = (open: readonly QueueRecord[]): readonly QueueRecord[] => open;
const nobody = (): boolean => false;

function owner(session: string): Owner {
  return { session, process: session, seen_at: 0 };
}

function record(id: string, by: string, more: Partial<QueueRecord> = {}): QueueRecord {
  return {
    operation: { id, kind: 'task.add', agent: by, args: { workstream: 'w', title: id } },
    order: id,
    base: 1,
    asked_at: 0,
    owner: owner(by),
    deferred: false,
    told: null,
    sent: null,
    outcome: null,
    ...more,
  };
}

function machine(makeStorage: () => QueueStorage) {
  const storage = makeStorage();
  const dead = new Set<string>();
  let now = 0;
  const open = (session: string): Queue =>
    createQueue({
      storage,
      owner: owner(session),
      now: () => now,
      liveness: (other): Liveness => (dead.has(other.session) ? 'dead' : other.session === session ? 'own' : 'alive'),
    });
  return {
    open,
    storage,
    kill: (session: string) => dead.add(session),
    pass: (ms: number) => {
      now += ms;
    },
  };
}

const operationOf = (id: string) => record(id, 'a').operation;
const idsOf = (records: readonly QueueRecord[]): string[] => records.map(({ operation }) => operation.id);

describe.each([
  ['memory', () => createMemoryQueueStorage()],
  ['files', () => openFileQueueStorage(makeTempDir())],
] as const)('a queue in %s', (_name, makeStorage) => {
  test('what one publisher has taken no other takes, until it is released', async () => {
    const { open } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await a.add([record('op-1', 'a'), record('op-2', 'a')]);
    await b.add([record('op-3', 'b')]);
    const taking = await a.take((all) => all.filter(({ owner: by }) => by.session === 'a'));
    expect(idsOf(taking.records)).toEqual(['op-1', 'op-2']);
    const other = await b.take(everything);
    expect(idsOf(other.records)).toEqual(['op-3']);
    await taking.release();
    await other.release();
    expect(idsOf((await b.take(everything)).records)).toEqual(['op-1', 'op-2', 'op-3']);
  });

  test('tells the order of what was asked last, as long as it waits', async () => {
    const { open } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    expect(a.newestOrder()).toBe(null);
    await a.add([record('op-2', 'a')]);
    await b.add([record('op-1', 'b')]);
    expect(b.newestOrder()).toMatch(/^op-2/);
    expect(await a.withdraw(['op-2'])).toBe('done');
    expect(a.newestOrder()).toMatch(/^op-1/);
  });

  test('an outcome waits for a caller in another process; its own takes it from the answer', async () => {
    const { open } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await a.add([record('op-a', 'a')]);
    await b.add([record('op-b', 'b')]);
    const taking = await a.take(everything);
    const settled = taking.records.map((each) => ({ record: each, outcome: accepted }));
    expect(await taking.settle(settled, (id) => id === 'op-a')).toHaveLength(2);
    expect(idsOf(await a.list())).toEqual(['op-b']);
    expect(await b.collect([operationOf('op-b'), operationOf('op-none')])).toEqual(new Map([['op-b', accepted]]));
    expect(await b.collect([operationOf('op-b')])).toEqual(new Map());
    expect(await b.list()).toEqual([]);
  });

  test('what was refused is gone for good, so that no power cut has it decided again; what was accepted is in the log', async () => {
    const { open, storage } = machine(makeStorage);
    const removed: [string, boolean][] = [];
    const remove = storage.remove.bind(storage);
    Object.assign(storage, {
      remove: (ids: readonly string[], options: { readonly isDurable: boolean }) => {
        removed.push(...ids.map((id): [string, boolean] => [id, options.isDurable]));
        return remove(ids, options);
      },
    });
    const a = open('a');
    for (const [id, outcome] of [
      ['op-1', refused],
      ['op-2', accepted],
    ] as const) {
      await a.add([record(id, 'a')]);
      const taking = await a.take(everything);
      await taking.settle(
        taking.records.map((each) => ({ record: each, outcome })),
        () => true,
      );
    }
    expect(removed).toEqual([
      ['op-1', true],
      ['op-2', false],
    ]);
  });

  test('a caller at its deadline: told as queued, unless a publisher has its operation in hand', async () => {
    const { open } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await b.add([record('op-1', 'b'), record('op-2', 'b')]);
    expect(await b.tell(new Map([['op-1', queued]]))).toBe('done');
    const taking = await a.take(everything);
    expect(await b.tell(new Map([['op-2', queued]]))).toBe('sent');
    expect((await b.get('op-2'))?.told).toEqual({ state: 'unknown' });
    expect((await b.get('op-1'))?.told).toEqual(queued);
    // What its caller was told counts, not what the publisher read when it took it.
    await taking.settle(
      taking.records.map((each) => ({ record: each, outcome: refused })),
      nobody,
    );
    expect(idsOf(await a.list())).toEqual([]);
    expect((await a.listRejected()).map(({ operation }) => operation.id)).toEqual(['op-1', 'op-2']);
    expect(await b.tell(new Map([['op-2', queued]]))).toBe('settled');
  });

  test('withdrawing: gone when nobody had it in hand, told as unknown otherwise', async () => {
    const { open } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await b.add([record('op-1', 'b')]);
    await b.add([record('op-2', 'b')]);
    expect(await b.withdraw(['op-1'])).toBe('done');
    const taking = await a.take(everything);
    expect(await b.withdraw(['op-2'])).toBe('sent');
    await taking.release();
    expect(idsOf(await a.list())).toEqual(['op-2']);
    await a.forget(['op-2']);
    expect(await a.list()).toEqual([]);
  });

  test('a publisher that died while it pushed leaves its records as sent; one that died before does not', async () => {
    const { open, kill } = machine(makeStorage);
    const [a, b, c] = [open('a'), open('b'), open('c')];
    await c.add([record('op-1', 'c')]);
    await c.add([record('op-2', 'c')]);
    const pushed = await a.take((all) => all.slice(0, 1));
    expect(await pushed.pushing('head')).toBe(true);
    await b.take(everything);
    kill('a');
    kill('b');
    const { records } = await c.take(everything);
    expect(records.map(({ sent }) => sent?.head ?? null)).toEqual(['head', null]);
  });

  test('a publisher that stood still for too long may neither push nor settle what was taken over', async () => {
    const { open, pass } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await b.add([record('op-1', 'b')]);
    const slow = await a.take(everything);
    pass(60_000);
    const taking = await b.take(everything);
    expect(idsOf(taking.records)).toEqual(['op-1']);
    expect(await slow.pushing('head')).toBe(false);
    expect(await slow.settle([{ record: record('op-1', 'b'), outcome: refused }], nobody)).toEqual([]);
    await slow.release();
    expect(await taking.pushing('head')).toBe(true);
    expect(await b.collect([operationOf('op-1')])).toEqual(new Map());
  });

  test('a push that certainly did not arrive leaves no trace; any other does', async () => {
    const { open } = machine(makeStorage);
    const a = open('a');
    await a.add([record('op-1', 'a')]);
    const refusedPush = await a.take(everything);
    await refusedPush.pushing('head');
    refusedPush.cleared();
    await refusedPush.release();
    expect((await a.get('op-1'))?.sent).toBeNull();
    const lostPush = await a.take(everything);
    await lostPush.pushing(null);
    await lostPush.release();
    expect((await a.get('op-1'))?.sent?.head).toBe('');
  });

  test('what was rejected by somebody who died before removing it is not decided again', async () => {
    const { open } = machine(makeStorage);
    const a = open('a');
    await a.add([record('op-1', 'a', { told: queued })]);
    const { operation, asked_at } = record('op-1', 'a');
    await a.reject([{ operation, asked_at, rejected_at: 1, refusal: refused }]);
    expect((await a.take(everything)).records).toEqual([]);
    expect(await a.list()).toEqual([]);
  });

  test('what was rejected by somebody who died before removing it stays away, also when its author drops it first', async () => {
    const { open } = machine(makeStorage);
    const a = open('a');
    await a.add([record('op-1', 'a', { told: queued })]);
    const { operation, asked_at } = record('op-1', 'a');
    await a.reject([{ operation, asked_at, rejected_at: 1, refusal: refused }]);
    await a.removeRejected(['op-1']);
    expect(await a.listRejected()).toEqual([]);
    expect(await a.list()).toEqual([]);
    expect((await a.take(everything)).records).toEqual([]);
  });

  test('an id that was rejected a moment ago is not added again: it would be cleared away, and never answered', async () => {
    const { open } = machine(makeStorage);
    const a = open('a');
    const { operation, asked_at } = record('op-1', 'a');
    await a.reject([{ operation, asked_at, rejected_at: 1, refusal: refused }]);
    expect(await a.addOnce([record('op-1', 'a')])).toBe(false);
    expect(await a.list()).toEqual([]);
  });

  test('a batch goes whole, also when whoever rejected it died in the middle', async () => {
    const { open } = machine(makeStorage);
    const a = open('a');
    const lines = ['op-1', 'op-2', 'op-3'].map((id, index) => {
      const whole = record(id, 'a', { told: queued });
      return { ...whole, operation: { ...whole.operation, batch: { id: 'batch-1', k: index + 1, n: 3 } } };
    });
    await a.add(lines);
    const { operation, asked_at } = lines[1] as QueueRecord;
    await a.reject([{ operation, asked_at, rejected_at: 1, refusal: refused }]);
    expect((await a.take(everything)).records).toEqual([]);
    expect(await a.list()).toEqual([]);
    expect((await a.listRejected()).map(({ operation: { id }, refusal }) => [id, refusal.code])).toEqual([
      ['op-1', 'batch-refused'],
      ['op-2', 'already-claimed'],
      ['op-3', 'batch-refused'],
    ]);
  });

  test('a deferred record is left alone until its caller has been told, or is dead', async () => {
    const { open, kill } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await b.add([record('op-1', 'b', { deferred: true })]);
    expect((await a.take(everything)).records).toEqual([]);
    expect(await b.tell(new Map([['op-1', queued]]))).toBe('done');
    const taking = await a.take(everything);
    expect(idsOf(taking.records)).toEqual(['op-1']);
    await taking.release();
    await b.add([record('op-2', 'b', { deferred: true })]);
    kill('b');
    expect(idsOf((await a.take(everything)).records)).toEqual(['op-1', 'op-2']);
  });

  test('an outcome that outlived its record does not answer for a new one', async () => {
    const { open, storage } = machine(makeStorage);
    const a = open('a');
    await storage.putOutcomes('op-1', new Map([['op-1', accepted]]));
    expect(await a.addOnce([record('op-1', 'a')])).toBe(true);
    expect((await a.collect([record('op-1', 'a').operation])).size).toBe(0);
    expect(await a.get('op-1')).toMatchObject({ outcome: null });
  });

  test('outcomes that nobody lives to collect are cleared away', async () => {
    const { open, kill, storage } = machine(makeStorage);
    const [a, b] = [open('a'), open('b')];
    await b.add([record('op-1', 'b')]);
    const taking = await a.take(everything);
    await taking.settle(
      taking.records.map((each) => ({ record: each, outcome: accepted })),
      nobody,
    );
    expect(storage.hasOutcome('op-1')).toBe(true);
    kill('b');
    await a.take(everything);
    expect(storage.hasOutcome('op-1')).toBe(false);
    expect(await a.list()).toEqual([]);
  });
});

test('records that are asked at the same time share a file', async () => {
  const folder = makeTempDir();
  const queue = createQueue({
    storage: openFileQueueStorage(folder),
    owner: owner('a'),
    now: () => 0,
    liveness: () => 'own',
  });
  await Promise.all(Array.from({ length: 20 }, (_, i) => queue.add([record(`op-${i}`, 'a')])));
  const files = readdirSync(join(folder, 'queue'));
  expect(files).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(folder, 'queue', files[0] as string), 'utf8'))).toHaveLength(20);
  await queue.withdraw(['op-3']);
  expect(await queue.list()).toHaveLength(19);
});

test('what killed writers left half written is removed, once it is old', async () => {
  const folder = makeTempDir();
  const storage = openFileQueueStorage(folder);
  await storage.add([record('op-1', 'a')]);
  const old = join(folder, 'queue', 'op-0.json.tmp-1-0123456789ab');
  const fresh = join(folder, 'queue', 'op-0.json.tmp-2-0123456789ab');
  for (const file of [old, fresh]) writeFileSync(file, '[');
  utimesSync(old, 0, 0);
  await storage.exclusively(async () => {});
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
  expect(idsOf(await storage.records())).toEqual(['op-1']);
});

test.each(['', '\0'.repeat(300)])('what a power cut left empty is removed, once it is old: %j', async (left) => {
  const folder = makeTempDir();
  const storage = openFileQueueStorage(folder);
  await storage.add([record('op-1', 'a')]);
  const [old, fresh] = ['op-2.json', 'op-3.json'].map((name) => join(folder, 'queue', name)) as [string, string];
  for (const file of [old, fresh]) writeFileSync(file, left);
  utimesSync(old, 0, 0);
  expect(idsOf(await storage.records())).toEqual(['op-1']);
  expect([existsSync(old), existsSync(fresh)]).toEqual([false, true]);
});

test('a request is synced when somebody is told of it, not before: a power cut ends whoever waits for it untold', async () => {
  const folder = makeTempDir();
  const { open } = machine(() => openFileQueueStorage(folder));
  const a = open('a');
  await a.add([record('op-0', 'a')]);
  const fsync = vi.spyOn(fs, 'fsync');
  onTestFinished(() => fsync.mockRestore());
  await a.add([record('op-1', 'a'), record('op-2', 'a')]);
  expect(fsync).toHaveBeenCalledTimes(0);
  await a.tell(new Map(['op-1', 'op-2'].map((id) => [id, queued])));
  // The file, and its name in the folder.
  expect(fsync).toHaveBeenCalledTimes(2);
});

test.each(['', '{}', 'null', '[{}]', '[null]', '7', '[{"operation":{"id":"x"}}]'])(
  'a file that nobody here wrote is left where it is, and the rest goes on: %s',
  async (text) => {
    const folder = makeTempDir();
    const { open } = machine(() => openFileQueueStorage(folder));
    const a = open('a');
    await a.add([record('op-1', 'a')]);
    const files = ['queue', 'takings', 'rejected'].map((name) => join(folder, name, '0-x.json'));
    for (const file of files) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    expect(idsOf(await a.list())).toEqual(['op-1']);
    expect(await a.get('x')).toBe(null);
    expect(await a.listRejected()).toEqual([]);
    const taking = await a.take(everything);
    expect(idsOf(taking.records)).toEqual(['op-1']);
    await taking.release();
    expect(files.map((file) => existsSync(file))).toEqual([true, true, true]);
  },
);

test('an id that waits already is not added again', async () => {
  const { open } = machine(() => createMemoryQueueStorage());
  const [a, b] = [open('a'), open('b')];
  const added = await Promise.all([a.addOnce([record('op-1', 'a')]), b.addOnce([record('op-1', 'b')])]);
  expect(added.sort()).toEqual([false, true]);
  expect(idsOf(await a.list())).toEqual(['op-1']);
});
