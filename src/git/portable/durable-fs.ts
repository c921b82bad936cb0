/** File systems for isomorphic-git: one that writes as git does (aside, synced, then moved into place), one that keeps errors. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { PromiseFsClient } from 'isomorphic-git';
import { errnoOf } from '../atomic-file.ts';
import { createSyncedFile, discardFile, type NameSource, syncFolders } from '../durable-files.ts';

export interface DurableFs {
  /** To be passed to isomorphic-git. */
  readonly fs: PromiseFsClient;
  /** Makes the names of written files durable, and those of the folders that are given as well. */
  syncWritten(folders: readonly string[]): Promise<void>;
}

/** Left to itself, isomorphic-git writes a loose object straight to its final name: a crash would leave half of it there. */
export function createDurableFs(nameTemporary: NameSource): DurableFs {
  const changed = new Set<string>();
  const { readFile, mkdir, rmdir, unlink, stat, lstat, readdir, readlink, symlink } = fs.promises;
  return {
    fs: {
      promises: {
        ...{ readFile, rmdir, unlink, lstat, readdir, readlink, symlink },
        // isomorphic-git prints what it did not expect to the console. A file that cannot be looked at is written again.
        stat: (path: string) => stat(path).catch(throwAbsence),
        async mkdir(path: string, options?: fs.MakeDirectoryOptions) {
          await mkdir(path, options);
          changed.add(dirname(path));
        },
        async writeFile(path: string, bytes: Uint8Array) {
          const temporary = join(dirname(path), `tmp_obj_${nameTemporary()}`);
          await createSyncedFile(temporary, bytes, 0o444);
          try {
            fs.renameSync(temporary, path);
          } catch (error) {
            discardFile(temporary);
            throw error;
          }
          changed.add(dirname(path));
        },
      },
    },
    async syncWritten(folders) {
      await syncFolders([...changed, ...folders]);
      changed.clear();
    },
  };
}

/**
 * For reading: isomorphic-git takes whatever goes wrong for a file that is not there. `failure` gives the last error that means
 * something else, or `null`.
 */
export function createWatchedFs(): { readonly fs: PromiseFsClient; failure(): unknown } {
  let failure: unknown = null;
  const watch =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      call(...args).catch((error: unknown) => {
        const code = errnoOf(error); // isomorphic-git also calls without arguments, to see what comes
        if (code !== null && !isAbsence.has(code)) failure = error;
        throw error;
      });
  const { readFile, writeFile, mkdir, rmdir, unlink, stat, lstat, readdir, readlink, symlink } = fs.promises;
  const watched = { readFile: watch(readFile), readdir: watch(readdir), stat: watch(stat), lstat: watch(lstat) };
  return {
    fs: { promises: { writeFile, mkdir, rmdir, unlink, readlink, symlink, ...watched } },
    failure: () => failure,
  };
}

function throwAbsence(cause: unknown): never {
  throw Object.assign(new Error('the file cannot be looked at', { cause }), { code: 'ENOENT' });
}

const isAbsence: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);
