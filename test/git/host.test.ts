import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHost, type Host, headBranches } from '../../src/git/host.ts';

let root: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'orc-host-')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]): string => path.join(root, ...parts);

function git(cwd: string, args: readonly string[], env: Record<string, string> = {}): string {
  const clean = { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
    cwd,
    env: { ...clean, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

let count = 0;
/** A repository with one commit on `main`. */
function repository(...initArgs: string[]): string {
  const folder = at(`repo${count++}`);
  git(root, ['init', '--quiet', '--initial-branch=main', ...initArgs, folder]);
  if (!initArgs.includes('--bare')) git(folder, ['commit', '--quiet', '--allow-empty', '-m', 'first']);
  return folder;
}

/** What git says of the same place. */
function askGit(cwd: string, env: Record<string, string> = {}): Partial<Host> {
  const [gitDir = '', commonDir = '', bare, format] = git(
    cwd,
    ['rev-parse', '--absolute-git-dir', '--git-common-dir', '--is-bare-repository', '--show-object-format'],
    env,
  ).split('\n');
  let workTree: string | null = null;
  try {
    workTree = git(cwd, ['rev-parse', '--show-toplevel'], env);
  } catch {
    // there is none
  }
  return {
    gitDir: realpathSync(gitDir),
    commonDir: realpathSync(path.resolve(realpathSync(cwd), commonDir)),
    workTree,
    bare: bare === 'true',
    objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
  };
}

function expectLikeGit(cwd: string, env: Record<string, string> = {}): Host {
  const host = findHost(cwd, env);
  expect(host).toMatchObject(askGit(cwd, env));
  if (host === null) throw new Error('no host');
  return host;
}

describe('findHost', () => {
  it('finds nothing outside of repositories, and in folders that do not exist', () => {
    expect(findHost(root, {})).toBeNull();
    expect(findHost(at('nowhere'), {})).toBeNull();
  });

  it('finds a repository from its top, from a sub-folder, and through a symlink', () => {
    const folder = repository();
    mkdirSync(path.join(folder, 'a/b'), { recursive: true });
    symlinkSync(path.join(folder, 'a'), at('shortcut'));
    expect(expectLikeGit(folder)).toEqual({
      gitDir: path.join(folder, '.git'),
      commonDir: path.join(folder, '.git'),
      workTree: folder,
      bare: false,
      objectFormat: 'sha1',
      refStorage: 'files',
      worktreeName: null,
      foundAt: folder,
      explicit: false,
    });
    expectLikeGit(path.join(folder, 'a/b'));
    expectLikeGit(at('shortcut/b'));
  });

  it('knows the object format and the ref storage', () => {
    const folder = repository('--object-format=sha256');
    expect(expectLikeGit(folder).objectFormat).toBe('sha256');
    git(folder, ['config', 'extensions.refStorage', 'reftable']);
    expect(findHost(folder, {})?.refStorage).toBe('reftable');
  });

  it('finds linked work trees, their name and what they share', () => {
    const folder = repository();
    git(folder, ['worktree', 'add', '--quiet', '-b', 'side', at('linked')]);
    mkdirSync(at('linked/sub'));
    const host = expectLikeGit(at('linked/sub'));
    expect(host).toMatchObject({
      worktreeName: 'linked',
      commonDir: path.join(folder, '.git'),
      workTree: at('linked'),
    });
    expectLikeGit(host.gitDir); // standing in .git/worktrees/linked
  });

  it('finds linked work trees of a bare repository, with their own configuration', () => {
    const folder = repository();
    git(root, ['clone', '--quiet', '--bare', folder, at('hub.git')]);
    git(at('hub.git'), ['worktree', 'add', '--quiet', at('hub-linked'), 'main']);
    expect(expectLikeGit(at('hub-linked'))).toMatchObject({ bare: false, worktreeName: 'hub-linked' });
    git(at('hub.git'), ['config', 'extensions.worktreeConfig', 'true']);
    git(at('hub.git'), ['config', '--unset', 'core.bare']);
    git(at('hub.git'), ['config', '--worktree', 'core.bare', 'true']);
    expect(expectLikeGit(at('hub.git')).bare).toBe(true);
    expect(expectLikeGit(at('hub-linked')).bare).toBe(false);
  });

  it('finds bare repositories, from below too', () => {
    const folder = repository('--bare');
    expect(expectLikeGit(folder)).toMatchObject({ bare: true, workTree: null, gitDir: folder });
    expectLikeGit(path.join(folder, 'refs'));
  });

  it('takes the inside of a git folder for no work tree', () => {
    const folder = repository();
    expect(expectLikeGit(path.join(folder, '.git'))).toMatchObject({ bare: false, workTree: null });
    expectLikeGit(path.join(folder, '.git/refs'));
  });

  it('finds submodules', () => {
    const [outer, inner] = [repository(), repository()];
    git(outer, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'lib']);
    expect(expectLikeGit(path.join(outer, 'lib'))).toMatchObject({
      gitDir: path.join(outer, '.git/modules/lib'),
      workTree: path.join(outer, 'lib'),
      worktreeName: null,
    });
  });

  it('follows absolute .git files and core.worktree', () => {
    git(root, ['init', '--quiet', '--separate-git-dir', at('store.git'), at('apart')]);
    expect(expectLikeGit(at('apart')).gitDir).toBe(at('store.git'));
    const folder = repository();
    mkdirSync(at('elsewhere'));
    git(folder, ['config', 'core.worktree', '../../elsewhere']);
    expect(expectLikeGit(folder).workTree).toBe(at('elsewhere'));
  });

  it('passes over a .git folder that is no repository', () => {
    const folder = repository();
    mkdirSync(path.join(folder, 'sub/.git'), { recursive: true });
    expect(expectLikeGit(path.join(folder, 'sub')).workTree).toBe(folder);
  });

  it('says so where a .git file leads nowhere, and where it is none', () => {
    const folder = repository();
    git(folder, ['worktree', 'add', '--quiet', '-b', 'lost', at('lost')]);
    renameSync(folder, `${folder}-moved`);
    expect(() => findHost(at('lost'), {})).toThrow(expect.objectContaining({ code: 'no-repository' }) as Error);
    mkdirSync(at('odd'));
    writeFileSync(at('odd/.git'), 'something else\n');
    expect(() => findHost(at('odd'), {})).toThrow(expect.objectContaining({ code: 'no-repository' }) as Error);
  });

  it('says so where the configuration is malformed', () => {
    const folder = repository();
    writeFileSync(path.join(folder, '.git/config'), '[core\n');
    expect(() => findHost(folder, {})).toThrow(expect.objectContaining({ code: 'git-failed' }) as Error);
  });
});

describe('findHost with the environment that git sets in hooks', () => {
  it('honours GIT_DIR, relative and absolute, and as a .git file', () => {
    const folder = repository();
    mkdirSync(path.join(folder, 'sub'), { recursive: true });
    expect(expectLikeGit(folder, { GIT_DIR: '.git' })).toMatchObject({ explicit: true, workTree: folder });
    expectLikeGit(path.join(folder, 'sub'), { GIT_DIR: '../.git' });
    expectLikeGit(root, { GIT_DIR: path.join(folder, '.git'), GIT_WORK_TREE: folder });
    git(folder, ['worktree', 'add', '--quiet', '-b', 'wt', at('env-linked')]);
    expect(expectLikeGit(at('env-linked'), { GIT_DIR: '.git' }).worktreeName).toBe('env-linked');
  });

  it('honours GIT_WORK_TREE alone, and GIT_COMMON_DIR', () => {
    const folder = repository();
    mkdirSync(at('tree'));
    expectLikeGit(folder, { GIT_WORK_TREE: at('tree') });
    expectLikeGit(folder, { GIT_DIR: '.git', GIT_COMMON_DIR: path.join(folder, '.git') });
  });

  it('honours GIT_DIR of a bare repository', () => {
    const folder = repository('--bare');
    expectLikeGit(root, { GIT_DIR: folder });
    expectLikeGit(folder, { GIT_DIR: '.' });
  });

  it('refuses a GIT_DIR that is no repository', () => {
    expect(() => findHost(root, { GIT_DIR: at('nowhere') })).toThrow(
      expect.objectContaining({ code: 'no-repository' }) as Error,
    );
  });

  it('sees in real hooks what git means', () => {
    const folder = repository();
    git(folder, ['worktree', 'add', '--quiet', '-b', 'hooked', at('hooked')]);
    const hook = path.join(folder, '.git/hooks/pre-commit');
    writeFileSync(hook, `#!/bin/sh\n{ pwd; echo "$GIT_DIR"; } > ${at('seen')}\n`, { mode: 0o755 });
    for (const tree of [folder, at('hooked')]) {
      git(tree, ['commit', '--quiet', '--allow-empty', '-m', 'x']);
      const [cwd = '', gitDir = ''] = readFileSync(at('seen'), 'utf8').split('\n');
      expect(findHost(cwd, gitDir === '' ? {} : { GIT_DIR: gitDir })?.workTree).toBe(tree);
    }
  });
});

describe('headBranches', () => {
  function branches(folder: string) {
    const host = findHost(folder, {});
    if (host === null) throw new Error('no host');
    return headBranches(host);
  }

  it('lists the main work tree and the linked ones, seen from any of them', () => {
    const folder = repository();
    git(folder, ['worktree', 'add', '--quiet', '-b', 'orc', at('one')]);
    git(folder, ['worktree', 'add', '--quiet', '--detach', at('two')]);
    git(folder, ['worktree', 'add', '--quiet', '-b', 'gone', at('three')]);
    rmSync(at('three'), { recursive: true });
    const expected = [
      { workTree: folder, branch: 'refs/heads/main', state: 'checked-out', missing: false },
      { workTree: at('one'), branch: 'refs/heads/orc', state: 'checked-out', missing: false },
      { workTree: at('three'), branch: 'refs/heads/gone', state: 'checked-out', missing: true },
    ];
    expect(branches(folder)).toEqual(expected);
    expect(branches(at('one'))).toEqual(expected);
  });

  it('knows a branch that a rebase or a bisect keeps reserved', () => {
    const folder = repository();
    for (const name of ['second', 'third']) git(folder, ['commit', '--quiet', '--allow-empty', '-m', name]);
    git(folder, ['bisect', 'start', 'HEAD', 'HEAD~2']);
    expect(branches(folder)).toMatchObject([{ branch: 'refs/heads/main', state: 'bisect' }]);
    git(folder, ['bisect', 'reset']);
    try {
      git(folder, ['rebase', '--quiet', '--exec', 'false', 'HEAD~1']);
    } catch {
      // stopped in the middle, as it should
    }
    expect(branches(folder)).toMatchObject([{ branch: 'refs/heads/main', state: 'rebase' }]);
  });

  it('does not take the HEAD of a bare repository for a checkout, but knows its linked work trees', () => {
    const folder = repository();
    git(root, ['clone', '--quiet', '--bare', folder, at('hub2.git')]);
    expect(branches(at('hub2.git'))).toEqual([]);
    git(at('hub2.git'), ['worktree', 'add', '--quiet', '-b', 'x', at('hub2-linked')]);
    expect(branches(at('hub2-linked'))).toMatchObject([{ workTree: at('hub2-linked'), branch: 'refs/heads/x' }]);
  });

  it('names the folder of a submodule, and an unborn branch', () => {
    const [outer, inner] = [repository(), repository()];
    git(outer, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'lib']);
    expect(branches(path.join(outer, 'lib'))).toMatchObject([
      { workTree: path.join(outer, 'lib'), branch: 'refs/heads/main' },
    ]);
    git(root, ['init', '--quiet', '--initial-branch=orc', at('unborn')]);
    expect(branches(at('unborn'))).toMatchObject([{ branch: 'refs/heads/orc' }]);
  });
});
