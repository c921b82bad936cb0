/**
 * The one proof that an operation is in: its id in the event log, in a line that orc wrote.
 *
 * Ancestry, reply codes and refs are only shortcuts: they fail in shallow stores, copied clones and broken connections.
 * The log holds everywhere, as far back as it goes. What compacting took off it stands in the commits still, as far as this store
 * has them.
 */
import type { Operation, ResultRef } from '../core/operation.ts';
import type { BoardEvent } from '../core/records.ts';
import { decodeCommit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import type { ObjectReader } from '../git/trees.ts';
import { parseSegment } from '../layout/events.ts';
import { segmentPath } from '../layout/paths.ts';
import { parseTrailers } from './commit-message.ts';
import { type Head, listSegments, readSegment } from './head.ts';
import { type LineReader, walkLine } from './line.ts';

export interface Proofs {
  readonly events: ReadonlyMap<string, BoardEvent>;
  /** The version of the oldest event that was kept, where the log was compacted and had to be read so far; else 0. */
  readonly logBegins: number;
  /** Whether what was not found is not in: the commits were looked through where the log was not enough. */
  readonly isCertain: boolean;
}

/** How many commits are looked through for an id of which nobody knows when it was asked for. */
const maxCommits = 10_000;

/** The events of these operations among those after board version `since`; 0: wherever they are. */
export async function findProofs(
  reader: LineReader,
  head: Head,
  ids: ReadonlySet<string>,
  since: number,
): Promise<ReadonlyMap<string, BoardEvent>> {
  return (await searchProofs(reader, head, ids, since)).events;
}

/**
 * As `findProofs`, and how sure that is. Reads the newest segment from memory and older ones only as far back as needed.
 */
export async function searchProofs(
  reader: LineReader,
  head: Head,
  ids: ReadonlySet<string>,
  since: number,
): Promise<Proofs> {
  const events = new Map<string, BoardEvent>();
  if (ids.size === 0 || head.tree === null) return { events, logBegins: 0, isCertain: true };
  const collect = (found: readonly BoardEvent[]): void => {
    for (const event of found) if (event.op !== undefined && ids.has(event.op)) events.set(event.op, event);
  };
  const isDone = (found: readonly BoardEvent[]): boolean =>
    events.size === ids.size || (found[0] !== undefined && found[0].v <= since);

  let oldest = parseSegment(segmentPath(head.tail.first), head.tail.text).events;
  collect(oldest);
  if (isDone(oldest)) return { events, logBegins: 0, isCertain: true };
  const segments = await listSegments(reader, head.tree);
  for (const segment of segments.filter(({ first }) => first < head.tail.first).reverse()) {
    oldest = (await readSegment(reader, segment)).events;
    collect(oldest);
    if (isDone(oldest)) return { events, logBegins: 0, isCertain: true };
  }
  const isWhole = (segments[0]?.first ?? 1) === 1;
  const logBegins = isWhole ? 0 : (oldest[0]?.v ?? 0);
  // The oldest mutation of the log may have lost lines that it brought, but never its own.
  if (logBegins <= since + 1) return { events, logBegins, isCertain: true };
  const isCertain = await searchCommits(reader, head, { ids, since }, events);
  return { events, logBegins, isCertain };
}

/** Looks for the operations among the commits after that version. `false`: this store does not go back so far. */
async function searchCommits(
  reader: LineReader,
  head: Head,
  { ids, since }: { readonly ids: ReadonlySet<string>; readonly since: number },
  events: Map<string, BoardEvent>,
): Promise<boolean> {
  const line = walkLine(reader, head.commit);
  for (let count = 0; since > 0 || count < maxCommits; count++) {
    const step = await line.next();
    if (step.done === true) return step.value === 'beginning';
    const { trailers } = step.value;
    if (trailers === null) continue;
    const { version, at, op } = trailers;
    if (version <= since) return true;
    if (!ids.has(op.id) || events.has(op.id)) continue;
    // Its line is gone with its number; what it did stands in the commit.
    events.set(op.id, { n: 0, v: version, ts: at, agent: op.agent, action: op.kind, op: op.id });
    if (events.size === ids.size) return true;
  }
  return false;
}

export interface FoundCommit {
  readonly commit: Oid;
  /** As its message quotes it. */
  readonly operation: Operation;
  readonly result: ResultRef | null;
}

/** The commit that published an event, found by walking up from the head; `null` where history is cut off. */
export async function findCommit(reader: ObjectReader, head: Head, event: BoardEvent): Promise<FoundCommit | null> {
  let commit: Oid | null = head.commit;
  while (commit !== null) {
    const bytes: Uint8Array | undefined = (await reader.readObjects([commit])).get(commit)?.bytes;
    if (bytes === undefined) return null;
    const { message, parents } = decodeCommit(bytes);
    const trailers = parseTrailers(message);
    if (trailers !== null && trailers.op.id === event.op)
      return { commit, operation: trailers.op, result: trailers.result };
    if (trailers !== null && trailers.version < event.v) return null;
    commit = parents[0] ?? null;
  }
  return null;
}
