import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { pathsInRepository } from '../../../src/app/agent-hooks/edited-paths.ts';
import { findHost } from '../../../src/git/host.ts';
import { git } from '../../support/git-fixtures.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

function repository(): string {
  const dir = fs.realpathSync(makeTempDir());
  git(dir, 'init', '--quiet');
  fs.mkdirSync(path.join(dir, 'src'));
  fs.writeFileSync(path.join(dir, 'src/a.ts'), '');
  return dir;
}
const pathsFrom = (dir: string, ...files: string[]) => pathsInRepository(files, dir, findHost(dir, {}), {});

test('paths are those of the repository, whether the file is there or not', () => {
  const dir = repository();
  expect(pathsFrom(dir, 'src/a.ts', path.join(dir, 'src/a.ts'), './src/../src/a.ts')).toEqual(['src/a.ts']);
  expect(pathsFrom(dir, 'new/folder/b.ts')).toEqual(['new/folder/b.ts']);
  expect(pathsFrom(path.join(dir, 'src'), 'b.ts', '../README.md')).toEqual(['src/b.ts', 'README.md']);
  expect(pathsFrom(dir, '.github/x.yml', '..env', '..a/b')).toEqual(['.github/x.yml', '..env', '..a/b']);
});

test('what is outside, in the git folder, or in another repository is nobody’s business', () => {
  const dir = repository();
  const other = repository();
  git(path.join(dir, 'src'), 'init', '--quiet', 'inner');
  const files = [
    '../x',
    '..',
    '/',
    '/etc/passwd',
    '.git/config',
    '.git/hooks/x',
    '.',
    '',
    path.join(other, 'src/a.ts'),
    'src/inner/x',
  ];
  expect(pathsFrom(dir, ...files)).toEqual([]);
  expect(pathsFrom(dir, `/${'x/'.repeat(3000)}y`)).toEqual([]);
});

test('a link has its own path and that of what is written through it', () => {
  const dir = repository();
  const outside = makeTempDir();
  fs.symlinkSync('src/a.ts', path.join(dir, 'link.ts'));
  fs.symlinkSync('src', path.join(dir, 'folder'));
  fs.symlinkSync(outside, path.join(dir, 'away'));
  fs.symlinkSync('nowhere', path.join(dir, 'dangling'));
  fs.symlinkSync('loop', path.join(dir, 'loop'));
  expect(pathsFrom(dir, 'link.ts')).toEqual(['link.ts', 'src/a.ts']);
  expect(pathsFrom(dir, 'folder/a.ts', 'folder/new.ts')).toEqual(['src/a.ts', 'src/new.ts']);
  expect(pathsFrom(dir, 'away/a.ts')).toEqual([]);
  expect(pathsFrom(dir, 'dangling', 'loop')).toEqual(['dangling', 'loop']);
  // The repository itself, reached by a link.
  const alias = path.join(makeTempDir(), 'alias');
  fs.symlinkSync(dir, alias);
  expect(pathsFrom(alias, path.join(alias, 'src/a.ts'), 'src/b.ts')).toEqual(['src/a.ts', 'src/b.ts']);
});

test('linked work trees are one repository, whatever the environment names', () => {
  const dir = repository();
  git(dir, 'commit', '--quiet', '--allow-empty', '-m', 'x');
  const linked = path.join(fs.realpathSync(makeTempDir()), 'feature');
  git(dir, 'worktree', 'add', '--quiet', linked);
  const file = path.join(linked, 'src/a.ts');
  expect(pathsFrom(dir, file)).toEqual(['src/a.ts']);
  expect(pathsFrom(linked, path.join(dir, 'src/a.ts'), 'b.ts')).toEqual(['src/a.ts', 'b.ts']);
  const env = { GIT_DIR: path.join(dir, '.git'), GIT_WORK_TREE: dir };
  expect(pathsInRepository([file], dir, findHost(dir, {}), env)).toEqual(['src/a.ts']);
});

test('without a repository of the board’s own, any will do', () => {
  const dir = repository();
  expect(pathsInRepository(['src/a.ts', '/etc/x'], dir, null, {})).toEqual(['src/a.ts']);
});
