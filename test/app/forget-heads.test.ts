/** A look at a branch that is no board, or at a board that is gone, decides nothing for later. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { forgetHeads } from '../../src/app/forget-heads.ts';
import { openOrc } from '../../src/app/orc.ts';
import { addCommit, git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';

const storeOf = (clone: string): string => path.join(clone, '.git/orc/board.git');

test('a branch that was code before: when it is gone, a board begins there, and others are joined', async () => {
  const remote = makeBareRemote();
  const [one, two] = [makeClone(remote), makeClone(remote)];
  addCommit(remote, 'refs/heads/orc');
  for (const cwd of [one, two]) {
    await expect(openOrc({ cwd })).rejects.toMatchObject({ code: 'board-mismatch' });
    expect(git(storeOf(cwd), 'for-each-ref')).toBe('');
  }
  git(remote, 'update-ref', '-d', 'refs/heads/orc');
  await using begun = await openOrc({ cwd: one, create: true });
  await begun.createWorkstream('w');
  await using joined = await openOrc({ cwd: two });
  expect((await joined.listWorkstreams()).map(({ name }) => name)).toEqual(['w']);
});

test('the same in a repository alone, where the branch was given another name', async () => {
  const clone = makeClone(makeBareRemote());
  git(clone, 'remote', 'remove', 'origin');
  addCommit(clone, 'refs/heads/orc');
  await expect(openOrc({ cwd: clone, create: true })).rejects.toMatchObject({ code: 'board-mismatch' });
  git(clone, 'branch', '--move', 'orc', 'code');
  await using orc = await openOrc({ cwd: clone, create: true });
  expect(orc.how).toBe('created');
});

test('heads that were left in a store without a board do not keep it from joining or beginning one', async () => {
  const remote = makeBareRemote();
  const [one, two] = [makeClone(remote), makeClone(remote)];
  for (const cwd of [one, two]) {
    await expect(openOrc({ cwd })).rejects.toMatchObject({ code: 'no-board' });
    addCommit(storeOf(cwd), 'refs/remotes/upstream/orc', 'seen once');
  }
  await using begun = await openOrc({ cwd: one, create: true });
  expect(begun.how).toBe('created');
  await using joined = await openOrc({ cwd: two });
  expect(joined.how).toBe('joined');
  // What is joined is kept, whatever the upstream does.
  expect(await forgetHeads(joined.connection.store)).toBe(false);
  git(remote, 'update-ref', '-d', 'refs/heads/orc');
  await expect(joined.sync()).rejects.toMatchObject({ code: 'history-rewritten' });
  await expect(openOrc({ cwd: two, create: true }).then((orc) => orc.sync())).rejects.toMatchObject({
    code: 'history-rewritten',
  });
});
