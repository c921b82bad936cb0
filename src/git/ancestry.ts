/** Who descends from whom, found by reading commits. */
import { OrcError } from '../errors.ts';
import { decodeCommit } from './objects.ts';
import type { GitObject, Oid } from './store.ts';
import type { ObjectReader } from './trees.ts';

/**
 * Whether `ancestor` is `descendant` or an ancestor of it; `undecided` when more than `limit` commits would have to
 * be read. A commit that the store does not have (a shallow store's edge) ends its line.
 * @throws OrcError `store-corrupt`
 */
export async function walkToAncestor(
  reader: ObjectReader,
  ancestor: Oid,
  descendant: Oid,
  limit = Number.POSITIVE_INFINITY,
): Promise<boolean | 'undecided'> {
  if (ancestor === descendant) return true;
  const seen = new Set<Oid>([descendant]);
  let level: Oid[] = [descendant];
  while (level.length > 0) {
    if (seen.size > limit) return 'undecided';
    const commits = await reader.readObjects(level);
    const next: Oid[] = [];
    for (const [oid, object] of commits) {
      if (object.type !== 'commit') throw new OrcError('store-corrupt', `${oid} is a ${object.type}, not a commit`);
      for (const parent of readParents(object)) {
        if (parent === ancestor) return true;
        if (seen.has(parent)) continue;
        seen.add(parent);
        next.push(parent);
      }
    }
    level = next;
  }
  return false;
}

/** Stores hand out the same object again while it is in their cache. */
const parentsByObject = new WeakMap<GitObject, readonly Oid[]>();

function readParents(commit: GitObject): readonly Oid[] {
  const known = parentsByObject.get(commit);
  if (known !== undefined) return known;
  const { parents } = decodeCommit(commit.bytes);
  parentsByObject.set(commit, parents);
  return parents;
}
