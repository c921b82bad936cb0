/** Path locks as they bear on one file that somebody is about to edit. */
import type { Board } from './board.ts';
import { globMatches, globOf } from './globs.ts';
import { faultInResource } from './names.ts';
import type { Moment } from './operation.ts';
import { isHoldExpired } from './readiness.ts';
import type { Hold, Lock } from './records.ts';

export interface LocksOnPath {
  /** Somebody else's, which an edit has to keep off. */
  readonly obstacle: { readonly lock: Lock; readonly hold: Hold } | null;
  /** Whether the agent has a lock that covers the path. */
  readonly isOwn: boolean;
}

/**
 * Who has a lock on a file. Whoever shares a lock with others may edit what it covers, as they may; a lock that others share
 * among themselves is an obstacle, for an edit is no mere look.
 * @param path as git writes it
 * @param agent by name: a lock of that name counts as its own, wherever it was acquired. `null`: nobody in particular
 */
export function locksOnPath(board: Board, path: string, agent: string | null, moment: Moment): LocksOnPath {
  let obstacle: LocksOnPath['obstacle'] = null;
  let isOwn = false;
  for (const lock of board.locks.loaded()) {
    const glob = globOf(lock.resource);
    if (glob === null || !globMatches(glob, path)) continue;
    const live = lock.holders.filter((hold) => !isHoldExpired(hold, moment));
    if (live.some((hold) => hold.agent === agent)) {
      isOwn = true;
      continue;
    }
    for (const hold of live) {
      // The one that is held longest tells from when there is a point in trying again.
      if (obstacle === null || hold.expires_at > obstacle.hold.expires_at) obstacle = { lock, hold };
    }
  }
  return { obstacle, isOwn };
}

/**
 * The resource that locks one file: its path, with `?` for characters that a resource may not have, such as the brackets of
 * `[id].tsx`. `null` where there is none: a path that is too long, or holds invisible characters.
 */
export function lockOfPath(path: string): string | null {
  const resource = `path:${path.replace(/[[\]{}()\\]|^!/g, '?').replace(/\*{2,}/g, '*')}`;
  return faultInResource(resource) === null ? resource : null;
}
