import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { readHistory, readTrail } from '../../src/app/history.ts';
import { importBoard } from '../../src/app/import-board.ts';
import type { Orc } from '../../src/app/orc.ts';
import { openNativeStore } from '../../src/git/native/native-store.ts';
import { openElsewhere, openNewBoard, openSharedBoard } from '../support/boards.ts';
import { git, isolatedEnv, readRef } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

async function board(): Promise<{ orc: Orc; words: string; sock: string }> {
  const orc = await openNewBoard();
  await orc.createWorkstream('press');
  const words = (await orc.addTask('press', { title: 'Write' }, { agent: 'ann' })).id;
  const sock = (await orc.addTask('press', { title: 'Sock' })).id;
  await orc.claimTask('press', words, 'bea');
  await orc.acquireLock('ink', 'bea');
  await orc.completeTask('press', words, 'All written.\n\nTwice.\n\nOrc-Version: 99');
  await orc.writeKnowledge('style/tone', 'calm', 'ann');
  return { orc, words, sock };
}

const kinds = (entries: readonly { kind: string }[]) => entries.map(({ kind }) => kind);

test('everything, newest first, with who, when and what was said', async () => {
  const { orc, words } = await board();
  const history = await readHistory(orc);
  expect(kinds(history)).toEqual([
    'knowledge.write',
    'task.complete',
    'lock.acquire',
    'task.claim',
    'task.add',
    'task.add',
    'workstream.create',
    'board.init',
  ]);
  expect(history.map(({ version }) => version)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
  expect(history[1]).toMatchObject({
    agent: 'bea',
    subject: `task.complete press/${words} by bea`,
    body: 'All written.\n\nTwice.\n\nOrc-Version: 99',
    manual: false,
    at: (await orc.task(words))?.updated_at,
  });
  expect(history[0]?.body).toBe(null);
  expect(history[0]?.commit).toBe((await orc.head()).commit);
});

test('of one task, agent, lock, topic or workstream', async () => {
  const { orc, words, sock } = await board();
  expect(kinds(await readHistory(orc, { about: 'task', id: words }))).toEqual([
    'task.complete',
    'task.claim',
    'task.add',
  ]);
  expect(kinds(await readHistory(orc, { about: 'task', id: sock }))).toEqual(['task.add']);
  expect(kinds(await readHistory(orc, { about: 'agent', id: 'ann' }))).toEqual(['knowledge.write', 'task.add']);
  expect(kinds(await readHistory(orc, { about: 'lock', id: 'ink' }))).toEqual(['lock.acquire']);
  expect(kinds(await readHistory(orc, { about: 'kb', id: 'style/tone' }))).toEqual(['knowledge.write']);
  expect(kinds(await readHistory(orc, { about: 'ws', id: 'press', last: 2 }))).toEqual(['task.complete', 'task.claim']);
  expect(await readHistory(orc, { about: 'ws', id: 'pres' })).toEqual([]);
  await expect(readHistory(orc, { about: 'task' })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('of one cycle, by its number', async () => {
  const { orc } = await board();
  await orc.openCycle();
  await orc.addTask('press', { title: 'Fold' });
  await orc.collectCycle();
  await orc.openCycle();
  expect(kinds(await readHistory(orc, { about: 'cycle', id: '1' }))).toEqual(['cycle.collect', 'cycle.open']);
  expect(kinds(await readHistory(orc, { about: 'cycle', id: '2' }))).toEqual(['cycle.open']);
  expect(await readHistory(orc, { about: 'cycle', id: '3' })).toEqual([]);
  for (const id of ['x', '0', '1.5'])
    await expect(readHistory(orc, { about: 'cycle', id })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('what changed a record in passing: an import that brought it, an agent that was retired', async () => {
  const orc = await openNewBoard();
  await importBoard(orc, fileURLToPath(new URL('../fixtures/opspawn-board', import.meta.url)));
  await orc.claimTask('revenue', '494af3c1', 'main');
  await orc.perform('agent.retire', { id: 'main' });
  expect(kinds(await readHistory(orc, { about: 'task', id: '494af3c1' }))).toEqual([
    'agent.retire',
    'task.claim',
    'board.import',
  ]);
  expect(kinds(await readHistory(orc, { about: 'kb', id: 'payments' }))).toEqual(['board.import']);
});

test('stops where it has enough', async () => {
  const { orc } = await board();
  expect(await readHistory(orc, { last: 3 })).toHaveLength(3);
  expect(await readHistory(orc, { last: 0 })).toEqual([]);
});

test('edits by hand are told as such', async () => {
  const { orc, remote, clone } = await openSharedBoard();
  await orc.createWorkstream('press');
  await orc.writeKnowledge('tone', 'calm');
  await orc.sync();
  git(clone, 'worktree', 'add', '--quiet', '-b', 'hand', '../hand', 'origin/orc');
  const hand = `${clone}/../hand`;
  git(hand, 'rm', '--quiet', 'knowledge/tone.md');
  git(hand, '-c', 'user.name=Maria', 'commit', '--quiet', '-m', 'Remove the tone\n\nIt was too calm.');
  git(hand, 'push', '--quiet', 'origin', 'HEAD:orc');
  const elsewhere = await openElsewhere(remote);
  const [edit] = await readHistory(elsewhere, { about: 'kb', id: 'tone' });
  expect(edit).toMatchObject({
    version: null,
    kind: 'manual',
    manual: true,
    agent: 'Test',
    subject: 'Remove the tone',
    body: 'It was too calm.',
  });
});

test('in a shallow store history ends at its edge', async () => {
  const { orc, remote } = await openSharedBoard();
  await orc.createWorkstream('press');
  const { id } = await orc.addTask('press', { title: 'Write' });
  const path = join(makeTempDir(), 'shallow.git');
  git('/', 'clone', '--quiet', '--bare', '--depth=2', '--branch=orc', `file://${remote}`, path);
  const store = await openNativeStore(path, { env: isolatedEnv });
  onTestFinished(() => store.close());
  const head = async () => ({ commit: readRef(path, 'refs/heads/orc') });
  const shallow = { connection: { store }, head } as unknown as Orc;
  expect(kinds(await readHistory(shallow))).toEqual(['task.add', 'workstream.create']);
  expect(kinds(await readHistory(shallow, { about: 'task', id }))).toEqual(['task.add']);
  // The task began here: what is older, and not there, is not about it.
  expect(await readTrail(shallow, { about: 'task', id })).toMatchObject({ cut: false });
  expect(await readTrail(shallow, { about: 'ws', id: 'press' })).toMatchObject({ cut: true });
});
