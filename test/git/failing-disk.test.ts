/** Every call to the system fails once, in every way: what stands on it says so clearly, breaks nothing, and works the next time. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Holds } from '../../src/app/holds.ts';
import { OrcError } from '../../src/errors.ts';
import { lastValue, readConfigFile, setConfigValues } from '../../src/git/config-file.ts';
import { findHost } from '../../src/git/host.ts';
import { describeOwner } from '../../src/git/lock-file.ts';
import { createMachineLock } from '../../src/git/machine-lock.ts';
import { createNativeStore, openNativeStore } from '../../src/git/native/native-store.ts';
import { runGit } from '../../src/git/native/run-git.ts';
import { createPortableStore, openPortableStore } from '../../src/git/portable/portable-store.ts';
import type { GitStore, NewObject, Oid } from '../../src/git/store.ts';
import { type Ended, nameFault, tryEveryFault } from '../support/fail-at.ts';
import { openDescriptors, remainsIn } from '../support/fault-checks.ts';
import { checkRepository, git, isolatedEnv, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The code of a clear error; anything else that was thrown fails the test. */
function codeOf(ended: Ended<unknown>): string | null {
  if (ended.outcome === 'done') return null;
  if (ended.error instanceof OrcError) return ended.error.code;
  throw ended.error;
}

const adapters = {
  native: {
    create: (folder: string) => createNativeStore(folder, { objectFormat: 'sha1', env: isolatedEnv }),
    open: (folder: string) => openNativeStore(folder, { env: isolatedEnv }),
  },
  portable: {
    create: (folder: string) => createPortableStore(folder, { objectFormat: 'sha1' }),
    open: (folder: string) => openPortableStore(folder),
  },
};

const newBlob = (store: GitStore, text: string): NewObject => {
  const bytes = new TextEncoder().encode(text);
  return { oid: store.hashObject('blob', bytes), type: 'blob', bytes };
};

test.each(['free', "a dead owner's"])('a machine lock that is %s is never left taken', async (state) => {
  const file = path.join(makeTempDir(), 'x.lock');
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  const plant = (): void => {
    const owner = { ...JSON.parse(describeOwner('0011223344556677')), pid };
    if (state !== 'free') fs.writeFileSync(file, JSON.stringify(owner));
  };
  plant();
  const before = openDescriptors();
  const faults = await tryEveryFault(
    async () => {
      const held = await createMachineLock(file).acquire({ timeoutMs: 0 });
      try {
        expect(await createMachineLock(file).tryAcquire()).toBeNull();
      } finally {
        await held.release();
      }
    },
    async ({ ended }) => {
      expect([null, 'io', 'store-busy']).toContain(codeOf(ended));
      await (await createMachineLock(file).acquire({ timeoutMs: 3_000 })).release();
      expect(fs.existsSync(file)).toBe(false);
      // What could not be removed is swept after a minute.
      for (const name of fs.readdirSync(path.dirname(file))) fs.rmSync(path.join(path.dirname(file), name));
      plant();
    },
  );
  console.log(`machine lock, ${state}: ${faults} faults`);
  expect(faults).toBeGreaterThan(40);
  expect(openDescriptors()).toBe(before);
});

test('a store is made whole or not at all, and the second try makes it', async () => {
  for (const { create, open } of Object.values(adapters)) {
    const parent = makeTempDir();
    let number = 0;
    await tryEveryFault(
      () => create(path.join(parent, String(number), 'board.git')),
      async ({ ended, fault }) => {
        expect([null, 'io']).toContain(codeOf(ended));
        const folder = path.join(parent, String(number), 'board.git');
        await create(folder);
        checkRepository(folder);
        expect(fs.readdirSync(path.dirname(folder)), nameFault(fault)).toEqual(['board.git']);
        await (await open(folder)).close();
        number++;
      },
    );
    expect(number).toBeGreaterThan(30);
  }
});

test.each(Object.entries(adapters))(
  '%s: objects are written whole, and none is taken for missing',
  async (_, adapter) => {
    const folder = path.join(makeTempDir(), 'board.git');
    await (await adapter.create(folder)).close();
    const before = openDescriptors();
    let number = 0;
    const written: NewObject[] = [];
    let batch: NewObject[] = [];
    const writes = await tryEveryFault(
      async () => {
        const store = await adapter.open(folder);
        number++;
        batch = ['a', 'b', 'c'].map((name) => newBlob(store, `${name} ${number}`));
        await store.writeObjects(batch);
      },
      async ({ ended, fault }) => {
        expect([null, 'io']).toContain(codeOf(ended));
        const store = await adapter.open(folder);
        const wanted = batch.map(({ oid }) => oid);
        if (ended.outcome === 'failed') await store.writeObjects(batch);
        expect([...(await store.readObjects(wanted)).keys()].sort()).toEqual(wanted.sort());
        expect([...remainsIn(folder)], nameFault(fault)).toEqual([]);
        await store.close();
        written.push(...batch);
      },
    );
    checkRepository(folder);
    const wanted = written.slice(0, 3).map(({ oid }) => oid);
    const read = async (): Promise<Oid[]> => {
      const store = await adapter.open(folder);
      try {
        return [...(await store.readObjects(wanted)).keys()].sort();
      } finally {
        await store.close();
      }
    };
    const check = ({ ended }: { ended: Ended<Oid[]> }): void => {
      expect([null, 'io']).toContain(codeOf(ended));
      if (ended.outcome === 'done') expect(ended.value).toEqual([...wanted].sort());
    };
    const looseReads = await tryEveryFault(read, check);
    git(folder, 'hash-object', '-w', '--stdin-paths', '-t', 'blob'); // nothing on its input: only shows that git is content
    const pack = git(folder, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname)');
    spawnSync('git', ['pack-objects', '-q', 'objects/pack/pack'], {
      cwd: folder,
      input: `${pack}\n`,
      env: isolatedEnv,
    });
    git(folder, 'prune-packed');
    const packedReads = await tryEveryFault(read, ({ ended }) => {
      const code = codeOf(ended);
      if (code === 'git-missing' || code === 'git-failed') return; // no git could be started
      check({ ended });
    });
    console.log(`objects: ${writes} + ${looseReads} + ${packedReads} faults`);
    expect(openDescriptors()).toBe(before);
  },
);

test('refs move or stay, and move the next time', async () => {
  const folder = path.join(makeTempDir(), 'board.git');
  const store = await adapters.native.create(folder);
  const [one, two] = [newBlob(store, '1'), newBlob(store, '2')];
  await store.writeObjects([one, two]);
  const refs = ['refs/orc/a', 'refs/orc/b'];
  const values = () => Promise.all(refs.map((ref) => store.readRef(ref)));
  const before = openDescriptors();
  let to: Oid = one.oid;
  const move = async (oid: Oid | null) => {
    const from = await values();
    return store.updateRefs(refs.map((ref, index) => ({ ref, from: from[index] ?? null, to: oid })));
  };
  const faults = await tryEveryFault(
    () => move(to),
    async ({ ended }) => {
      expect([null, 'io']).toContain(codeOf(ended));
      if (ended.outcome === 'done') {
        expect(ended.value).toBe('updated');
        expect(await values()).toEqual([to, to]);
      }
      const began = performance.now();
      expect(await move(to === one.oid ? null : to)).toBe('updated');
      expect(performance.now() - began).toBeLessThan(3_000);
      expect(fs.readdirSync(path.join(folder, 'refs/orc')).filter((name) => name.endsWith('.lock'))).toEqual([]);
      to = to === one.oid ? two.oid : one.oid;
    },
  );
  expect(faults).toBeGreaterThan(30);
  expect(openDescriptors()).toBe(before);
});

test('a configuration file is the old one or the new one', async () => {
  const folder = makeTempDir();
  const file = path.join(folder, 'config');
  fs.writeFileSync(file, '[core]\n\tbare = true\n', { mode: 0o640 });
  const before = openDescriptors();
  let number = 0;
  const faults = await tryEveryFault(
    () => setConfigValues(file, [['orc.number', String(++number)]]),
    async ({ ended }) => {
      expect([null, 'io']).toContain(codeOf(ended));
      const entries = readConfigFile(file);
      expect(lastValue(entries, 'core.bare')).toBe('true');
      expect(fs.statSync(file).mode & 0o777).toBe(0o640);
      const values = [String(number), ...(ended.outcome === 'done' || number === 1 ? [] : ['again'])];
      expect([...values, number === 1 ? null : '']).toContain(lastValue(entries, 'orc.number'));
      await setConfigValues(file, [['orc.number', 'again']]);
      expect(lastValue(readConfigFile(file), 'orc.number')).toBe('again');
      expect(fs.readdirSync(folder)).toEqual(['config']);
    },
  );
  expect(faults).toBeGreaterThan(20);
  expect(openDescriptors()).toBe(before);
});

test('a repository is found, or the disk is named: never another repository', async () => {
  const outer = makeClone(makeBareRemote());
  const main = path.join(outer, 'inner');
  git(outer, 'init', '--quiet', main);
  git(main, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  git(main, 'worktree', 'add', '--quiet', '../linked');
  for (const cwd of [main, path.join(outer, 'linked')]) {
    const expected = findHost(cwd, {});
    const faults = await tryEveryFault(
      async () => findHost(cwd, {}),
      ({ ended, fault }) => {
        // What git may not look into is no repository for git either.
        if (fault?.errno === 'EACCES') return;
        expect([null, 'io', 'no-repository']).toContain(codeOf(ended));
        if (ended.outcome === 'done') expect(ended.value).toEqual(expected);
      },
    );
    expect(faults).toBeGreaterThan(10);
  }
});

test('what is held here is remembered, or the disk is named: never forgotten in silence', async () => {
  const holds = new Holds(makeTempDir(), 'main');
  const hold = { kind: 'task', key: 'aabbccdd', agent: 'a', claim: 'one' } as const;
  let number = 0;
  await tryEveryFault(
    () => holds.remember({ ...hold, claim: String(++number) }),
    async ({ ended }) => {
      expect(ended).toEqual({ outcome: 'done', value: true });
      expect(await holds.list()).toEqual([{ ...hold, claim: String(number) }]);
    },
  );
  for (const read of [() => holds.find('task', 'aabbccdd'), async () => (await holds.list())[0]]) {
    await tryEveryFault(read, ({ ended }) => {
      expect([null, 'io']).toContain(codeOf(ended));
      if (ended.outcome === 'done') expect(ended.value).toMatchObject({ key: 'aabbccdd' });
    });
  }
  await tryEveryFault(
    () => holds.forget('task', 'aabbccdd'),
    ({ ended }) => expect(ended.outcome).toBe('done'),
  );
});

test('a git that cannot be started is an error with a code, also when it was to be fed', async () => {
  for (const stdin of [undefined, [Buffer.from('x')]]) {
    const codes = new Set<string | null>();
    await tryEveryFault(
      () => runGit({ args: ['version'], env: isolatedEnv, ...(stdin === undefined ? {} : { stdin }) }),
      ({ ended, fault }) => {
        codes.add(codeOf(ended));
        if (fault?.form === 'killed') expect(ended.outcome).toBe('done');
      },
    );
    expect([...codes].sort()).toEqual(['git-failed', 'git-missing', null]);
  }
});
