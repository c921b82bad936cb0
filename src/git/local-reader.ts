/**
 * The store on disk, to be looked at and nothing else: no process, no lock, no write. For what has to answer at once and may
 * know less, such as shell completion. What lies in packs of an unusual kind is as good as not there.
 */
import { join } from 'node:path';
import { hasLooseObject, readLooseObject } from './loose-objects.ts';
import { openPackFiles } from './packs/pack-files.ts';
import { openRefFiles } from './ref-files.ts';
import type { GitObject, Oid } from './store.ts';
import { readStoreFormat } from './store-folder.ts';
import type { ObjectReader } from './trees.ts';

export interface LocalReader extends ObjectReader {
  readRef(ref: string): Oid | null;
  close(): void;
}

/** @throws OrcError `no-board` when no store is there, `store-corrupt` when it is something else */
export function openLocalReader(storePath: string): LocalReader {
  const objectFormat = readStoreFormat(storePath);
  const refs = openRefFiles(storePath, objectFormat);
  const folder = join(storePath, 'objects');
  const packs = openPackFiles(folder);
  const read = (oid: Oid): GitObject | null => {
    const loose = hasLooseObject(folder, oid) ? readLooseObject(folder, objectFormat, oid) : null;
    if (loose !== null || objectFormat !== 'sha1') return loose;
    const packed = packs.read(oid);
    return packed === 'unsure' ? null : packed;
  };
  return {
    objectFormat,
    async readObjects(oids) {
      const found = new Map<Oid, GitObject>();
      for (const oid of new Set(oids)) {
        const object = read(oid);
        if (object !== null) found.set(oid, object);
      }
      return found;
    },
    readRef: (ref) => refs.read(ref),
    close: () => packs.close(),
  };
}
