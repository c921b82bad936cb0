/** Where the history of a store is cut off: the file `shallow` in it, of the same form as git's, so that git may look on. */
import fs from 'node:fs';
import { join } from 'node:path';
import { createSyncedFile, errorCodeOf, type NameSource, syncFolders, toIoError } from '../durable-files.ts';
import { isOid } from '../hash.ts';
import type { GitStore, Oid } from '../store.ts';

/** @throws OrcError `io` */
export function readShallow(storePath: string): Set<Oid> {
  try {
    const lines = fs.readFileSync(join(storePath, 'shallow'), 'utf8').split('\n');
    return new Set(lines.filter((line): line is Oid => isOid(line, 'sha1')));
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return new Set();
    throw toIoError(`read ${storePath}/shallow`, error);
  }
}

/** Does nothing where the file says so already. @throws OrcError `io` */
export async function writeShallow(
  storePath: string,
  edges: ReadonlySet<Oid>,
  nameTemporary: NameSource,
): Promise<void> {
  const present = readShallow(storePath);
  if (edges.size === present.size && [...edges].every((oid) => present.has(oid))) return;
  const path = join(storePath, 'shallow');
  try {
    if (edges.size === 0) fs.rmSync(path, { force: true });
    else {
      const temporary = `${path}_${nameTemporary()}`; // `git prune` removes leftovers of this name
      const lines = [...edges].sort().map((oid) => `${oid}\n`);
      await createSyncedFile(temporary, Buffer.from(lines.join('')));
      fs.renameSync(temporary, path);
    }
    await syncFolders([storePath]);
  } catch (error) {
    throw toIoError(`write ${path}`, error);
  }
}

/**
 * Of commits where an upstream that is shallow itself ends, those where this store does not: it has their history, which `known`
 * leads to, or they are of other branches, and not here at all.
 */
export async function findNoEdges(
  store: GitStore,
  ends: readonly Oid[],
  known: readonly Oid[],
): Promise<readonly Oid[]> {
  if (ends.length === 0) return [];
  const here = await store.readObjects(ends);
  const found: Oid[] = [];
  for (const oid of new Set(ends)) {
    let isNone = !here.has(oid);
    for (const commit of known) isNone ||= await store.isAncestor(oid, commit);
    if (isNone) found.push(oid);
  }
  return found;
}
