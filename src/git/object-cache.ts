/** Objects that were read or written lately. They never change, so nothing here goes out of date. */
import type { GitObject, Oid } from './store.ts';

export interface ObjectCache {
  get(oid: Oid): GitObject | undefined;
  add(oid: Oid, object: GitObject): void;
  clear(): void;
}

/**
 * Keeps what was used lately, at most `maxBytes` of it; an object that would take more than an eighth of that is not kept.
 *
 * In two generations: when the young one has half of the room, it becomes the old one, and what was old and has not been used since
 * is gone. (Moving each object to the end of one list whenever it is used costs more than reading it again.)
 */
export function createObjectCache(maxBytes = 32 * 1024 * 1024): ObjectCache {
  let old = new Map<Oid, GitObject>();
  let young = new Map<Oid, GitObject>();
  let youngSize = 0;
  const keep = (oid: Oid, object: GitObject): void => {
    if (youngSize + weigh(object) > maxBytes / 2) {
      old = young;
      young = new Map();
      youngSize = 0;
    }
    young.set(oid, object);
    youngSize += weigh(object);
  };
  return {
    get(oid) {
      const recent = young.get(oid);
      if (recent !== undefined) return recent;
      const object = old.get(oid);
      if (object !== undefined) keep(oid, object);
      return object;
    },
    add(oid, object) {
      if (young.has(oid) || weigh(object) > maxBytes / 8) return;
      keep(oid, object);
    },
    clear() {
      old = new Map();
      young = new Map();
      youngSize = 0;
    },
  };
}

/** In bytes; what the map and the object around the content take is estimated. */
function weigh(object: GitObject): number {
  return object.bytes.length + 300;
}
