/**
 * The board for a look: what opening it gives, except that of the open tasks only those are made records that are not simply pending.
 * Of ten thousand tasks that is a handful, and making records of them all takes longer than reading them.
 *
 * It answers only where nothing is out of the ordinary: no faults, no hand edit at the top, no newer format. Every file of an open
 * task is looked at all the same, so that a damaged one is never passed over.
 */
import { isUtf8 } from 'node:buffer';
import { maxRecordBytes } from '../core/record-size.ts';
import { oidLengths } from '../git/hash.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitObject, Oid } from '../git/store.ts';
import { TreeCursor } from '../git/tree-cursor.ts';
import { isFolder, type ObjectReader, readPath } from '../git/trees.ts';
import { isFault } from '../layout/faults.ts';
import { glanceAtTask } from '../layout/plain-task.ts';
import { decodeJsonRecord } from '../layout/record-json.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import { parseTrailers } from './commit-message.ts';
import { freshRead, type Head, hotFolders, readTail } from './head.ts';
import type { TaskFile } from './snapshot.ts';

export interface Glance {
  /** Its board lacks tasks that are pending. */
  readonly head: Head;
  /** All open tasks. */
  readonly files: readonly TaskFile[];
}

/** As much of a store as a look needs. */
export interface GlanceReader extends ObjectReader {
  /** In the order of the ids, `null` for unknown ones. */
  readInOrder(oids: readonly Oid[]): Promise<(GitObject | null)[]>;
}

interface Entry {
  readonly id: string;
  readonly oid: Oid;
}

const openFolder = 'tasks/open';
const otherFolders = hotFolders.filter((folder) => folder !== openFolder);
const folderMode = '40000 ';
const fileMode = '100644 ';
const digit = /^[0-9a-f]$/;
const taskFile = /^[0-9a-f]{8,32}\.json$/;

/** `null`: the board has to be opened. @throws OrcError `store-corrupt`, where opening it will say so too */
export async function loadGlance(store: GlanceReader, commit: Oid): Promise<Glance | null> {
  const object = (await store.readObjects([commit])).get(commit);
  if (object?.type !== 'commit') return null;
  const { tree, message } = decodeCommit(object.bytes);
  const trailers = parseTrailers(message);
  const entries = trailers === null ? null : await listOpenTasks(store, tree);
  if (trailers === null || entries === null) return null;
  // Most of it is git's work, in a process of its own: the rest of the board is read meanwhile.
  const contents = store.readInOrder(entries.map(({ oid }) => oid));
  const [read, tail, objects] = await Promise.all([
    freshRead(store, tree, otherFolders),
    readTail(store, tree, null),
    contents,
  ]);
  const { board, faults, writeBlock } = read;
  if (faults.length > 0 || writeBlock !== null || isNewerFormat(board.meta.format)) return null;
  const files: TaskFile[] = [];
  for (const [index, { id }] of entries.entries()) {
    const object = objects[index];
    if (object?.type !== 'blob') return null;
    const { bytes } = object;
    const status = statusOf(id, bytes);
    if (status === null) return null;
    files.push({ id, bytes });
    if (status !== 'pending') board.provide('tasks', id, JSON.parse(new TextDecoder().decode(bytes)));
  }
  board.meta = {
    ...board.meta,
    version: Math.max(trailers.version, board.meta.version),
    events: Math.max(tail.first + tail.count - 1, 0),
  };
  return { head: { commit, tree, read, tail }, files };
}

/** `null` where something stands there that orc would not have written. */
async function listOpenTasks(store: GlanceReader, tree: Oid): Promise<Entry[] | null> {
  const folder = await readPath(store, tree, openFolder);
  if (folder === null) return [];
  if (!isFolder(folder)) return null;
  let level: readonly Named[] | null = [{ name: '', oid: folder.oid }];
  for (let depth = 0; depth < 2; depth++) {
    level = await listBelow(store, level, folderMode, (name, prefix) => (digit.test(name) ? prefix + name : null));
    if (level === null) return null;
  }
  const files = await listBelow(store, level, fileMode, (name, prefix) =>
    taskFile.test(name) && name.startsWith(prefix) ? name.slice(0, -'.json'.length) : null,
  );
  return files?.map(({ name, oid }) => ({ id: name, oid })) ?? null;
}

interface Named {
  readonly name: string;
  readonly oid: Oid;
}

/** `null` where one has another mode, or a name that there is no `nameOf`. */
async function listBelow(
  store: GlanceReader,
  folders: readonly Named[],
  mode: string,
  nameOf: (name: string, prefix: string) => string | null,
): Promise<Named[] | null> {
  const trees = await store.readInOrder(folders.map(({ oid }) => oid));
  const found: Named[] = [];
  for (const [index, { name: prefix }] of folders.entries()) {
    const tree = trees[index];
    if (tree?.type !== 'tree') return null;
    // Both at once: ten thousand small pieces would take longer to make.
    const text = bufferOf(tree.bytes).toString('latin1');
    const hexadecimal = bufferOf(tree.bytes).toString('hex');
    const cursor = new TreeCursor(tree.bytes, oidLengths[store.objectFormat]);
    while (cursor.next()) {
      const name = nameOf(text.slice(cursor.nameStart, cursor.nameEnd), prefix);
      if (name === null || !text.startsWith(mode, cursor.start)) return null;
      found.push({ name, oid: hexadecimal.slice(2 * cursor.nameEnd + 2, 2 * cursor.end) as Oid });
    }
  }
  return found;
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
