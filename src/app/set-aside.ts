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

/** Of a task that is not there: the error that names its file, where that is set aside; else this one, with a hint where it may have been compacted away. */
export async function missingTaskError(orc: OrcCore, id: string, error: OrcError): Promise<OrcError> {
  return (await setAsideError(orc, 'tasks', id.toLowerCase())) ?? orCompacted(orc, id, error);
}

/** A request named a record that was not found: what else can be said of it, where it is set aside, or was compacted away. */
export async function explainMissing(
  orc: OrcCore,
  { kind, args }: Pick<Request, 'kind' | 'args'>,
  error: OrcError,
): Promise<OrcError> {
  const id = missingTask(kind, args, error);
  if (id !== null && (await orc.task(id)) === null) {
    const setAside = await setAsideError(orc, 'tasks', id);
    return setAside === null ? orCompacted(orc, id, error) : atLineOf(error, setAside);
  }
  const workstream = kind.startsWith('workstream.') ? args.name : args.workstream;
  if (typeof workstream !== 'string' || error.code !== 'not-found') return error;
  const setAside = await setAsideError(orc, 'workstreams', workstream);
  return setAside === null ? error : atLineOf(error, setAside);
}

/** In a batch the line at fault goes on being named. */
function atLineOf({ details }: OrcError, { code, message, hint, details: found }: OrcError): OrcError {
  const line = details?.line;
  const [where, at] = typeof line === 'number' ? [`line ${line}: `, { line }] : ['', {}];
  return new OrcError(code, `${where}${message}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { ...found, ...at },
  });
}

/** The task that a refusal is about; a refused reference says itself which. */
function missingTask(kind: string, args: Request['args'], { code, details }: OrcError): string | null {
  const named = kind.startsWith('task.') ? args.id : args.task;
  const id = code === 'unknown-dependency' ? details?.id : named;
  return typeof id === 'string' ? id : null;
}

/** The error, with a hint about where the task went when the board was compacted. */
async function orCompacted(orc: OrcCore, id: string, error: OrcError): Promise<OrcError> {
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
