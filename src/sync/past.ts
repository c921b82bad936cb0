/** What one mutation of the published chain changed, as its commit and the one before it tell. */
import type { Change } from '../core/board.ts';
import type { PastMutation } from '../core/operation.ts';
import { decodeCommit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import { diffTrees, type FileEntry, type ObjectReader } from '../git/trees.ts';
import { placeOf } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { type LineReader, walkLine } from './line.ts';

/**
 * The mutation of this version among the ancestors of `from`. `null`: there is none, for it was skipped or has yet to come.
 * `cut`: this store does not go back so far.
 */
export async function findMutation(
  store: LineReader,
  from: Oid | null,
  version: number,
): Promise<PastMutation | null | 'cut'> {
  const line = walkLine(store, from);
  for (;;) {
    const step = await line.next();
    if (step.done === true) return step.value === 'cut' ? 'cut' : null;
    const { decoded, trailers } = step.value;
    if (trailers === null || trailers.version > version) continue;
    if (trailers.version < version) return null;
    const parent = decoded.parents[0] ?? null;
    const before = parent === null ? null : await treeOf(store, parent);
    if (parent !== null && before === null) return 'cut';
    const { id: op, kind, agent } = trailers.op;
    const { changes, unreadable } = await compare(store, before, decoded.tree);
    return { version, op, kind, agent, changes: changes.filter((change) => !unreadable.has(nameOf(change))) };
  }
}

async function treeOf(store: ObjectReader, commit: Oid): Promise<Oid | null> {
  const object = (await store.readObjects([commit])).get(commit);
  return object === undefined ? null : decodeCommit(object.bytes).tree;
}

/** Records by collection and key: one that moved to another path, as closing a task does, is one change. */
export async function changesBetween(store: ObjectReader, before: Oid | null, after: Oid): Promise<Change[]> {
  return (await compare(store, before, after)).changes;
}

/** `unreadable`: what was there and could not be read, before or after, so that its change does not tell all that there was. */
async function compare(
  store: ObjectReader,
  before: Oid | null,
  after: Oid,
): Promise<{ readonly changes: Change[]; readonly unreadable: ReadonlySet<string> }> {
  const changes = new Map<string, { -readonly [Field in keyof Change]: Change[Field] }>();
  const unreadable = new Set<string>();
  for (const { path, from, to } of await diffTrees(store, before, after)) {
    for (const [side, entry] of [
      ['before', from],
      ['after', to],
    ] as const) {
      const found = entry === null ? null : await readRecord(store, path, entry);
      if (found === null) {
        const place = placeOf(path);
        if (entry !== null && place.kind === 'record') unreadable.add(nameOf(place));
        continue;
      }
      const name = nameOf(found);
      const change = changes.get(name) ?? { collection: found.collection, key: found.key, before: null, after: null };
      changes.set(name, { ...change, [side]: found.record } as Change);
    }
  }
  return { changes: [...changes.values()] as Change[], unreadable };
}

function nameOf({ collection, key }: Pick<Change, 'collection' | 'key'>): string {
  return `${collection}/${key}`;
}

async function readRecord(store: ObjectReader, path: string, { mode, oid }: FileEntry) {
  if (mode !== '100644') return null;
  const object = (await store.readObjects([oid])).get(oid);
  const decoded = object === undefined ? null : await decodeRecord(path, object.bytes);
  return decoded !== null && 'record' in decoded ? decoded : null;
}
