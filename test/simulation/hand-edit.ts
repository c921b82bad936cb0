/** Somebody commits to the branch with plain git: puts an old `state.json` back, or changes a text. */
import { editTree } from '../../src/git/edit-tree.ts';
import { createMemoryStore } from '../../src/git/memory.ts';
import type { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit, encodeCommit } from '../../src/git/objects.ts';
import type { GitObject, NewObject, ObjectType, Oid } from '../../src/git/store.ts';
import { readPath } from '../../src/git/trees.ts';
import { worldStart } from './beginning.ts';
import type { Random } from './random.ts';

export async function editByHand(upstream: MemoryUpstream, random: Random, nowMs: number): Promise<void> {
  const { head } = upstream;
  if (head === null) return;
  const store = createMemoryStore({ objects: upstream.objects });
  const added: NewObject[] = [];
  const add = (type: ObjectType, bytes: Uint8Array): Oid => {
    const oid = store.hashObject(type, bytes);
    added.push({ oid, type, bytes });
    return oid;
  };
  const commitAt = (oid: Oid) => decodeCommit((upstream.objects.get(oid) as GitObject).bytes);
  const { tree } = commitAt(head);
  let older = head;
  for (let steps = random.between(1, 5); steps > 0; steps--) older = commitAt(older).parents[0] ?? older;
  const state = await readPath(store, commitAt(older).tree, 'state.json');
  const edits = random.happens(0.6)
    ? new Map([['state.json', state?.oid ?? null]])
    : new Map([['README.md', add('blob', new TextEncoder().encode(`Edited ${random.hex(4)}\n`))]]);
  const { root, objects } = await editTree(store, tree, edits);
  const who = { name: 'somebody', email: 'somebody@example.com', at: worldStart + nowMs };
  const message = 'Put it back\n';
  const oid = add('commit', encodeCommit({ tree: root, parents: [head], author: who, committer: who, message }));
  await store.writeObjects([...objects, ...added]);
  upstream.moveHead(oid);
}
