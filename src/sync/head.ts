/** A commit of the board's branch together with the board that it holds. */
import { Board } from '../core/board.ts';
import { noTasks, type Task, type TaskCounts } from '../core/records.ts';
import type { CollectionName, MissingRecord } from '../core/shelf.ts';
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from '../git/damaged-store.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitObject, Oid } from '../git/store.ts';
import {
  diffTrees,
  type FileChange,
  type FileEntry,
  listFiles,
  type ObjectReader,
  readPath,
  readTrees,
} from '../git/trees.ts';
import { type EventTail, parseSegment, tailOf } from '../layout/events.ts';
import { coldPaths, hotFolders, isBoardFolder, isHot, settingsPath } from '../layout/paths.ts';
import { decodeRecord, type FileDiff, patchBoard, type ReadBoard, readBoard } from '../layout/read-board.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import { parseTrailers } from './commit-message.ts';

export interface Head {
  /** `null`: nothing has been committed yet. */
  readonly commit: Oid | null;
  readonly tree: Oid | null;
  readonly read: ReadBoard;
  readonly tail: EventTail;
}

export const emptyTail: EventTail = { first: 1, count: 0, text: '' };
const eventsFolder = 'events';
/** How far up a version is looked for above manual edits. */
const maxManualEdits = 10_000;

export function emptyHead(): Head {
  return { commit: null, tree: null, read: { board: Board.empty(), faults: [], writeBlock: null }, tail: emptyTail };
}

/**
 * Loads the board at a commit; from `previous` only what differs is read. `onRead` hears how many files that were; `Infinity`: all
 * of them.
 */
export async function loadHead(
  store: ObjectReader,
  commit: Oid,
  previous: Head | null,
  onRead: (files: number) => void = () => {},
): Promise<Head> {
  if (previous?.commit === commit) return previous;
  const { tree, message } = decodeCommit(await demandBytes(store, commit));
  const patched = previous?.tree ? await patchedRead(store, previous, tree, onRead) : null;
  // Records that did not change were judged by the other format.
  const isSameFormat = patched !== null && patched.board.meta.format === previous?.read.board.meta.format;
  const read = isSameFormat ? patched : await freshRead(store, tree);
  if (!isSameFormat) onRead(Number.POSITIVE_INFINITY);
  const tail = await readTail(store, tree, previous);
  const { board } = read;
  const trailers = parseTrailers(message);
  const version =
    trailers === null ? await versionAboveManualEdits(store, commit, board.meta.version) : trailers.version;
  board.meta = {
    ...board.meta,
    version: Math.max(version, board.meta.version),
    // A hand edit may leave state.json behind the log; the log is what counts.
    events: Math.max(tail.first + tail.count - 1, 0),
  };
  if (trailers === null) await recount(store, tree, board);
  return { commit, tree, read, tail };
}

/** Brings a record that deciding asked for onto the board. */
export async function provideRecord(
  reader: ObjectReader,
  tree: Oid | null,
  board: Board,
  missing: MissingRecord,
): Promise<void> {
  await Promise.all(missing.keys.map((key) => provideOne(reader, tree, board, missing.collection, key)));
}

async function provideOne(
  reader: ObjectReader,
  tree: Oid | null,
  board: Board,
  collection: CollectionName,
  key: string,
): Promise<void> {
  for (const path of coldPaths(collection, key)) {
    const entry = await readPath(reader, tree, path);
    if (entry === null || entry.mode !== '100644') continue;
    const bytes = await demandBytes(reader, entry.oid);
    const decoded = await decodeRecord(path, bytes, { isNewer: isNewerFormat(board.meta.format) });
    if (decoded !== null && 'record' in decoded) {
      board.provide(collection, key, decoded.record);
      return;
    }
  }
  board.provide(collection, key, null);
}

/** Paths of the event segments at a tree, oldest first, with the number of each one's first event. */
export async function listSegments(
  reader: ObjectReader,
  tree: Oid | null,
): Promise<{ path: string; first: number; oid: Oid }[]> {
  const folder = tree === null ? null : await readPath(reader, tree, eventsFolder);
  if (folder === null || folder.mode !== '40000') return [];
  const entries = (await readTrees(reader, [folder.oid])).get(folder.oid) ?? [];
  return entries
    .filter(({ name, mode }) => mode === '100644' && /^\d{10}\.jsonl$/.test(name))
    .map(({ name, oid }) => ({ path: `${eventsFolder}/${name}`, first: Number(name.slice(0, 10)), oid }))
    .sort((a, b) => a.first - b.first);
}

export async function readSegment(
  reader: ObjectReader,
  segment: { path: string; oid: Oid },
): Promise<ReturnType<typeof parseSegment>> {
  return parseSegment(segment.path, new TextDecoder().decode(await demandBytes(reader, segment.oid)));
}

/** `folders`: those that are read whole, by default all that opening a board needs. */
export async function freshRead(
  store: ObjectReader,
  tree: Oid,
  folders: readonly string[] = hotFolders,
): Promise<ReadBoard> {
  const rootEntries = (await readTrees(store, [tree])).get(tree) ?? [];
  const entries = new Map<string, FileEntry>();
  for (const { name, mode, oid } of rootEntries) if (mode !== '40000') entries.set(name, { mode, oid });
  const listings = await Promise.all(folders.map((under) => listFiles(store, tree, { under })));
  for (const listing of listings) for (const [path, entry] of listing) entries.set(path, entry);
  const wanted = [...entries].filter(([path, entry]) => isHot(path) && entry.mode === '100644');
  const objects = await store.readObjects(wanted.map(([, { oid }]) => oid));
  const hot = wanted.map(([path, { oid }]) => ({ path, bytes: demand(objects, oid) }));
  return readBoard({ hot, entries: [...entries].map(([path, { mode }]) => ({ path, mode })) });
}

async function patchedRead(
  store: ObjectReader,
  previous: Head,
  tree: Oid,
  onRead: (files: number) => void,
): Promise<ReadBoard | null> {
  const changes = await diffOfBoards(store, previous.tree, tree);
  if (changes === null) return null;
  const wanted = changes.flatMap(({ path, to }) =>
    to !== null && to.mode === '100644' && isHot(path) ? [to.oid] : [],
  );
  onRead(wanted.length);
  const objects = await store.readObjects(wanted);
  const diff: FileDiff[] = changes.map(({ path, to }) => ({
    path,
    mode: to?.mode ?? null,
    bytes: to === null ? null : ((isHot(path) ? objects.get(to.oid)?.bytes : undefined) ?? 'unread'),
  }));
  return patchBoard(previous.read, diff);
}

/** Folders of others' are nobody's business, whatever is in them. `null`: so much differs that reading afresh is less. */
async function diffOfBoards(store: ObjectReader, from: Oid | null, to: Oid): Promise<FileChange[] | null> {
  try {
    return await diffTrees(store, from, to, { looksInto: isBoardFolder });
  } catch (error) {
    if (error instanceof OrcError && error.code === 'too-large') return null;
    throw error;
  }
}

export async function readTail(store: ObjectReader, tree: Oid, previous: Head | null): Promise<EventTail> {
  const newest = (await listSegments(store, tree)).at(-1);
  if (newest === undefined) return emptyTail;
  if (previous?.tree) {
    const before = await readPath(store, previous.tree, newest.path);
    if (before?.oid === newest.oid && previous.tail.first === newest.first) return previous.tail;
  }
  return tailOf(newest.path, new TextDecoder().decode(await demandBytes(store, newest.oid)));
}

/** `orc.yaml` of a commit; `null` when there is none. @throws OrcError `store-corrupt` */
export async function settingsBlob(store: ObjectReader, commit: Oid): Promise<{ oid: Oid; text: string } | null> {
  const entry = await readPath(store, decodeCommit(await demandBytes(store, commit)).tree, settingsPath);
  if (entry === null || entry.mode !== '100644') return null;
  return { oid: entry.oid, text: new TextDecoder().decode(await demandBytes(store, entry.oid)) };
}

/** The version of a commit, as its trailers or those above it say. */
export async function versionOf(store: ObjectReader, commit: Oid): Promise<number> {
  return versionAboveManualEdits(store, commit, 0);
}

/** The nearest `Orc-Version` above hand edits: reverting `state.json` by hand must not make the version go back. */
async function versionAboveManualEdits(store: ObjectReader, from: Oid, atLeast: number): Promise<number> {
  let commit: Oid | undefined = from;
  for (let steps = 0; commit !== undefined && steps < maxManualEdits; steps++) {
    const bytes = await readBytes(store, commit);
    if (bytes === null) break;
    const { message, parents } = decodeCommit(bytes);
    const version = parseTrailers(message)?.version;
    if (version !== undefined) return Math.max(version, atLeast);
    commit = parents[0];
  }
  return atLeast;
}

/** After a hand edit `state.json` may say anything: the tasks themselves are counted. */
async function recount(store: ObjectReader, tree: Oid, board: Board): Promise<void> {
  const counts = new Map<string, Record<string, number>>();
  const count = ({ workstream, status }: Task): void => {
    const of = counts.get(workstream) ?? { ...noTasks };
    of[status] = (of[status] ?? 0) + 1;
    counts.set(workstream, of);
  };
  for (const task of board.openTasks()) count(task);
  // What is no plain file is set aside, and of a submodule there is nothing to be had.
  const closed = [...(await listFiles(store, tree, { under: 'tasks/closed' }))].filter(
    ([, { mode }]) => mode === '100644',
  );
  const objects = await store.readObjects(closed.map(([, { oid }]) => oid));
  for (const [path, { oid }] of closed) {
    const decoded = await decodeRecord(path, demand(objects, oid), { isNewer: isNewerFormat(board.meta.format) });
    if (decoded !== null && 'record' in decoded && decoded.collection === 'tasks') count(decoded.record as Task);
  }
  for (const workstream of board.workstreams.loaded()) {
    board.setCounts(workstream.name, (counts.get(workstream.name) as TaskCounts | undefined) ?? noTasks);
  }
}

async function readBytes(reader: ObjectReader, oid: Oid): Promise<Uint8Array | null> {
  return (await reader.readObjects([oid])).get(oid)?.bytes ?? null;
}

/** What a tree or a ref names has to be there. @throws OrcError `store-corrupt` */
async function demandBytes(reader: ObjectReader, oid: Oid): Promise<Uint8Array> {
  return demand(await reader.readObjects([oid]), oid);
}

function demand(objects: ReadonlyMap<Oid, GitObject>, oid: Oid): Uint8Array {
  const object = objects.get(oid);
  if (object === undefined) throw new OrcError('store-corrupt', `object ${oid} is missing`, { hint: damagedStoreHint });
  return object.bytes;
}
