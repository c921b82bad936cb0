/**
 * The clone's own view of the board's branch, so that plain `git log` shows the audit: `refs/remotes/<remote>/<branch>`
 * with a remote; with upstream `host` the branch is there already.
 */
import { isGitInstalled } from '../git/native/find-git.ts';
import { runGit } from '../git/native/run-git.ts';
import type { Oid } from '../git/store.ts';
import { isShallowStore } from '../git/store-folder.ts';
import { trackingRef } from '../sync/refs.ts';
import type { Connection } from './connect.ts';
import type { Surroundings } from './surroundings.ts';

/** Best effort: the view is a convenience, and a failure to refresh it must not fail a sync. */
export async function refreshHostView({ store, config }: Connection, { host, env }: Surroundings): Promise<boolean> {
  if (host === null || config.upstream.kind !== 'remote') return true;
  // Without git nobody looks at it either.
  if (!isGitInstalled(env)) return true;
  const ref = `refs/remotes/${config.upstream.remote}/${config.branch}`;
  if ((await store.readRef(trackingRef)) === null) return true;
  // What such a store gave away would cut the clone's own history too.
  if (isShallowStore(store.path)) return true;
  const result = await runGit({
    args: [
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'fetch.prune=false',
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      '--',
      store.path,
      // With a plus: after an accepted rewrite the view follows.
      `+${trackingRef}:${ref}`,
    ],
    gitDir: host.commonDir,
    env,
    timeoutMs: 60_000,
  });
  return result.exitCode === 0;
}

/**
 * After a board moved to a remote, the host's own branch would stand still and be taken for the board: it goes, if it is
 * still what was moved. Everything on it is at the remote, which may have gone on already.
 */
export async function dropHostBranch(branch: string, moved: Oid, { host, env }: Surroundings): Promise<void> {
  if (host === null) return;
  await runGit({
    args: ['-c', 'core.hooksPath=/dev/null', 'update-ref', '-d', `refs/heads/${branch}`, moved],
    gitDir: host.commonDir,
    env,
  });
}
