/**
 * Every path of the branch, spelled here and nowhere else.
 *
 * `pathOf` and `placeOf` are inverse to each other: a path that is not exactly what `pathOf` would have written is
 * `unknown`, so that one record never has two files. Names are checked both ways: others may write to the branch.
 */

import type { Dropped } from '../core/archive.ts';
import { faultInTopic } from '../core/arguments.ts';
import type { Records } from '../core/board.ts';
import { messageKey } from '../core/messages.ts';
import { faultInName, faultInPath, faultInResource } from '../core/names.ts';
import { isOpen, type Task } from '../core/records.ts';
import type { CollectionName } from '../core/shelf.ts';

export const statePath = 'state.json';
export const settingsPath = 'orc.yaml';
export const boardMdPath = 'BOARD.md';
export const readmePath = 'README.md';

/** What a path of the branch is. `hot` records are read to open a board, the others when they are asked for. */
export type Place =
  | { readonly kind: 'state' | 'settings' | 'board-md' }
  | { readonly kind: 'segment'; readonly first: number }
  | { readonly kind: 'record'; readonly collection: CollectionName; readonly key: string; readonly hot: boolean }
  | { readonly kind: 'unknown' };

const unknown: Place = { kind: 'unknown' };
const segmentDigits = 10;
/** File systems allow 255 bytes for a name; longer encoded resources are cut into folders. */
const maxEncodedLength = 180;
/** Ends the name of such a folder. A lone `%` stands in no encoded text, so no folder has the name of a file. */
const folderMark = '%';

/** Folders that are read whole to open a board. The archive and the event log are not among them. */
export const hotFolders: readonly string[] = [
  'workstreams',
  'tasks/open',
  'agents',
  'locks',
  'messages',
  'cycles',
  'knowledge',
  'templates',
];
const topFolders: ReadonlySet<string> = new Set(hotFolders.map((folder) => folder.split('/')[0] ?? ''));
const listedFolders: ReadonlySet<string> = new Set(hotFolders.filter((folder) => folder !== 'tasks/open'));
const messagePath = /^messages\/([^/]+)\/([0-9a-f]{8,32})\.json$/;
const cyclePath = /^cycles\/([1-9]\d{0,8})\.json$/;
const taskPath = /^tasks\/(open|closed)\/([0-9a-f])\/([0-9a-f])\/(\2\3[0-9a-f]{6,30})\.json$/;

/** @throws OrcError never: the record's names were checked when it was made or read */
export function pathOf<C extends CollectionName>(collection: C, record: Records[C]): string {
  switch (collection) {
    case 'workstreams':
      return `workstreams/${(record as Records['workstreams']).name}.json`;
    case 'tasks':
      return pathOfTask((record as Task).id, isOpen(record as Task));
    case 'agents': {
      const { id, status } = record as Records['agents'];
      return status === 'retired' ? `agents/retired/${id}.json` : `agents/${id}.json`;
    }
    case 'locks':
      return `locks/${encodeResource((record as Records['locks']).resource)}.json`;
    case 'messages': {
      const { to, id } = record as Records['messages'];
      return `messages/${to}/${id}.json`;
    }
    case 'cycles':
      return `cycles/${(record as Records['cycles']).number}.json`;
    case 'knowledge':
      return `knowledge/${(record as Records['knowledge']).topic}.md`;
    default:
      return (record as Records['files']).path;
  }
}

/** Where a record that is not loaded may lie: a closed task, a retired agent, a cycle, a knowledge text, another file. */
export function coldPaths(collection: CollectionName, key: string): readonly string[] {
  const path = coldPathOf(collection, key);
  if (path === null) return [];
  const place = placeOf(path);
  return place.kind === 'record' && place.collection === collection && place.key === key ? [path] : [];
}

/** `events/0000004711.jsonl`: a segment is named for its first event. */
export function segmentPath(firstEvent: number): string {
  return `events/${String(firstEvent).padStart(segmentDigits, '0')}.jsonl`;
}

/** What leaves the tree when a board is compacted. */
export function* droppedPaths({ tasks, cycles, segments }: Dropped): Generator<string> {
  for (const { id } of tasks) yield pathOfTask(id, false);
  for (const number of cycles) yield `cycles/${number}.json`;
  for (const first of segments) yield segmentPath(first);
}

/** What a path of the branch holds; `unknown` for what orc would not have written, strange names included. */
export function placeOf(path: string): Place {
  const slash = path.indexOf('/');
  if (slash === -1) return placeAtRoot(path);
  switch (path.slice(0, slash)) {
    case 'tasks':
      return placeOfTask(path);
    case 'workstreams':
      return placeOfName('workstreams', path.slice(slash + 1), true);
    case 'agents': {
      const rest = path.slice(slash + 1);
      return rest.startsWith('retired/')
        ? placeOfName('agents', rest.slice('retired/'.length), false)
        : placeOfName('agents', rest, true);
    }
    case 'locks':
      return placeOfLock(path.slice(slash + 1));
    case 'messages':
      return placeOfMessage(path);
    case 'cycles':
      return placeOfCycle(path);
    case 'knowledge':
      return placeOfTopic(path.slice(slash + 1));
    case 'events':
      return placeOfSegment(path);
    case 'templates':
      return faultInPath(path) === null ? { kind: 'record', collection: 'files', key: path, hot: false } : unknown;
    default:
      return unknown;
  }
}

export function isSegment(path: string): boolean {
  return placeOf(path).kind === 'segment';
}

/** Whether a file must be read to open a board. */
export function isHot(path: string): boolean {
  const place = placeOf(path);
  return place.kind === 'state' || place.kind === 'settings' || (place.kind === 'record' && place.hot);
}

/**
 * Whether a path's name and mode are checked when a board is opened: files at the root, and those in the folders that
 * are listed whole. The archive and the event log are not listed, and foreign folders are nobody's business.
 */
export function isListed(path: string): boolean {
  if (path.startsWith('tasks/')) return path.startsWith('tasks/open/');
  const slash = path.indexOf('/');
  return slash === -1 || listedFolders.has(path.slice(0, slash));
}

/** Whether what lies in a folder at the top can make a difference to an open board. The log is read by itself. */
export function isBoardFolder(name: string): boolean {
  return topFolders.has(name);
}

function pathOfTask(id: string, isOpenTask: boolean): string {
  return `tasks/${isOpenTask ? 'open' : 'closed'}/${id.charAt(0)}/${id.charAt(1)}/${id}.json`;
}

function coldPathOf(collection: CollectionName, key: string): string | null {
  switch (collection) {
    case 'tasks':
      return pathOfTask(key, false);
    case 'agents':
      return `agents/retired/${key}.json`;
    case 'cycles':
      return `cycles/${key}.json`;
    case 'knowledge':
      return `knowledge/${key}.md`;
    case 'files':
      return key;
    default:
      return null;
  }
}

function placeAtRoot(path: string): Place {
  switch (path) {
    case statePath:
      return { kind: 'state' };
    case settingsPath:
      return { kind: 'settings' };
    case boardMdPath:
      return { kind: 'board-md' };
    case readmePath:
      return { kind: 'record', collection: 'files', key: path, hot: false };
    default:
      return unknown;
  }
}

function placeOfTask(path: string): Place {
  const match = taskPath.exec(path);
  const id = match?.[4];
  return id === undefined ? unknown : { kind: 'record', collection: 'tasks', key: id, hot: match?.[1] === 'open' };
}

function placeOfName(collection: 'workstreams' | 'agents', file: string, hot: boolean): Place {
  if (!file.endsWith('.json')) return unknown;
  const key = file.slice(0, -'.json'.length);
  return faultInName(key) === null ? { kind: 'record', collection, key, hot } : unknown;
}

function placeOfLock(file: string): Place {
  const key = file.endsWith('.json') ? decodeResource(file.slice(0, -'.json'.length)) : null;
  if (key === null || faultInResource(key) !== null) return unknown;
  return encodeResource(key) === file.slice(0, -'.json'.length)
    ? { kind: 'record', collection: 'locks', key, hot: true }
    : unknown;
}

function placeOfMessage(path: string): Place {
  const [, to, id] = messagePath.exec(path) ?? [];
  if (to === undefined || id === undefined || faultInName(to) !== null) return unknown;
  return { kind: 'record', collection: 'messages', key: messageKey({ to, id }), hot: true };
}

function placeOfCycle(path: string): Place {
  const key = cyclePath.exec(path)?.[1];
  return key === undefined ? unknown : { kind: 'record', collection: 'cycles', key, hot: false };
}

function placeOfTopic(file: string): Place {
  if (!file.endsWith('.md')) return unknown;
  const key = file.slice(0, -'.md'.length);
  return faultInTopic(key) === null ? { kind: 'record', collection: 'knowledge', key, hot: false } : unknown;
}

function placeOfSegment(path: string): Place {
  const first = Number(/^events\/(\d{10,15})\.jsonl$/.exec(path)?.[1] ?? 0);
  return first > 0 && segmentPath(first) === path ? { kind: 'segment', first } : unknown;
}

/**
 * A resource as one file name: percent-encoded, so that `path:src/**` is safe on every file system.
 * What is longer than a file name may be is cut into folders.
 */
function encodeResource(resource: string): string {
  const encoded = encodeURIComponent(resource).replace(
    /[!'()*~]|^[-.]|\.$/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  if (encoded.length <= maxEncodedLength) return encoded;
  const pieces = encoded.match(new RegExp(`.{1,${maxEncodedLength}}`, 'g')) ?? [];
  return pieces.join(`${folderMark}/`);
}

function decodeResource(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded.replaceAll(`${folderMark}/`, ''));
  } catch {
    return null; // no percent-encoding: not written by orc
  }
}
