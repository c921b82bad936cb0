/**
 * The head under construction: what an accepted operation makes of a board's tree. Who replays builds commits with it, and
 * who judges somebody else's holds them against it: so both do the very same.
 */
import { advance } from '../core/apply.ts';
import type { Board } from '../core/board.ts';
import type { Accepted } from '../core/operation.ts';
import { editTree } from '../git/edit-tree.ts';
import type { NewObject, ObjectType, Oid } from '../git/store.ts';
import type { ObjectHasher } from '../git/trees.ts';
import { bytesOf, type EventTail } from '../layout/events.ts';
import { encodeAccepted } from '../layout/write-board.ts';

export interface Draft {
  board: Board;
  commit: Oid | null;
  tree: Oid | null;
  tail: EventTail;
}

/**
 * Carries an accepted operation out on the draft's board, and gives the tree that comes of it with the objects that are new.
 * The draft's tree and tail go on too; its commit is the caller's to make.
 */
export async function carryOut(
  draft: Draft,
  accepted: Accepted,
  reader: ObjectHasher,
): Promise<{ root: Oid; objects: NewObject[]; paths: ReadonlySet<string> }> {
  const created = new Map<Oid, NewObject>();
  const add = (type: ObjectType, bytes: Uint8Array): Oid => {
    const oid = reader.hashObject(type, bytes);
    created.set(oid, { type, bytes, oid });
    return oid;
  };
  advance(draft.board, accepted);
  const { files, tail } = await encodeAccepted(accepted, draft.board, draft.tail);
  const edits = new Map<string, Oid | null>();
  for (const [path, text] of files) {
    if (text === null) edits.set(path, null);
    else edits.set(path, add('blob', text === tail.text ? bytesOf(tail) : Buffer.from(text)));
  }
  const { root, objects, replaced } = await editTree(reader, draft.tree, edits);
  for (const object of objects) created.set(object.oid, object);
  for (const [oid, basis] of replaced) created.set(oid, { ...(created.get(oid) as NewObject), basis });
  draft.tree = root;
  draft.tail = tail;
  return { root, objects: [...created.values()], paths: new Set(files.keys()) };
}

/** Whom a commit names as its author. */
export function authorOf(agent: string, board: Board): { name: string; email: string } {
  const local = agent.replace(/[^A-Za-z0-9._-]+/g, '-');
  const { authors } = board.settings;
  // An agent may be called `toString`, which every object has.
  const address = Object.hasOwn(authors, agent) ? authors[agent] : undefined;
  return { name: agent, email: address ?? `${local}@${board.meta.id.slice(0, 8)}.orc` };
}
