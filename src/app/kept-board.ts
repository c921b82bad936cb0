/**
 * A look at the board from the snapshot alone: no process, no object, no parser. It answers where everything is as usual and the
 * snapshot holds for the present head, and otherwise not at all: then the board is opened.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { openRefFiles } from '../git/ref-files.ts';
import { readStoreFormat } from '../git/store-folder.ts';
import { parseSegment } from '../layout/events.ts';
import { segmentPath } from '../layout/paths.ts';
import type { Head } from '../sync/head.ts';
import { localRef, rewrittenPrefix, trackingRef } from '../sync/refs.ts';
import { fileSnapshots, snapshotFile } from '../sync/snapshot.ts';
import { type BoardGlance, onlookerIn } from './board-glance.ts';
import { openQueue } from './open-queue.ts';
import { packageVersion } from './package-info.ts';
import { readStoreConfig } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import { labelOf } from './upstream-label.ts';
import type { World } from './world.ts';

/** At most so many of the newest events can be had from it. */
export const keptEvents = 10;

/** `null`: the board has to be opened. @throws OrcError, where opening it will say so too */
export async function glanceAtKept(surroundings: Surroundings, world: World): Promise<BoardGlance | null> {
  const { storePath, host, board } = surroundings;
  if (statSync(path.join(storePath, 'HEAD'), { throwIfNoEntry: false }) === undefined) return null;
  const config = readStoreConfig(storePath);
  if (config === null || config.boardId === null) return null;
  const head = await keptHead(storePath);
  if (head === null) return null;
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
    events: async () => newestEvents(head),
    onlooker: () => onlookerIn(surroundings),
  };
}

async function keptHead(storePath: string): Promise<Head | null> {
  const refs = openRefFiles(storePath, readStoreFormat(storePath));
  const tracking = refs.read(trackingRef);
  // A history that was given up may hold the version up.
  if (tracking === null || refs.list(rewrittenPrefix).size > 0) return null;
  const head = await fileSnapshots(snapshotFile(storePath), packageVersion()).recall(null);
  if (head === null || head.commit !== (refs.read(localRef) ?? tracking)) return null;
  return head.tail.count < keptEvents && head.tail.first > 1 ? null : head;
}

function newestEvents({ tail }: Head) {
  return parseSegment(segmentPath(tail.first), tail.text).events.slice(-keptEvents);
}
