/**
 * Git's loose object files, read and written in process: for the few small objects of one operation this is some
 * fifty times cheaper than starting git.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate, deflateSync, inflateSync } from 'node:zlib';
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from './damaged-store.ts';
import {
  createSyncedFile,
  discardFile,
  errorCodeOf,
  isThere,
  type NameSource,
  syncFolders,
  toIoError,
} from './durable-files.ts';
import { hashObject } from './hash.ts';
import type { GitObject, NewObject, ObjectFormat, ObjectType, Oid } from './store.ts';

/** Level 1: the default takes five times as long and gains a few bytes until the next repack. */
const compression = { level: 1 } as const;
/** In bytes: larger objects are compressed outside the event loop. */
const asyncFrom = 64 * 1024;

/**
 * A loose object; `null` when there is none with this id.
 * @param objectsFolder such as `<store>/objects`
 * @throws OrcError `store-corrupt`, `io`
 */
export function readLooseObject(objectsFolder: string, format: ObjectFormat, oid: Oid): GitObject | null {
  const path = objectPath(objectsFolder, oid);
  let raw: Buffer;
  try {
    raw = fs.readFileSync(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw toIoError(`read ${path}`, error);
  }
  try {
    return parseLooseObject(raw, format, oid);
  } catch (cause) {
    throw new OrcError('store-corrupt', `object ${oid} is damaged`, { hint: damagedStoreHint, cause });
  }
}

/** Whether a loose object with this id is there: cheap, without reading it. @throws OrcError `io` */
export function hasLooseObject(objectsFolder: string, oid: Oid): boolean {
  return isThere(objectPath(objectsFolder, oid));
}

/**
 * Writes objects that are not there yet and makes them, and their names, durable. @throws OrcError `io`
 * Safe beside other writers: an object appears whole, under a name that says what is in it.
 */
export async function writeLooseObjects(
  storePath: string,
  objects: readonly NewObject[],
  nameTemporary: NameSource,
): Promise<void> {
  const objectsFolder = join(storePath, 'objects');
  const changed = new Set<string>();
  try {
    // All settle before an error is reported: no write may go on behind the caller's back.
    const outcomes = await Promise.allSettled(
      objects.map(async (object) => {
        const path = objectPath(objectsFolder, object.oid);
        const folder = join(objectsFolder, object.oid.slice(0, 2));
        // Found there, its name may still be unsynced: another process may just have moved it into place.
        changed.add(folder);
        // An empty file is what some crashes leave behind; it is replaced.
        if ((fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
        const temporary = join(objectsFolder, `tmp_obj_${nameTemporary()}`); // `git prune` removes leftovers of this name
        await createSyncedFile(temporary, await encodeLooseObject(object), 0o444);
        if (moveIntoPlace(temporary, path, folder)) changed.add(objectsFolder);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    await syncFolders(changed);
  } catch (error) {
    throw toIoError(`write objects to ${storePath}`, error);
  }
}

/** Whether the folder had to be made. */
function moveIntoPlace(temporary: string, path: string, folder: string): boolean {
  try {
    fs.renameSync(temporary, path);
    return false;
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') {
      discardFile(temporary);
      throw error;
    }
  }
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.renameSync(temporary, path);
    return true;
  } catch (error) {
    discardFile(temporary);
    throw error;
  }
}

async function encodeLooseObject({ type, bytes }: NewObject): Promise<Uint8Array> {
  const raw = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
  return raw.length < asyncFrom
    ? deflateSync(raw, compression)
    : promisify<Uint8Array, { level: number }, Buffer>(deflate)(raw, compression);
}

function parseLooseObject(raw: Buffer, format: ObjectFormat, oid: Oid): GitObject {
  const content = inflateSync(raw);
  const zero = content.indexOf(0);
  const [type, size] = content.toString('latin1', 0, zero).split(' ');
  const bytes = content.subarray(zero + 1);
  if (type !== 'blob' && type !== 'tree' && type !== 'commit') throw new Error(`type ${type}`);
  if (Number(size) !== bytes.length) throw new Error('wrong size');
  if (hashObject(format, type satisfies ObjectType, bytes) !== oid) throw new Error('wrong content');
  return { type, bytes };
}

function objectPath(objectsFolder: string, oid: Oid): string {
  return join(objectsFolder, oid.slice(0, 2), oid.slice(2));
}
