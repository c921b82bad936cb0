/** A file system for isomorphic-git that writes as git does: aside, synced, then moved into place. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { PromiseFsClient } from 'isomorphic-git';
import { createSyncedFile, type NameSource, syncFolders } from '../durable-files.ts';

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
        ...{ readFile, rmdir, unlink, stat, lstat, readdir, readlink, symlink },
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
            fs.rmSync(temporary, { force: true });
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
