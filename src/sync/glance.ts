/**
 * The board for a look: what opening it gives, except that of the open tasks only those are made records that are not simply pending.
 * Of ten thousand tasks that is a handful, and making records of them all takes longer than reading them.
 *
 * It answers only where nothing is out of the ordinary: no faults, no hand edit at the top, no newer format. Every file of an open
 * task is looked at all the same, so that a damaged one is never passed over.
 */
import { isUtf8 } from 'node:buffer';
import { maxRecordBytes } from '../core/record-size.ts';
import type { Task } from '../core/records.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitObject, Oid } from '../git/store.ts';
import { isFolder, type ObjectReader, readPath } from '../git/trees.ts';
import { isFault } from '../layout/faults.ts';
import { hotFolders } from '../layout/paths.ts';
import { glanceAtTask } from '../layout/plain-task.ts';
import { decodeJsonRecord } from '../layout/record-json.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import { parseTrailers } from './commit-message.ts';
import { freshRead, type Head, readTail } from './head.ts';
import type { TaskFile } from './snapshot.ts';

export interface Glance {
  /** Its board lacks tasks that are pending. */
  readonly head: Head;
  /** All open tasks. */
  readonly files: readonly TaskFile[];
}

/** As much of a store as a look needs. */
export interface GlanceReader extends ObjectReader {
  /**
   * All files below a tree, one by one, with paths that begin below it; `object` is `null` where the store lacks it. It resolves when
   * that is under way.
   */
  beginFiles(
    tree: Oid,
    onFile: (file: { readonly path: string; readonly mode: string; readonly object: GitObject | null }) => void,
  ): Promise<{ readonly done: Promise<void> }>;
}

interface SeenTasks {
  readonly files: readonly TaskFile[];
  /** Of those that are not simply pending. */
  readonly records: readonly Task[];
}

const openFolder = 'tasks/open';
const otherFolders = hotFolders.filter((folder) => folder !== openFolder);
/** Below the folder of open tasks. */
const taskPath = /^([0-9a-f])\/([0-9a-f])\/(\1\2[0-9a-f]{6,30})\.json$/;
const plainFile = '100644';

/** `null`: the board has to be opened. @throws OrcError `store-corrupt`, where opening it will say so too */
export async function loadGlance(store: GlanceReader, commit: Oid): Promise<Glance | null> {
  const object = (await store.readObjects([commit])).get(commit);
  if (object?.type !== 'commit') return null;
  const { tree, message } = decodeCommit(object.bytes);
  const trailers = parseTrailers(message);
  if (trailers === null) return null;
  // Most of it is git's work, in processes of its own: the rest of the board is read meanwhile.
  const looking = await beginTasks(store, tree);
  const read = await freshRead(store, tree, otherFolders);
  const tail = await readTail(store, tree, null);
  const tasks = await looking?.done();
  const { board, faults, writeBlock } = read;
  if (!tasks || faults.length > 0 || writeBlock !== null || isNewerFormat(board.meta.format)) return null;
  for (const task of tasks.records) board.provide('tasks', task.id, task);
  board.meta = {
    ...board.meta,
    version: Math.max(trailers.version, board.meta.version),
    events: Math.max(tail.first + tail.count - 1, 0),
  };
  return { head: { commit, tree, read, tail }, files: tasks.files };
}

/** `null` where something stands there that orc would not have written, cannot be read, or is set aside. */
async function beginTasks(
  store: GlanceReader,
  tree: Oid,
): Promise<{ readonly done: () => Promise<SeenTasks | null> } | null> {
  const files: TaskFile[] = [];
  const records: Task[] = [];
  let isUsual = true;
  const folder = await readPath(store, tree, openFolder);
  if (folder === null) return { done: async () => ({ files, records }) };
  if (!isFolder(folder)) return null;
  const { done } = await store.beginFiles(folder.oid, ({ path, mode, object }) => {
    const id = taskPath.exec(path)?.[3];
    const isPlain = isUsual && id !== undefined && mode === plainFile && object?.type === 'blob';
    const status = isPlain ? statusOf(id, object.bytes) : null;
    if (!isPlain || status === null) {
      isUsual = false;
      return;
    }
    files.push({ id, bytes: object.bytes });
    if (status !== 'pending') records.push(JSON.parse(new TextDecoder().decode(object.bytes)));
  });
  return { done: () => done.then(() => (isUsual ? { files, records } : null)) };
}

/** `null` for a file that is set aside. */
function statusOf(id: string, bytes: Uint8Array): string | null {
  const isText = bytes.length <= maxRecordBytes && isUtf8(bytes);
  const plain = isText ? glanceAtTask(bufferOf(bytes).toString('latin1')) : null;
  if (plain?.id === id) return plain.status;
  const path = `${openFolder}/${id.charAt(0)}/${id.charAt(1)}/${id}.json`;
  const task = decodeJsonRecord('tasks', path, bytes);
  return isFault(task) ? null : task.status;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
