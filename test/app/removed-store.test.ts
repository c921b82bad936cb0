/** A store is a copy, and may be removed at any time: also while somebody works with it. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Orc, openOrc } from '../../src/index.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

async function openBoard() {
  const cwd = makeClone(makeBareRemote());
  const orc = await openOrc({ cwd, create: true });
  await orc.createWorkstream('w');
  return { cwd, orc, storePath: join(cwd, '.git', 'orc', 'board.git') };
}

const titlesOf = (orc: Orc) => orc.ask((board) => [...board.openTasks()].map(({ title }) => title).sort());

test('a process that goes on says so, leaves nothing behind, and goes on when another one has joined the board again', async () => {
  const { cwd, orc, storePath } = await openBoard();
  rmSync(storePath, { recursive: true });
  await expect(orc.addTask('w', { title: 'T' })).rejects.toMatchObject({ code: 'no-board' });
  await expect(orc.listWorkstreams()).rejects.toMatchObject({ code: 'no-board' });
  await expect(orc.sync()).rejects.toMatchObject({ code: 'no-board' });
  expect(existsSync(storePath)).toBe(false);
  const other = await openOrc({ cwd });
  await other.addTask('w', { title: 'by the other' });
  await orc.addTask('w', { title: 'by the first' });
  expect(await titlesOf(other)).toEqual(['by the first', 'by the other']);
  await Promise.all([orc.close(), other.close()]);
});

test('what waited is published when its queue is brought back before the board is joined again', async () => {
  const { cwd, orc, storePath } = await openBoard();
  await orc.perform('task.add', { workstream: 'w', title: 'waits' }, { publish: 'sync' });
  await orc.close();
  const kept = join(makeTempDir(), 'queue');
  cpSync(join(storePath, 'queue'), kept, { recursive: true });
  rmSync(storePath, { recursive: true });
  cpSync(kept, join(storePath, 'queue'), { recursive: true });
  const again = await openOrc({ cwd });
  expect(await again.sync()).toMatchObject({ published: 1, waiting: 0 });
  expect(await titlesOf(again)).toEqual(['waits']);
  expect(readdirSync(join(cwd, '.git', 'orc')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await again.close();
});
