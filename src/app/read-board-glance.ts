/**
 * A look at the board where the snapshot does not hold for the present head: from the snapshot only what differs is read, and without
 * one all files, but few records are made of them (sync/glance.ts). Nothing is asked of anybody, nothing is written but a snapshot.
 */
import { openLookReader } from '../git/native/look-reader.ts';
import { loadGlance } from '../sync/glance.ts';
import { type Head, loadHead } from '../sync/head.ts';
import { fileSnapshots, snapshotFile } from '../sync/snapshot.ts';
import { isWorthKeeping } from '../sync/snapshot-keeper.ts';
import type { BoardGlance } from './board-glance.ts';
import { isPortable } from './environment.ts';
import { glanceWith } from './kept-board.ts';
import { packageVersion } from './package-info.ts';
import type { Surroundings } from './surroundings.ts';
import type { World } from './world.ts';

export interface ReadGlance {
  readonly glance: BoardGlance;
  /** Keeps what was read for the next process; to be called when the answer is out. */
  readonly keep: () => Promise<void>;
}

/** `null`: the board has to be opened. @throws OrcError, where opening it will say so too */
export async function glanceAtFiles(surroundings: Surroundings, world: World): Promise<ReadGlance | null> {
  const { storePath, env } = surroundings;
  if (isPortable(env)) return null;
  const snapshots = fileSnapshots(snapshotFile(storePath), packageVersion());
  let keep = async (): Promise<void> => undefined;
  const glance = await glanceWith(surroundings, world, async (commit): Promise<Head | null> => {
    const store = openLookReader(storePath, { env, ...(world.onStart ? { onStart: world.onStart } : {}) });
    try {
      const kept = await snapshots.recall(store);
      if (kept === null) {
        const read = await loadGlance(store, commit);
        if (read !== null) keep = () => snapshots.keep(read.head, read.files);
        return read?.head ?? null;
      }
      let drift = 0;
      const head = await loadHead(store, commit, kept, (files) => {
        drift += files;
      });
      if (isWorthKeeping(head, drift)) keep = () => snapshots.keep(head);
      return head;
    } finally {
      store.close();
    }
  });
  return glance === null ? null : { glance, keep: () => keep() };
}
