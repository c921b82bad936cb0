/**
 * Files that are there whole or not at all, also after a power cut: write beside, fsync, rename, fsync the folder.
 *
 * What is *not* promised: an order between two files, and that a leftover temporary file is gone after a crash
 * (`removeTemporaries` sees to that).
 *
 * Only what waits for the disk is asynchronous: the other calls go to the page cache, where waiting for another thread takes
 * longer than the call.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { createSyncedFile, syncFolders } from './durable-files.ts';

export interface WriteOptions {
  /** The file's permission bits before the umask; default `0o666`. */
  readonly mode?: number;
  /** `false` where it does no harm if a power cut brings the old content back. Default `true`. */
  readonly isDurable?: boolean;
}

const TEMPORARY = /\.tmp-\d+-[0-9a-f]{12}$/;

/** A name in the same folder that nobody else uses, and that `removeTemporaries` knows. */
export function temporaryName(file: string): string {
  return `${file}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** The `code` of a file-system error such as `ENOENT`, or `null`. */
export function errnoOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null; // an OrcError has a code of another kind
}

/**
 * Puts `bytes` at `file`, replacing what was there. When the promise resolves, the content survives a power cut (unless that
 * was waived); when it rejects, the old content is still there whole (or the new one, if only the folder could not be synced).
 *
 * @throws OrcError `io`
 */
export async function writeFileAtomically(
  file: string,
  bytes: Uint8Array,
  { mode = 0o666, isDurable = true }: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryName(file);
  try {
    if (isDurable) await createSyncedFile(temporary, bytes, mode);
    else writeFileSync(temporary, bytes, { flag: 'wx', mode });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw ioError(`cannot write ${file}`, error);
  }
  if (isDurable) await fsyncFolder(path.dirname(file));
}

/**
 * Removes a file. `false` when there was none. `isDurable: false` where it does no harm if a power cut brings it back.
 * @throws OrcError `io`
 */
export async function removeFile(file: string, { isDurable = true } = {}): Promise<boolean> {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw ioError(`cannot remove ${file}`, error);
  }
  if (isDurable) await fsyncFolder(path.dirname(file));
  return true;
}

/**
 * Makes creations, renames and removals in a folder durable. Does nothing where the system has no such call (Windows).
 * @throws OrcError `io`
 */
export async function fsyncFolder(folder: string): Promise<void> {
  try {
    await syncFolders([folder]);
  } catch (error) {
    throw ioError(`cannot sync the folder ${folder}`, error);
  }
}

/**
 * Deletes temporary files that crashed writers left in `folder`. Gives their number.
 *
 * @param olderThanMs spare younger ones: their writer may still be at it
 */
export async function removeTemporaries(folder: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  for (const name of namesIn(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const file = path.join(folder, name);
    try {
      if (Date.now() - statSync(file).mtimeMs <= olderThanMs) continue;
      rmSync(file, { force: true });
      removed++;
    } catch {
      // Gone meanwhile, or not ours to remove.
    }
  }
  return removed;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ioError(what: string, cause: unknown): OrcError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OrcError('io', `${what}: ${reason}`, { cause, details: { errno: errnoOf(cause) } });
}
