/**
 * The snapshot: a board as it was read, kept beside the store, so that the next process need not read its files again.
 *
 * It is a cache and nothing else. It is never trusted over the branch: it holds for one commit, and brings that object along,
 * which must have the commit's id and name the tree that the snapshot names; its content must have the digest that was written with it; and only the
 * version of orc that wrote it reads it. Whatever is wrong with it, it is as if it were not there, and anybody may delete it at
 * any time. From the commit that it holds for to the present one only what differs is read.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaries, writeFileAtomically } from '../git/atomic-file.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { decodeSnapshot, encodeSnapshot, snapshotForm } from '../layout/board-snapshot.ts';
import type { Head } from './head.ts';

export interface Snapshots {
  /** The head that is kept; `null` where there is none, or none to be relied on. */
  recall(store: Pick<GitStore, 'hashObject'>): Promise<Head | null>;
  /** Keeps a head. What fails here is nobody's concern. */
  keep(store: GitStore, head: Head): Promise<void>;
}

/** The first line of the file; the rest is the board. */
interface Label {
  readonly form: number;
  /** The version of orc. */
  readonly by: string;
  readonly commit: Oid;
  readonly tree: Oid;
  /** The commit object itself, in base64: its id proves the tree, and it need not be looked for in a pack. */
  readonly object: string;
  /** SHA-256 of the rest. */
  readonly digest: string;
}

/** In bytes: a larger one is not kept. Some 80 000 open tasks. */
const maxBytes = 64 * 1024 * 1024;
/** In milliseconds: a temporary file that is older was left behind by a process that was killed. */
const leftoverAfter = 60 * 60_000;

/** @param by the version of orc: another one may read files otherwise */
export function fileSnapshots(storePath: string, by: string): Snapshots {
  const folder = path.join(storePath, 'snapshot');
  const file = path.join(folder, 'open');
  return {
    async recall(store) {
      try {
        const kept = readKept(file, by);
        if (kept === null) return null;
        const { commit, tree, object } = kept.label;
        const bytes = Buffer.from(object, 'base64');
        if (store.hashObject('commit', bytes) !== commit || decodeCommit(bytes).tree !== tree) return null;
        return { commit, tree, ...decodeSnapshot(kept.text) };
      } catch {
        return null;
      }
    },
    async keep(store, head) {
      try {
        const bytes = await encodeKept(store, head, by);
        if (bytes === null || bytes.length > maxBytes) return;
        mkdirSync(folder, { recursive: true });
        await removeTemporaries(folder, leftoverAfter);
        // A power cut may leave half of it: the digest tells.
        await writeFileAtomically(file, bytes, { mode: 0o600, isDurable: false });
      } catch {
        // The next process reads the files once more.
      }
    },
  };
}

function readKept(file: string, by: string): { readonly label: Label; readonly text: string } | null {
  const facts = statSync(file);
  if (!facts.isFile() || facts.size > maxBytes) return null;
  const bytes = readFileSync(file);
  const end = bytes.indexOf('\n');
  const label = JSON.parse(bytes.toString('utf8', 0, end)) as Label;
  const content = bytes.subarray(end + 1);
  if (label.form !== snapshotForm || label.by !== by || label.digest !== digestOf(content)) return null;
  return { label, text: content.toString('utf8') };
}

async function encodeKept(store: GitStore, head: Head, by: string): Promise<Buffer | null> {
  const { commit, tree } = head;
  if (commit === null || tree === null) return null;
  const object = (await store.readObjects([commit])).get(commit);
  if (object === undefined) return null;
  const content = Buffer.from(encodeSnapshot(head));
  const label: Label = {
    ...{ form: snapshotForm, by, commit, tree },
    object: Buffer.from(object.bytes).toString('base64'),
    digest: digestOf(content),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(label)}\n`), content]);
}

function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
