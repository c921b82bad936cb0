/** A store that lives in memory: for tests and for simulated worlds. Deterministic; `memory-upstream.ts` goes with it. */
import { walkToAncestor } from './ancestry.ts';
import { hashObject } from './hash.ts';
import type { GitObject, GitStore, NewObject, ObjectFormat, ObjectType, Oid, RefUpdate } from './store.ts';

export interface MemoryStore extends GitStore {
  /** What it holds; objects may be shared between stores, they never change. */
  readonly objects: Map<Oid, GitObject>;
  readonly refs: Map<string, Oid>;
}

export interface MemoryStoreOptions {
  readonly objectFormat?: ObjectFormat;
  /** Shown as the store's path. Default `memory`. */
  readonly label?: string;
  /** The content to begin with, for example that of a store whose process was killed. Not copied. */
  readonly objects?: Map<Oid, GitObject>;
  readonly refs?: Map<string, Oid>;
}

export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { objectFormat = 'sha1', label = 'memory', objects = new Map(), refs = new Map() } = options;
  return {
    path: label,
    objectFormat,
    objects,
    refs,
    hashObject: (type: ObjectType, bytes: Uint8Array) => hashObject(objectFormat, type, bytes),

    async readObjects(oids) {
      const found = new Map<Oid, GitObject>();
      for (const oid of oids) {
        const object = objects.get(oid);
        if (object !== undefined) found.set(oid, object);
      }
      return found;
    },

    async writeObjects(added: readonly NewObject[]) {
      for (const { oid, type, bytes } of added) if (!objects.has(oid)) objects.set(oid, { type, bytes });
    },

    async readRef(ref) {
      return refs.get(ref) ?? null;
    },

    async listRefs(prefix) {
      return new Map([...refs].filter(([ref]) => ref.startsWith(prefix)));
    },

    async updateRefs(updates: readonly RefUpdate[]) {
      if (updates.some(({ ref, from }) => (refs.get(ref) ?? null) !== from)) return 'changed';
      for (const { ref, to } of updates) {
        if (to === null) refs.delete(ref);
        else refs.set(ref, to);
      }
      return 'updated';
    },

    async isAncestor(ancestor, descendant) {
      return (await walkToAncestor(this, ancestor, descendant)) === true;
    },

    async close() {},
  };
}
