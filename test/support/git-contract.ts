/** What every `GitStore` and every `Transport` has to keep, run over each adapter. */
import { describe, expect, test } from 'vitest';
import type { GitStore, Oid } from '../../src/git/store.ts';
import type { Transport } from '../../src/git/transport.ts';
import { makeBlob, makeCommit, makeObject, writeChain, writeCommit } from './git-objects.ts';

const ref = 'refs/heads/orc';
const other = 'refs/remotes/upstream/orc';

/** `factory` makes an empty store; it is closed here. */
export function describeGitStore(name: string, factory: () => Promise<GitStore>): void {
  const storeTest = (title: string, body: (store: GitStore) => Promise<void>, timeout?: number) =>
    test(
      title,
      async () => {
        const store = await factory();
        try {
          await body(store);
        } finally {
          await store.close();
        }
      },
      timeout,
    );

  describe(`${name}: objects`, () => {
    storeTest('reads back what was written, by type and content', async (store) => {
      const objects = [...makeCommit(store, 'one'), makeBlob(store, ''), makeObject(store, 'tree', new Uint8Array())];
      await store.writeObjects(objects);
      const found = await store.readObjects(objects.map((object) => object.oid));
      expect(found.size).toBe(objects.length);
      for (const { oid, type, bytes } of objects) {
        expect(found.get(oid)?.type).toBe(type);
        expect(Buffer.from(found.get(oid)?.bytes ?? [])).toEqual(Buffer.from(bytes));
      }
    });

    storeTest('leaves unknown ids out, and answers for the others', async (store) => {
      const blob = makeBlob(store, 'known');
      const unknown = makeBlob(store, 'unknown').oid;
      expect(await store.readObjects([])).toEqual(new Map());
      expect((await store.readObjects([unknown])).size).toBe(0);
      await store.writeObjects([blob]);
      expect([...(await store.readObjects([unknown, blob.oid, blob.oid])).keys()]).toEqual([blob.oid]);
      await store.writeObjects([makeBlob(store, 'unknown')]);
      expect((await store.readObjects([unknown])).has(unknown)).toBe(true);
    });

    storeTest('takes the same object twice, in one call and in two at once', async (store) => {
      const blob = makeBlob(store, 'twice');
      await store.writeObjects([blob, blob]);
      await Promise.all([store.writeObjects([blob]), store.writeObjects([blob])]);
      expect((await store.readObjects([blob.oid])).size).toBe(1);
      await store.writeObjects([]);
    });

    storeTest('keeps an object of 5 MB', async (store) => {
      const bytes = new Uint8Array(5_000_000);
      for (let at = 0, value = 1; at < bytes.length; at++) bytes[at] = value = (value * 75 + 74) % 65537;
      const big = makeObject(store, 'blob', bytes);
      await store.writeObjects([big]);
      const found = (await store.readObjects([big.oid])).get(big.oid);
      expect(Buffer.compare(found?.bytes ?? new Uint8Array(), bytes)).toBe(0);
    });

    storeTest(
      'keeps a thousand objects that are written and read at once',
      async (store) => {
        const objects = Array.from({ length: 1000 }, (_, index) =>
          makeBlob(store, `blob ${index} ${'x'.repeat(index)}`),
        );
        await store.writeObjects(objects);
        const found = await store.readObjects(objects.map((object) => object.oid));
        expect(found.size).toBe(1000);
        const last = objects[999];
        expect(last && Buffer.from(found.get(last.oid)?.bytes ?? [])).toEqual(last && Buffer.from(last.bytes));
      },
      30_000,
    );
  });

  describe(`${name}: refs`, () => {
    storeTest('creates, moves and deletes a ref only from the value that it has', async (store) => {
      const [a, b] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
      expect(await store.readRef(ref)).toBe(null);
      expect(await store.updateRefs([{ ref, from: a, to: b }])).toBe('changed');
      expect(await store.updateRefs([{ ref, from: null, to: a }])).toBe('updated');
      expect(await store.readRef(ref)).toBe(a);
      expect(await store.updateRefs([{ ref, from: null, to: b }])).toBe('changed');
      expect(await store.updateRefs([{ ref, from: a, to: b }])).toBe('updated');
      expect(await store.updateRefs([{ ref, from: a, to: null }])).toBe('changed');
      expect(await store.readRef(ref)).toBe(b);
      expect(await store.updateRefs([{ ref, from: b, to: null }])).toBe('updated');
      expect(await store.readRef(ref)).toBe(null);
      expect(await store.updateRefs([{ ref, from: null, to: null }])).toBe('updated');
    });

    storeTest('moves several refs, or none of them', async (store) => {
      const [a, b] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
      const both = (from: Oid | null, otherFrom: Oid | null, to: Oid | null) => [
        { ref, from, to },
        { ref: other, from: otherFrom, to },
      ];
      expect(await store.updateRefs(both(null, null, a))).toBe('updated');
      expect(await store.updateRefs(both(a, b, b))).toBe('changed');
      expect(await store.updateRefs(both(b, a, b))).toBe('changed');
      expect([await store.readRef(ref), await store.readRef(other)]).toEqual([a, a]);
      expect(await store.updateRefs(both(a, a, b))).toBe('updated');
      expect([await store.readRef(ref), await store.readRef(other)]).toEqual([b, b]);
    });

    storeTest('lets exactly one of many concurrent moves win', async (store) => {
      const base = await writeCommit(store, 'base');
      const rivals = await Promise.all(
        Array.from({ length: 12 }, (_, index) => writeCommit(store, `rival ${index}`, [base])),
      );
      await store.updateRefs([{ ref, from: null, to: base }]);
      const outcomes = await Promise.all(rivals.map((to) => store.updateRefs([{ ref, from: base, to }])));
      expect(outcomes.filter((outcome) => outcome === 'updated')).toHaveLength(1);
      expect(await store.readRef(ref)).toBe(rivals[outcomes.indexOf('updated')]);
    });

    storeTest('lists the refs below a prefix', async (store) => {
      const oid = await writeCommit(store, 'one');
      const names = ['refs/heads/orc', 'refs/orc/rewritten/1', 'refs/orc/rewritten/2', 'refs/orcs/x'];
      await store.updateRefs(names.map((name) => ({ ref: name, from: null, to: oid })));
      expect([...(await store.listRefs('refs/orc/')).keys()].sort()).toEqual(names.slice(1, 3));
      expect([...(await store.listRefs('refs/')).keys()].sort()).toEqual(names);
      expect(await store.listRefs('refs/none/')).toEqual(new Map());
    });
  });

  describe(`${name}: ancestry`, () => {
    storeTest('follows lines, side lines and merges, and tells strangers', async (store) => {
      const line = await writeChain(store, 5, 'line');
      const [root, , fork, , tip] = line as [Oid, Oid, Oid, Oid, Oid];
      const side = (await writeChain(store, 3, 'side', fork)) as [Oid, Oid, Oid];
      const merge = await writeCommit(store, 'merge', [tip, side[2]]);
      const stranger = await writeCommit(store, 'stranger');
      const cases: [Oid, Oid, boolean][] = [
        [root, tip, true],
        [tip, tip, true],
        [tip, root, false],
        [fork, side[2], true],
        [tip, side[2], false],
        [side[1], tip, false],
        [side[1], merge, true],
        [root, merge, true],
        [stranger, merge, false],
        [root, stranger, false],
      ];
      for (const [ancestor, descendant, expected] of cases) {
        expect(await store.isAncestor(ancestor, descendant)).toBe(expected);
      }
    });

    storeTest('lists first parents, where it has a quick way', async (store) => {
      const line = (await writeChain(store, 5, 'line')).reverse();
      const listed = (await store.listFirstParents?.(line[0] as Oid, 3)) ?? line.slice(0, 3);
      expect(listed).toEqual(line.slice(0, 3));
      const merge = await writeCommit(store, 'merge', [line[1] as Oid, line[0] as Oid]);
      const along = (await store.listFirstParents?.(merge, 9)) ?? [merge, ...line.slice(1)];
      expect(along).toEqual([merge, ...line.slice(1)]);
    });

    storeTest(
      'follows a line of 700 commits',
      async (store) => {
        const line = await writeChain(store, 700, 'long');
        const [first, last] = [line[0] as Oid, line[699] as Oid];
        const stranger = await writeCommit(store, 'stranger');
        expect(await store.isAncestor(first, last)).toBe(true);
        expect(await store.isAncestor(last, first)).toBe(false);
        expect(await store.isAncestor(stranger, last)).toBe(false);
        expect(await store.isAncestor(makeBlob(store, 'never written').oid, last)).toBe(false);
      },
      30_000,
    );
  });
}

/** An upstream and the ways to look at it from outside. */
export interface TransportWorld {
  /** An empty store with a transport to the one upstream of this world. */
  join(): Promise<{ readonly store: GitStore; readonly transport: Transport }>;
  /** The branch's head as the upstream itself has it. */
  readHead(): Promise<Oid | null>;
  /** Makes the upstream unreachable. */
  breakDown(): Promise<void>;
}

export function describeTransport(name: string, factory: () => Promise<TransportWorld>): void {
  const worldTest = (title: string, body: (world: TransportWorld) => Promise<void>) =>
    test(title, async () => {
      const stores: GitStore[] = [];
      const world = await factory();
      try {
        await body({
          ...world,
          async join() {
            const joined = await world.join();
            stores.push(joined.store);
            return joined;
          },
        });
      } finally {
        await Promise.all(stores.map((store) => store.close()));
      }
    });

  describe(`${name}: transport`, () => {
    worldTest('reads and fetches nothing from an upstream without the branch', async (world) => {
      const { transport, store } = await world.join();
      expect(await transport.readHead()).toEqual({ outcome: 'read', head: null });
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: null });
      expect(await store.listRefs('refs/')).toEqual(new Map());
    });

    worldTest('pushes a commit, and takes it again when it is pushed again', async (world) => {
      const { store, transport } = await world.join();
      const [a, b] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
      expect(await transport.push(a)).toMatchObject({ outcome: 'taken' });
      expect(await world.readHead()).toBe(a);
      expect(await transport.push(b)).toMatchObject({ outcome: 'taken' });
      expect(await transport.push(b)).toMatchObject({ outcome: 'taken' });
      expect(await transport.readHead()).toEqual({ outcome: 'read', head: b });
    });

    worldTest('fetches the history whole, then what is new, then nothing, and leaves no ref', async (world) => {
      const author = await world.join();
      const reader = await world.join();
      const chain = (await writeChain(author.store, 3, 'chain')) as [Oid, Oid, Oid];
      await author.transport.push(chain[1]);
      expect(await reader.transport.fetch()).toEqual({ outcome: 'fetched', head: chain[1] });
      expect((await reader.store.readObjects(chain)).size).toBe(2);
      await reader.store.updateRefs([{ ref, from: null, to: chain[1] }]);
      await author.transport.push(chain[2]);
      expect(await reader.transport.fetch()).toEqual({ outcome: 'fetched', head: chain[2] });
      expect(await reader.transport.fetch()).toEqual({ outcome: 'fetched', head: chain[2] });
      expect(await reader.store.isAncestor(chain[0], chain[2])).toBe(true);
      expect([...(await reader.store.listRefs('refs/')).keys()]).toEqual([ref]);
    });

    worldTest('rejects what is no fast-forward, and takes it once it stands on top', async (world) => {
      const winner = await world.join();
      const loser = await world.join();
      const base = await writeCommit(winner.store, 'base');
      await winner.transport.push(base);
      await loser.transport.fetch();
      const won = await writeCommit(winner.store, 'won', [base]);
      const lost = await writeCommit(loser.store, 'lost', [base]);
      expect(await winner.transport.push(won)).toMatchObject({ outcome: 'taken' });
      expect((await loser.transport.push(lost)).outcome).toBe('rejected');
      expect((await loser.transport.push(base)).outcome).toBe('rejected');
      expect(await world.readHead()).toBe(won);
      expect(await loser.transport.fetch()).toEqual({ outcome: 'fetched', head: won });
      const replayed = await writeCommit(loser.store, 'lost', [won]);
      expect(await loser.transport.push(replayed)).toMatchObject({ outcome: 'taken' });
    });

    worldTest('makes no branch anew where the push says on what it builds', async (world) => {
      const { store, transport } = await world.join();
      const base = await writeCommit(store, 'base');
      const objects = makeCommit(store, 'next', [base]);
      await store.writeObjects(objects);
      const next = objects[0].oid;
      const added = { base, objects, store: () => Promise.resolve() };
      expect((await transport.push(next, { added })).outcome).toBe('rejected');
      expect(await world.readHead()).toBe(null);
      expect(await transport.push(base)).toMatchObject({ outcome: 'taken' });
      expect(await transport.push(next, { added })).toMatchObject({ outcome: 'taken' });
      expect(await transport.push(next, { added })).toMatchObject({ outcome: 'taken' });
      expect(await world.readHead()).toBe(next);
    });

    worldTest('answers `unreachable`, and throws nothing, when the upstream is gone', async (world) => {
      const { store, transport } = await world.join();
      const oid = await writeCommit(store, 'one');
      await world.breakDown();
      for (const outcome of [await transport.readHead(), await transport.fetch(), await transport.push(oid)]) {
        expect(outcome).toMatchObject({ outcome: 'unreachable', reason: expect.stringMatching(/^[^\n]+$/) });
      }
      expect(await store.listRefs('refs/')).toEqual(new Map());
    });

    worldTest('lets exactly one of many concurrent pushes win', async (world) => {
      const first = await world.join();
      const base = await writeCommit(first.store, 'base');
      await first.transport.push(base);
      const clients = await Promise.all(Array.from({ length: 4 }, () => world.join()));
      const outcomes = await Promise.all(
        clients.map(async ({ store, transport }, index) => {
          await transport.fetch();
          return transport.push(await writeCommit(store, `rival ${index}`, [base]));
        }),
      );
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['rejected', 'rejected', 'rejected', 'taken']);
    });

    worldTest('lays deposits into the inbox, and removes them with a push, all or nothing', async (world) => {
      const author = await world.join();
      const carrier = await world.join();
      const base = await writeCommit(author.store, 'base');
      await author.transport.push(base);
      await carrier.transport.fetch();
      const [first, second] = ['1', '2'].map((digit) => digit.repeat(32)) as [string, string];
      const oids = await Promise.all([lay(author, first, 'one'), lay(author, second, 'two')]);
      const known = new Map([first, second].map((name, index) => [name, oids[index] as Oid]));

      const fetched = await carrier.transport.fetch({ inbox: true });
      expect(fetched).toEqual({ outcome: 'fetched', head: base, deposits: known });
      expect((await carrier.store.readObjects(oids)).size).toBe(2);
      expect([...(await carrier.store.listRefs('refs/')).keys()]).toEqual([]);

      // Not there, or not as it is: nothing happens.
      const objects = makeCommit(carrier.store, 'carried', [base]);
      await carrier.store.writeObjects(objects);
      const carried = objects[0].oid;
      for (const added of [undefined, { base, objects, store: () => Promise.resolve() }]) {
        const more = added === undefined ? {} : { added };
        const absent = new Map([...known, ['3'.repeat(32), base]]);
        const refused = await carrier.transport.push(carried, { ...more, remove: absent });
        expect(refused).toMatchObject({ outcome: 'rejected', absent: ['3'.repeat(32)] });
        const stale = await carrier.transport.push(carried, { ...more, remove: new Map([[first, base]]) });
        expect(stale).toMatchObject({ outcome: 'rejected', absent: [first] });
      }
      expect(await world.readHead()).toBe(base);

      // The branch may be there already.
      const one = new Map([[first, oids[0] as Oid]]);
      expect(await carrier.transport.push(base, { remove: one })).toMatchObject({ outcome: 'taken' });
      expect(await carrier.transport.fetch({ inbox: true })).toMatchObject({ deposits: new Map([[second, oids[1]]]) });
      const both = {
        remove: new Map([[second, oids[1] as Oid]]),
        added: { base, objects, store: () => Promise.resolve() },
      };
      expect(await carrier.transport.push(carried, both)).toMatchObject({ outcome: 'taken' });
      expect(await author.transport.fetch({ inbox: true })).toEqual({
        outcome: 'fetched',
        head: carried,
        deposits: new Map(),
      });
    });

    worldTest('removes no deposit where the branch has moved', async (world) => {
      const author = await world.join();
      const carrier = await world.join();
      const base = await writeCommit(author.store, 'base');
      await author.transport.push(base);
      await carrier.transport.fetch();
      const name = 'd'.repeat(32);
      const oid = await lay(author, name, 'one');
      await author.transport.push(await writeCommit(author.store, 'moved', [base]));
      const objects = makeCommit(carrier.store, 'carried', [base]);
      await carrier.store.writeObjects(objects);
      for (const added of [undefined, { base, objects, store: () => Promise.resolve() }]) {
        const more = added === undefined ? {} : { added };
        const outcome = await carrier.transport.push(objects[0].oid, { ...more, remove: new Map([[name, oid]]) });
        expect(outcome.outcome).toBe('rejected');
      }
      expect(await carrier.transport.fetch({ inbox: true })).toMatchObject({ deposits: new Map([[name, oid]]) });
    });

    worldTest('makes no deposit over another', async (world) => {
      const author = await world.join();
      await author.transport.push(await writeCommit(author.store, 'base'));
      const name = 'e'.repeat(32);
      const oid = await lay(author, name, 'one');
      const objects = makeCommit(author.store, 'two');
      await author.store.writeObjects(objects);
      expect((await author.transport.deposit?.(name, objects[0].oid, { objects }))?.outcome).toBe('rejected');
      expect(await author.transport.fetch({ inbox: true })).toMatchObject({ deposits: new Map([[name, oid]]) });
    });
  });
}

async function lay(
  { store, transport }: { store: GitStore; transport: Transport },
  name: string,
  text: string,
): Promise<Oid> {
  const objects = makeCommit(store, text);
  await store.writeObjects(objects);
  expect(await transport.deposit?.(name, objects[0].oid, { objects })).toMatchObject({ outcome: 'taken' });
  return objects[0].oid;
}
