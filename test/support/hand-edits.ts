/** What others may push: commits on a board's branch that orc did not make, with any name and any mode in the tree. */
import { execFileSync } from 'node:child_process';
import { git, isolatedEnv } from './git-fixtures.ts';

export interface HandFile {
  readonly path: string;
  /** Default 100644. */
  readonly mode?: string;
  /** The content, `null` to delete the file; of a submodule the id of its commit. */
  readonly content: string | Uint8Array | null;
}

interface Entry {
  readonly mode: string;
  readonly oid: string;
}

type Folder = Map<string, Entry | Folder>;

/** Commits files on top of a branch of a repository, past all checks of names that git makes in an index. */
export function commitByHand(repository: string, files: readonly HandFile[], branch = 'orc'): string {
  const ref = `refs/heads/${branch}`;
  const root = readTree(repository, ref);
  for (const { path, mode = '100644', content } of files) {
    if (content === null) {
      remove(root, path.split('/'));
      continue;
    }
    const oid = mode === '160000' ? String(content) : pipe(repository, content, 'hash-object', '-w', '--stdin');
    put(root, path.split('/'), { mode, oid });
  }
  const commit = git(repository, 'commit-tree', writeTree(repository, root), '-p', ref, '-m', 'by hand');
  git(repository, 'update-ref', ref, commit);
  return commit;
}

/** The content of a file of the branch. */
export function fileOf(repository: string, path: string, branch = 'orc'): string {
  return pipe(repository, '', 'cat-file', 'blob', `refs/heads/${branch}:${path}`);
}

/** All paths of the branch. */
export function pathsOf(repository: string, branch = 'orc'): string[] {
  return pipe(repository, '', 'ls-tree', '-r', '-z', '--name-only', `refs/heads/${branch}`).split('\0').filter(Boolean);
}

function readTree(repository: string, ref: string): Folder {
  const root: Folder = new Map();
  for (const line of pipe(repository, '', 'ls-tree', '-r', '-z', ref).split('\0').filter(Boolean)) {
    const [facts = '', path = ''] = line.split('\t');
    const [mode = '', , oid = ''] = facts.split(' ');
    put(root, path.split('/'), { mode, oid });
  }
  return root;
}

function put(folder: Folder, [first = '', ...rest]: readonly string[], entry: Entry): void {
  if (rest.length === 0) {
    folder.set(first, entry);
    return;
  }
  const found = folder.get(first);
  const inner: Folder = found instanceof Map ? found : new Map();
  folder.set(first, inner);
  put(inner, rest, entry);
}

function remove(folder: Folder, [first = '', ...rest]: readonly string[]): void {
  const found = folder.get(first);
  if (rest.length === 0) folder.delete(first);
  else if (found instanceof Map) remove(found, rest);
}

function writeTree(repository: string, folder: Folder): string {
  const lines = [...folder].map(([name, entry]) => {
    if (entry instanceof Map) return `040000 tree ${writeTree(repository, entry)}\t${name}`;
    return `${entry.mode} ${entry.mode === '160000' ? 'commit' : 'blob'} ${entry.oid}\t${name}`;
  });
  return pipe(repository, lines.map((line) => `${line}\0`).join(''), 'mktree', '-z', '--missing');
}

function pipe(repository: string, input: string | Uint8Array, ...args: string[]): string {
  const options = { cwd: repository, env: isolatedEnv, input, encoding: 'utf8', maxBuffer: 1e9 } as const;
  const out = execFileSync('git', args, { ...options, stdio: 'pipe' });
  return args[0] === 'cat-file' || args[0] === 'ls-tree' ? out : out.trim();
}
