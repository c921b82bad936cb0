/** Where orc was called: the repository around it, its configuration, and the store that belongs to it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errorCodeOf, toIoError } from '../git/durable-files.ts';
import { findHost, type Host } from '../git/host.ts';
import { type HostConfig, readHostConfig } from '../git/host-config.ts';
import { runGit } from '../git/native/run-git.ts';
import { checkBranchName } from './branch-name.ts';
import { isPortable } from './environment.ts';
import { readStoreConfig } from './store-config.ts';

export const defaultBranch = 'orc';

export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly host: Host | null;
  /** The board's address when it was named (`--board`), else `null`. */
  readonly board: string | null;
  readonly branch: string;
  readonly storePath: string;
  /** Read once, when first needed: it costs a process. */
  readonly config: () => Promise<HostConfig>;
  /** The same read without git, as long as nothing in it asks for git: for what is shown, not for what commands are run with. */
  readonly plainConfig: () => Promise<HostConfig>;
}

export interface SurroundingsOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** URL or path of a repository that holds a board. */
  readonly board?: string | undefined;
  readonly branch?: string | undefined;
}

/** @throws OrcError `no-repository` when there is neither a repository nor a named board, `invalid-argument` for such a branch */
export function findSurroundings(options: SurroundingsOptions): Surroundings {
  const { cwd, env } = options;
  const host = findHost(cwd, env);
  const branch = options.branch ?? (env.ORC_BRANCH || (host === null ? defaultBranch : usualBranch(host)));
  checkBranchName(branch);
  const board = options.board ?? (env.ORC_BOARD || null);
  let reading: Promise<HostConfig> | null = null;
  const config = (): Promise<HostConfig> => {
    const runGit = (args: readonly string[]) => gitOutput(args, host?.foundAt ?? cwd, env);
    reading ??= readHostConfig(host, env, isPortable(env) ? {} : { runGit });
    return reading;
  };
  const plainConfig = async (): Promise<HostConfig> => {
    const plain = reading === null ? await readHostConfig(host, env) : null;
    return plain === null || plain.isPartial ? config() : plain;
  };
  const configs = { config, plainConfig };
  if (board !== null) {
    const address = existsSync(path.resolve(cwd, board)) ? path.resolve(cwd, board) : board;
    return { cwd, env, host, board: address, branch, storePath: cachedStorePath(address, branch, env), ...configs };
  }
  if (host === null) {
    throw new OrcError('no-repository', `${cwd} is not in a git repository`, {
      hint: 'run `git init` (or `git clone …`) first, or name a board with --board URL',
    });
  }
  return { cwd, env, host, board, branch, storePath: storePathOf(host, branch), ...configs };
}

/** Whose claims and locks are remembered together: the work tree's, unless `ORC_SESSION` tells more of them apart. */
export function sessionOf({ env, host }: Pick<Surroundings, 'env' | 'host'>): string {
  return env.ORC_SESSION || host?.worktreeName || 'main';
}

/** A clone whose only board lives on another branch needs to be told that once, at `orc init --branch`. */
function usualBranch(host: Host): string {
  const folder = path.join(host.commonDir, 'orc');
  const stores = namesIn(folder).filter((name) => name.endsWith('.git'));
  if (stores.every((name) => name === 'board.git')) return defaultBranch;
  const [only, ...more] = stores.flatMap((name) => branchOf(path.join(folder, name)) ?? []);
  return only === undefined || more.length > 0 ? defaultBranch : only;
}

/** `null` for a store in which there is no board: made to look for one, on a branch that was perhaps misspelt. */
function branchOf(storePath: string): string | null {
  try {
    return readStoreConfig(storePath)?.branch ?? null;
  } catch (error) {
    if (error instanceof OrcError) return null; // told by whoever opens it
    throw error;
  }
}

/** None where there is no such folder. @throws OrcError `io` */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw toIoError(`list ${folder}`, error);
  }
}

/** `<common git dir>/orc/board.git`, shared by all linked work trees; other branches have stores of their own. */
function storePathOf(host: Host, branch: string): string {
  // Percent-encoded, so that no two branches share a store; `board` itself is taken.
  const encoded = branch === 'board' ? '%62oard' : encodeURIComponent(branch);
  const name = branch === defaultBranch ? 'board.git' : `${encoded}.git`;
  return path.join(host.commonDir, 'orc', name);
}

function cachedStorePath(address: string, branch: string, env: NodeJS.ProcessEnv): string {
  const cache = env.XDG_CACHE_HOME || path.join(env.HOME ?? os.homedir(), '.cache');
  const key = createHash('sha256').update(`${address}\0${branch}`).digest('hex').slice(0, 24);
  return path.join(cache, 'orc', key, 'board.git');
}

/** The arguments name the repository, or let git find it: with `--git-dir` it would not look at who owns it. */
async function gitOutput(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Uint8Array> {
  const result = await runGit({ args, env, cwd });
  if (result.exitCode !== 0) throw new OrcError('git-failed', result.stderr || `git ${args[0]} failed`);
  return result.stdout;
}
