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

/** The same of what a request is about: deciding took it for one that is not there. */
export async function setAsideSubject(
  orc: OrcCore,
  { kind, args }: Pick<Request, 'kind' | 'args'>,
): Promise<OrcError | null> {
  return kind.startsWith('task.') && typeof args.id === 'string' ? setAsideError(orc, 'tasks', args.id) : null;
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
