/** What a topic was: each time that it was written or deleted, from the commits of the branch. */
import { utf8Length } from '../core/names.ts';
import type { Knowledge } from '../core/records.ts';
import { decodeCommit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import { readPath } from '../git/trees.ts';
import { coldPaths } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { type HistoryEntry, readTrail } from './history.ts';
import { lineChanges } from './line-changes.ts';
import type { OrcCore } from './orc-core.ts';
import { checkAmounts } from './reading.ts';

export interface KnowledgeChange extends Pick<HistoryEntry, 'version' | 'commit' | 'at' | 'agent' | 'kind' | 'manual'> {
  readonly title: string | null;
  /** Bytes of the text; `null` where the topic was deleted, or its file cannot be read. */
  readonly bytes: number | null;
  /** Lines, against what stood there before. */
  readonly added: number;
  readonly removed: number;
}

export interface KnowledgeTrail {
  /** The newest first. */
  readonly changes: readonly KnowledgeChange[];
  /** This store is shallow: it has no older commits to look through. */
  readonly cut: boolean;
}

/** Also of a topic that is gone. Empty for one that never was. */
export async function knowledgeHistory(
  orc: OrcCore,
  topic: string,
  options: { readonly last?: number | undefined } = {},
): Promise<KnowledgeTrail> {
  const { last } = options;
  checkAmounts({ last });
  // One more than is shown: the oldest one is compared with what stood there before.
  const trail = await readTrail(orc, { about: 'kb', id: topic, last: last === undefined ? undefined : last + 1 });
  const changes: KnowledgeChange[] = [];
  let before: Knowledge | null = null;
  for (const entry of [...trail.entries].reverse()) {
    const after = await readKnowledgeIn(orc, entry.commit as Oid, topic);
    changes.unshift(changeOf(entry, before, after));
    before = after;
  }
  return { changes: last === undefined ? changes : changes.slice(0, last), cut: trail.cut };
}

/** A topic in the tree of one commit; `null` when it is not there, or its file cannot be read. */
async function readKnowledgeIn(orc: OrcCore, commit: Oid, topic: string): Promise<Knowledge | null> {
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

function changeOf(entry: HistoryEntry, before: Knowledge | null, after: Knowledge | null): KnowledgeChange {
  const { version, commit, at, agent, kind, manual } = entry;
  const content = after?.content ?? '';
  return {
    ...{ version, commit, at, agent, kind, manual },
    title: after?.title ?? null,
    bytes: after === null ? null : utf8Length(content),
    ...lineChanges(before?.content ?? '', content),
  };
}
