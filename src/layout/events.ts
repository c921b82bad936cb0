/**
 * The event log: append-only segments of JSON lines, each named for its first event.
 *
 * A segment ends at 256 lines or about 64 KiB, so that appending rewrites little. A single event may be longer than that.
 */
import { isDeeperThan, maxNesting } from '../core/nesting.ts';
import type { BoardEvent } from '../core/records.ts';
import type { Fault } from './faults.ts';
import { placeOf, segmentPath } from './paths.ts';

export const maxSegmentLines = 256;
/** Characters. */
export const maxSegmentLength = 64 * 1024;
/** Characters; a longer one was not written by orc. */
const maxReadLength = 16 * 1024 * 1024;

/** The newest segment. `first` 1, `count` 0, `text` '' before the first event. */
export interface EventTail {
  readonly first: number;
  readonly count: number;
  readonly text: string;
}

/** What follows from a tail's text: taken from it once, and then carried along as events are added. */
interface TailContent {
  readonly bytes: Uint8Array;
  readonly completions: readonly BoardEvent[];
}

/** Of how many completions the newest are kept. */
const maxCompletions = 8;
const contents = new WeakMap<EventTail, TailContent>();
const encoder = new TextEncoder();

/** The text, encoded. */
export function bytesOf(tail: EventTail): Uint8Array {
  return contentOf(tail).bytes;
}

/** The newest completions in the segment, at most 8, the newest first. */
export function newestCompletions(tail: EventTail): readonly BoardEvent[] {
  return contentOf(tail).completions;
}

/** Reads a segment. Lines that are no events are set aside, each with its number. */
export function parseSegment(path: string, text: string): { events: BoardEvent[]; faults: Fault[] } {
  if (text.length > maxReadLength)
    return { events: [], faults: [{ path, reason: `is too large: ${text.length} characters` }] };
  const events: BoardEvent[] = [];
  const faults: Fault[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const event = parseEvent(line);
    if (typeof event === 'string') faults.push({ path, reason: `line ${index + 1} ${event}` });
    else events.push(event);
  }
  return { events, faults };
}

/** The newest events of a segment, at most `count`, in their order: the other lines are not looked at. */
export function newestEvents(text: string, count: number): BoardEvent[] {
  const found: BoardEvent[] = [];
  for (let end = text.length; end > 0 && found.length < count; ) {
    const start = text.lastIndexOf('\n', end - 1) + 1;
    const line = text.slice(start, end);
    const event = line.trim() === '' ? '' : parseEvent(line);
    if (typeof event !== 'string') found.unshift(event);
    end = start - 1;
  }
  return found;
}

/** The tail that appending goes on from, when `path` is the newest segment. */
export function tailOf(path: string, text: string): EventTail {
  const place = placeOf(path);
  if (place.kind !== 'segment') throw new Error(`${path} is no event segment`);
  return { first: place.first, count: text.split('\n').filter((line) => line.trim() !== '').length, text };
}

/** Appends events: the segments that change or begin, and the new tail. */
export function appendEvents(
  tail: EventTail,
  events: readonly BoardEvent[],
): { readonly files: ReadonlyMap<string, string>; readonly tail: EventTail } {
  if (events.length === 0) return { files: new Map(), tail };
  const files = new Map<string, string>();
  let { first, count, text } = tail;
  let { bytes, completions } = contentOf(tail);
  let added = '';
  // a hand edit may have taken the last newline away
  if (text !== '' && !text.endsWith('\n')) added = '\n';
  for (const event of events) {
    const line = `${JSON.stringify(event)}\n`;
    if (count > 0 && (count >= maxSegmentLines || text.length + added.length + line.length > maxSegmentLength)) {
      if (added.trim() !== '') files.set(segmentPath(first), text + added);
      text = '';
      bytes = new Uint8Array();
      completions = [];
      added = '';
      count = 0;
    }
    if (count === 0) first = event.n;
    added += line;
    count += 1;
    const completed = line.includes(completion) ? parseCompletion(line) : null;
    if (completed !== null) completions = [completed, ...completions.slice(0, maxCompletions - 1)];
  }
  // Not read here: so the text is put together only when somebody wants it.
  const grown = { first, count, text: text + added };
  contents.set(grown, { bytes: joined(bytes, encoder.encode(added)), completions });
  files.set(segmentPath(first), grown.text);
  return { files, tail: grown };
}

function contentOf(tail: EventTail): TailContent {
  const known = contents.get(tail);
  if (known !== undefined) return known;
  const content = { bytes: encoder.encode(tail.text), completions: findCompletions(tail.text) };
  contents.set(tail, content);
  return content;
}

/** How much of a buffer is in use, by all that share it. */
const used = new WeakMap<ArrayBufferLike, number>();

/** `a` with `b` behind it: written behind it where nobody else has, so that a log that grows by a line is not copied each time. */
function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const length = a.length + b.length;
  const end = a.byteOffset + a.length;
  if (used.get(a.buffer) === end && a.byteOffset + length <= a.buffer.byteLength) {
    const bytes = new Uint8Array(a.buffer, a.byteOffset, length);
    bytes.set(b, a.length);
    used.set(a.buffer, a.byteOffset + length);
    return bytes;
  }
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(length, 2 * maxSegmentLength)), 0, length);
  bytes.set(a);
  bytes.set(b, a.length);
  used.set(bytes.buffer, length);
  return bytes;
}

const completion = '"task_completed"';

function findCompletions(text: string): BoardEvent[] {
  const found: BoardEvent[] = [];
  let at = text.lastIndexOf(completion);
  while (at >= 0 && found.length < maxCompletions) {
    const start = text.lastIndexOf('\n', at) + 1;
    const end = text.indexOf('\n', at);
    const event = parseCompletion(text.slice(start, end < 0 ? undefined : end));
    if (event !== null) found.push(event);
    // `lastIndexOf` looks at 0 for what is negative.
    at = start === 0 ? -1 : text.lastIndexOf(completion, start - 1);
  }
  return found;
}

function parseCompletion(line: string): BoardEvent | null {
  try {
    const event = JSON.parse(line) as Partial<BoardEvent> | null;
    const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
    const isEvent = typeof event?.agent === 'string' && isText(event.task_id) && isText(event.workstream);
    return isEvent && event.action === 'task_completed' ? (event as BoardEvent) : null;
  } catch {
    return null; // set aside with its number by whoever reads the log
  }
}

function parseEvent(line: string): BoardEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  if (isDeeperThan(maxNesting, value)) return `is nested deeper than ${maxNesting}`;
  const fields = value as Record<string, unknown>;
  for (const field of ['n', 'v']) {
    if (!Number.isSafeInteger(fields[field]) || (fields[field] as number) < 0) return `has no number "${field}"`;
  }
  for (const field of ['ts', 'agent', 'action']) if (typeof fields[field] !== 'string') return `has no text "${field}"`;
  for (const field of ['workstream', 'task_id', 'op']) {
    if (fields[field] !== undefined && typeof fields[field] !== 'string') return `has a "${field}" that is no text`;
  }
  return value as BoardEvent;
}
