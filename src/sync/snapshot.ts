/**
 * The snapshot: a board as it was read, kept beside the store, so that the next process need not read its files again.
 *
 * It is a cache and nothing else, and never trusted over the branch. It holds for one commit and its tree; what it says must have
 * the checksum that was written with it; only the version of orc that wrote it reads it; and before anything is built on it, the
 * commit itself has to name that tree. Whatever is wrong with it, it is as if it were not there, and anybody may delete it at any
 * time. From the commit that it holds for to the present one only what differs is read.
 *
 * Open tasks and what else is always in memory are in it. Closed ones, of which there may be any number, are not.
 */
import path from 'node:path';
import { decodeCommit } from '../git/objects.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { decodeSnapshot, encodeSnapshot, snapshotForm } from '../layout/board-snapshot.ts';
import type { Head } from './head.ts';
import { readKeptFile, writeKeptFile } from './kept-file.ts';

export interface Snapshots {
  /**
   * The head that is kept; `null` where there is none, or none to be relied on. Without the store its tree is not proven: enough for
   * a look, for which the tree does not count.
   */
  recall(store: Pick<GitStore, 'readObjects'> | null): Promise<Head | null>;
  /** Keeps a head. What fails here is nobody's concern. */
  keep(head: Head): Promise<void>;
}

/** The first line of the file; the rest is the board. */
interface Label {
  readonly form: number;
  /** The version of orc. */
  readonly by: string;
  readonly commit: Oid;
  readonly tree: Oid;
}

/** Where the snapshot of a store lies. */
export function snapshotFile(storePath: string): string {
  return path.join(storePath, 'snapshot', 'open');
}

/**
 * @param by the version of orc: another one may read files otherwise
 * @param like as of `writeKeptFile`
 */
export function fileSnapshots(file: string, by: string, like?: string): Snapshots {
  return {
    async recall(store) {
      try {
        const kept = readKept(file, by);
        if (kept === null) return null;
        const { commit, tree } = kept.label;
        if (store !== null && (await treeOf(store, commit)) !== tree) return null;
        return { commit, tree, ...decodeSnapshot(kept.text) };
      } catch {
        return null;
      }
    },
    async keep(head) {
      const text = encodeKept(head, by);
      if (text !== null) await writeKeptFile(file, text, like);
    },
  };
}

function readKept(file: string, by: string): { readonly label: Label; readonly text: string } | null {
  const content = readKeptFile(file);
  if (content === null) return null;
  const end = content.indexOf('\n');
  const label = JSON.parse(content.toString('utf8', 0, end)) as Label;
  if (label.form !== snapshotForm || label.by !== by) return null;
  return { label, text: content.toString('utf8', end + 1) };
}

function encodeKept(head: Head, by: string): string | null {
  const { commit, tree } = head;
  if (commit === null || tree === null) return null;
  const label: Label = { form: snapshotForm, by, commit, tree };
  return `${JSON.stringify(label)}\n${encodeSnapshot(head)}`;
}

async function treeOf(store: Pick<GitStore, 'readObjects'>, commit: Oid): Promise<Oid | null> {
  const object = (await store.readObjects([commit])).get(commit);
  return object?.type === 'commit' ? decodeCommit(object.bytes).tree : null;
}
