/** The board where an agent stands, where there is one: hooks run in every repository, and begin none. */
import path from 'node:path';
import { OrcError } from '../../errors.ts';
import type { Host } from '../../git/host.ts';
import { kindOf, listFolder } from '../../git/host-files.ts';
import { readPackedRefs } from '../../git/packed-refs.ts';
import type { World } from '../connect.ts';
import { openBoard } from '../open-board.ts';
import { Orc } from '../orc.ts';
import type { OpenOptions } from '../orc-core.ts';
import { readStoreConfig } from '../store-config.ts';
import { findSurroundings, type Surroundings } from '../surroundings.ts';

export interface Place {
  /** Folders where the agent may be; the first with a board counts. */
  readonly folders: readonly string[];
  readonly options: Pick<OpenOptions, 'board' | 'branch' | 'agent'>;
  readonly env: NodeJS.ProcessEnv;
  readonly world: World;
  /** Join a board that this clone has seen at a remote but has no store of. It costs time, and belongs to the beginning of a session. */
  readonly mayJoin: boolean;
  /** For joining. */
  readonly timeoutMs: number;
}

/** What says that there is nothing to do here, and is no fault. */
const nothingHere: ReadonlySet<string> = new Set(['no-repository', 'no-board', 'board-mismatch', 'ambiguous-remote']);

/** `null`: there is no board. @throws OrcError for one that is there and cannot be opened */
export async function openThere(place: Place): Promise<Orc | null> {
  for (const cwd of new Set(place.folders)) {
    const orc = await openIn(cwd, place);
    if (orc !== null) return orc;
  }
  return null;
}

async function openIn(cwd: string, { options, env, world, mayJoin, timeoutMs }: Place): Promise<Orc | null> {
  if (kindOf(cwd) !== 'folder') return null;
  try {
    const surroundings = findSurroundings({ cwd, env, board: options.board, branch: options.branch });
    const isHere = kindOf(path.join(surroundings.storePath, 'HEAD')) === 'file';
    const isJoined = isHere && (readStoreConfig(surroundings.storePath)?.boardId ?? null) !== null;
    if (!isJoined && !(mayJoin && hasSeenBoard(surroundings))) return null;
    return new Orc(await openBoard(surroundings, world, { timeoutMs }), world, { ...options, cwd, env, timeoutMs });
  } catch (error) {
    if (error instanceof OrcError && nothingHere.has(error.code)) return null;
    throw error;
  }
}

/**
 * Whether this clone knows of a branch that may be a board, by its own refs: `git clone` brings those of its remote. Nothing is
 * asked, and no store is made, in all the repositories that have none.
 */
function hasSeenBoard({ board, host, branch }: Surroundings): boolean {
  if (board !== null) return true;
  if (host === null) return false;
  return (
    isBranchIn(host, branch) ||
    listFolder(path.join(host.commonDir, 'refs/remotes')).some((remote) => {
      return kindOf(path.join(host.commonDir, 'refs/remotes', remote, branch)) === 'file';
    })
  );
}

function isBranchIn({ commonDir }: Host, branch: string): boolean {
  if (kindOf(path.join(commonDir, 'refs/heads', branch)) === 'file') return true;
  const names = [...readPackedRefs(commonDir).keys()];
  return names.some((name) => {
    const [, kind, ...rest] = name.split('/');
    return (
      (kind === 'heads' && rest.join('/') === branch) || (kind === 'remotes' && rest.slice(1).join('/') === branch)
    );
  });
}
