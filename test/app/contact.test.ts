import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readContact, rememberContact } from '../../src/app/contact.ts';
import type { ClockDifference, Transport } from '../../src/git/transport.ts';
import { openElsewhere, openSharedBoard, worldAt } from '../support/boards.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');

/** An upstream that answers as it is told to, with a clock or without one. */
function place() {
  const folder = makeTempDir();
  const state = { isDown: false, clock: null as ClockDifference | null, now: start };
  const answer = <T>(value: T) => (state.isDown ? ({ outcome: 'unreachable', reason: 'gone' } as const) : value);
  const transport: Transport = {
    label: 'origin',
    readHead: async () => answer({ outcome: 'read', head: null } as const),
    fetch: async () => answer({ outcome: 'fetched', head: null } as const),
    push: async () => (state.isDown ? { outcome: 'unknown', reason: 'cut' } : { outcome: 'rejected', reason: 'no' }),
    clockDifference: async () => state.clock,
  };
  return { folder, state, transport: rememberContact(transport, folder, () => state.now) };
}

test('each answer is a contact, no answer is none', async () => {
  const { folder, state, transport } = place();
  expect(readContact(folder)).toBe(null);
  state.isDown = true;
  await transport.readHead();
  await transport.push('0'.repeat(40) as never);
  expect(readContact(folder)).toBe(null);
  state.isDown = false;
  for (const call of [
    () => transport.readHead(),
    () => transport.fetch(),
    () => transport.push('0'.repeat(40) as never),
  ]) {
    state.now += 1000;
    await call();
    expect(readContact(folder)).toEqual({ at: state.now, clock: null });
  }
  state.isDown = true;
  await transport.fetch();
  expect(readContact(folder)?.at).toBe(start + 3000);
});

test('the file is written anew only when the clock says something new', async () => {
  const { folder, state, transport } = place();
  const inode = (): number => fs.statSync(path.join(folder, 'contact.json')).ino;
  const told = async (clock: ClockDifference | null): Promise<[boolean, ClockDifference | null]> => {
    const before = fs.readdirSync(folder).length === 0 ? null : inode();
    // A file that takes the old one's place while the old one is still there has another inode.
    state.clock = clock;
    state.now += 1000;
    await transport.readHead();
    expect(readContact(folder)?.at).toBe(state.now);
    return [inode() !== before, readContact(folder)?.clock ?? null];
  };
  const exact = { ms: 300, errorMs: 510 };
  expect(await told(null)).toEqual([true, null]);
  expect(await told({ ms: 200, errorMs: 1500 })).toEqual([true, { ms: 200, errorMs: 1500 }]);
  expect(await told({ ms: -900, errorMs: 1500 })).toEqual([false, { ms: 200, errorMs: 1500 }]);
  expect(await told(exact)).toEqual([true, exact]);
  expect(await told(null)).toEqual([false, exact]);
  expect(await told({ ms: 900, errorMs: 510 })).toEqual([false, exact]);
  expect(await told({ ms: 3_600_000, errorMs: 5000 })).toEqual([true, { ms: 3_600_000, errorMs: 5000 }]);
  expect(fs.readdirSync(folder)).toEqual(['contact.json']);
});

test('a file that is damaged, or a folder that is gone, stops nothing', async () => {
  const { folder, state, transport } = place();
  for (const text of ['', '{', 'null', '[]', '{"clock":7}', '{"clock":{"ms":"1","errorMs":2}}']) {
    fs.writeFileSync(path.join(folder, 'contact.json'), text);
    expect(readContact(folder)?.clock).toBe(null);
  }
  state.clock = { ms: 1, errorMs: 500 };
  await transport.readHead();
  expect(readContact(folder)?.clock).toEqual(state.clock);
  fs.rmSync(folder, { recursive: true });
  expect(await transport.readHead()).toMatchObject({ outcome: 'read' });
  expect(readContact(folder)).toBe(null);
});

test('status tells the upstream, when it answered last, and what waits since when', async () => {
  const world = worldAt('2026-01-01T00:00:00.000Z');
  const { orc, remote } = await openSharedBoard({ world });
  await orc.createWorkstream('w');
  world.forward(5 * 60_000);
  const idle = await orc.status();
  expect(idle.sync).toMatchObject({
    upstream: 'origin',
    last_contact: '2026-01-01T00:00:00.000Z',
    clock: null,
    queued: 0,
    queued_since: null,
    inbox: null,
  });
  expect(await orc.statusText()).toContain('Upstream: origin | seen 5m ago | nothing waits');
  fs.renameSync(remote, `${remote}.away`);
  await orc.addTask('w', { title: 'Later' });
  world.forward(3_600_000);
  expect((await orc.status()).sync).toMatchObject({
    last_contact: '2026-01-01T00:00:00.000Z',
    queued: 1,
    queued_since: '2026-01-01T00:05:00.000Z',
    inbox: null,
  });
  expect(await orc.statusText()).toContain(
    'Upstream: origin | seen 65m ago | 1 not published since 2026-01-01T00:05:00.000Z: run `orc sync`',
  );
  fs.renameSync(`${remote}.away`, remote);
  await orc.sync();
  expect((await orc.status()).sync).toMatchObject({ last_contact: '2026-01-01T01:05:00.000Z', queued: 0 });
});

test('reading the status asks nobody and starts nothing but what reads the store', async () => {
  const { remote } = await openSharedBoard();
  const calls: string[] = [];
  const other = await openElsewhere(remote);
  await other.createWorkstream('w');
  const world = {
    ...worldAt('2026-01-01T00:00:00.000Z'),
    onStart: (args: readonly string[]) => calls.push(args.join(' ')),
  };
  const orc = await openElsewhere(remote, { world });
  calls.length = 0;
  await orc.status();
  expect(calls.filter((each) => !each.includes('cat-file'))).toEqual([]);
});
