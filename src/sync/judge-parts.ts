/** What judging a commit stands on: what the server has, the commit as orc would have made it, and where the two differ. */
import { type Accepted, type Refusal, refuse } from '../core/operation.ts';
import { type Commit, encodeCommit } from '../git/objects.ts';
import type { NewObject, Oid } from '../git/store.ts';
import { diffTrees, type ObjectHasher, readPath } from '../git/trees.ts';
import { placeOf, statePath } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import { decodeState } from '../layout/state-file.ts';
import { formatCommitMessage, type Trailers } from './commit-message.ts';
import { authorOf, carryOut, type Draft } from './draft.ts';
import type { Head } from './head.ts';
import type { LineReader } from './line.ts';

/** Reads what the receiving repository has, and takes what was worked out here: it need not be read again. */
export interface Evidence extends ObjectHasher, Pick<LineReader, 'listFirstParents'> {
  keep(objects: readonly NewObject[]): void;
}

/** A commit as it came. */
export interface Suspect {
  readonly oid: Oid;
  readonly bytes: Uint8Array;
  readonly commit: Commit;
}

export type Judged = { readonly outcome: 'honest'; readonly head: Head } | Refusal;

/** What orc makes of the operation, as seen in one way. */
export interface Redone {
  readonly accepted: Accepted;
  readonly draft: Draft;
  readonly bytes: Uint8Array;
  readonly paths: ReadonlySet<string>;
}

/** The commit as orc makes it; the committer is whoever made it. */
export async function redo(
  evidence: Evidence,
  head: Head,
  accepted: Accepted,
  { committer }: Commit,
  { base }: Trailers,
): Promise<Redone> {
  const { commit, tree, tail } = head;
  const draft: Draft = { board: head.read.board, commit, tree, tail };
  const { root, objects, paths } = await carryOut(draft, accepted, evidence);
  evidence.keep(objects);
  const bytes = encodeCommit({
    tree: root,
    parents: head.commit === null ? [] : [head.commit],
    author: { ...authorOf(accepted.operation.agent, draft.board), at: accepted.at },
    committer: { ...committer, at: accepted.at },
    message: formatCommitMessage(accepted, base, (text) => evidence.hashObject('blob', encoder.encode(text))),
  });
  return { accepted, draft, bytes, paths };
}

export function headAfter(parent: Head, { draft }: Redone, { oid, commit }: Suspect): Head {
  return { commit: oid, tree: commit.tree, read: { ...parent.read, board: draft.board }, tail: draft.tail };
}

/** `null` where the tree has no `state.json` that can be read. */
export async function boardIdIn(evidence: Evidence, tree: Oid): Promise<string | null> {
  const entry = await readPath(evidence, tree, statePath);
  const file = entry === null ? undefined : (await evidence.readObjects([entry.oid])).get(entry.oid)?.bytes;
  const state = file === undefined ? null : decodeState(file);
  return state === null || 'reason' in state ? null : state.meta.id;
}

/** Byte for byte; a signature may stand in the header. */
export function isSameCommit(made: Uint8Array, found: Uint8Array): boolean {
  if (Buffer.compare(made, found) === 0) return true;
  const text = Buffer.from(found).toString('latin1');
  const end = text.indexOf('\n\n');
  const unsigned = text.slice(0, end).replace(/\ngpgsig(?:-sha256)? .*(?:\n .*)*/g, '');
  return Buffer.from(made).toString('latin1') === unsigned + text.slice(end);
}

/** Where a commit differs from what its operation makes: the first file, or a part of the commit itself. */
export async function explain(evidence: Evidence, head: Head, suspect: Suspect, redone: Redone): Promise<Refusal> {
  const { accepted, draft, paths } = redone;
  const { kind } = accepted.operation;
  const { commit } = suspect;
  if (draft.tree !== commit.tree) {
    const differing = await diffTrees(evidence, draft.tree, commit.tree, { maxChanges: maxDiffering });
    // A file that is nobody's business says more than the state of the board.
    const worst = differing.find(({ path }) => !paths.has(path)) ?? differing[0];
    if (worst === undefined) return refuse('wrong-result', `its tree is not spelled as git spells trees`, redoHint);
    const { path, to } = worst;
    const reason = to === null ? null : await faultInFile(evidence, path, to.mode, to.oid);
    if (reason !== null) return refuse('malformed-record', `${path} ${reason}`, redoHint);
    if (!paths.has(path)) {
      const before = (await diffTrees(evidence, head.tree, commit.tree, { maxChanges: maxDiffering })).find(
        (each) => each.path === path,
      );
      const what = before?.from === null ? 'adds' : to === null ? 'removes' : 'changes';
      return refuse('foreign-file', `it ${what} ${path}, which a ${kind} has nothing to do with`, editHint);
    }
    return refuse('wrong-result', `${path} is not what a ${kind} makes of it`, redoHint);
  }
  return refuse('wrong-result', `its message, author or time is not what a ${kind} has`, redoHint);
}

async function faultInFile(evidence: Evidence, path: string, mode: string, oid: Oid): Promise<string | null> {
  if (mode !== '100644') return `has the mode ${mode}`;
  const bytes = (await evidence.readObjects([oid])).get(oid)?.bytes;
  if (bytes === undefined || placeOf(path).kind !== 'record') return null;
  const decoded = await decodeRecord(path, bytes);
  return 'reason' in decoded ? decoded.reason : null;
}

/** Small trees can describe billions of files: from so many on nobody looks what differs. */
export const maxDiffering = 100_000;
/** For what the orc of the server cannot judge. */
export const updateHint = 'update orc on the server first';
const redoHint = 'make changes with orc; the orc of the clone and that of the server have to write the same files';
const editHint = 'what is changed by hand goes into a commit of its own';
const encoder = new TextEncoder();
