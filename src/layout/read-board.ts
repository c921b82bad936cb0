/**
 * From the files of a commit to the board that they hold.
 *
 * Whatever is wrong with a file, it is set aside and named, and the rest works. Only without `state.json` or `orc.yaml`,
 * or on a board of a newer format, must nothing be written: `writeBlock` says so.
 */
import { Board, type BoardContents, emptyMeta, type Records } from '../core/board.ts';
import { maxRecordBytes } from '../core/record-size.ts';
import { formatVersion } from '../core/records.ts';
import { type CollectionName, Shelf } from '../core/shelf.ts';
import {
  addHotRecord,
  dropRecord,
  faultInReading,
  type HotFile,
  isHotRecord,
  readState,
  recountOpen,
} from './board-parts.ts';
import { decodeText, type Fault, isFault, sortFaults } from './faults.ts';
import { decodeKnowledge } from './knowledge-file.ts';
import { isListed, placeOf, settingsPath, statePath } from './paths.ts';
import { decodeJsonRecord, type JsonOptions } from './record-json.ts';
import { readSettings } from './settings-file.ts';
import { isNewerFormat } from './state-file.ts';
import { faultInEntry, findTwins } from './tree-faults.ts';

export type { Fault } from './faults.ts';

export interface RawFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WriteBlock {
  readonly code: 'board-unreadable' | 'newer-format';
  readonly message: string;
  readonly hint: string;
}

export interface ReadBoard {
  readonly board: Board;
  /** Sorted by path. */
  readonly faults: readonly Fault[];
  /** Why nothing may be written. */
  readonly writeBlock: WriteBlock | null;
}

export interface FileDiff {
  readonly path: string;
  /** `null`: deleted. */
  readonly mode: string | null;
  /** `unread`: it exists and is not loaded. */
  readonly bytes: Uint8Array | null | 'unread';
}

export interface DecodedRecord {
  readonly collection: CollectionName;
  readonly key: string;
  readonly record: Records[CollectionName];
}

/**
 * Reads a board. `hot` are the files for which `isHot` says yes; `entries` are all files of the tree, or at least those
 * for which `isListed` says yes: they tell the topics, and what has a strange name or mode.
 */
export async function readBoard(input: {
  readonly hot: readonly RawFile[];
  readonly entries: Iterable<{ readonly path: string; readonly mode: string }>;
}): Promise<ReadBoard> {
  const bytesByPath = new Map<string, Uint8Array>();
  for (const { path, bytes } of input.hot) bytesByPath.set(path, bytes);
  const faults: Fault[] = [];
  const topics: string[] = [];
  const cycleNumbers: number[] = [];
  const records: HotFile[] = [];
  for (const { path, mode } of input.entries) {
    if (!isListed(path)) continue;
    const place = placeOf(path);
    const bytes = bytesByPath.get(path);
    const fault = faultInEntry(path, place, mode) ?? faultInReading(path, place, bytes !== undefined);
    if (fault !== null) {
      faults.push(fault);
      bytesByPath.delete(path);
    } else if (isHotRecord(place)) {
      records.push({ path, place, bytes: bytes as Uint8Array }); // faultInReading saw to it
    } else if (place.kind === 'record' && place.collection === 'knowledge') {
      topics.push(place.key);
    } else if (place.kind === 'record' && place.collection === 'cycles') {
      cycleNumbers.push(Number(place.key));
    }
  }
  const settings = await readSettings(bytesByPath.get(settingsPath));
  if (!faults.some(({ path }) => path === settingsPath)) faults.push(...settings.faults);
  const state = readState(bytesByPath.get(statePath), faults);
  const board = new Board({
    meta: state?.meta ?? emptyMeta,
    settings: settings.settings,
    settingsText: settings.text,
    counts: state?.counts ?? new Map(),
    cycleNumbers,
    topics,
    workstreams: new Shelf('workstreams', true),
    tasks: new Shelf('tasks', false),
    agents: new Shelf('agents', false),
    locks: new Shelf('locks', true),
    messages: new Shelf('messages', true),
    cycles: new Shelf('cycles', false),
    knowledge: new Shelf('knowledge', false),
    files: new Shelf('files', false),
  });
  for (const file of records) addHotRecord(board, file, faults);
  if (state === null) recountOpen(board);
  return finish(board, [...faults, ...findTwins(board)]);
}

/**
 * What `readBoard` of the new tree would give, from the old board and what differs. The old one stays as it is.
 *
 * Cold records that changed are forgotten, so that they load again on demand. Where `board.meta.format` comes out
 * different, read afresh: records that did not change were judged by the other format.
 */
export async function patchBoard(read: ReadBoard, diff: readonly FileDiff[]): Promise<ReadBoard> {
  const diffByPath = new Map(diff.map((each) => [each.path, each]));
  const touchesNames = diff.some(({ path }) => isListed(path) && !path.startsWith('tasks/'));
  const faults = read.faults.filter(({ path, kind }) => !diffByPath.has(path) && !(kind === 'twin' && touchesNames));
  const bytesByPath = new Map<string, Uint8Array>();
  const topics = new Set(read.board.topics);
  const cycleNumbers = new Set(read.board.cycleNumbers);
  const records: HotFile[] = [];
  for (const { path, mode, bytes } of diff) {
    const place = placeOf(path);
    const isTopic = place.kind === 'record' && place.collection === 'knowledge';
    const isCycle = place.kind === 'record' && place.collection === 'cycles';
    if (isTopic) topics.delete(place.key);
    if (isCycle) cycleNumbers.delete(Number(place.key));
    if (mode === null || bytes === null || !isListed(path)) continue;
    const fault = faultInEntry(path, place, mode) ?? faultInReading(path, place, bytes !== 'unread');
    if (fault !== null) faults.push(fault);
    else if (isTopic) topics.add(place.key);
    else if (isCycle) cycleNumbers.add(Number(place.key));
    else if (isHotRecord(place)) records.push({ path, place, bytes: bytes as Uint8Array });
    else if (bytes !== 'unread') bytesByPath.set(path, bytes);
  }

  const settings = diffByPath.has(settingsPath) ? await readSettings(bytesByPath.get(settingsPath)) : null;
  if (settings !== null && !faults.some(({ path }) => path === settingsPath)) faults.push(...settings.faults);
  const isStateNew = diffByPath.has(statePath);
  const state = isStateNew ? readState(bytesByPath.get(statePath), faults) : null;
  const hasNoState = faults.some(({ path }) => path === statePath);
  const board = read.board.clone({
    ...partlyLoaded(read.board),
    cycleNumbers,
    topics,
    ...(settings === null ? {} : { settings: settings.settings, settingsText: settings.text }),
    ...(isStateNew ? { meta: state?.meta ?? emptyMeta } : {}),
    ...(isStateNew || hasNoState ? { counts: state?.counts ?? new Map() } : {}),
  });

  for (const { path } of diff) dropRecord(board, path);
  for (const file of records) addHotRecord(board, file, faults);
  if (hasNoState) recountOpen(board);
  return finish(board, touchesNames ? [...faults, ...findTwins(board)] : faults);
}

/**
 * Reads one record, hot or cold, for a board of a format that this orc knows; `isNewer`: of a later one.
 * The caller has made sure that it is a plain file (mode 100644).
 */
export async function decodeRecord(
  path: string,
  bytes: Uint8Array,
  options?: JsonOptions,
): Promise<DecodedRecord | Fault> {
  const place = placeOf(path);
  if (place.kind !== 'record') return { path, reason: 'is no record of a board' };
  const { collection, key } = place;
  if (collection === 'files') {
    const decoded = decodeText(bytes, maxRecordBytes);
    return 'fault' in decoded
      ? { path, reason: decoded.fault }
      : { collection, key, record: { path, text: decoded.text } };
  }
  const record =
    collection === 'knowledge'
      ? await decodeKnowledge(key, path, bytes)
      : decodeJsonRecord(collection, path, bytes, options);
  return isFault(record) ? record : { collection, key, record };
}

/** A board that was begun here knows all its records; once others' changes are only named, it no longer does. */
function partlyLoaded({ tasks, agents, cycles, knowledge, files }: Board): Partial<BoardContents> {
  if (!tasks.isComplete) return {};
  return {
    tasks: tasks.clone(false),
    agents: agents.clone(false),
    cycles: cycles.clone(false),
    knowledge: knowledge.clone(false),
    files: files.clone(false),
  };
}

function finish(board: Board, faults: readonly Fault[]): ReadBoard {
  const sorted = sortFaults(faults);
  return { board, faults: sorted, writeBlock: findWriteBlock(board, sorted) };
}

function findWriteBlock(board: Board, faults: readonly Fault[]): WriteBlock | null {
  const format = Math.max(board.meta.format, board.settings.format);
  if (isNewerFormat(format)) {
    return {
      code: 'newer-format',
      message: `the board has format ${format}, this orc writes format ${formatVersion}`,
      hint: 'install a newer orc: `npm install --global git-orc@latest`',
    };
  }
  const fault = faults.find(({ kind }) => kind === 'blocking');
  if (fault === undefined) return null;
  return {
    code: 'board-unreadable',
    message: `${fault.path} ${fault.reason}`,
    hint: '`git log` of the branch finds its last good version: put that back with a commit',
  };
}
