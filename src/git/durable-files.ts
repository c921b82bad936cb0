/** Files that survive a power cut: written aside, synced, and moved into place. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { OrcError } from '../errors.ts';

/** A name for a temporary file that no other process uses. */
export type NameSource = () => string;

export const randomName: NameSource = () => randomBytes(8).toString('hex');

/**
 * Creates a file (which must not exist), writes it and syncs it.
 * The small synchronous calls go to the page cache; only the sync, which waits for the disk, is asynchronous: so many
 * of these run in parallel. What was begun is removed when a step fails.
 */
export async function createSyncedFile(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const fd = fs.openSync(path, 'wx', mode);
  try {
    try {
      writeAll(fd, bytes);
      await syncDescriptor(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    discardFile(path);
    throw error;
  }
}

/** As `createSyncedFile`, for `syncFiles` to sync together with others. */
export function createFile(path: string, bytes: Uint8Array, mode = 0o644): void {
  const fd = fs.openSync(path, 'wx', mode);
  try {
    writeAll(fd, bytes);
  } catch (error) {
    discardFile(path);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** All at once: a disk that syncs several files takes hardly longer than for one. */
export async function syncFiles(paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      const fd = fs.openSync(path, 'r+');
      try {
        await syncDescriptor(fd);
      } finally {
        fs.closeSync(fd);
      }
    }),
  );
}

/** For files that were only read, or that nobody would miss: the descriptor is gone in any case. */
export function closeQuietly(fd: number): void {
  try {
    fs.closeSync(fd);
  } catch {
    // A network file system may tell of a late failure here.
  }
}

/** Removes a file that is of no use any more, as far as that is possible: the error that led here is the one to tell. */
export function discardFile(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // It stays, under a name that nobody takes for anything.
  }
}

/** Syncs folders, so that the names in them are durable. Each of them once. */
export async function syncFolders(paths: Iterable<string>): Promise<void> {
  await Promise.all([...new Set(paths)].map(syncFolder));
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const fd = fs.openSync(path, 'r');
  try {
    await syncDescriptor(fd);
  } catch (error) {
    // Some network and FUSE file systems know no fsync of a folder; there a rename is as durable as it gets.
    if (!unsyncableFolder.has(errorCodeOf(error) ?? '')) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

const unsyncableFolder: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

function syncDescriptor(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(fd, (error) => (error ? reject(error) : resolve()));
  });
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += fs.writeSync(fd, bytes, at);
}

/** Not `existsSync`: to it a disk that fails is a file that is missing. @throws OrcError `io` */
export function isThere(path: string): boolean {
  try {
    return fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOTDIR') return false;
    throw toIoError(`look at ${path}`, error);
  }
}

/** The `errno` name of a file system error, `ENOENT` for example. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const ioHints: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space on the disk',
  EDQUOT: 'free some space: the quota is used up',
  EACCES: 'check who owns the folder and its permissions',
  EPERM: 'check who owns the folder and its permissions',
  EROFS: 'the file system is mounted read-only',
};

/** Turns a file system error into an `OrcError` `io`; others pass unchanged. */
export function toIoError(doing: string, cause: unknown): unknown {
  const code = errorCodeOf(cause);
  if (cause instanceof OrcError || code === undefined) return cause;
  const hint = ioHints[code];
  return new OrcError('io', `cannot ${doing}: ${code}`, { cause, details: { errno: code }, ...(hint && { hint }) });
}
