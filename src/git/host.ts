/**
 * Finds the repository that somebody stands in, from the file system alone: no process is started.
 *
 * Follows git's own discovery (`setup.c`): environment, then upwards from the working folder. Synchronous, since it
 * comes first in every command and is a handful of `stat` calls. Not looked at: GIT_CEILING_DIRECTORIES, file-system
 * borders, and who owns the repository (`readHostConfig` lets git judge that).
 */
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { lastValue, readConfigFile } from './config-file.ts';
import type { ConfigEntry } from './config-syntax.ts';
import { kindOf, listFolder, ownerOf, readHead, readText, realPath } from './host-files.ts';
import type { ObjectFormat } from './store.ts';

export interface Host {
  /** This work tree's own git folder: `.git`, or `.git/worktrees/<name>`. Absolute, like all paths here, without symlinks. */
  readonly gitDir: string;
  /** What all work trees of a clone share; the board store lives below it. */
  readonly commonDir: string;
  /** `null` in a bare repository, and when standing inside a git folder. */
  readonly workTree: string | null;
  readonly bare: boolean;
  readonly objectFormat: ObjectFormat;
  /** `files`, or `reftable`: there, HEAD files say nothing. */
  readonly refStorage: string;
  /** The linked work tree's name in git's administration; `null` in the main one. */
  readonly worktreeName: string | null;
  /** Where git finds it by itself: the folder that holds `.git`, or the git folder. Not always the work tree (`core.worktree`). */
  readonly foundAt: string;
  /** GIT_DIR named it: git then trusts it whoever owns it. */
  readonly explicit: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Found {
  readonly gitDir: string;
  /** The folder that holds `.git`; `null` when the folder itself is the repository. */
  readonly top: string | null;
}

/**
 * The repository around `cwd`, or the one that GIT_DIR, GIT_COMMON_DIR and GIT_WORK_TREE name (git sets them in hooks).
 * `null` where there is none.
 *
 * @throws OrcError `no-repository` where something points to a repository that is gone; `git-failed` for an unreadable configuration
 */
export function findHost(cwd: string, env: Environment): Host | null {
  const here = realPath(path.resolve(cwd));
  if (here === null) return null;
  const named = env.GIT_DIR ? openNamed(path.resolve(here, env.GIT_DIR)) : null;
  const found = named === null ? walkUp(here) : { gitDir: named, top: null };
  if (found === null) return null;

  const { gitDir } = found;
  const commonDir = env.GIT_COMMON_DIR ? path.resolve(here, env.GIT_COMMON_DIR) : commonDirOf(gitDir);
  const config = readOwnConfig(path.join(commonDir, 'config'));
  const linked = commonDir !== gitDir;
  // In a linked work tree, `core.bare` and `core.worktree` of the shared file are about the main one.
  const own = [...(linked ? [] : config), ...worktreeConfig(gitDir, config)];
  const bareInConfig = isTrue(lastValue(own, 'core.bare'));
  const configured = lastValue(own, 'core.worktree');

  let workTree: string | null;
  if (env.GIT_WORK_TREE) workTree = path.resolve(here, env.GIT_WORK_TREE);
  else if (configured !== null && !bareInConfig) workTree = path.resolve(gitDir, configured);
  else if (bareInConfig) workTree = null;
  else workTree = named === null ? found.top : here;
  if (workTree === here && isInside(here, gitDir)) workTree = null; // a server-side hook stands in the git folder

  return {
    gitDir,
    commonDir: realPath(commonDir) ?? commonDir,
    workTree: workTree === null ? null : (realPath(workTree) ?? workTree),
    bare: workTree === null && bareInConfig,
    objectFormat: lastValue(config, 'extensions.objectformat') === 'sha256' ? 'sha256' : 'sha1',
    refStorage: lastValue(config, 'extensions.refstorage') ?? 'files',
    worktreeName: path.dirname(gitDir) === path.join(commonDir, 'worktrees') ? path.basename(gitDir) : null,
    foundAt: found.top ?? gitDir,
    explicit: named !== null,
  };
}

/**
 * Whether git might refuse the repository because of who owns it (`safe.directory`): then nothing in it may say which programs
 * are run, until git was asked. Cheap, and on the safe side: it says yes for some that git trusts.
 */
export function isQuestionable({ foundAt, gitDir, explicit }: Host): boolean {
  const us = process.geteuid?.();
  if (explicit || us === undefined) return false;
  const owners = [foundAt, path.join(foundAt, '.git'), gitDir].map(ownerOf);
  return owners.some((owner) => owner !== null && owner !== us);
}

export interface HeadBranch {
  /** The work tree's folder, for messages. */
  readonly workTree: string;
  /** The full ref name. */
  readonly branch: string;
  /** `rebase` and `bisect`: HEAD is detached for now, and git keeps the branch reserved all the same. */
  readonly state: 'checked-out' | 'rebase' | 'bisect';
  /** The folder is gone; `git worktree prune` forgets it. */
  readonly missing: boolean;
}

/**
 * Which branches are checked out where, in the main work tree and in all linked ones, read from their HEAD files.
 * A detached HEAD gives nothing. With `refStorage: 'reftable'` the answer is empty: ask `git worktree list --porcelain`.
 *
 * What is not promised: that it still holds when the caller acts on it. Whoever moves a host branch lets git refuse.
 */
export function headBranches(host: Host): readonly HeadBranch[] {
  const { commonDir } = host;
  const config = readOwnConfig(path.join(commonDir, 'config'));
  const main = [...config, ...worktreeConfig(commonDir, config)];
  const found: HeadBranch[] = [];
  if (!isTrue(lastValue(main, 'core.bare'))) {
    const configured = lastValue(main, 'core.worktree');
    const beside = path.basename(commonDir) === '.git' ? path.dirname(commonDir) : commonDir;
    found.push(...branchesOf(commonDir, configured === null ? beside : path.resolve(commonDir, configured)));
  }
  for (const name of listFolder(path.join(commonDir, 'worktrees'))) {
    const gitDir = path.join(commonDir, 'worktrees', name);
    const pointer = readText(path.join(gitDir, 'gitdir'));
    if (pointer === null) continue;
    found.push(...branchesOf(gitDir, path.dirname(path.resolve(gitDir, pointer))));
  }
  return found;
}

function branchesOf(gitDir: string, workTree: string): HeadBranch[] {
  const read = (file: string) => readText(path.join(gitDir, file));
  const missing = kindOf(workTree) === null;
  const candidates = [
    { state: 'checked-out', branch: readHead(gitDir)?.ref ?? null },
    { state: 'rebase', branch: read('rebase-merge/head-name') ?? read('rebase-apply/head-name') },
    { state: 'bisect', branch: read('BISECT_START') },
  ] as const;
  const branches: HeadBranch[] = [];
  for (const { state, branch } of candidates) {
    if (branch === null || branch === '' || branch === 'detached HEAD' || /^[0-9a-f]{40,64}$/.test(branch)) continue;
    const full = branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
    if (full === 'refs/heads/.invalid') continue; // reftable's stand-in
    if (!branches.some((known) => known.branch === full)) branches.push({ workTree, branch: full, state, missing });
  }
  return branches;
}

function walkUp(start: string): Found | null {
  for (let folder = start; ; folder = path.dirname(folder)) {
    const dotGit = path.join(folder, '.git');
    const kind = kindOf(dotGit);
    if (kind === 'file') return { gitDir: followGitFile(dotGit), top: folder };
    if (kind === 'folder' && isGitDir(dotGit)) return { gitDir: realPath(dotGit) ?? dotGit, top: folder };
    if (isGitDir(folder)) return { gitDir: folder, top: null };
    if (path.dirname(folder) === folder) return null;
  }
}

/** GIT_DIR may name a folder or a `.git` file. */
function openNamed(named: string): string {
  if (kindOf(named) === 'file') return followGitFile(named);
  if (isGitDir(named)) return realPath(named) ?? named;
  throw new OrcError('no-repository', `GIT_DIR names ${named}, which is not a git repository`, {
    hint: 'unset GIT_DIR',
  });
}

function followGitFile(file: string): string {
  const target = /^gitdir: ([^\0]+?)[\r\n]*$/.exec(readText(file, { keepEnd: true }) ?? '')?.[1];
  const gitDir = target === undefined ? null : realPath(path.resolve(path.dirname(file), target));
  if (gitDir !== null && isGitDir(gitDir)) return gitDir;
  throw new OrcError(
    'no-repository',
    `${file} does not lead to a git repository${target === undefined ? '' : ` (${target})`}`,
    {
      hint: 'if the main clone was moved: git worktree repair, run there',
    },
  );
}

/** As git does: HEAD here, `objects` and `refs` in the common folder. */
function isGitDir(folder: string): boolean {
  const head = readHead(folder);
  if (head === null) return false;
  const common = commonDirOf(folder);
  return kindOf(path.join(common, 'objects')) === 'folder' && kindOf(path.join(common, 'refs')) === 'folder';
}

function commonDirOf(gitDir: string): string {
  const pointer = readText(path.join(gitDir, 'commondir'));
  if (pointer === null) return gitDir;
  const common = path.resolve(gitDir, pointer);
  return realPath(common) ?? common;
}

/** Like git, discovery follows no includes. */
const readOwnConfig = (file: string) => readConfigFile(file, { includes: false });

const worktreeConfig = (gitDir: string, config: readonly ConfigEntry[]): readonly ConfigEntry[] =>
  isTrue(lastValue(config, 'extensions.worktreeconfig')) ? readOwnConfig(path.join(gitDir, 'config.worktree')) : [];

const isTrue = (value: string | null): boolean => value !== null && /^(true|yes|on|[1-9]\d*)$/i.test(value);

const isInside = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(outer + path.sep);
