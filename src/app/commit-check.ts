/** Whether a commit touches what others have locked: what the pre-commit hook asks where it finds that somebody has a lock. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { globMatches, globOf } from '../core/globs.ts';
import { type PathLock, readPathLocks, writePathLocks } from './clone-notes.ts';
import { spoolEvent } from './commit-spool.ts';
import { isTruthy } from './environment.ts';
import { Holds } from './holds.ts';
import { findSurroundings, sessionOf } from './surroundings.ts';

/** A file that cannot be committed now. */
export interface LockedPath extends PathLock {
  readonly path: string;
}

export interface CommitCheck {
  readonly locked: readonly LockedPath[];
  /** Whether the commit goes on all the same (`ORC_SKIP`): then it is noted for the board's event log. */
  readonly isSkipped: boolean;
  /** Who commits, where somebody is named. */
  readonly agent: string | null;
}

export interface CommitCheckOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly agent: string | undefined;
  readonly now: number;
  /** For the override's operation. */
  readonly newId: () => string;
  /** Names of files, each ended by a NUL; behind `//` those of a merge's other side. */
  readonly input: string;
}

/** Between the two lists of a merge; no path of git's looks like it. */
const otherSide = '//';

/** @throws OrcError `no-repository`, `io` and the like: the hook lets the commit pass then */
export async function checkCommit(options: CommitCheckOptions): Promise<CommitCheck> {
  const { cwd, env, now } = options;
  const surroundings = findSurroundings({ cwd, env: { ...env, ORC_BOARD: '' } });
  const paths = changedPaths(options.input);
  const named = options.agent ?? (env.ORC_AGENT || (await surroundings.config()).get('orc.agent'));
  const agent = named ?? surroundings.host?.worktreeName ?? null;
  const session = sessionOf(surroundings);
  const found: LockedPath[] = [];
  const folder = path.dirname(surroundings.storePath);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.git'))) {
    const storePath = path.join(folder, name);
    const locks = dropExpired(storePath, now);
    // Where nobody is named, the locks of this session are one's own.
    const own = named !== null || locks.length === 0 ? [] : await new Holds(storePath, session).list();
    const isOwn = (lock: PathLock): boolean =>
      lock.agent === agent ||
      own.some(({ kind, key, agent: by }) => kind === 'lock' && key === lock.resource && by === lock.agent);
    const locked = lockedPaths(
      paths,
      locks.filter((lock) => !isOwn(lock)),
    );
    if (locked.length > 0 && isTruthy(env.ORC_SKIP)) noteOverride(storePath, locked, agent, options.newId());
    found.push(...locked);
  }
  return { locked: found, isSkipped: isTruthy(env.ORC_SKIP), agent };
}

/** In a merge: what neither side had like that. What one side brings was committed there, under the locks of then. */
export function changedPaths(input: string): string[] {
  const names = input.split('\0').filter((name) => name !== '');
  const border = names.indexOf(otherSide);
  if (border === -1) return names;
  const there = new Set(names.slice(border + 1));
  return names.slice(0, border).filter((name) => there.has(name));
}

function lockedPaths(paths: readonly string[], locks: readonly PathLock[]): LockedPath[] {
  return paths.flatMap((each) =>
    locks.filter(({ resource }) => globMatches(globOf(resource) ?? '', each)).map((lock) => ({ path: each, ...lock })),
  );
}

/** Expired ones go from the list as well: without any, the hook need not ask again. */
function dropExpired(storePath: string, now: number): PathLock[] {
  const all = readPathLocks(storePath);
  const alive = all.filter(({ until }) => Date.parse(until) > now);
  if (alive.length < all.length) {
    try {
      writePathLocks(storePath, alive);
    } catch {
      // The next head that moves writes it anew.
    }
  }
  return alive;
}

function noteOverride(storePath: string, locked: readonly LockedPath[], agent: string | null, id: string): void {
  const locks = [...new Map(locked.map(({ resource, agent: by }) => [`${by} ${resource}`, { resource, by }])).values()];
  const paths = [...new Set(locked.map((each) => each.path))];
  const data = { paths: paths.slice(0, 50), ...(paths.length > 50 ? { more_paths: paths.length - 50 } : {}), locks };
  spoolEvent(storePath, { id, agent: agent ?? '', action: 'lock_overridden', data });
}
