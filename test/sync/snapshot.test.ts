/** The snapshot spares reading, and is never believed over the branch. */
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import { checksum } from '../../src/sync/checksum.ts';
import { type Head, loadHead } from '../../src/sync/head.ts';
import { fileSnapshots, type Snapshots, snapshotFile } from '../../src/sync/snapshot.ts';
import { SnapshotKeeper } from '../../src/sync/snapshot-keeper.ts';
import { snapshot as contentsOf } from '../support/board-builder.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let client: MemoryClient;
let store: MemoryStore;
let folder: string;
let snapshots: Snapshots;

beforeEach(async () => {
  store = createMemoryStore({ label: 'alpha' });
  client = memoryClient({ name: 'alpha', upstream: new MemoryUpstream(), clock: fakeClock(), store });
  await beginBoard(client);
  for (let n = 0; n < 5; n++) await client.ask('task.add', { workstream: 'w', title: `Task ${n}` });
  await client.ask('agent.register', { id: 'ada' });
  await client.ask('lock.acquire', { resource: 'deploy', ttl_ms: 1000 }, 'ada');
  await client.ask('message.send', { to: 'agent:ada', text: 'hello — ünïcödé' });
  await client.ask('task.next', { workstream: 'w' }, 'ada');
  folder = makeTempDir();
  snapshots = fileSnapshots(snapshotFile(folder), '1.0.0');
});

const present = async (): Promise<Oid> => (await store.readRef('refs/heads/orc')) as Oid;
const cold = async (): Promise<Head> => loadHead(store, await present(), null);

function expectSame(found: Head | null, wanted: Head): void {
  const flat = ({ commit, tree, read, tail }: Head) => {
    const { board, faults, writeBlock } = read;
    return { commit, tree, tail, faults, writeBlock, settings: board.settings, board: contentsOf(board) };
  };
  expect(found === null ? null : flat(found)).toEqual(flat(wanted));
}

/** Loads the present head as a new process would, and says how many objects that took. */
async function loadAsNew(): Promise<{ head: Head; objects: number; keeper: SnapshotKeeper }> {
  let objects = 0;
  const counting: MemoryStore = {
    ...store,
    readObjects: (oids) => {
      objects += oids.length;
      return store.readObjects(oids);
    },
  };
  const keeper = new SnapshotKeeper(counting, snapshots);
  return { head: await keeper.load(await present(), null), objects, keeper };
}

test('what was kept comes back as it was read, and only the commit is looked at', async () => {
  const head = await cold();
  await snapshots.keep(head);
  expectSame(await snapshots.recall(store), head);
  const again = await loadAsNew();
  expectSame(again.head, head);
  expect(again.objects).toBe(1);
  await again.keeper.keep(again.head);
  expect(readdirSync(path.dirname(snapshotFile(folder)))).toEqual(['open']);
});

test('from an older one only what differs is read', async () => {
  const whole = (await loadAsNew()).objects;
  await snapshots.keep(await cold());
  await client.ask('task.add', { workstream: 'w', title: 'one more' });
  await client.ask('lock.release', { resource: 'deploy' }, 'ada');
  const brought = await loadAsNew();
  expectSame(brought.head, await cold());
  expect(brought.objects).toBeLessThan(whole);
});

test('closed tasks are not in it', async () => {
  const open = [...(await cold()).read.board.openTasks()];
  for (const { id } of open) await client.ask('task.cancel', { id });
  await snapshots.keep(await cold());
  const kept = await snapshots.recall(store);
  expect(kept?.read.board.tasks.size).toBe(0);
  expect(kept?.read.board.tasks.isLoaded(open[0]?.id ?? '')).toBe(false);
});

test('where much differs another one is kept, where little does none is', async () => {
  for (let n = 0; n < 100; n++) await client.ask('task.add', { workstream: 'w', title: `more ${n}` });
  const first = await loadAsNew();
  await first.keeper.keep(first.head);
  const keptCommit = async () => (await snapshots.recall(store))?.commit;
  expect(await keptCommit()).toBe(first.head.commit);
  await client.ask('task.add', { workstream: 'w', title: 'a little' });
  const second = await loadAsNew();
  await second.keeper.keep(second.head);
  expect(await keptCommit()).toBe(first.head.commit);
  for (let n = 0; n < 4; n++) await client.ask('task.add', { workstream: 'w', title: `much ${n}` });
  const third = await loadAsNew();
  await third.keeper.keep(third.head);
  expect(await keptCommit()).toBe(third.head.commit);
});

const damages: Readonly<Record<string, (file: string) => void>> = {
  'a title that somebody changed': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('Task 1', 'Task 7')),
  'two letters that changed places': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace('Task 1', 'aTsk 1')),
  'another tree in its label': (file) =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"tree":"[0-9a-f]/, '"tree":"x')),
  'half of it': (file) => truncateSync(file, 400),
  'nothing in it': (file) => truncateSync(file, 0),
  'one byte missing': (file) => truncateSync(file, readFileSync(file).length - 1),
  'zeros, as after a power cut': (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length)),
  'something else': (file) => writeFileSync(file, '{"version": 1}\n'),
  'a folder in its place': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
  'no file': (file) => rmSync(file),
  'another board under a right checksum': (file) => reseal(file, (text) => `${text.split('\n')[0]}\n{"meta":1}`),
  'another tree under a right checksum': (file) =>
    reseal(file, (text) => text.replace(/"tree":"[0-9a-f]{40}"/, `"tree":"${'0'.repeat(40)}"`)),
  'a later form under a right checksum': (file) => reseal(file, (text) => text.replace(/"form":\d+/, '"form":99')),
};

function reseal(file: string, change: (text: string) => string): void {
  const content = Buffer.from(change(readFileSync(file, 'utf8').slice(17)));
  writeFileSync(file, `${checksum(content)}\n${content}`);
}

test.each(Object.entries(damages))('%s: it counts for nothing, and is written anew', async (name, damage) => {
  const head = await cold();
  await snapshots.keep(head);
  damage(snapshotFile(folder));
  expect(await snapshots.recall(store)).toBeNull();
  const again = await loadAsNew();
  expectSame(again.head, head);
  await again.keeper.keep(again.head);
  if (name.includes('folder')) return; // nobody's file is removed
  expectSame(await snapshots.recall(store), head);
});

test('no byte of it can change unnoticed', async () => {
  await snapshots.keep(await cold());
  const file = snapshotFile(folder);
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at] = (bytes[at] as number) ^ (1 << (at % 8));
    writeFileSync(file, changed);
    expect(await snapshots.recall(null), `byte ${at}`).toBeNull();
  }
});

test('one of another version of orc counts for nothing', async () => {
  await snapshots.keep(await cold());
  expect(await fileSnapshots(snapshotFile(folder), '1.0.1').recall(store)).toBeNull();
});

test('one whose commit the store does not have counts for nothing', async () => {
  await snapshots.keep(await cold());
  expect(await snapshots.recall(createMemoryStore({ label: 'another' }))).toBeNull();
});

test('the board is read whole when the store has lost what the snapshot leads on from', async () => {
  const old = await cold();
  await snapshots.keep(old);
  await client.ask('task.add', { workstream: 'w', title: 'one more' });
  const wanted = await cold();
  const { readObjects } = store;
  store = { ...store, readObjects: (oids) => readObjects(oids.filter((oid) => oid !== old.tree)) };
  expectSame((await loadAsNew()).head, wanted);
});

test('a place that cannot be written to stops nobody', async () => {
  const nowhere = fileSnapshots(snapshotFile('/proc/nowhere'), '1.0.0');
  await nowhere.keep(await cold());
  expect(await nowhere.recall(store)).toBeNull();
});

test('many that write it at once leave a whole one, and nothing beside it', async () => {
  const head = await cold();
  await Promise.all(Array.from({ length: 20 }, () => fileSnapshots(snapshotFile(folder), '1.0.0').keep(head)));
  expectSame(await snapshots.recall(store), head);
  expect(readdirSync(path.dirname(snapshotFile(folder)))).toEqual(['open']);
});
