/**
 * Refs as files, by git's own protocol, so that git may look on and take part: `<ref>.lock` is created exclusively,
 * written, synced and renamed onto the ref. Both adapters on disk use it; neither spawns git for a ref.
 *
 * Callers hold the store's machine lock. So a `.lock` older than a second is the leftover of a killed process, and is
 * removed. What is not promised: a crash between the renames of an update of several refs leaves some of them moved.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from './damaged-store.ts';
import { createFile, discardFile, errorCodeOf, syncFiles, syncFolders, toIoError } from './durable-files.ts';
import { isOid } from './hash.ts';
import { readPackedRefs, removePackedRefs } from './packed-refs.ts';
import { lockFile } from './ref-lock.ts';
import type { ObjectFormat, Oid, RefUpdate } from './store.ts';

export interface RefFiles {
  /** @throws OrcError `store-corrupt` for a ref that holds no object id, `invalid-argument` for a name that is none */
  read(ref: string): Oid | null;
  /** All refs whose name begins with `prefix`, a folder name with its slash. */
  list(prefix: string): Map<string, Oid>;
  /** Compare-and-swap: all refs move, durably, or none does. @throws OrcError `io`, `store-busy`, `invalid-argument` */
  update(updates: readonly RefUpdate[]): Promise<'updated' | 'changed'>;
}

/** The refs of the bare repository at `storePath`. */
export function openRefFiles(storePath: string, format: ObjectFormat): RefFiles {
  // Calls from one process queue up here instead of polling for each other's lock files.
  let last: Promise<unknown> = Promise.resolve();
  return {
    read: (ref) => readRefFile(storePath, format, ref),
    list: (prefix) => listRefFiles(storePath, format, prefix),
    update(updates) {
      const turn = last.then(() => updateRefFiles(storePath, format, updates));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

function readRefFile(storePath: string, format: ObjectFormat, ref: string): Oid | null {
  checkRefName(ref);
  return readLooseRef(storePath, format, ref) ?? readPackedRefs(storePath).get(ref) ?? null;
}

function readLooseRef(storePath: string, format: ObjectFormat, ref: string): Oid | null {
  let text: string;
  try {
    text = fs.readFileSync(join(storePath, ref), 'utf8').trim();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return null;
    throw toIoError(`read ${ref}`, error);
  }
  if (isOid(text, format)) return text;
  throw new OrcError('store-corrupt', `${ref} holds no object id`, { hint: damagedStoreHint });
}

function listRefFiles(storePath: string, format: ObjectFormat, prefix: string): Map<string, Oid> {
  const refs = new Map<string, Oid>();
  for (const [ref, oid] of readPackedRefs(storePath)) if (ref.startsWith(prefix)) refs.set(ref, oid);
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1) || 'refs/';
  for (const ref of walkFiles(storePath, folder)) {
    if (!ref.startsWith(prefix) || ref.endsWith('.lock')) continue;
    const oid = readLooseRef(storePath, format, ref);
    if (oid !== null) refs.set(ref, oid); // deleted since it was listed: as if never seen
  }
  return refs;
}

function* walkFiles(storePath: string, folder: string): Generator<string> {
  let entries: fs.Dirent[];
  try {
    // Mostly there is none, and an exception costs more than a question.
    if (fs.statSync(join(storePath, folder), { throwIfNoEntry: false }) === undefined) return;
    entries = fs.readdirSync(join(storePath, folder), { withFileTypes: true });
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'ENOTDIR') return;
    throw toIoError(`list ${folder}`, error);
  }
  for (const entry of entries) {
    if (entry.isDirectory()) yield* walkFiles(storePath, `${folder}${entry.name}/`);
    else if (entry.isFile()) yield folder + entry.name;
  }
}

async function updateRefFiles(
  storePath: string,
  format: ObjectFormat,
  updates: readonly RefUpdate[],
): Promise<'updated' | 'changed'> {
  // In one order everywhere: two updates of the same refs cannot wait for each other.
  const sorted = updates.toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
  const names = new Set(sorted.map((update) => update.ref));
  if (names.size !== sorted.length) throw new OrcError('invalid-argument', 'a ref stands twice in one update');
  for (const { ref, to } of sorted) {
    checkRefName(ref);
    if (to !== null && !isOid(to, format)) throw new OrcError('invalid-argument', `not an object id: ${to}`);
  }
  const locked: string[] = [];
  try {
    for (const { ref, to } of sorted) {
      const path = join(storePath, ref);
      await lockFile(`${path}.lock`, async (lock) => createFile(lock, Buffer.from(to === null ? '' : `${to}\n`)));
      locked.push(`${path}.lock`);
    }
    if (sorted.some(({ ref, from }) => readRefFile(storePath, format, ref) !== from)) return 'changed';
    await syncFiles(locked);
    await removePackedRefs(storePath, new Set(sorted.filter(({ to }) => to === null).map(({ ref }) => ref)));
    for (const { ref, to } of sorted) {
      const path = join(storePath, ref);
      if (to === null) fs.rmSync(path, { force: true });
      else moveOntoRef(`${path}.lock`, path);
    }
    await syncFolders(sorted.map(({ ref }) => dirname(join(storePath, ref))));
    return 'updated';
  } catch (error) {
    throw toIoError(`update refs in ${storePath}`, error);
  } finally {
    for (const lock of locked) discardFile(lock); // those renamed are gone already; one that stays is a leftover in a second
  }
}

function moveOntoRef(lock: string, path: string): void {
  try {
    fs.renameSync(lock, path);
  } catch (error) {
    // Git leaves empty folders where refs were deleted; `rmdir` refuses those that are not empty.
    if (errorCodeOf(error) !== 'EISDIR' && errorCodeOf(error) !== 'ENOTEMPTY') throw error;
    fs.rmdirSync(path);
    fs.renameSync(lock, path);
  }
}

/** Git's rules for names, so far as a bad name could lead out of `refs/` or collide with a lock. */
function checkRefName(ref: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const bad = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|\/\/|@\{|\/\.|\.$|\/$|\.lock(?:\/|$)/;
  if (!ref.startsWith('refs/') || bad.test(ref)) {
    throw new OrcError('invalid-argument', `not a ref name: ${JSON.stringify(ref)}`);
  }
}
