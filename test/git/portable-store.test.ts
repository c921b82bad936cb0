import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createNativeStore, openNativeStore } from '../../src/git/native/native-store.ts';
import { createPortableStore, openPortableStore } from '../../src/git/portable/portable-store.ts';
import type { Oid } from '../../src/git/store.ts';
import { describeGitStore } from '../support/git-contract.ts';
import { checkRepository, git, isolatedEnv } from '../support/git-fixtures.ts';
import { makeBlob, makeObject, writeChain } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';
const makePath = () => join(makeTempDir(), 'board.git');

describeGitStore('portable store', () => createPortableStore(makePath(), { objectFormat: 'sha1' }));

describe('portable and native on one store', () => {
  test('native git finds in order what portable wrote', async () => {
    const portable = await createPortableStore(makePath(), { objectFormat: 'sha1' });
    const chain = await writeChain(portable, 5, 'chain');
    await portable.updateRefs([{ ref, from: null, to: chain[4] as Oid }]);
    checkRepository(portable.path);
    expect(git(portable.path, 'rev-list', '--count', ref)).toBe('5');
    const native = await openNativeStore(portable.path, { env: isolatedEnv });
    expect((await native.readObjects(chain)).size).toBe(5);
    expect(await native.readRef(ref)).toBe(chain[4]);
    expect(fs.readdirSync(join(portable.path, 'objects')).filter((name) => name.startsWith('tmp'))).toEqual([]);
  });

  test('portable reads what native wrote: loose, in packs, and packs that appear later', async () => {
    const native = await createNativeStore(makePath(), { objectFormat: 'sha1', env: isolatedEnv });
    const portable = await openPortableStore(native.path, { cacheBytes: 0 });
    const loose = await writeChain(native, 3, 'loose');
    await native.updateRefs([{ ref, from: null, to: loose[2] as Oid }]);
    expect((await portable.readObjects(loose)).size).toBe(3);
    git(native.path, 'repack', '-adfq', '--depth=10');
    expect((await portable.readObjects(loose)).size).toBe(3);
    const packed = await writeChain(native, 100, 'packed', loose[2]);
    expect((await portable.readObjects(packed)).size).toBe(100);
    expect(await portable.isAncestor(loose[0] as Oid, packed[99] as Oid)).toBe(true);
    expect(await portable.updateRefs([{ ref, from: loose[2] as Oid, to: packed[99] as Oid }])).toBe('updated');
    expect(await native.readRef(ref)).toBe(packed[99]);
    await native.close();
  });

  test('portable reads packs of every make: long lines of deltas, bases by place and by name', async () => {
    const native = await createNativeStore(makePath(), { objectFormat: 'sha1', env: isolatedEnv });
    const logs = Array.from({ length: 120 }, (_, index) =>
      makeBlob(native, Array.from({ length: index + 1 }, (_, line) => `${line}: a line of the log\n`).join('')),
    );
    const random = Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * at * 2654435761) >>> 13));
    await native.writeObjects([...logs, makeObject(native, 'blob', random), makeBlob(native, '')]);
    const chain = await writeChain(native, 130, 'chain');
    await native.updateRefs([{ ref, from: null, to: chain[129] as Oid }]);
    await native.close();
    const all = git(native.path, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)').split('\n') as Oid[];
    const packs = () => fs.readdirSync(join(native.path, 'objects/pack')).filter((name) => name.endsWith('.idx'));
    for (const config of [[], ['repack.useDeltaBaseOffset=false']]) {
      const args = config.flatMap((entry) => ['-c', entry]);
      git(native.path, ...args, 'repack', '-adfkq', '--depth=100', '--window=200');
      expect(packs()).toHaveLength(1);
      const portable = await openPortableStore(native.path, { cacheBytes: 0 });
      const found = await portable.readObjects(all);
      expect(all.filter((oid) => !found.has(oid))).toEqual([]);
      for (const [oid, { type, bytes }] of found) expect(portable.hashObject(type, bytes)).toBe(oid);
      expect((await portable.readObjects([makeBlob(native, 'never written').oid])).size).toBe(0);
      await portable.close();
      expect((await portable.readObjects([all[0] as Oid])).size).toBe(1);
      await portable.close();
    }
  });

  test('portable goes on reading while git packs anew', async () => {
    const native = await createNativeStore(makePath(), { objectFormat: 'sha1', env: isolatedEnv });
    const portable = await openPortableStore(native.path, { cacheBytes: 0 });
    const first = await writeChain(native, 100, 'first');
    expect((await portable.readObjects(first)).size).toBe(100);
    const second = await writeChain(native, 100, 'second', first[99]);
    await native.updateRefs([{ ref, from: null, to: second[99] as Oid }]);
    git(native.path, 'gc', '--quiet', '--prune=now');
    expect((await portable.readObjects([...first, ...second])).size).toBe(200);
    await portable.close();
    await native.close();
  });

  test('of one move each, exactly one wins', async () => {
    const native = await createNativeStore(makePath(), { objectFormat: 'sha1', env: isolatedEnv });
    const portable = await openPortableStore(native.path);
    const chain = await writeChain(native, 3, 'chain');
    const outcomes = await Promise.all([
      native.updateRefs([{ ref, from: null, to: chain[0] as Oid }]),
      portable.updateRefs([{ ref, from: null, to: chain[1] as Oid }]),
    ]);
    expect(outcomes.toSorted()).toEqual(['changed', 'updated']);
  });
});

test('a damaged object is told from one that is missing', async () => {
  const store = await createPortableStore(makePath(), { objectFormat: 'sha1', cacheBytes: 0 });
  const blob = makeBlob(store, 'content');
  await store.writeObjects([blob]);
  const path = join(store.path, 'objects', blob.oid.slice(0, 2), blob.oid.slice(2));
  fs.chmodSync(path, 0o644);
  fs.writeFileSync(path, 'nonsense');
  await expect(store.readObjects([blob.oid])).rejects.toMatchObject({ code: 'store-corrupt' });
});

test('a damaged pack is told from one that is missing', async () => {
  const store = await createPortableStore(makePath(), { objectFormat: 'sha1', cacheBytes: 0 });
  const chain = await writeChain(store, 20, 'chain');
  await store.updateRefs([{ ref, from: null, to: chain[19] as Oid }]);
  git(store.path, 'repack', '-adfq');
  const folder = join(store.path, 'objects/pack');
  const pack = join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.pack')) ?? '');
  const whole = fs.readFileSync(pack);
  fs.chmodSync(pack, 0o644);
  // Each byte of an entry: never another object in its place, never `not there`.
  for (let at = 12; at < 150; at += 7) {
    const copy = Buffer.from(whole);
    copy[at] = (copy[at] ?? 0) ^ 0x55;
    fs.writeFileSync(pack, copy);
    const opened = await openPortableStore(store.path, { cacheBytes: 0 });
    const outcomes = await Promise.all(
      chain.map((oid) =>
        opened.readObjects([oid]).then(
          (found) => (found.get(oid) === undefined ? 'missing' : 'read'),
          (error: { code?: string }) => error.code,
        ),
      ),
    );
    await opened.close();
    expect(outcomes.filter((outcome) => outcome !== 'read' && outcome !== 'store-corrupt')).toEqual([]);
    expect(outcomes).toContain('store-corrupt');
  }
});

test('refuses a SHA-256 board', async () => {
  await expect(createPortableStore(makePath(), { objectFormat: 'sha256' })).rejects.toMatchObject({
    code: 'unsupported',
  });
  const { path } = await createNativeStore(makePath(), { objectFormat: 'sha256', env: isolatedEnv });
  await expect(openPortableStore(path)).rejects.toMatchObject({ code: 'unsupported' });
});
