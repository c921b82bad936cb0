/**
 * A look at the board from the snapshot alone: no process, no object, no parser. It answers where everything is as usual and the
 * snapshot holds for the present head, and otherwise not at all: then the board is read (read-board-glance.ts), or opened.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { isQuestionable } from '../git/host.ts';
import { openRefFiles } from '../git/ref-files.ts';
import type { Oid } from '../git/store.ts';
import { readStoreFormat } from '../git/store-folder.ts';
import { newestEvents } from '../layout/events.ts';
import type { Head } from '../sync/head.ts';
import { localRef, rewrittenPrefix, trackingRef } from '../sync/refs.ts';
import { fileSnapshots, snapshotFile } from '../sync/snapshot.ts';
import { type BoardGlance, onlookerIn } from './board-glance.ts';
import { isPortable } from './environment.ts';
import { openQueue } from './open-queue.ts';
import { packageVersion } from './package-info.ts';
import { readStoreConfig } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import { labelOf } from './upstream-label.ts';
import type { World } from './world.ts';

/** At most so many of the newest events can be had from it. */
export const keptEvents = 10;

/** `null`: the board has to be read or opened. @throws OrcError, where opening it will say so too */
export async function glanceAtKept(surroundings: Surroundings, world: World): Promise<BoardGlance | null> {
  // A value of ORC_GIT that is none is refused here as everywhere.
  if (surroundings.env.ORC_GIT) isPortable(surroundings.env);
  return glanceWith(surroundings, world, async (commit) => {
    const head = await fileSnapshots(snapshotFile(surroundings.storePath), packageVersion()).recall(null);
    return head?.commit === commit ? head : null;
  });
}

/** @param readHead the board at the present commit; `null`: it has to be opened */
export async function glanceWith(
  surroundings: Surroundings,
  world: World,
  readHead: (commit: Oid) => Promise<Head | null>,
): Promise<BoardGlance | null> {
  const { storePath, host, board } = surroundings;
  // Whether git trusts it is found out where the board is opened.
  if (host !== null && isQuestionable(host)) return null;
  if (statSync(path.join(storePath, 'HEAD'), { throwIfNoEntry: false }) === undefined) return null;
  const config = readStoreConfig(storePath);
  if (config === null || config.boardId === null) return null;
  const commit = presentCommit(storePath);
  const head = commit === null ? null : await readHead(commit);
  if (head === null || (head.tail.count < keptEvents && head.tail.first > 1)) return null;
  const { upstream } = config;
  const named = upstream.kind === 'url' ? { ...upstream, url: board ?? upstream.url } : upstream;
  return {
    connection: {
      config,
      session: openQueue(storePath, world, 'onlooker'),
      store: { path: storePath },
      // Nobody is asked, so nobody tells the time.
      transport: { label: labelOf(named, host), clockDifference: async () => null },
    },
    past: null,
    surroundings,
    world,
    head: async () => head,
    events: async () => newestEvents(head.tail.text, keptEvents),
    onlooker: () => onlookerIn(surroundings),
  };
}

/** `null` where there is none, or more to it than the refs tell. */
function presentCommit(storePath: string): Oid | null {
  const refs = openRefFiles(storePath, readStoreFormat(storePath));
  const tracking = refs.read(trackingRef);
  // A history that was given up may hold the version up.
  if (tracking === null || refs.list(rewrittenPrefix).size > 0) return null;
  return refs.read(localRef) ?? tracking;
}
