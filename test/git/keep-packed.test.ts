/** Stores that pack themselves: when, that nothing gets lost while others read and write, and that it can be killed. */
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createPackKeeper } from '../../src/git/native/keep-packed.ts';
import { createNativeStore, openNativeStore } from '../../src/git/native/native-store.ts';
import type { GitStore, NewObject, Oid } from '../../src/git/store.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** There is always much to pack. */
const limits = { looseInFolder: 0, packs: 3, pauseMs: 0 };
const settings = { env: process.env };

async function makeStore(): Promise<GitStore> {
  return createNativeStore(path.join(makeTempDir(), 'board.git'), { ...settings, objectFormat: 'sha1' });
}

/** Loose, or with more than a hundred at once as packs. */
async function fill(store: GitStore, from: number, count: number, atOnce = 50): Promise<Oid[]> {
  const oids: Oid[] = [];
  for (let at = from; at < from + count; at += atOnce) {
    const objects = Array.from({ length: atOnce }, (_, n): NewObject => {
      const bytes = Buffer.from(`object ${at + n}\n${'words '.repeat(40)}`);
      return { type: 'blob', bytes, oid: store.hashObject('blob', bytes) };
    });
    await store.writeObjects(objects);
    oids.push(...objects.map(({ oid }) => oid));
  }
  return oids;
}

function counts(store: GitStore): { count: number; packs: number; 'in-pack': number } {
  const lines = git(store.path, 'count-objects', '-v').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => line.split(': ')).map(([name, value]) => [name, Number(value)]),
  ) as ReturnType<typeof counts>;
}

function ended(child: ChildProcess | null): Promise<unknown> {
  if (child === null) throw new Error('nothing was begun');
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
}

test('loose objects and small packs become one pack; nothing is dropped, and who has the store open finds all', async () => {
  const store = await makeStore();
  const reader = await openNativeStore(store.path, settings);
  const oids = [...(await fill(store, 0, 200)), ...(await fill(store, 2000, 600, 150))];
  expect((await reader.readObjects(oids.slice(0, 40))).size).toBe(40);
  expect((await reader.readObjects(oids.slice(-40))).size).toBe(40);
  expect(counts(store)).toMatchObject({ count: 200, packs: 4 });
  // No ref leads to any of them.
  expect(await ended(createPackKeeper(store.path, settings, limits).check())).toBe(0);
  expect(counts(store)).toMatchObject({ count: 0, packs: 1, 'in-pack': 800 });
  for (const each of [reader, await openNativeStore(store.path, settings)]) {
    for (let at = 0; at < oids.length; at += 60) {
      const part = oids.slice(at, at + 60);
      expect((await each.readObjects(part)).size).toBe(part.length);
    }
    await each.close();
  }
  expect(git(store.path, 'fsck', '--full', '--no-dangling')).toBe('');
});

test('others go on reading and writing meanwhile', async () => {
  const store = await makeStore();
  const oids = await fill(store, 0, 200);
  const reader = await openNativeStore(store.path, { ...settings, cacheBytes: 0 });
  const keeper = createPackKeeper(store.path, settings, limits);
  let isOver = false;
  const packing = (async () => {
    for (let round = 0; round < 2; round++) await ended(keeper.check());
    isOver = true;
  })();
  let at = 0;
  do {
    oids.push(...(await fill(store, 10_000 + at * 10, 10, 10)));
    const part = Array.from({ length: 30 }, (_, n) => oids[(at * 37 + n * 53) % oids.length] as Oid);
    expect((await reader.readObjects(part)).size).toBe(new Set(part).size);
    await new Promise((resolve) => setImmediate(resolve));
    at += 1;
  } while (!isOver);
  await packing;
  expect((await reader.readObjects(oids)).size).toBe(new Set(oids).size);
});

test('killed at whatever moment, it leaves everything there, and the next one goes on', async () => {
  const store = await makeStore();
  const oids = await fill(store, 0, 200);
  const keeper = createPackKeeper(store.path, settings, limits);
  for (let round = 0; round < 6; round++) {
    const child = keeper.check();
    const end = ended(child);
    const spins = round * round * 200;
    for (let spin = 0; spin < spins; spin++) await new Promise((resolve) => setImmediate(resolve));
    try {
      process.kill(-(child?.pid ?? 0), 'SIGKILL');
    } catch {
      // it was quicker
    }
    await end;
    oids.push(...(await fill(store, 20_000 + round * 50, 50)));
  }
  const reader = await openNativeStore(store.path, settings);
  expect((await reader.readObjects(oids)).size).toBe(oids.length);
  await ended(keeper.check());
  expect(counts(store).count).toBe(0);
  expect(git(store.path, 'fsck', '--full', '--no-dangling')).toBe('');
});

test('it begins only where there is much to pack, not soon again, and not in a repository that is not orc its own', async () => {
  const store = await makeStore();
  const started: string[][] = [];
  const open = (keepPacked?: Partial<typeof limits>) =>
    openNativeStore(store.path, {
      ...settings,
      onStart: (args) => started.push([...args]),
      ...(keepPacked === undefined ? {} : { keepPacked }),
    });
  await (await open({})).close();
  await fill(store, 0, 200);
  await (await open()).close();
  expect(started).toEqual([]);
  await (await open({ ...limits, pauseMs: 3_600_000 })).close();
  await (await open({ ...limits, pauseMs: 3_600_000 })).close();
  expect(started.map(([command]) => command)).toEqual(['repack']);
  // Nor while one is under way, however long ago it was begun.
  const mark = path.join(store.path, 'packing');
  fs.writeFileSync(mark, String(process.pid));
  fs.utimesSync(mark, Date.now() / 1000 - 600, Date.now() / 1000 - 600);
  await (await open(limits)).close();
  expect(started).toHaveLength(1);
});

test('what a killed process left long ago is cleared away, what is new is somebody else at work', async () => {
  const store = await makeStore();
  await fill(store, 0, 200);
  const folder = path.join(store.path, 'objects/pack');
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, age] of [
    ['tmp_pack_old', 100_000],
    ['.tmp-9-pack-old.pack', 100_000],
    ['tmp_pack_new', 10],
  ] as const) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, 'x');
    const time = Date.now() / 1000 - age;
    fs.utimesSync(file, time, time);
  }
  await ended(createPackKeeper(store.path, settings, limits).check());
  expect(fs.readdirSync(folder).filter((name) => /tmp/.test(name))).toEqual(['tmp_pack_new']);
});
