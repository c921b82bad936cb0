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
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaries, writeFileAtomically } from '../git/atomic-file.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { decodeSnapshot, encodeAroundTasks, encodeSnapshot, snapshotForm } from '../layout/board-snapshot.ts';
import { checksum } from './checksum.ts';
import type { Head } from './head.ts';

export interface Snapshots {
  /**
   * The head that is kept; `null` where there is none, or none to be relied on. Without the store its tree is not proven: enough for
   * a look, for which the tree does not count.
   */
  recall(store: Pick<GitStore, 'readObjects'> | null): Promise<Head | null>;
  /**
   * Keeps a head; with `files` for its open tasks, those of them that were not made records. What fails here is nobody's concern.
   */
  keep(head: Head, files?: readonly TaskFile[]): Promise<void>;
}

/** An open task as its file has it: a record that was found to be well-formed. */
export interface TaskFile {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The first line of the file; the rest is the board. */
interface Label {
  readonly form: number;
  /** The version of orc. */
  readonly by: string;
  readonly commit: Oid;
  readonly tree: Oid;
}

/** In bytes: a larger one is not kept. Some 80 000 open tasks. */
const maxBytes = 64 * 1024 * 1024;
/** In milliseconds: a temporary file that is older was left behind by a process that was killed. */
const leftoverAfter = 60 * 60_000;
/** Characters of a checksum, which the file begins with, and a line break. */
const checksumLength = 17;

/** Where the snapshot of a store lies. */
export function snapshotFile(storePath: string): string {
  return path.join(storePath, 'snapshot', 'open');
}

/** @param by the version of orc: another one may read files otherwise */
export function fileSnapshots(storePath: string, by: string): Snapshots {
  const file = snapshotFile(storePath);
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
    async keep(head, files) {
      try {
        const bytes = encodeKept(head, by, files);
        if (bytes === null || bytes.length > maxBytes) return;
        makeFolder(path.dirname(file));
        await removeTemporaries(path.dirname(file), leftoverAfter);
        // A power cut may leave half of it: the checksum tells.
        await writeFileAtomically(file, bytes, { mode: 0o600, isDurable: false });
      } catch {
        // The next process reads the files once more.
      }
    },
  };
}

/** One step: a recursive mkdir never ends in some places, such as below /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder);
}

function readKept(file: string, by: string): { readonly label: Label; readonly text: string } | null {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isFile() || facts.size > maxBytes) return null;
  const bytes = readFileSync(file);
  const content = bytes.subarray(checksumLength);
  if (bytes.toString('latin1', 0, checksumLength) !== `${checksum(content)}\n`) return null;
  const end = content.indexOf('\n');
  const label = JSON.parse(content.toString('utf8', 0, end)) as Label;
  if (label.form !== snapshotForm || label.by !== by) return null;
  return { label, text: content.toString('utf8', end + 1) };
}

function encodeKept(head: Head, by: string, files?: readonly TaskFile[]): Buffer | null {
  const { commit, tree } = head;
  if (commit === null || tree === null) return null;
  const label: Label = { form: snapshotForm, by, commit, tree };
  const start = `${JSON.stringify(label)}\n`;
  const whole = files === undefined ? encodeRecords(start, head) : encodeFiles(start, head, files);
  whole.write(`${checksum(whole.subarray(checksumLength))}\n`, 'latin1');
  return whole;
}

/** With room for the checksum. Behind it words of four bytes begin, so that it can be taken where it stands. */
function allocate(length: number): Buffer {
  const gap = (4 - (checksumLength % 4)) % 4;
  return Buffer.allocUnsafeSlow(gap + checksumLength + length).subarray(gap);
}

function encodeRecords(start: string, head: Head): Buffer {
  const text = start + encodeSnapshot(head);
  const whole = allocate(Buffer.byteLength(text));
  whole.write(text, checksumLength);
  return whole;
}

/** In one piece: of ten thousand it would take longer to put together than to read them. */
function encodeFiles(start: string, head: Head, files: readonly TaskFile[]): Buffer {
  const [before, after] = encodeAroundTasks(head).map((text) => Buffer.from(text)) as [Buffer, Buffer];
  const overhead = '["",],'.length;
  const size = files.reduce((sum, { id, bytes }) => sum + id.length + bytes.length + overhead, 0);
  const whole = allocate(Buffer.byteLength(start) + before.length + size + after.length);
  let at = checksumLength + whole.write(start, checksumLength);
  const put = (bytes: Uint8Array): void => {
    whole.set(bytes, at);
    at += bytes.length;
  };
  put(before);
  for (const [index, { id, bytes }] of files.entries()) {
    at += whole.write(`${index === 0 ? '' : '],'}["${id}",`, at, 'latin1');
    put(bytes);
  }
  if (files.length > 0) at += whole.write(']', at, 'latin1');
  put(after);
  return whole.subarray(0, at);
}

async function treeOf(store: Pick<GitStore, 'readObjects'>, commit: Oid): Promise<Oid | null> {
  const object = (await store.readObjects([commit])).get(commit);
  return object?.type === 'commit' ? decodeCommit(object.bytes).tree : null;
}
