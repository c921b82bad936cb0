/** A look at the board sees what opening it sees, or nothing. */
import { beforeEach, expect, test } from 'vitest';
import { editTree } from '../../src/git/edit-tree.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeCommit } from '../../src/git/objects.ts';
import type { Oid } from '../../src/git/store.ts';
import { listFiles } from '../../src/git/trees.ts';
import { canonicalJson, encodeJsonRecord } from '../../src/layout/record-json.ts';
import { type GlanceReader, loadGlance } from '../../src/sync/glance.ts';
import { type Head, loadHead } from '../../src/sync/head.ts';
import { fileSnapshots, snapshotFile } from '../../src/sync/snapshot.ts';
import { snapshot as contentsOf } from '../support/board-builder.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let client: MemoryClient;
let store: MemoryStore;
let reader: GlanceReader;

beforeEach(async () => {
  store = createMemoryStore({ label: 'alpha' });
  reader = {
    ...store,
    beginFiles: async (tree, onFile) => {
      const files = await listFiles(store, tree);
      const objects = await store.readObjects([...files.values()].map(({ oid }) => oid));
      for (const [file, { mode, oid }] of files) onFile({ path: file, mode, object: objects.get(oid) ?? null });
      return { done: Promise.resolve() };
    },
  };
  client = memoryClient({ name: 'alpha', upstream: new MemoryUpstream(), clock: fakeClock(), store });
  await beginBoard(client);
  for (let n = 0; n < 5; n++) await client.ask('task.add', { workstream: 'w', title: `Task ${n}` });
  await client.ask('task.add', { workstream: 'w', title: 'with "quotes" — and ünïcödé', description: 'two\nlines' });
  await client.ask('agent.register', { id: 'ada' });
  await client.ask('lock.acquire', { resource: 'deploy', ttl_ms: 1000 }, 'ada');
  await client.ask('message.send', { to: 'agent:ada', text: 'hello' });
  await client.ask('task.next', { workstream: 'w' }, 'ada');
});

const present = async (): Promise<Oid> => (await store.readRef('refs/heads/orc')) as Oid;
const cold = async (): Promise<Head> => loadHead(store, await present(), null);

/** The branch with one file exchanged (`null`: removed), in a commit with the message of the one before it unless another is given. */
async function withFile(path: string, text: string | null, message?: string): Promise<Oid> {
  const parent = await present();
  const commit = decodeCommit((await store.readObjects([parent])).get(parent)?.bytes ?? new Uint8Array());
  const bytes = new TextEncoder().encode(text ?? '');
  const blob = { type: 'blob', bytes, oid: store.hashObject('blob', bytes) } as const;
  const { root, objects } = await editTree(store, commit.tree, new Map([[path, text === null ? null : blob.oid]]));
  const made = encodeCommit({ ...commit, tree: root, parents: [parent], message: message ?? commit.message });
  const oid = store.hashObject('commit', made);
  await store.writeObjects([blob, ...objects, { type: 'commit', bytes: made, oid }]);
  return oid;
}

async function aTask() {
  const [task] = [...(await cold()).read.board.openTasks()].filter(({ status }) => status === 'pending');
  if (task === undefined) throw new Error('no task');
  return { task, path: `tasks/open/${task.id.charAt(0)}/${task.id.charAt(1)}/${task.id}.json` };
}

test('it has all that opening the board gives, except for tasks that are pending', async () => {
  const glance = await loadGlance(reader, await present());
  const wanted = await cold();
  const { board } = glance?.head.read ?? wanted.read;
  const pending = [...wanted.read.board.openTasks()].filter(({ status }) => status === 'pending');
  expect(pending).toHaveLength(5);
  for (const { id } of pending) wanted.read.board.forget('tasks', id);
  expect(contentsOf(board)).toEqual(contentsOf(wanted.read.board));
  expect([...board.openTasks()]).toEqual([...wanted.read.board.openTasks()]);
  expect(glance?.head.tail).toEqual(wanted.tail);
  expect(glance?.files).toHaveLength(6);
});

test('the snapshot that is made of its files is the one that is made of records', async () => {
  const glance = await loadGlance(reader, await present());
  const snapshots = fileSnapshots(snapshotFile(makeTempDir()), '1.0.0');
  if (glance !== null) await snapshots.keep(glance.head, glance.files);
  const [found, wanted] = [await snapshots.recall(store), await cold()];
  expect(found === null ? null : contentsOf(found.read.board)).toEqual(contentsOf(wanted.read.board));
  expect([...(found?.read.board.openTasks() ?? [])].map(({ title }) => title)).toContain('with "quotes" — and ünïcödé');
});

test('a board without open tasks has a snapshot too', async () => {
  for (const { id, status } of (await cold()).read.board.openTasks())
    await client.ask('task.cancel', { id }, status === 'pending' ? undefined : 'ada');
  const glance = await loadGlance(reader, await present());
  const snapshots = fileSnapshots(snapshotFile(makeTempDir()), '1.0.0');
  if (glance !== null) await snapshots.keep(glance.head, glance.files);
  expect((await snapshots.recall(store))?.read.board.tasks.size).toBe(0);
});

test('a record in a form of somebody else’s is seen as opening the board sees it', async () => {
  const { task, path } = await aTask();
  const commit = await withFile(path, JSON.stringify({ ...task, labels: ['ünïcödé'], status: 'blocked' }));
  const board = (await loadGlance(reader, commit))?.head.read.board;
  expect(board?.tasks.get(task.id)).toEqual((await loadHead(store, commit, null)).read.board.tasks.get(task.id));
});

test('where anything is out of the ordinary it leaves the answer to whoever opens the board', async () => {
  const { task, path } = await aTask();
  const text = encodeJsonRecord('tasks', task);
  const strange: readonly (readonly [path: string, text: string | null, message?: string])[] = [
    [path, '{'],
    [path, text.replace('"attempts": 0', '"attempts": -1')],
    [path, text.replace('"pending"', '"done"')],
    [path, canonicalJson({ ...task, more: 1 })],
    [path, `${text.slice(0, -3)},\n  "x": "${'x'.repeat(1024 * 1024)}"\n}\n`],
    [path.replace(/[0-9a-f]{8}\.json$/, 'aabbccdd.json'), text],
    [`tasks/open/x/${task.id}.json`, text],
    [`tasks/open/${task.id}.json`, text],
    ['tasks/open', 'no folder'],
    ['tasks/open/README.md', 'hello'],
    ['agents/ada.json', '{}'],
    ['state.json', '{}'],
    ['state.json', null],
    ['orc.yaml', ': no yaml: ['],
    ['README.md', 'edited', 'by hand\n'],
  ];
  for (const [where, content, message] of strange)
    expect(await loadGlance(reader, await withFile(where, content, message)), `${where} ${content}`).toBeNull();
  expect(await loadGlance(reader, (await cold()).tree as Oid)).toBeNull();
});
