/**
 * The port to the board store: objects and refs of one bare repository of orc's own.
 *
 * Three adapters (native, portable, memory) pass one contract suite, `test/support/git-contract.ts`.
 * Nothing here knows of tasks or boards.
 */

declare const oidBrand: unique symbol;
/** A lower-case hexadecimal object id: 40 digits (SHA-1) or 64 (SHA-256). */
export type Oid = string & { readonly [oidBrand]: true };

export type ObjectFormat = 'sha1' | 'sha256';
export type ObjectType = 'blob' | 'tree' | 'commit';

export interface GitObject {
  readonly type: ObjectType;
  /** The content without git's header. */
  readonly bytes: Uint8Array;
}

/** An object and the id that `hashObject` gave it. */
export interface NewObject extends GitObject {
  readonly oid: Oid;
  /** An object of the same type, written before, that is much like it: the one whose place it takes. */
  readonly basis?: Oid;
}

export interface RefUpdate {
  /** The full name, for example `refs/heads/orc`. */
  readonly ref: string;
  /** The new value; `null` deletes the ref. */
  readonly to: Oid | null;
  /** The value that the ref must have now; `null`: it must not exist. */
  readonly from: Oid | null;
}

export interface GitStore {
  /** The store's folder (the bare repository); a label in memory. */
  readonly path: string;
  readonly objectFormat: ObjectFormat;

  /** The id that the object would have. Pure. */
  hashObject(type: ObjectType, bytes: Uint8Array): Oid;

  /**
   * Reads objects, in one go where the adapter can. Unknown ids are absent from the map; tags and other types are refused.
   * @throws OrcError `store-corrupt` when an object is there but unreadable
   */
  readObjects(oids: readonly Oid[]): Promise<Map<Oid, GitObject>>;

  /**
   * Writes objects. They are durable (fsynced) when the promise resolves, and invisible until a ref leads to them.
   * Writing an object that exists is no error.
   * @throws OrcError `io`
   */
  writeObjects(objects: readonly NewObject[]): Promise<void>;

  readRef(ref: string): Promise<Oid | null>;
  /** All refs below a prefix such as `refs/heads/`. */
  listRefs(prefix: string): Promise<Map<string, Oid>>;

  /**
   * Compare-and-swap of one or more refs: all move, durably, or none.
   * Call it while holding the store's machine lock (sync does); the comparison guards against whoever does not.
   */
  updateRefs(updates: readonly RefUpdate[]): Promise<'updated' | 'changed'>;

  /** Whether `ancestor` is `descendant` or one of its ancestors, as far as this store has history. */
  isAncestor(ancestor: Oid, descendant: Oid): Promise<boolean>;

  /**
   * The ids of `from` and of up to `limit - 1` commits above it, along first parents, as far as this store has them.
   * An adapter that has no quicker way than reading commit after commit leaves this out.
   */
  listFirstParents?(from: Oid, limit: number): Promise<Oid[]>;

  /** Ends helper processes. The store can be used again afterwards: they start anew. */
  close(): Promise<void>;
}
