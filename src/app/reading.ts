/** Reading a head: records that have to be fetched from the tree, task ids by prefix, events, closed tasks. */

import type { Board } from '../core/board.ts';
import type { ResultRef } from '../core/operation.ts';
import type { Agent, BoardEvent, Knowledge, Task } from '../core/records.ts';
import { MissingRecord } from '../core/shelf.ts';
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import { listFiles } from '../git/trees.ts';
import { parseSegment } from '../layout/events.ts';
import { type Fault, isFault } from '../layout/faults.ts';
import { segmentPath } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import { type Head, listSegments, provideRecord, readSegment } from '../sync/head.ts';

/** Runs a question against a board, loading the records that it asks for. The question may run several times. */
export async function ask<T>(store: GitStore, head: Head, question: (board: Board) => T): Promise<T> {
  const { board } = head.read;
  for (;;) {
    try {
      return question(board);
    } catch (error) {
      if (!(error instanceof MissingRecord)) throw error;
      await provideRecord(store, head.tree, board, error);
    }
  }
}

/** The record that a result names, at this head; literal results as they are. */
export async function readResult(store: GitStore, head: Head, result: ResultRef): Promise<unknown> {
  if ('value' in result) return result.value;
  if ('event' in result)
    return (await readEvents(store, head, { last: 1000 })).find(({ n }) => n === result.event) ?? null;
  return ask(store, head, (board) => {
    if ('task' in result) return board.tasks.get(result.task) ?? null;
    if ('workstream' in result) return board.workstreams.get(result.workstream) ?? null;
    if ('agent' in result) return board.agents.get(result.agent) ?? null;
    if ('lock' in result) return board.locks.get(result.lock) ?? null;
    if ('cycle' in result) return board.cycles.get(String(result.cycle)) ?? null;
    return board.knowledge.get(result.knowledge) ?? null;
  });
}

export async function readTask(store: GitStore, head: Head, id: string): Promise<Task | null> {
  return ask(store, head, (board) => board.tasks.get(id) ?? null);
}

export async function readKnowledgeRecord(store: GitStore, head: Head, topic: string): Promise<Knowledge | null> {
  if (!head.read.board.topics.has(topic)) return null;
  return ask(store, head, (board) => board.knowledge.get(topic) ?? null);
}

/** Files whose contents are in memory together: the archive may hold any number. */
const filesAtATime = 10_000;

/** Hears of a file that holds no record that can be read. */
export type OnFault = (fault: Fault) => void;

export interface ArchiveOptions {
  /** Only those that have a parent, at a fraction of the cost. */
  readonly onlyParts?: boolean;
  readonly onFault?: OnFault | undefined;
}

/** All closed tasks; reads the archive, which may be long. */
export async function readClosedTasks(
  store: GitStore,
  head: Head,
  { onlyParts = false, onFault }: ArchiveOptions = {},
): Promise<Task[]> {
  const files = await listFiles(store, head.tree, { under: 'tasks/closed' });
  const plain = [...files].filter(([, { mode }]) => mode === '100644');
  const tasks: Task[] = [];
  for (let at = 0; at < plain.length; at += filesAtATime) {
    const some = plain.slice(at, at + filesAtATime);
    const objects = await store.readObjects(some.map(([, { oid }]) => oid));
    for (const [path, { oid }] of some) {
      const object = objects.get(oid);
      if (object === undefined || (onlyParts && hasNoParent(object.bytes))) continue;
      const decoded = await decodeRecord(path, object.bytes, judgedAs(head));
      if (isFault(decoded)) onFault?.(decoded);
      else if ('record' in decoded && decoded.collection === 'tasks') tasks.push(decoded.record as Task);
    }
  }
  return tasks;
}

/** Records of a board of a newer format are read as far as they go. */
function judgedAs({ read }: Head): { readonly isNewer: boolean } {
  return { isNewer: isNewerFormat(read.board.meta.format) };
}

/** As orc writes it; within a text its quotes would be escaped. */
function hasNoParent(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('"parent": null');
}

/** Agents that were retired: they lie apart and are not read to open a board. */
export async function readRetiredAgents(store: GitStore, head: Head, onFault?: OnFault): Promise<Agent[]> {
  const files = await listFiles(store, head.tree, { under: 'agents/retired' });
  const objects = await store.readObjects([...files.values()].map(({ oid }) => oid));
  const agents: Agent[] = [];
  for (const [path, { oid, mode }] of files) {
    const object = mode === '100644' ? objects.get(oid) : undefined;
    const decoded = object === undefined ? null : await decodeRecord(path, object.bytes, judgedAs(head));
    if (decoded !== null && isFault(decoded)) onFault?.(decoded);
    else if (decoded !== null && 'record' in decoded && decoded.collection === 'agents')
      agents.push(decoded.record as Agent);
  }
  return agents;
}

/**
 * The full id for an unambiguous prefix. An id that is not known here may still exist upstream: 8 digits pass as they are.
 * @throws OrcError `ambiguous-id`, `not-found`
 */
export async function resolveTaskId(store: GitStore, head: Head, given: string): Promise<string> {
  const prefix = given.toLowerCase();
  if (!/^[0-9a-f]{1,32}$/.test(prefix)) {
    throw new OrcError('invalid-argument', `"${given}" is no task id`, {
      hint: 'ids are hexadecimal: see `orc t list`',
    });
  }
  const matches = new Set<string>();
  for (const { id } of head.read.board.openTasks()) if (id.startsWith(prefix)) matches.add(id);
  if (matches.has(prefix)) return prefix;
  if (matches.size < 2) for (const id of await closedIds(store, head, prefix)) matches.add(id);
  const [first, ...others] = [...matches].sort();
  if (others.length > 0 && first !== prefix) {
    throw new OrcError('ambiguous-id', `"${given}" may be any of ${[first, ...others].slice(0, 8).join(', ')}`, {
      hint: 'give more digits',
    });
  }
  if (first !== undefined) return first;
  if (prefix.length >= 8) return prefix;
  throw new OrcError('not-found', `no task's id begins with "${given}"`, {
    hint: 'see `orc t list`; `orc sync` brings what others added',
  });
}

async function closedIds(store: GitStore, head: Head, prefix: string): Promise<string[]> {
  const folder = ['tasks/closed', ...prefix.slice(0, 2)].join('/');
  const files = await listFiles(store, head.tree, { under: folder });
  return [...files.keys()].flatMap((path) => {
    const id = path.slice(path.lastIndexOf('/') + 1, -'.json'.length);
    return id.startsWith(prefix) ? [id] : [];
  });
}

export interface EventFilter {
  readonly agent?: string | undefined;
  readonly action?: string | undefined;
  /** ISO 8601, or anything `Date` reads. */
  readonly since?: string | number | Date | undefined;
  /** Only events with a higher number (`n`). */
  readonly after?: number | undefined;
  /** Only events of mutations that came later than this board version (`v`). */
  readonly afterVersion?: number | undefined;
  /** Only the last so many of those that fit. */
  readonly last?: number | undefined;
  readonly task?: string | undefined;
  readonly workstream?: string | undefined;
}

/** What a program computed wrongly (`NaN`, -1) must not pass for a wish. @throws OrcError `invalid-argument` */
export function checkAmounts(amounts: Readonly<Record<string, number | undefined>>): void {
  for (const [name, amount] of Object.entries(amounts))
    if (amount !== undefined && !(amount >= 0))
      throw new OrcError('invalid-argument', `${name} must be a number of at least 0, not ${amount}`);
}

/**
 * Whether an event passes the filter; `last` is no matter of a single one.
 * @throws OrcError `invalid-argument` for a time that is none, and for numbers that are none
 */
export function eventTest(filter: EventFilter): (event: BoardEvent) => boolean {
  const since = filter.since === undefined ? null : new Date(filter.since).getTime();
  if (since !== null && Number.isNaN(since)) {
    throw new OrcError('invalid-argument', `"${String(filter.since)}" is no time`, {
      hint: 'for example 2026-01-31 or 2026-01-31T12:00:00Z',
    });
  }
  const { after, afterVersion } = filter;
  checkAmounts({ after, afterVersion });
  return (event) =>
    (filter.agent === undefined || event.agent === filter.agent) &&
    (filter.action === undefined || event.action === filter.action) &&
    (filter.task === undefined || event.task_id === filter.task) &&
    (filter.workstream === undefined || event.workstream === filter.workstream) &&
    (after === undefined || event.n > after) &&
    (afterVersion === undefined || event.v > afterVersion) &&
    (since === null || Date.parse(event.ts) >= since);
}

/** Events in the order of the log. Segments are read from the newest back, only as far as needed. */
export async function readEvents(store: GitStore, head: Head, filter: EventFilter): Promise<BoardEvent[]> {
  const fits = eventTest(filter);
  checkAmounts({ last: filter.last });
  const found: BoardEvent[][] = [];
  let count = 0;
  for await (const events of segmentsBackwards(store, head)) {
    const fitting = events.filter(fits);
    found.unshift(fitting);
    count += fitting.length;
    if (filter.last !== undefined && count >= filter.last) break;
    if (isBefore(events[0], filter)) break;
  }
  const all = found.flat();
  return filter.last === undefined ? all : filter.last === 0 ? [] : all.slice(-filter.last);
}

/** The newest is at hand; whoever wants no more than that spares the store. */
async function* segmentsBackwards(store: GitStore, head: Head): AsyncGenerator<readonly BoardEvent[]> {
  const { tail } = head;
  if (tail.count > 0) yield parseSegment(segmentPath(tail.first), tail.text).events;
  const older = (await listSegments(store, head.tree)).filter(({ first }) => tail.count === 0 || first < tail.first);
  for (const segment of older.reverse()) yield (await readSegment(store, segment)).events;
}

/** Whether a segment begins at or before the point after which events are wanted: none of the older ones is needed. */
function isBefore(first: BoardEvent | undefined, { after, afterVersion }: EventFilter): boolean {
  if (first === undefined) return false;
  return (after !== undefined && first.n <= after) || (afterVersion !== undefined && first.v <= afterVersion);
}

/** Events from number `from` on, in their order, each number once; a segment at a time. */
export async function* eventsFrom(store: GitStore, head: Head, from: number): AsyncGenerator<BoardEvent, void, void> {
  let next = from;
  for await (const events of segmentsFrom(store, head, from)) {
    for (const event of events) {
      if (event.n < next) continue;
      next = event.n + 1;
      yield event;
    }
  }
}

async function* segmentsFrom(store: GitStore, head: Head, from: number): AsyncGenerator<readonly BoardEvent[]> {
  if (head.tail.first > from) {
    const older = (await listSegments(store, head.tree)).filter(({ first }) => first < head.tail.first);
    const begin = Math.max(
      0,
      older.findLastIndex(({ first }) => first <= from),
    );
    for (const segment of older.slice(begin)) yield (await readSegment(store, segment)).events;
  }
  yield parseSegment(segmentPath(head.tail.first), head.tail.text).events;
}
