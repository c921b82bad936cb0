/** The board that a hook on the server keeps between pushes: faster, and never another verdict. */
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { fileSnapshots, type Snapshots } from '../../src/sync/snapshot.ts';
import { playBoard } from '../checker/played-board.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import type { Chain } from '../support/checker/types.ts';
import { judgeChain, judgePushOf } from '../support/judged-chain.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let file: string;
let snapshots: Snapshots;

beforeEach(() => {
  file = path.join(makeTempDir(), 'kept', 'board');
  snapshots = fileSnapshots(file, '1.0.0', makeTempDir());
});

/** A board of honest commits: what `config.set` of random requests brings is no text of orc's, and ends it. */
async function honestChain(seed: number): Promise<Chain> {
  const { chain } = await playBoard(seed, 100);
  const end = chain.commits.findIndex(({ message }) => message.includes('"kind":"config.set"'));
  return { ...chain, commits: chain.commits.slice(0, end === -1 ? undefined : end) };
}

/** Counts what is read of the objects. */
function counted(chain: Chain): { chain: Chain; count: () => number } {
  let count = 0;
  const read: Chain['objects']['read'] = (oid) => {
    count += 1;
    return chain.objects.read(oid);
  };
  return { chain: { ...chain, objects: { ...chain.objects, read } }, count: () => count };
}

async function readFor(chain: Chain, there: number): Promise<number> {
  const watched = counted(chain);
  const pushed = { ...watched.chain, commits: chain.commits.slice(0, there + 1) };
  expect(await judgePushOf(watched.chain, there, pushed, { snapshots })).toMatchObject({ outcome: 'honest' });
  return watched.count();
}

test('a push is judged on what the one before it left, and reads what differs', async () => {
  const upstream = new MemoryUpstream();
  const client = memoryClient({ name: 'one', upstream, clock: fakeClock() });
  await client.ask('board.init', { board: boardId, settings: '' });
  await client.ask('workstream.create', { name: 'w' });
  for (let n = 0; n < 60; n++) await client.ask('task.add', { workstream: 'w', title: `Task ${n}` });
  const chain = readChain(objectsOf(upstream.objects), upstream.head ?? '');
  const last = chain.commits.length - 1;
  const anew = await readFor(chain, last);
  fs.rmSync(file);
  expect(await judgePushOf(chain, 0, last, { snapshots })).toMatchObject({ outcome: 'honest' });
  expect(fs.existsSync(file)).toBe(true);
  expect(await readFor(chain, last)).toBeLessThan(anew / 4);
});

test.each([
  ['cut', (text: string) => text.slice(0, text.length / 2)],
  ['changed by hand', (text: string) => text.replaceAll('"status":"pending"', '"status":"blocked"')],
  ['of another commit', (text: string) => text.replace(/"commit":"[0-9a-f]{8}/, '"commit":"00000000')],
  ['empty', () => ''],
])('what is kept, %s, counts for nothing', async (_, spoil) => {
  const chain = await honestChain(13);
  const half = Math.floor(chain.commits.length / 2);
  await judgePushOf(chain, 0, half, { snapshots });
  fs.writeFileSync(file, spoil(fs.readFileSync(file, 'utf8')));
  expect(await judgeChain(chain, half, { snapshots })).toMatchObject({ outcome: 'honest' });
});

test('nothing is kept of what was refused', async () => {
  const chain = await honestChain(11);
  await judgePushOf(chain, 0, 3, { snapshots });
  const before = fs.readFileSync(file, 'utf8');
  const refused = await judgePushOf(chain, 3, 2, { snapshots });
  expect(refused).toMatchObject({ outcome: 'refused', refusal: { code: 'history-rewritten' } });
  expect(fs.readFileSync(file, 'utf8')).toBe(before);
});

test('a folder that nobody may write in is no obstacle', async () => {
  const chain = await honestChain(11);
  const nowhere = fileSnapshots('/proc/nowhere/board', '1.0.0', '/proc');
  expect(await judgeChain(chain, 0, { snapshots: nowhere })).toMatchObject({ outcome: 'honest' });
});
