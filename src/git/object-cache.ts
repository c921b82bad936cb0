/** Objects that were read or written lately. They never change, so nothing here goes out of date. */
import type { GitObject, Oid } from './store.ts';

export interface ObjectCache {
  get(oid: Oid): GitObject | undefined;
  add(oid: Oid, object: GitObject): void;
  clear(): void;
}

/** Keeps the most recently used objects up to `maxBytes`; one that would take more than an eighth of it is not kept. */
export function createObjectCache(maxBytes = 32 * 1024 * 1024): ObjectCache {
  const objects = new Map<Oid, GitObject>(); // in the order of use
  let size = 0;
  return {
    get(oid) {
      const object = objects.get(oid);
      if (object === undefined) return undefined;
      objects.delete(oid);
      objects.set(oid, object);
      return object;
    },
    add(oid, object) {
      if (objects.has(oid) || weigh(object) > maxBytes / 8) return;
      objects.set(oid, object);
      size += weigh(object);
      for (const [oldest, old] of objects) {
        if (size <= maxBytes) break;
        objects.delete(oldest);
        size -= weigh(old);
      }
    },
    clear() {
      objects.clear();
      size = 0;
    },
  };
}

/** In bytes; what the map and the object around the content take is estimated. */
function weigh(object: GitObject): number {
  return object.bytes.length + 300;
}
