/**
 * Reads a board's archive: what compacting has to know of everything that is closed. All of it is read, a part at a time, and of
 * each record only a few fields are kept.
 */
import type { Archive, ArchivedCycle, ArchivedSegment, ArchivedTask } from '../core/archive.ts';
import { formatVersion, isOpen, type Task } from '../core/records.ts';
import type { Oid } from '../git/store.ts';
import { listFiles, type ObjectReader } from '../git/trees.ts';
import { parseSegment } from '../layout/events.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { listSegments } from './head.ts';

export interface ArchiveOptions {
  /** Of the board. Records of a newer one are read as far as they go. */
  readonly format: number;
  /** Hears how many closed tasks were read, and of how many. */
  readonly onRead?: ((done: number, of: number) => void) | undefined;
}

/** Small enough to be forgotten one after the other, large enough for one question to git each. */
const tasksAtOnce = 2_000;
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

async function readTasks(reader: ObjectReader, tree: Oid | null, options: ArchiveOptions): Promise<ArchivedTask[]> {
  const tasks: ArchivedTask[] = [];
  const files = await listPlainFiles(reader, tree, 'tasks/closed');
  let done = 0;
  for (const part of partsOf(files, tasksAtOnce)) {
    for await (const decoded of readRecords(reader, part, options)) {
      const { id, workstream, status, updated_at, depends_on, parent } = decoded as Task;
      // In the wrong folder it is set aside.
      if (!isOpen({ status }))
        tasks.push({
          id,
          workstream,
          status,
          updated_at,
          depends_on: depends_on.length > 0 ? depends_on : none,
          parent,
        });
    }
    done += part.length;
    options.onRead?.(done, files.length);
  }
  return tasks;
}

async function readCycles(reader: ObjectReader, tree: Oid | null, options: ArchiveOptions): Promise<ArchivedCycle[]> {
  const cycles: ArchivedCycle[] = [];
  for (const part of partsOf(await listPlainFiles(reader, tree, 'cycles'), cyclesAtOnce)) {
    for await (const decoded of readRecords(reader, part, options)) {
      if (!('opened_version' in decoded)) continue;
      const { number, opened_at, opened_version, collected } = decoded;
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

async function* readRecords(
  reader: ObjectReader,
  files: readonly { readonly path: string; readonly oid: Oid }[],
  { format }: ArchiveOptions,
) {
  const objects = await reader.readObjects(files.map(({ oid }) => oid));
  for (const { path, oid } of files) {
    const bytes = objects.get(oid)?.bytes;
    const decoded = bytes === undefined ? null : await decodeRecord(path, bytes, { isNewer: format > formatVersion });
    if (decoded !== null && 'record' in decoded) yield decoded.record;
  }
}

async function listPlainFiles(reader: ObjectReader, tree: Oid | null, under: string) {
  const files = await listFiles(reader, tree, { under });
  return [...files].flatMap(([path, { mode, oid }]) => (mode === '100644' ? [{ path, oid }] : []));
}

function* partsOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
