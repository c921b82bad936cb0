import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createNativeStore, openNativeStore } from '../../src/git/native/native-store.ts';
import type { GitStore, ObjectFormat, Oid } from '../../src/git/store.ts';
import { describeGitStore } from '../support/git-contract.ts';
import { checkRepository, git, isolatedEnv } from '../support/git-fixtures.ts';
import { makeBlob, writeChain, writeCommit } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';

async function makeStore(
  objectFormat: ObjectFormat = 'sha1',
  onStart?: (args: readonly string[]) => void,
): Promise<GitStore> {
  const path = join(makeTempDir(), 'orc', 'board.git');
  return createNativeStore(path, { objectFormat, env: isolatedEnv, ...(onStart && { onStart }) });
}

const errorCode = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => error.code,
  );

describe('in a hook on the server', () => {
  test.each([
    ['loose', 5],
    ['packed', 120],
  ])('what was pushed and is not let in yet is read without a process: %s', async (_, count) => {
    const pushed = await makeStore();
    const chain = await writeChain(pushed, count, 'pushed');
    const started: string[] = [];
    const there = await makeStore();
    const before = await writeChain(there, 3, 'there');
    const options = {
      readsIncoming: true,
      env: {
        ...isolatedEnv,
        GIT_OBJECT_DIRECTORY: join(pushed.path, 'objects'),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: `"a strange\\tname":${join(there.path, 'objects')}`,
      },
      onStart: ([command = '']: readonly string[]) => void started.push(command),
    };
    const store = await openNativeStore(there.path, options);
    const wanted = [...before, ...chain.slice(-20)];
    expect([...(await store.readObjects(wanted)).keys()].sort()).toEqual([...wanted].sort());
    expect(started).toEqual([]);
    await Promise.all([store.close(), pushed.close(), there.close()]);
    // Elsewhere such variables say nothing.
    const other = await openNativeStore(there.path, { ...options, readsIncoming: false });
    expect((await other.readObjects(wanted)).size).toBe(before.length);
    await other.close();
  });
});

describeGitStore('native store, sha1', () => makeStore('sha1'));
describeGitStore('native store, sha256', () => makeStore('sha256'));

describe.each(['sha1', 'sha256'] as const)('native store, %s: the folder', (format) => {
  test('is a bare repository that git finds in order, with loose objects and packs', async () => {
    const store = await makeStore(format);
    const few = await writeChain(store, 3, 'few');
    const many = await writeChain(store, 100, 'many', few[2]);
    await store.updateRefs([{ ref, from: null, to: many[99] as Oid }]);
    checkRepository(store.path);
    expect(git(store.path, 'rev-parse', '--is-bare-repository', '--show-object-format', ref).split('\n')).toEqual([
      'true',
      format,
      many[99],
    ]);
    expect(git(store.path, 'rev-list', '--count', ref)).toBe('103');
    expect(git(store.path, 'count-objects', '-v')).toMatch(/packs: 1/);
    await store.close();
  });

  test('reads what git wrote, packed into one file, and refs that git packed', async () => {
    const store = await makeStore(format);
    const chain = await writeChain(store, 5, 'chain');
    const tip = chain[4] as Oid;
    await store.updateRefs([
      { ref, from: null, to: tip },
      { ref: 'refs/orc/keep', from: null, to: tip },
    ]);
    git(store.path, 'repack', '-adq');
    git(store.path, 'prune-packed');
    git(store.path, 'pack-refs', '--all');
    const again = await openNativeStore(store.path, { env: isolatedEnv });
    expect(again.objectFormat).toBe(format);
    expect((await again.readObjects(chain)).size).toBe(5);
    expect(await again.readRef(ref)).toBe(tip);
    expect((await again.listRefs('refs/')).size).toBe(2);
    expect(await again.updateRefs([{ ref, from: tip, to: null }])).toBe('updated');
    expect(await again.readRef(ref)).toBe(null);
    expect(git(store.path, 'for-each-ref', '--format=%(refname)')).toBe('refs/orc/keep');
    expect(await again.updateRefs([{ ref: 'refs/orc/keep', from: tip, to: chain[3] as Oid }])).toBe('updated');
    expect(git(store.path, 'rev-parse', 'refs/orc/keep')).toBe(chain[3]);
    await again.close();
  });
});

describe('native store', () => {
  test('is created once by many at the same time', async () => {
    const path = join(makeTempDir(), 'deep', 'board.git');
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => createNativeStore(path, { objectFormat: 'sha1', env: isolatedEnv })),
    );
    expect(new Set(stores.map((store) => store.path))).toEqual(new Set([path]));
    expect(fs.readdirSync(join(path, '..'))).toEqual(['board.git']);
    checkRepository(path);
  });

  test('tells a folder that is missing from one that is something else', async () => {
    const folder = makeTempDir();
    expect(await errorCode(openNativeStore(join(folder, 'none')))).toBe('no-board');
    expect(await errorCode(openNativeStore(folder))).toBe('store-corrupt');
  });

  test('starts no process for a single operation, for a few packed objects neither, and one for many', async () => {
    const started: (readonly string[])[] = [];
    const store = await makeStore('sha1', (args) => started.push(args));
    const chain = await writeChain(store, 3, 'chain');
    await store.updateRefs([{ ref, from: null, to: chain[2] as Oid }]);
    await store.readRef(ref);
    const again = await openNativeStore(store.path, { env: isolatedEnv, onStart: (args) => started.push(args) });
    await again.readObjects(chain);
    await again.isAncestor(chain[0] as Oid, chain[2] as Oid);
    expect(started).toEqual([]);
    git(store.path, 'repack', '-adq');
    const fresh = await openNativeStore(store.path, { env: isolatedEnv, onStart: (args) => started.push(args) });
    for (const oid of chain) expect((await fresh.readObjects([oid])).size).toBe(1);
    expect(started).toEqual([]);
    const many = Array.from({ length: 100 }, (_, n) => makeBlob(fresh, `blob ${n}`));
    await fresh.writeObjects(many);
    git(store.path, 'update-ref', 'refs/heads/blob', chain[0] as Oid);
    const late = await openNativeStore(store.path, { env: isolatedEnv, onStart: (args) => started.push(args) });
    expect((await late.readObjects(many.map(({ oid }) => oid))).size).toBe(100);
    expect(started).toHaveLength(1);
    await Promise.all([fresh, late].map((each) => each.close()));
  });

  test('starts a new reader when the old one was killed, and sees packs that appeared since', async () => {
    const pids: number[] = [];
    // Packs of this kind are git's to read, however few objects are wanted.
    const store = await makeStore('sha256');
    const reader = await openNativeStore(store.path, { env: isolatedEnv, cacheBytes: 0 });
    const chain = await writeChain(store, 3, 'chain');
    await store.updateRefs([{ ref, from: null, to: chain[2] as Oid }]);
    git(store.path, 'repack', '-adq');
    expect((await reader.readObjects(chain)).size).toBe(3);
    for (const line of fs.readdirSync('/proc')) {
      if (!/^\d+$/.test(line)) continue;
      try {
        if (fs.readFileSync(`/proc/${line}/cmdline`, 'utf8').includes(`--git-dir=${store.path}`))
          pids.push(Number(line));
      } catch {
        // it ended while we looked
      }
    }
    expect(pids).toHaveLength(1);
    process.kill(pids[0] as number, 'SIGKILL');
    expect((await reader.readObjects(chain)).size).toBe(3);
    const more = await writeChain(store, 100, 'more', chain[2]);
    expect((await reader.readObjects(more)).size).toBe(100);
    await reader.close();
    expect((await reader.readObjects(chain)).size).toBe(3);
    await reader.close();
  });

  test('reads and misses many at once, and says when many are damaged', async () => {
    const store = await makeStore();
    const blobs = Array.from({ length: 1200 }, (_, index) => makeBlob(store, `blob ${index}`));
    await store.writeObjects(blobs);
    const reader = await openNativeStore(store.path, { env: isolatedEnv });
    const unknown = Array.from({ length: 600 }, (_, index) => makeBlob(store, `unknown ${index}`).oid);
    const found = await reader.readObjects([...unknown, ...blobs.map((blob) => blob.oid)]);
    expect(found.size).toBe(1200);
    expect(
      blobs.every((blob) => Buffer.compare(found.get(blob.oid)?.bytes ?? new Uint8Array(), blob.bytes) === 0),
    ).toBe(true);
    expect(fs.readdirSync(join(store.path, 'objects')).sort()).toEqual(['info', 'pack']);
    const pack = fs.readdirSync(join(store.path, 'objects/pack')).find((name) => name.endsWith('.pack')) as string;
    const bytes = fs.readFileSync(join(store.path, 'objects/pack', pack));
    fs.chmodSync(join(store.path, 'objects/pack', pack), 0o644);
    fs.writeFileSync(join(store.path, 'objects/pack', pack), bytes.fill(0x55, 12, bytes.length - 20));
    expect(await errorCode(reader.readObjects(blobs.map((blob) => blob.oid)))).toBe('store-corrupt');
  });

  test('says that an object is damaged, loose or packed', async () => {
    const store = await makeStore();
    const blob = makeBlob(store, 'some content');
    await store.writeObjects([blob]);
    const path = join(store.path, 'objects', blob.oid.slice(0, 2), blob.oid.slice(2));
    const damage = (bytes: Uint8Array) => {
      fs.chmodSync(path, 0o644);
      fs.writeFileSync(path, bytes);
    };
    const read = async () => {
      const reader = await openNativeStore(store.path, { env: isolatedEnv });
      return errorCode(reader.readObjects([blob.oid]));
    };
    damage(fs.readFileSync(path).subarray(0, 10));
    expect(await read()).toBe('store-corrupt');
    damage(new Uint8Array());
    expect(await read()).toBe('store-corrupt');
    // What a crash left empty is written anew.
    await store.writeObjects([blob]);
    expect(await read()).toBe('no error');

    const chain = await writeChain(store, 100, 'packed');
    const pack = fs.readdirSync(join(store.path, 'objects/pack')).find((name) => name.endsWith('.pack')) as string;
    const packPath = join(store.path, 'objects/pack', pack);
    const bytes = fs.readFileSync(packPath);
    bytes.fill(0x55, 12, bytes.length - 20);
    fs.chmodSync(packPath, 0o644);
    fs.writeFileSync(packPath, bytes);
    const reader = await openNativeStore(store.path, { env: isolatedEnv });
    expect(await errorCode(reader.readObjects([chain[0] as Oid]))).toBe('store-corrupt');
  });

  test('removes locks that were left behind, and waits for young ones', async () => {
    const store = await makeStore();
    const oid = await writeCommit(store, 'one');
    const lock = join(store.path, `${ref}.lock`);
    fs.writeFileSync(lock, '');
    fs.utimesSync(lock, new Date(Date.now() - 5000), new Date(Date.now() - 5000));
    expect(await store.updateRefs([{ ref, from: null, to: oid }])).toBe('updated');
    // A clock that jumped: the lock lies in the future, and is watched instead.
    fs.writeFileSync(lock, '');
    fs.utimesSync(lock, new Date(Date.now() + 1e9), new Date(Date.now() + 1e9));
    expect(await store.updateRefs([{ ref, from: oid, to: null }])).toBe('updated');
    expect(fs.existsSync(lock)).toBe(false);
  });

  test('syncs the refs of an update together, before any of them moves', async () => {
    const store = await makeStore();
    const [one, two] = [await writeCommit(store, 'one'), await writeCommit(store, 'two')];
    const refs = ['refs/heads/a', 'refs/heads/b'];
    await store.updateRefs(refs.map((name) => ({ ref: name, from: null, to: one })));
    const seen: { readonly isMoved: boolean; readonly underWay: number }[] = [];
    let underWay = 0;
    const sync = fs.fsync;
    const spy = vi.spyOn(fs, 'fsync').mockImplementation((fd, done) => {
      const at = fs.readFileSync(join(store.path, 'refs/heads/a'), 'utf8').trim();
      seen.push({ isMoved: at === two, underWay: ++underWay });
      sync(fd, (error) => {
        underWay--;
        done(error);
      });
    });
    onTestFinished(() => spy.mockRestore());
    await store.updateRefs(refs.map((name) => ({ ref: name, from: one, to: two })));
    // The two files, then their folder.
    expect(seen).toEqual([
      { isMoved: false, underWay: 1 },
      { isMoved: false, underWay: 2 },
      { isMoved: true, underWay: 1 },
    ]);
    seen.length = 0;
    expect(await store.updateRefs(refs.map((name) => ({ ref: name, from: one, to: two })))).toBe('changed');
    expect(seen).toEqual([]);
  });

  test.each([
    'HEAD',
    'refs/../config',
    'refs/heads/a b',
    'refs/heads/x.lock',
    'refs//x',
    'refs/heads/',
    'refs/.git/x',
    'refs/heads/\n',
  ])('refuses the ref name %j', async (name) => {
    const store = await makeStore();
    const oid = await writeCommit(store, 'one');
    expect(await errorCode(store.updateRefs([{ ref: name, from: null, to: oid }]))).toBe('invalid-argument');
    expect(await errorCode(store.readRef(name))).toBe('invalid-argument');
  });

  test('says `io`, and leaves nothing half written, where it may not write', async () => {
    const store = await makeStore();
    fs.rmSync(join(store.path, 'objects'), { recursive: true });
    fs.writeFileSync(join(store.path, 'objects'), 'in the way');
    expect(await errorCode(writeCommit(store, 'one'))).toBe('io');
  });

  test('says `git-missing` when there is no git, and works without it as far as it can', async () => {
    const store = await makeStore();
    const chain = await writeChain(store, 3, 'chain');
    const path = makeTempDir();
    const without = await openNativeStore(store.path, { env: { ...isolatedEnv, PATH: path } });
    expect((await without.readObjects(chain)).size).toBe(3);
    expect(await errorCode(without.readObjects([makeBlob(store, 'unknown').oid]))).toBe('git-missing');
    expect(await writeChain(without, 100, 'many')).toHaveLength(100);
  });
});
