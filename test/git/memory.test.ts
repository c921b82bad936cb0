import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/git/memory.ts';
import { type Intercept, MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import { describeGitStore, describeTransport } from '../support/git-contract.ts';
import { writeChain, writeCommit } from '../support/git-objects.ts';

describeGitStore('memory store', async () => createMemoryStore());
describeGitStore('memory store, sha256', async () => createMemoryStore({ objectFormat: 'sha256' }));

describeTransport('memory upstream', async () => {
  const upstream = new MemoryUpstream();
  return {
    async join() {
      const store = createMemoryStore();
      return { store, transport: upstream.transport(store) };
    },
    readHead: async () => upstream.head,
    async breakDown() {
      upstream.intercept = async () => ({ outcome: 'unreachable', reason: 'gone' });
    },
  };
});

describe('interference', () => {
  const setUp = async (intercept?: Intercept) => {
    const upstream = new MemoryUpstream();
    const store = createMemoryStore();
    const oid = await writeCommit(store, 'one');
    return {
      upstream,
      store,
      oid,
      transport: upstream.transport(store, { label: 'client', ...(intercept && { intercept }) }),
    };
  };

  test('an answer that is lost leaves the commit with the upstream', async () => {
    const { upstream, oid, transport } = await setUp(async (stage) =>
      stage === 'after-push' ? { outcome: 'unknown' } : undefined,
    );
    expect(await transport.push(oid)).toMatchObject({ outcome: 'unknown' });
    expect(upstream.head).toBe(oid);
  });

  test('a push that is lost on its way leaves the upstream as it was', async () => {
    const { upstream, oid, transport } = await setUp(async (stage) =>
      stage === 'before-push' ? { outcome: 'unknown' } : undefined,
    );
    expect(await transport.push(oid)).toMatchObject({ outcome: 'unknown' });
    expect(upstream.head).toBe(null);
  });

  test('a push that was given up can land later', async () => {
    let land = () => {};
    const landAfter = new Promise<void>((resolve) => {
      land = resolve;
    });
    const { upstream, oid, transport } = await setUp(async (stage) =>
      stage === 'before-push' ? { outcome: 'unknown', landAfter } : undefined,
    );
    expect(await transport.push(oid)).toMatchObject({ outcome: 'unknown' });
    expect(upstream.head).toBe(null);
    land();
    await landAfter;
    await Promise.resolve();
    expect(upstream.head).toBe(oid);
  });

  test('tells who asks, at which stage and with what head', async () => {
    const seen: unknown[] = [];
    const { oid, transport } = await setUp(
      async (stage, info) => void seen.push([stage, info.label, info.oid, info.head, info.timeoutMs]),
    );
    await transport.push(oid, { timeoutMs: 7 });
    await transport.fetch();
    await transport.readHead();
    expect(seen).toEqual([
      ['before-push', 'client', oid, null, 7],
      ['after-push', 'client', oid, oid, 7],
      ['before-fetch', 'client', null, oid, undefined],
      ['after-fetch', 'client', null, oid, undefined],
      ['read-head', 'client', null, oid, undefined],
    ]);
  });

  test('fetches only so many commits with a depth', async () => {
    const { upstream, store, transport } = await setUp();
    const chain = await writeChain(store, 5, 'chain');
    await transport.push(chain[4] as Oid);
    const shallow = createMemoryStore();
    await upstream.transport(shallow).fetch({ depth: 2 });
    expect([...(await shallow.readObjects(chain)).keys()].sort()).toEqual(chain.slice(3).sort());
  });

  test('a rewound branch refuses what was built on the old one', async () => {
    const { upstream, store, transport } = await setUp();
    const chain = (await writeChain(store, 3, 'chain')) as [Oid, Oid, Oid];
    await transport.push(chain[2]);
    const stranger = await writeCommit(store, 'stranger');
    upstream.moveHead(stranger, store);
    expect((await transport.push(chain[2])).outcome).toBe('rejected');
    upstream.moveHead(chain[0]);
    expect(await transport.push(chain[2])).toMatchObject({ outcome: 'taken' });
    expect(upstream.heads).toEqual([chain[2], stranger, chain[0], chain[2]]);
  });
});
