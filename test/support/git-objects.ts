/** Small objects for the git tests. */
import { encodeCommit, encodeTree } from '../../src/git/objects.ts';
import type { GitStore, NewObject, ObjectType, Oid } from '../../src/git/store.ts';

const encoder = new TextEncoder();

export function makeObject(store: GitStore, type: ObjectType, bytes: Uint8Array): NewObject {
  return { oid: store.hashObject(type, bytes), type, bytes };
}

export function makeBlob(store: GitStore, text: string): NewObject {
  return makeObject(store, 'blob', encoder.encode(text));
}

/** A commit with one file in its tree: commit, tree, blob. Different texts make different commits. */
export function makeCommit(
  store: GitStore,
  text: string,
  parents: readonly Oid[] = [],
): [NewObject, NewObject, NewObject] {
  const blob = makeBlob(store, text);
  const tree = makeObject(store, 'tree', encodeTree([{ mode: '100644', name: 'file.txt', oid: blob.oid }]));
  const who = { name: 'Test', email: 'test@example.com', at: 1_700_000_000_000 };
  const commit = encodeCommit({ tree: tree.oid, parents, author: who, committer: who, message: `${text}\n` });
  return [makeObject(store, 'commit', commit), tree, blob];
}

/** Writes such a commit and returns its id. */
export async function writeCommit(store: GitStore, text: string, parents: readonly Oid[] = []): Promise<Oid> {
  const objects = makeCommit(store, text, parents);
  await store.writeObjects(objects);
  return objects[0].oid;
}

/** A line of commits, oldest first. */
export async function writeChain(store: GitStore, length: number, name: string, parent?: Oid): Promise<Oid[]> {
  const objects: NewObject[] = [];
  const chain: Oid[] = [];
  for (let index = 0; index < length; index++) {
    const last = chain.at(-1) ?? parent;
    const made = makeCommit(store, `${name} ${index}`, last === undefined ? [] : [last]);
    objects.push(...made);
    chain.push(made[0].oid);
  }
  await store.writeObjects(objects);
  return chain;
}
