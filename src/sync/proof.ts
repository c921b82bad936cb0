/**
 * The one proof that an operation is in: its id in the event log, in a line that orc wrote.
 *
 * Ancestry, reply codes and refs are only shortcuts: they fail in shallow stores, copied clones and broken connections.
 * The log holds everywhere.
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

/**
 * Finds the events of these operations among those after board version `since`.
 * Reads the newest segment from memory and older ones only as far back as needed.
 */
export async function findProofs(
  reader: ObjectReader,
  head: Head,
  ids: ReadonlySet<string>,
  since: number,
): Promise<Map<string, BoardEvent>> {
  const proofs = new Map<string, BoardEvent>();
  if (ids.size === 0 || head.tree === null) return proofs;
  const collect = (events: readonly BoardEvent[]): void => {
    for (const event of events) if (event.op !== undefined && ids.has(event.op)) proofs.set(event.op, event);
  };
  const isDone = (events: readonly BoardEvent[]): boolean =>
    proofs.size === ids.size || (events[0] !== undefined && events[0].v <= since);

  const newest = parseSegment(segmentPath(head.tail.first), head.tail.text).events;
  collect(newest);
  if (isDone(newest)) return proofs;
  const older = (await listSegments(reader, head.tree)).filter(({ first }) => first < head.tail.first);
  for (const segment of older.reverse()) {
    const { events } = await readSegment(reader, segment);
    collect(events);
    if (isDone(events)) break;
  }
  return proofs;
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
