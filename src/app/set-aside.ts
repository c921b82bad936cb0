/** Why a record whose file is on the branch cannot be had: nobody should take it for one that is not there. */
import type { CollectionName } from '../core/shelf.ts';
import { OrcError } from '../errors.ts';
import { readPath } from '../git/trees.ts';
import { type Fault, isFault } from '../layout/faults.ts';
import { coldPaths, placeOf } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { isNewerFormat } from '../layout/state-file.ts';
import type { Head } from '../sync/head.ts';
import type { OrcCore } from './orc-core.ts';
import type { Request } from './perform.ts';

/** An error with code `board-unreadable` that names the file and what is wrong with it; `null` when there is no such file. */
export async function setAsideError(orc: OrcCore, collection: CollectionName, key: string): Promise<OrcError | null> {
  const fault = await findFault(orc, await orc.head(), collection, key);
  if (fault === null) return null;
  return new OrcError('board-unreadable', `${fault.path} is set aside: it ${fault.reason}`, {
    hint: 'mend the file on the branch, or write the record anew',
    details: { path: fault.path, reason: fault.reason },
  });
}

/** A request's task was not found: what else can be said of it, where it is set aside, or was compacted away. */
export async function explainMissing(
  orc: OrcCore,
  { kind, args: { id } }: Pick<Request, 'kind' | 'args'>,
  error: OrcError,
): Promise<OrcError> {
  if (!kind.startsWith('task.') || typeof id !== 'string') return error;
  const setAside = await setAsideError(orc, 'tasks', id);
  if (setAside !== null || (await orc.task(id)) !== null) return setAside ?? error;
  const { compactionHint } = await import('./compact.ts');
  const hint = await compactionHint(orc, id);
  const { code, message, details } = error;
  return hint === null
    ? error
    : new OrcError(code, message, { hint, cause: error, ...(details === undefined ? {} : { details }) });
}

/** What is wrong with the record's file; `null` when there is none, or nothing is. */
export async function findFault(
  orc: OrcCore,
  head: Head,
  collection: CollectionName,
  key: string,
): Promise<Fault | null> {
  const { store } = orc.connection;
  const known = head.read.faults.find(({ path, kind }) => {
    const place = placeOf(path);
    return kind !== 'twin' && place.kind === 'record' && place.collection === collection && place.key === key;
  });
  if (known !== undefined) return known;
  for (const path of coldPaths(collection, key)) {
    const entry = await readPath(store, head.tree, path);
    if (entry === null) continue;
    if (entry.mode !== '100644') return { path, reason: 'is no plain file' };
    const object = (await store.readObjects([entry.oid])).get(entry.oid);
    if (object === undefined) return { path, reason: 'could not be read' };
    const isNewer = isNewerFormat(head.read.board.meta.format);
    const decoded = await decodeRecord(path, object.bytes, { isNewer });
    if (isFault(decoded)) return decoded;
  }
  return null;
}
