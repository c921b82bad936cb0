/** Operations that lost a race, in the inbox of an upstream in memory. */
import { expect, test } from 'vitest';
import { MemoryUpstream, type Stage } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeTree } from '../../src/git/objects.ts';
import type { ObjectType, Oid } from '../../src/git/store.ts';
import { inboxPrefix } from '../../src/git/transport.ts';
import { afterWaiting, Carrying, type CarryMemory, forgetfulMemory, type Waiting } from '../../src/sync/carrying.ts';
import { parseTrailers } from '../../src/sync/commit-message.ts';
import { depositLapsesMs } from '../../src/sync/deposit.ts';
import type { QueueRecord } from '../../src/sync/queue.ts';
import { beginBoard, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';

type Hook = (stage: Stage) => Promise<{ outcome: 'rejected' | 'unknown' | 'unreachable' } | undefined>;

async function makeCrowd(memory: () => CarryMemory = forgetfulMemory) {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const calls: string[] = [];
  const hooks = new Map<string, Hook>();
  const join = async (name: string): Promise<MemoryClient> => {
    const client = memoryClient({
      ...{ name, upstream, clock, carrying: memory() },
      intercept: async (stage, { label }) => {
        if (!stage.startsWith('after')) calls.push(`${label} ${stage.replace('before-', '')}`);
        const hook = hooks.get(label);
        return hook === undefined ? undefined : hook(stage);
      },
    });
    await client.session.sync({ timeoutMs: 1000 });
    return client;
  };
  const [ann, bob, eve] = [await join('ann'), await join('bob'), await join('eve')];
  await beginBoard(ann);
  for (const client of [bob, eve]) await client.session.sync({ timeoutMs: 1000 });
  calls.length = 0;
  return { upstream, clock, calls, hooks, ann, bob, eve };
}

/** Does `work` at the first such call, and lets it go on. */
function once(wanted: Stage, work: () => Promise<unknown>): Hook {
  let isDone = false;
  return async (stage) => {
    if (stage !== wanted || isDone) return undefined;
    isDone = true;
    await work();
    return undefined;
  };
}

const add = (client: MemoryClient, title: string) => client.ask('task.add', { workstream: 'w', title });

function line({ objects, head }: MemoryUpstream) {
  const commits = [];
  for (let oid = head; oid !== null; ) {
    const { message, parents, committer } = decodeCommit(objects.get(oid)?.bytes as Uint8Array);
    commits.push({ op: parseTrailers(message)?.op.id, agent: parseTrailers(message)?.op.agent, by: committer.name });
    oid = parents[0] ?? null;
  }
  return commits;
}

test('who is alone publishes in one round trip, as long as it likes', async () => {
  const { ann, calls, clock } = await makeCrowd();
  for (let count = 0; count < 5; count++) {
    expect((await add(ann, `${count}`)).published).toBe(true);
    clock.advance(700);
  }
  expect(calls).toEqual(Array(5).fill('ann push'));
});

test('who lost a race deposits; whoever publishes next carries it in, and the author finds it done', async () => {
  const { upstream, ann, bob, eve, hooks, calls } = await makeCrowd();
  let carrier: Promise<unknown> = Promise.resolve();
  hooks.set('bob', async (stage) => {
    if (stage === 'before-push' && upstream.deposits().size === 0) await add(ann, 'wins');
    // Bob is alone in the inbox, as far as he knows, and goes on: eve is quicker.
    else if (stage === 'before-push') {
      hooks.delete('bob');
      carrier = eve.session.sync({ timeoutMs: 1000 });
      await carrier;
    }
    return undefined;
  });
  const answer = await add(bob, 'loses');
  expect(answer).toMatchObject({
    published: true,
    outcome: { outcome: 'accepted', result: { task: expect.any(String) } },
  });
  expect(line(upstream).filter(({ op }) => op === answer.operation.id)).toEqual([
    { op: answer.operation.id, agent: 'bob', by: 'eve' },
  ]);
  expect(upstream.deposits().size).toBe(0);
  expect(await bob.queue.list()).toEqual([]);
  // What eve carried was never hers.
  expect(await eve.queue.list()).toEqual([]);
  expect(calls).toContain('bob deposit');
});

test('who is not carried carries itself, and takes its deposit back in the same push', async () => {
  const { upstream, ann, bob, hooks, calls } = await makeCrowd();
  hooks.set(
    'bob',
    once('before-push', () => add(ann, 'wins')),
  );
  const answer = await add(bob, 'loses');
  expect(answer.published).toBe(true);
  expect(line(upstream)[0]).toEqual({ op: answer.operation.id, agent: 'bob', by: 'bob' });
  expect(upstream.deposits().size).toBe(0);
  // The deposit is laid while the upstream is fetched: whoever lost against a single one waits no longer than without carrying.
  expect(calls.filter((call) => call.startsWith('bob'))).toEqual(['bob push', 'bob fetch', 'bob deposit', 'bob push']);
});

test('a push that is refused for another reason than a lost race leaves nothing in the inbox', async () => {
  const { upstream, bob, hooks, calls } = await makeCrowd();
  let pushes = 0;
  hooks.set('bob', async (stage) => {
    if (stage !== 'before-push') return undefined;
    pushes++;
    return pushes === 1 ? { outcome: 'rejected' } : undefined;
  });
  expect((await add(bob, 'refused once')).published).toBe(true);
  expect(calls).not.toContain('bob deposit');
  expect(upstream.deposits().size).toBe(0);
});

test('a push without an answer costs one fetch, whether it came in or not', async () => {
  for (const stage of ['before-push', 'after-push'] as const) {
    const { upstream, bob, hooks, calls } = await makeCrowd();
    let isFirst = true;
    hooks.set('bob', async (present) => {
      if (present !== stage || !isFirst) return undefined;
      isFirst = false;
      return { outcome: 'unknown' };
    });
    const answer = await add(bob, 'cut off');
    expect(answer.published).toBe(true);
    expect(line(upstream).filter(({ op }) => op === answer.operation.id)).toHaveLength(1);
    expect(calls).toEqual(stage === 'before-push' ? ['bob push', 'bob fetch', 'bob push'] : ['bob push', 'bob fetch']);
  }
});

test('what cannot be decided does not keep its carrier from publishing', async () => {
  const { upstream, ann, bob, eve, hooks } = await makeCrowd();
  hooks.set('bob', async (stage) => {
    if (stage === 'before-push' && upstream.deposits().size > 0) return { outcome: 'unreachable' };
    if (stage === 'before-push') await add(ann, 'wins');
    return undefined;
  });
  await add(bob, 'poison');
  expect(upstream.deposits().size).toBe(1);
  const { store } = eve;
  const hash = store.hashObject.bind(store);
  let failures = 0;
  store.hashObject = (type, bytes) => {
    if (!new TextDecoder().decode(bytes).includes('poison')) return hash(type, bytes);
    failures++;
    throw new Error('it cannot be decided');
  };
  hooks.set(
    'eve',
    once('before-push', () => add(ann, 'wins again')),
  );
  expect((await add(eve, 'clean')).published).toBe(true);
  expect(failures).toBe(1);
  expect(line(upstream)[0]).toMatchObject({ agent: 'eve', by: 'eve' });
  expect(upstream.deposits().size).toBe(1);
});

test('a refusal is told only after the deposit was taken back', async () => {
  const { upstream, ann, bob, hooks } = await makeCrowd();
  await ann.ask('lock.acquire', { resource: 'deploy' });
  hooks.set(
    'bob',
    once('before-push', () => add(ann, 'wins')),
  );
  // It looks free to bob; by the time that he carries, ann has it again.
  await ann.ask('lock.release', { resource: 'deploy' });
  await bob.session.sync({ timeoutMs: 1000 });
  hooks.set(
    'bob',
    once('before-push', () => ann.ask('lock.acquire', { resource: 'deploy' })),
  );
  const answer = await bob.ask('lock.acquire', { resource: 'deploy' });
  expect(answer.outcome).toMatchObject({ outcome: 'refused', code: 'lock-held' });
  expect(upstream.deposits().size).toBe(0);
  expect(line(upstream).some(({ op }) => op === answer.operation.id)).toBe(false);
  expect(await bob.queue.list()).toEqual([]);
});

test('what is in the inbox at the deadline is told as unknown, and its fate is found later', async () => {
  const { upstream, ann, bob, eve, hooks, clock } = await makeCrowd();
  hooks.set('bob', async (stage) => {
    if (stage === 'before-push') await add(ann, 'wins');
    if (stage === 'before-fetch' && upstream.deposits().size > 0) {
      clock.advance(60_000);
      return { outcome: 'unreachable' };
    }
    return undefined;
  });
  const answer = await add(bob, 'loses');
  expect(answer).toMatchObject({ published: false, state: 'unknown' });
  hooks.clear();
  const [waiting] = await bob.queue.list();
  expect(waiting).toMatchObject({ told: { state: 'unknown' }, deposit: { state: 'there' } });
  // It lay there for longer than anybody waits: it is cleared away undecided, and its author publishes it.
  await eve.session.sync({ timeoutMs: 1000 });
  expect(upstream.deposits().size).toBe(0);
  expect(line(upstream).some(({ op }) => op === answer.operation.id)).toBe(false);
  expect(await bob.session.sync({ timeoutMs: 10_000 })).toMatchObject({ published: 1, waiting: 0 });
  expect(line(upstream)[0]).toMatchObject({ op: answer.operation.id, by: 'bob' });
});

test('an upstream that takes no deposits is remembered, and races are lost and run again as ever', async () => {
  const noted: string[] = [];
  const { upstream, ann, bob, hooks, calls } = await makeCrowd(() => {
    const memory = forgetfulMemory();
    const noteUnable: CarryMemory['noteUnable'] = (reason, lastsMs) => {
      noted.push(reason);
      memory.noteUnable(reason, lastsMs);
    };
    return { unable: memory.unable, noteUnable };
  });
  upstream.takesDeposits = false;
  for (const title of ['first', 'second']) {
    hooks.set(
      'bob',
      once('before-push', () => add(ann, `before ${title}`)),
    );
    expect((await add(bob, title)).published).toBe(true);
  }
  expect(new Set(noted)).toEqual(new Set(['[remote rejected] (hook declined)']));
  expect(calls.filter((call) => call === 'bob deposit')).toHaveLength(1);
});

test('a deposit that the upstream does not let go of holds nobody up, also where carrying was switched off since', async () => {
  const { upstream, clock, ann, bob, hooks } = await makeCrowd();
  hooks.set('bob', async (stage) => {
    if (stage === 'before-push' && upstream.deposits().size > 0) return { outcome: 'unreachable' };
    if (stage === 'before-push') await add(ann, 'wins');
    return undefined;
  });
  expect((await add(bob, 'left')).state).toBe('unknown');
  expect(upstream.deposits().size).toBe(1);
  upstream.takesDeposits = false;
  const { store, queueStorage } = bob;
  const successor = memoryClient({ name: 'successor', upstream, clock, store, queueStorage });
  expect((await add(successor, 'next')).published).toBe(true);
  expect(line(upstream).map(({ agent }) => agent)).toContain('bob');
});

test.each([
  ['gone', 'there'],
  ['there', 'gone'],
  ['sent', 'there'],
] as const)('whoever dies while the marks of one deposit are written holds nobody up: %s, %s', async (one, other) => {
  const { ann, bob, clock } = await makeCrowd();
  const oid = bob.store.hashObject('blob', new TextEncoder().encode('a deposit'));
  const at = clock.now();
  const record = (index: number, state: 'sent' | 'there' | 'gone'): QueueRecord => ({
    operation: {
      id: `left-${index}-0000`,
      kind: 'task.add',
      agent: 'bob',
      args: { workstream: 'w', title: `${index}` },
    },
    order: `00000000000000${index}`,
    base: 2,
    asked_at: at,
    owner: { session: 'bob', process: 'bob', seen_at: at },
    deferred: false,
    told: null,
    sent: null,
    deposit: { name: 'd'.repeat(32), oid, at, state },
    outcome: null,
  });
  await bob.queue.add([record(1, one)]);
  await bob.queue.add([record(2, other)]);
  expect(await bob.session.sync({ timeoutMs: 5_000 })).toMatchObject({ published: 2, waiting: 0, reachable: true });
  await ann.session.sync({ timeoutMs: 1000 });
  expect([...(await ann.session.localHead()).read.board.openTasks()].map(({ title }) => title).sort()).toEqual([
    '1',
    '2',
  ]);
});

test('a deposit that makes every push fail is left where it is', async () => {
  const { upstream, ann, bob, eve, hooks } = await makeCrowd();
  hooks.set('bob', async (stage) => {
    if (stage === 'before-push' && upstream.deposits().size > 0) return { outcome: 'unreachable' };
    if (stage === 'before-push') await add(ann, 'wins');
    return undefined;
  });
  await add(bob, 'poison').catch(() => undefined);
  expect(upstream.deposits().size).toBe(1);
  let pushes = 0;
  hooks.set('eve', async (stage) => {
    // The first loses a race; the next two carry, and are refused for that.
    if (stage === 'before-push') pushes++;
    return stage === 'before-push' && (pushes === 2 || pushes === 3) ? { outcome: 'rejected' } : undefined;
  });
  expect((await add(eve, 'clean')).published).toBe(true);
  expect(pushes).toBe(4);
  expect(line(upstream)[0]).toMatchObject({ agent: 'eve', by: 'eve' });
  expect(upstream.deposits().size).toBe(1);
});

test('what nobody can read is cleared away, and nothing of it is applied', async () => {
  const { upstream, eve } = await makeCrowd();
  const { store } = eve;
  const put = (type: ObjectType, bytes: Uint8Array): Oid => {
    const oid = store.hashObject(type, bytes);
    upstream.objects.set(oid, { type, bytes });
    return oid;
  };
  const blob = put('blob', new TextEncoder().encode('{"format":1,"board":"x","at":1e99,"units":[{}]}'));
  const tree = put('tree', encodeTree([{ mode: '100644', name: 'deposit.json', oid: blob }]));
  for (const [index, oid] of [blob, tree, upstream.head as Oid].entries())
    upstream.refs.set(`${inboxPrefix(upstream.ref)}${String(index).repeat(32)}`, oid);
  const before = upstream.head;
  await eve.session.sync({ timeoutMs: 1000 });
  expect(upstream.deposits().size).toBe(0);
  expect(upstream.head).toBe(before);
});

test('a hot publisher that hears of nobody looks into the inbox ever less often; whoever is told never looks', () => {
  const blind = new Carrying(forgetfulMemory());
  for (let now = 0; now < 5_000; now += 500) {
    expect(blind.begin(now)).toBe('plain');
    blind.published(now, null);
  }
  expect(blind.begin(5_000)).toBe('carry');
  blind.looked(5_100, false);
  blind.published(5_100, null);
  for (let now = 5_500; now < 15_000; now += 500) {
    expect(blind.begin(now)).toBe('plain');
    blind.published(now, null);
  }
  expect(blind.begin(15_200)).toBe('carry');
  // Once it met others: it lets itself be carried like them, and later looks every second.
  blind.looked(15_300, true);
  blind.published(15_300, null);
  expect(blind.begin(15_400)).toBe('deposit');
  for (let now = 16_000; now <= 20_000; now += 1_000) blind.published(now, null);
  expect(blind.begin(20_400)).toBe('carry');
  const told = new Carrying(forgetfulMemory());
  for (let now = 0; now < 100_000; now += 500) {
    expect(told.begin(now)).toBe('plain');
    told.published(now, false);
  }
});

test('whoever hears that others wait is carried like them; whoever carried goes on for those who came too late', () => {
  const carrying = new Carrying(forgetfulMemory());
  carrying.published(1_000, true);
  expect(carrying.begin(1_001)).toBe('deposit');
  carrying.looked(1_200, true);
  carrying.published(1_200, true);
  expect(carrying.begin(1_201)).toBe('carry');
  carrying.looked(1_500, true);
  carrying.published(1_500, false);
  expect(carrying.begin(1_501)).toBe('deposit');
  // Alone in the inbox: the race is over.
  carrying.looked(1_800, false);
  carrying.published(1_800, false);
  carrying.alone();
  expect(carrying.begin(1_801)).toBe('plain');
});

test('one no is not yet a reason to do without: carrying rests after two, depositing after three', () => {
  const carrying = new Carrying(forgetfulMemory());
  carrying.refused(0, 'others');
  expect(carrying.isOn(1)).toBe(true);
  carrying.refused(10, 'others');
  expect([carrying.isOn(11), carrying.withoutMode(11), carrying.isOn(60_011)]).toEqual([false, 'plain', true]);
  carrying.refused(60_011, 'own');
  expect([carrying.isOn(60_012), carrying.withoutMode(60_012)]).toEqual([false, 'bare']);
  carrying.unable('no', false);
  carrying.unable('no', false);
  expect(carrying.isOn(1e9)).toBe(false);
});

test('the first in the inbox carries for those who come shortly after it, and they look when it should be done', () => {
  const inbox = (...names: string[]) => new Map(names.map((name) => [name, 'x' as Oid]));
  const after = (isFirst: boolean | null, more: Partial<Waiting> = {}) =>
    afterWaiting(
      { mode: 'deposit', isDeposited: true, isFirst, hasLost: false, looked: null, tripMs: 100, ...more },
      0.5,
    );
  expect(after(true)).toEqual({ mode: 'carry', pauseMs: 37.5, looked: null });
  expect(after(false)).toEqual({ mode: 'wait', pauseMs: 200, looked: null });
  expect(after(null)).toEqual({ mode: 'wait', pauseMs: 50, looked: null });
  expect(after(null, { mode: 'wait' })).toEqual({ mode: 'wait', pauseMs: 62.5, looked: null });
  expect(after(null, { isDeposited: false })).toEqual({ mode: 'carry', pauseMs: 0, looked: null });
  // Fetched a moment ago, and nobody else is there: no reason to wait for anybody.
  const alone = { hasLost: true, mode: 'plain', looked: inbox('own') } as const;
  for (const isFirst of [true, null]) expect(after(isFirst, alone)).toMatchObject({ mode: 'carry', pauseMs: 0 });
  expect(after(true, alone).looked).toBe(alone.looked);
  expect(after(true, { ...alone, looked: inbox('a', 'own') })).toMatchObject({ mode: 'carry', looked: null });
  expect(depositLapsesMs).toBeLessThan(30_000);
});

test('of many that wait one or two carry, by chance; nobody waits for ever', () => {
  const carrying = new Carrying(forgetfulMemory());
  const many = new Map(Array.from({ length: 16 }, (_, at) => [`${at}`, 'x' as Oid]));
  const turns = (looks: number): number =>
    Array.from({ length: 16 }, (_, at) => carrying.isTurn(many, looks, at / 16)).filter(Boolean).length;
  expect([turns(0), turns(1), turns(2), turns(3)]).toEqual([2, 3, 4, 16]);
  expect(carrying.isTurn(new Map([['a', 'x' as Oid]]), 0, 0.99)).toBe(true);
});
