/** How a head of the upstream stands to the one that was seen before: what ancestry says, and where it says nothing, versions and the log. */
import { decodeCommit } from '../git/objects.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { parseSegment } from '../layout/events.ts';
import { segmentPath } from '../layout/paths.ts';
import { parseTrailers } from './commit-message.ts';
import { type Head, versionOf } from './head.ts';
import { findProofs } from './proof.ts';

/** `behind`: to all that is known, it was there already. */
export type HistoryRelation = 'moved' | 'behind' | 'rewritten';

/** `load`: gives the head at a commit. */
export async function relateHeads(
  store: GitStore,
  before: Oid,
  head: Head & { readonly commit: Oid },
  load: (commit: Oid) => Promise<Head>,
): Promise<HistoryRelation> {
  const after = head.commit;
  if (await store.isAncestor(before, after)) return 'moved';
  if (await store.isAncestor(after, before)) return 'behind';
  // Neither leads to the other. In a shallow store that may be because one of the lines ends before they meet.
  if (await endsAbove(store, before, await versionOf(store, after))) return 'behind';
  const isCut = await endsAbove(store, after, await versionOf(store, before));
  return isCut && (await continues(store, await load(before), head)) ? 'moved' : 'rewritten';
}

/** Whether the commits that this store has end, cut off, before they lead down to so low a version. */
async function endsAbove(store: GitStore, from: Oid, version: number): Promise<boolean> {
  for (let commit: Oid | undefined = from; commit !== undefined; ) {
    const bytes: Uint8Array | undefined = (await store.readObjects([commit])).get(commit)?.bytes;
    if (bytes === undefined) return true;
    const { message, parents } = decodeCommit(bytes);
    if ((parseTrailers(message)?.version ?? Number.POSITIVE_INFINITY) <= version) return false;
    commit = parents[0];
  }
  return false;
}

/** Whether the event log of `after` has the newest line of `before`: the proof that holds where ancestry says nothing. */
async function continues(store: GitStore, { tail }: Head, after: Head): Promise<boolean> {
  const newest = parseSegment(segmentPath(tail.first), tail.text).events.at(-1);
  if (newest?.op === undefined) return false;
  return (await findProofs(store, after, new Set([newest.op]), newest.v - 1)).has(newest.op);
}
