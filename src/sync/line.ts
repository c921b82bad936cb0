/** The board's history as one line: from a commit back along first parents. */
import { fromIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import { type Commit, decodeCommit } from '../git/objects.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { ObjectReader } from '../git/trees.ts';
import { parseTrailers, type Trailers } from './commit-message.ts';

export interface LineCommit {
  readonly commit: Oid;
  readonly decoded: Commit;
  /** `null`: a manual edit. */
  readonly trailers: Trailers | null;
}

/** How a line ends: where the board began, or cut off, in a shallow store. */
export type LineEnd = 'beginning' | 'cut';

/** As much of a store as walking needs. */
export type LineReader = ObjectReader & Pick<GitStore, 'listFirstParents'>;

/** Commits that are read one by one: whoever looks for the recent past starts no process for it. */
const singly = 200;
const atOnce = 2_000;

/** Newest first. @throws OrcError `store-corrupt` */
export async function* walkLine(store: LineReader, from: Oid | null): AsyncGenerator<LineCommit, LineEnd, void> {
  let next: Oid | null = from;
  for (let count = 0; next !== null; ) {
    const ids: readonly Oid[] = count < singly ? [next] : await listLine(store, next);
    const objects = await store.readObjects(ids);
    for (const commit of ids) {
      // The list may have been made of another line of parents than the commits tell: they decide.
      if (commit !== next) break;
      const object = objects.get(commit);
      if (object === undefined) return 'cut';
      if (object.type !== 'commit') throw new OrcError('store-corrupt', `${commit} is a ${object.type}, not a commit`);
      const decoded = decodeCommit(object.bytes);
      count++;
      next = decoded.parents[0] ?? null;
      yield { commit, decoded, trailers: parseTrailers(decoded.message) };
    }
  }
  return 'beginning';
}

async function listLine(store: LineReader, from: Oid): Promise<readonly Oid[]> {
  const ids = (await store.listFirstParents?.(from, atOnce)) ?? [];
  return ids[0] === from ? ids : [from];
}

/** The time of a mutation, ms; that of a manual edit is what git says. */
export function timeOf({ trailers, decoded }: Pick<LineCommit, 'trailers' | 'decoded'>): number {
  const at = trailers === null ? Number.NaN : fromIso(trailers.at);
  return Number.isNaN(at) ? decoded.committer.at : at;
}
