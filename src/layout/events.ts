/**
 * The event log: append-only segments of JSON lines, each named for its first event.
 *
 * A segment ends at 256 lines or about 64 KiB, so that appending rewrites little. A single event may be longer than that.
 */
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
  const files = new Map<string, string>();
  let { first, count } = tail;
  // a hand edit may have taken the last newline away
  const start = tail.text === '' || tail.text.endsWith('\n') ? tail.text : `${tail.text}\n`;
  let parts: string[] = [start];
  let length = start.length;
  for (const event of events) {
    const line = `${JSON.stringify(event)}\n`;
    if (count > 0 && (count >= maxSegmentLines || length + line.length > maxSegmentLength)) {
      if (parts.length > 1) files.set(segmentPath(first), parts.join(''));
      parts = [''];
      length = 0;
      count = 0;
    }
    if (count === 0) first = event.n;
    parts.push(line);
    length += line.length;
    count += 1;
  }
  const text = parts.join('');
  if (parts.length > 1) files.set(segmentPath(first), text);
  return { files, tail: { first, count, text } };
}

function parseEvent(line: string): BoardEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
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
