import { expect, test } from 'vitest';
import { openOrc } from '../../src/app/orc.ts';
import { findSurroundings } from '../../src/app/surroundings.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';

const branchIn = (cwd: string): string => findSurroundings({ cwd, env: {} }).branch;

test('a branch on which somebody looked in vain is not where the next board begins', async () => {
  const clone = makeClone(makeBareRemote());
  await expect(openOrc({ cwd: clone, branch: 'coordination' })).rejects.toMatchObject({ code: 'no-board' });
  expect(branchIn(clone)).toBe('orc');
  await (await openOrc({ cwd: clone, create: true })).close();
  expect(branchIn(clone)).toBe('orc');
});

test('the branch of the only board has to be named once, wherever else was looked before and after', async () => {
  const clone = makeClone(makeBareRemote());
  await expect(openOrc({ cwd: clone })).rejects.toMatchObject({ code: 'no-board' });
  await (await openOrc({ cwd: clone, branch: 'team/ä', create: true })).close();
  await expect(openOrc({ cwd: clone, branch: 'teem' })).rejects.toMatchObject({ code: 'no-board' });
  expect(branchIn(clone)).toBe('team/ä');
  await (await openOrc({ cwd: clone, branch: 'second', create: true })).close();
  expect(branchIn(clone)).toBe('orc');
  expect(git(clone, 'branch', '--list')).toBe('');
});
