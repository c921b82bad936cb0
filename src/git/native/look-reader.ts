/**
 * The store on disk, to be looked at, packs of any size included: a few objects are read here, many by one process of git.
 * Unlike a `GitStore` it changes nothing, and keeps nothing in memory.
 */
import { type LocalReader, openLocalReader } from '../local-reader.ts';
import type { GitObject, Oid } from '../store.ts';
import { readBulk } from './bulk-reader.ts';
import type { GitSettings } from './run-git.ts';

export interface LookReader extends LocalReader {
  /** In the order of the ids, `null` for unknown ones. */
  readInOrder(oids: readonly Oid[]): Promise<(GitObject | null)[]>;
}

/** From so many objects on, starting git takes less time than reading them here. */
const bulkFrom = 64;

/** @throws OrcError as `openLocalReader`; reading also `io`, `git-missing`, `git-failed` */
export function openLookReader(storePath: string, settings: GitSettings): LookReader {
  const local = openLocalReader(storePath);
  const readInOrder = async (oids: readonly Oid[]): Promise<(GitObject | null)[]> => {
    if (oids.length >= bulkFrom) return readBulk(storePath, oids, settings);
    const found = await local.readObjects(oids);
    return oids.map((oid) => found.get(oid) ?? null);
  };
  return {
    ...local,
    readInOrder,
    async readObjects(oids) {
      const unique = [...new Set(oids)];
      const found = new Map<Oid, GitObject>();
      for (const [index, object] of (await readInOrder(unique)).entries())
        if (object !== null) found.set(unique[index] as Oid, object);
      return found;
    },
  };
}
