/** What reading a board and bringing one up to date have in common. */
import type { Board } from '../core/board.ts';
import { noTasks, type TaskCounts } from '../core/records.ts';
import { type Fault, isFault } from './faults.ts';
import { type Place, pathOf, placeOf, statePath } from './paths.ts';
import { decodeJsonRecord, type JsonCollection } from './record-json.ts';
import { decodeState, isNewerFormat, type State, stateFault } from './state-file.ts';

/** A record to decode; cycles, knowledge and other files are never hot. */
export interface HotFile {
  readonly path: string;
  readonly place: HotPlace;
  readonly bytes: Uint8Array;
}

type HotPlace = Extract<Place, { kind: 'record' }> & { readonly collection: JsonCollection };

const notRead = 'could not be read';

export function isHotRecord(place: Place): place is HotPlace {
  return place.kind === 'record' && place.hot;
}

/** A hot file whose content did not come: the object is missing from the store, or was too much to read. */
export function faultInReading(path: string, place: Place, isRead: boolean): Fault | null {
  if (isRead) return null;
  if (place.kind === 'record') return place.hot ? { path, reason: notRead } : null;
  return place.kind === 'state' || place.kind === 'settings' ? { path, reason: notRead, kind: 'blocking' } : null;
}

/** Counts open tasks from what is loaded, for a board whose `state.json` cannot say. */
export function recountOpen(board: Board): void {
  const counts = new Map<string, TaskCounts>();
  for (const { workstream, status } of board.openTasks()) {
    const before = counts.get(workstream) ?? noTasks;
    counts.set(workstream, { ...before, [status]: before[status] + 1 });
  }
  for (const [workstream, of] of counts) board.setCounts(workstream, of);
}

export function readState(bytes: Uint8Array | undefined, faults: Fault[]): State | null {
  if (bytes === undefined) {
    if (!faults.some(({ path }) => path === statePath)) faults.push(stateFault('is missing'));
    return null;
  }
  const state = decodeState(bytes);
  if (!isFault(state)) return state;
  faults.push(state);
  return null;
}

export function addHotRecord(board: Board, { path, place, bytes }: HotFile, faults: Fault[]): void {
  const record = decodeJsonRecord(place.collection, path, bytes, { isNewer: isNewerFormat(board.meta.format) });
  if (isFault(record)) faults.push(record);
  else board.provide(place.collection, place.key, record);
}

/** Drops what came from this file; what the same key has at another path stays. */
export function dropRecord(board: Board, path: string): void {
  const place = placeOf(path);
  if (place.kind !== 'record') return;
  const { collection, key } = place;
  const loaded = board[collection].isLoaded(key) ? board[collection].get(key) : undefined;
  if (loaded === undefined || pathOf(collection, loaded) === path) board.forget(collection, key);
}
