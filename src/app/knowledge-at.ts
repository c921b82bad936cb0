/** One topic as it was at a version, a commit or a time. */
import type { Knowledge } from '../core/records.ts';
import { fromIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import { decodeCommit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import { readPath } from '../git/trees.ts';
import { coldPaths } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { parseTrailers } from '../sync/commit-message.ts';
import type { OrcCore } from './orc-core.ts';

/**
 * `at`: a version (`42`), a commit or the beginning of its id (with a letter, or 12 digits and more), or a time in ISO 8601.
 * `null` when there was no such topic then.
 * @throws OrcError `invalid-argument` for what is none of these, `not-found` when the board has no such version, commit or time
 */
export async function knowledgeAt(orc: OrcCore, topic: string, at: string): Promise<Knowledge | null> {
  return readKnowledgeIn(orc, await commitAt(orc, at), topic);
}

/** A topic in the tree of one commit; `null` when it is not there, or its file cannot be read. */
export async function readKnowledgeIn(orc: OrcCore, commit: Oid, topic: string): Promise<Knowledge | null> {
  const { store } = orc.connection;
  const object = (await store.readObjects([commit])).get(commit);
  if (object === undefined) return null;
  const { tree } = decodeCommit(object.bytes);
  for (const path of coldPaths('knowledge', topic)) {
    const entry = await readPath(store, tree, path);
    if (entry?.mode !== '100644') continue;
    const bytes = (await store.readObjects([entry.oid])).get(entry.oid)?.bytes;
    const decoded = bytes === undefined ? null : await decodeRecord(path, bytes);
    if (decoded !== null && 'record' in decoded) return decoded.record as Knowledge;
  }
  return null;
}

interface Seen {
  readonly commit: Oid;
  readonly version: number | null;
  readonly at: number;
}

async function commitAt(orc: OrcCore, at: string): Promise<Oid> {
  const isWanted = readMoment(at);
  const { store } = orc.connection;
  let next = (await orc.head()).commit;
  while (next !== null) {
    const commit: Oid = next;
    const object = (await store.readObjects([commit])).get(commit);
    if (object === undefined) break;
    const { message, parents, author } = decodeCommit(object.bytes);
    const trailers = parseTrailers(message);
    const time = trailers === null ? author.at : fromIso(trailers.at);
    if (isWanted({ commit, version: trailers?.version ?? null, at: time })) return commit;
    next = parents[0] ?? null;
  }
  throw new OrcError('not-found', `the board has no version, commit or time "${at}"`, {
    hint: '`orc history` shows what there is; a shallow store has the newest only',
  });
}

/** Whether a commit, from the newest back, is the one that is meant. */
function readMoment(at: string): (seen: Seen) => boolean {
  if (/^[0-9]{1,11}$/.test(at)) {
    const wanted = Number(at);
    return ({ version }) => version !== null && version === wanted;
  }
  if (/^[0-9a-f]{4,64}$/i.test(at)) return ({ commit }) => commit.startsWith(at.toLowerCase());
  const time = fromIso(/^\d{4}-\d{2}-\d{2}$/.test(at) ? `${at}T00:00:00Z` : at);
  if (!Number.isNaN(time) && /^\d{4}-/.test(at)) return (seen) => seen.at <= time;
  throw new OrcError('invalid-argument', `"${at}" is no version, commit or time`, {
    hint: 'for example 42, 1a2b3c4d5e, 2026-01-31 or 2026-01-31T12:00:00Z',
  });
}
