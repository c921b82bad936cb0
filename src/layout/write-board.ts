/** From an accepted operation to the files that its commit changes. */
import type { Board, Change, Records } from '../core/board.ts';
import type { Accepted } from '../core/operation.ts';
import type { CollectionName } from '../core/shelf.ts';
import { OrcError } from '../errors.ts';
import { boardMd } from './board-md.ts';
import { appendEvents, type EventTail } from './events.ts';
import { encodeKnowledge } from './knowledge-file.ts';
import { boardMdPath, droppedPaths, pathOf, placeOf, settingsPath, statePath } from './paths.ts';
import { encodeJsonRecord } from './record-json.ts';
import { refreshSettings } from './settings.ts';
import { encodeState } from './state-file.ts';

export type { EventTail } from './events.ts';

/**
 * All paths that this mutation writes (text) or deletes (`null`), and the event log's new tail.
 *
 * `board` is the board after `advance()`. When the operation changed `orc.yaml`, the board's settings are brought in
 * line first (`refreshSettings`), for they say whether there is a BOARD.md. Where there is to be none, its deletion
 * is among the files every time: deleting what is not there changes nothing.
 * @throws OrcError `invalid-argument` when the operation's settings text is no YAML (`faultInSettings` tells before) or
 *   it writes a file at a path that is none of a board's
 */
export async function encodeAccepted(
  accepted: Accepted,
  board: Board,
  tail: EventTail,
): Promise<{ files: Map<string, string | null>; tail: EventTail }> {
  const files = new Map<string, string | null>();
  for (const change of accepted.changes) await encodeChange(change, files);
  if (accepted.dropped !== undefined) for (const path of droppedPaths(accepted.dropped)) files.set(path, null);
  if (accepted.settingsText !== undefined) {
    await refreshSettings(board);
    files.set(settingsPath, accepted.settingsText);
  }
  const appended = appendEvents(tail, accepted.events);
  for (const [path, text] of appended.files) files.set(path, text);
  files.set(statePath, encodeState(board));
  files.set(boardMdPath, board.settings.board_md ? boardMd(board, appended.tail) : null);
  return { files, tail: appended.tail };
}

/** The file of one record. */
export async function encodeRecord<C extends CollectionName>(collection: C, record: Records[C]): Promise<string> {
  switch (collection) {
    case 'knowledge':
      return encodeKnowledge(record as Records['knowledge']);
    case 'files':
      return (record as Records['files']).text;
    default:
      return encodeJsonRecord(collection as 'tasks', record as Records['tasks']);
  }
}

async function encodeChange({ collection, before, after }: Change, files: Map<string, string | null>): Promise<void> {
  if (before !== null) files.set(pathOf(collection, before), null);
  if (after === null) return;
  const path = pathOf(collection, after);
  const place = placeOf(path);
  if (place.kind !== 'record' || place.collection !== collection) {
    throw new OrcError('invalid-argument', `not a path of a board: ${JSON.stringify(path)}`);
  }
  files.set(path, await encodeRecord(collection, after));
}
