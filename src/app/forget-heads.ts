/**
 * The heads of a store that is joined to no board: a look at a branch that was none, or at a board that is gone, leaves them, and
 * each later fetch would be held against them as if its history had been rewritten.
 */
import path from 'node:path';
import type { GitStore, RefUpdate } from '../git/store.ts';
import { machineExclusion } from '../sync/machine-exclusion.ts';
import { localRef, trackingRef } from '../sync/refs.ts';
import { readStoreConfig } from './store-config.ts';

const lockTimeoutMs = 10_000;

/** Whether there was anything to forget. Never what a board left that the store is joined to. */
export async function forgetHeads(store: GitStore): Promise<boolean> {
  const lock = await machineExclusion(path.join(store.path, 'orc.lock')).take(lockTimeoutMs);
  try {
    if ((readStoreConfig(store.path)?.boardId ?? null) !== null) return false;
    const updates: RefUpdate[] = [];
    for (const ref of [trackingRef, localRef]) {
      const from = await store.readRef(ref);
      if (from !== null) updates.push({ ref, from, to: null });
    }
    return updates.length > 0 && (await store.updateRefs(updates)) === 'updated';
  } finally {
    await lock.release();
  }
}
