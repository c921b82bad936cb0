/** A pack and its index as files of a store. */
import fs from 'node:fs';
import { join } from 'node:path';
import {
  createSyncedFile,
  discardFile,
  errorCodeOf,
  type NameSource,
  syncFolders,
  toIoError,
} from '../durable-files.ts';
import type { PackFiles } from './encode-pack.ts';

/** Durable when the promise resolves. The index appears last: without it a pack counts as not there. @throws OrcError `io` */
export async function putPack(storePath: string, files: PackFiles, nameTemporary: NameSource): Promise<void> {
  const folder = join(storePath, 'objects', 'pack');
  const unique = nameTemporary();
  const parts = [
    { temporary: join(folder, `tmp_pack_${unique}`), path: join(folder, `pack-${files.name}.pack`), bytes: files.pack },
    { temporary: join(folder, `tmp_idx_${unique}`), path: join(folder, `pack-${files.name}.idx`), bytes: files.index },
  ];
  try {
    fs.mkdirSync(folder, { recursive: true });
    await Promise.all(parts.map(({ temporary, bytes }) => createSyncedFile(temporary, bytes, 0o444)));
    for (const { temporary, path } of parts) moveIntoPlace(temporary, path);
    await syncFolders([folder]);
  } catch (error) {
    for (const { temporary } of parts) discardFile(temporary);
    throw toIoError(`write a pack to ${storePath}`, error);
  }
}

function moveIntoPlace(temporary: string, path: string): void {
  try {
    fs.renameSync(temporary, path);
  } catch (error) {
    // Another process brought the same pack, and has it open (Windows).
    if (errorCodeOf(error) !== 'EPERM' || !fs.existsSync(path)) throw error;
    discardFile(temporary);
  }
}
