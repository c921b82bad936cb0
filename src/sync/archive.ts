/**
 * Reads a board's archive: what compacting has to know of everything that is closed. All of it is read, a part at a time, and of
 * each record only a few fields are kept.
 */
import type { Archive, ArchivedCycle, ArchivedSegment, ArchivedTask } from '../core/archive.ts';
import { isOpen, type Task } from '../core/records.ts';
import type { Oid } from '../git/store.ts';
import { isFolder, listFiles, type ObjectReader, readPath, readTrees } from '../git/trees.ts';
import { parseSegment } from '../layout/events.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import { listSegments } from './head.ts';

export interface ArchiveOptions {
  /** Of the board. Records of a newer one are read as far as they go. */
  readonly format: number;
  /** Hears how many closed tasks were read, and of how many. */
  readonly onRead?: ((done: number, of: number) => void) | undefined;
}

interface PlainFile {
  readonly path: string;
  readonly oid: Oid;
}

const closedFolder = 'tasks/closed';
/** Of the 256 that there are: a part small enough to be in memory whole, large enough for one question to git each. */
const foldersAtOnce = 8;
const cyclesAtOnce = 16;
const segmentsAtOnce = 64;
const none: readonly string[] = [];

export async function readArchive(reader: ObjectReader, tree: Oid | null, options: ArchiveOptions): Promise<Archive> {
  const segments = await listSegments(reader, tree);
  const newest = segments.at(-1);
  return {
    tasks: await readTasks(reader, tree, options),
    cycles: await readCycles(reader, tree, options),
    segments: await readSegments(reader, segments.slice(0, -1)),
    newest: newest?.first ?? 1,
  };
}

/**
 * Of the archive that was read last, by folder. Whoever lost a race decides again, on a tree of which most folders are the same. Not
 * held on to: it is large, and seldom wanted.
 */
let recent: WeakRef<Map<Oid, readonly ArchivedTask[]>> | null = null;

async function readTasks(reader: ObjectReader, tree: Oid | null, options: ArchiveOptions): Promise<ArchivedTask[]> {
  const before = recent?.deref();
  const known = new Map<Oid, readonly ArchivedTask[]>();
  const folders = await listFolders(reader, tree);
  const unread = folders.filter(({ oid }) => before?.has(oid) !== true);
  for (const { oid } of folders) known.set(oid, before?.get(oid) ?? []);
  const filesByFolder = await listPlainFilesOf(reader, unread);
  const of = filesByFolder.reduce((sum, { files }) => sum + files.length, 0);
  let done = 0;
  for (const part of partsOf(filesByFolder, foldersAtOnce)) {
    const tasksByPath = await readTasksOf(
      reader,
      part.flatMap(({ files }) => files),
      options,
    );
    for (const { oid, files } of part) {
      known.set(
        oid,
        files.flatMap(({ path }) => tasksByPath.get(path) ?? []),
      );
      done += files.length;
    }
    options.onRead?.(done, of);
  }
  recent = new WeakRef(known);
  return folders.flatMap(({ oid }) => known.get(oid) ?? []);
}

async function readTasksOf(reader: ObjectReader, files: readonly PlainFile[], options: ArchiveOptions) {
  const tasks = new Map<string, ArchivedTask>();
  for await (const { path, record } of readRecords(reader, files, options)) {
    const { id, workstream, status, updated_at, depends_on, parent } = record as Task;
    const needs = depends_on.length > 0 ? depends_on : none;
    // In the wrong folder it is set aside.
    if (!isOpen({ status })) tasks.set(path, { id, workstream, status, updated_at, depends_on: needs, parent });
  }
  return tasks;
}

/** The folders that closed tasks lie in. Two with the same tasks in them cannot be, for their names say whose they are. */
async function listFolders(reader: ObjectReader, tree: Oid | null): Promise<{ path: string; oid: Oid }[]> {
  const top = tree === null ? null : await readPath(reader, tree, closedFolder);
  let level = top?.mode === '40000' ? [{ path: closedFolder, oid: top.oid }] : [];
  for (let depth = 0; depth < 2; depth++) {
    const trees = await readTrees(
      reader,
      level.map(({ oid }) => oid),
    );
    level = level.flatMap(({ path, oid }) =>
      (trees.get(oid) ?? []).filter(isFolder).map((entry) => ({ path: `${path}/${entry.name}`, oid: entry.oid })),
    );
  }
  return level;
}

async function listPlainFilesOf(reader: ObjectReader, folders: readonly { path: string; oid: Oid }[]) {
  const trees = await readTrees(
    reader,
    folders.map(({ oid }) => oid),
  );
  return folders.map(({ path, oid }) => ({
    oid,
    files: (trees.get(oid) ?? []).flatMap((entry): PlainFile[] =>
      entry.mode === '100644' ? [{ path: `${path}/${entry.name}`, oid: entry.oid }] : [],
    ),
  }));
}

async function readCycles(reader: ObjectReader, tree: Oid | null, options: ArchiveOptions): Promise<ArchivedCycle[]> {
  const cycles: ArchivedCycle[] = [];
  for (const part of partsOf(await listPlainFiles(reader, tree, 'cycles'), cyclesAtOnce)) {
    for await (const { record } of readRecords(reader, part, options)) {
      if (!('opened_version' in record)) continue;
      const { number, opened_at, opened_version, collected } = record;
      cycles.push({ number, opened_at, opened_version, collected_at: collected?.at ?? null });
    }
  }
  return cycles;
}

async function readSegments(
  reader: ObjectReader,
  segments: readonly { path: string; first: number; oid: Oid }[],
): Promise<ArchivedSegment[]> {
  const read: ArchivedSegment[] = [];
  for (const part of partsOf(segments, segmentsAtOnce)) {
    const objects = await reader.readObjects(part.map(({ oid }) => oid));
    for (const { path, first, oid } of part) {
      const last = lastLine(new TextDecoder().decode(objects.get(oid)?.bytes));
      const [event] = parseSegment(path, last).events;
      read.push({ first, last: event === undefined ? null : { v: event.v, ts: event.ts } });
    }
  }
  return read;
}

function lastLine(text: string): string {
  const whole = text.trimEnd();
  return whole.slice(whole.lastIndexOf('\n') + 1);
}

async function* readRecords(reader: ObjectReader, files: readonly PlainFile[], { format }: ArchiveOptions) {
  const objects = await reader.readObjects(files.map(({ oid }) => oid));
  for (const { path, oid } of files) {
    const bytes = objects.get(oid)?.bytes;
    const decoded = bytes === undefined ? null : await decodeRecord(path, bytes, { isNewer: isNewerFormat(format) });
    if (decoded !== null && 'record' in decoded) yield { path, record: decoded.record };
  }
}

async function listPlainFiles(reader: ObjectReader, tree: Oid | null, under: string) {
  const files = await listFiles(reader, tree, { under });
  return [...files].flatMap(([path, { mode, oid }]) => (mode === '100644' ? [{ path, oid }] : []));
}

function* partsOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
