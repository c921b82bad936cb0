/**
 * The store on disk, to be looked at, packs of any size included: a few objects are read here, many by processes of git.
 * Unlike a `GitStore` it changes nothing, and keeps nothing in memory.
 */
import { OrcError } from '../../errors.ts';
import { type LocalReader, openLocalReader } from '../local-reader.ts';
import type { GitObject, Oid } from '../store.ts';
import { type FileEntry, listFiles } from '../trees.ts';
import { type OnFile, readBulk, readFilesBelow } from './bulk-reader.ts';
import type { GitSettings } from './run-git.ts';

export interface LookReader extends LocalReader {
  /**
   * All files below a tree, one by one. It resolves when that is under way. What was told before an error is as good as not told.
   */
  beginFiles(tree: Oid, onFile: OnFile): Promise<{ readonly done: Promise<void> }>;
}

/** From so many objects on, starting git takes less time than reading them here. */
const bulkFrom = 64;

/** @throws OrcError as `openLocalReader`; reading also `io`, `git-missing`, `git-failed` */
export function openLookReader(storePath: string, settings: GitSettings): LookReader {
  const local = openLocalReader(storePath);
  return {
    ...local,
    async readObjects(oids) {
      const unique = [...new Set(oids)];
      if (unique.length < bulkFrom) return local.readObjects(unique);
      const found = new Map<Oid, GitObject>();
      for (const [index, object] of (await readBulk(storePath, unique, settings)).entries())
        if (object !== null) found.set(unique[index] as Oid, object);
      return found;
    },
    async beginFiles(tree, onFile) {
      const few = await listFew(local, tree);
      if (few === null) {
        const done = readFilesBelow(storePath, tree, settings, onFile);
        // Whoever waits for it hears of it; who gave up meanwhile need not.
        done.catch(() => undefined);
        return { done };
      }
      const objects = await local.readObjects([...few.values()].map(({ oid }) => oid));
      for (const [path, { mode, oid }] of few) onFile({ path, mode, object: objects.get(oid) ?? null });
      return { done: Promise.resolve() };
    },
  };
}

/** `null` where there are more than a few. */
async function listFew(local: LocalReader, tree: Oid): Promise<Map<string, FileEntry> | null> {
  try {
    return await listFiles(local, tree, { maxFiles: bulkFrom });
  } catch (error) {
    if (error instanceof OrcError && error.code === 'too-large') return null;
    throw error;
  }
}
