/**
 * A push to a board's branch, judged commit by commit before it is let in: the branch only grows, and each commit is what
 * orc makes of its operation. Reading grows with what is pushed, and with the open part of the board, not with its past.
 */
import { type Refusal, refuse } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import { createObjectCache } from '../git/object-cache.ts';
import { decodeCommit } from '../git/objects.ts';
import type { GitObject, GitStore, Oid } from '../git/store.ts';
import { parseTrailers, type Trailers } from './commit-message.ts';
import { emptyHead, type Head, versionOf } from './head.ts';
import { judgeCommit, type View } from './judge.ts';
import { boardIdIn, type Evidence, type Suspect } from './judge-parts.ts';
import { type KeptIds, SeenOperations } from './seen-operations.ts';
import type { Snapshots } from './snapshot.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';

export interface Push {
  /** `null`: the branch begins. */
  readonly from: Oid | null;
  /** `null`: it is deleted. */
  readonly to: Oid | null;
}

export interface JudgePushOptions {
  /** The present time here, ms since the epoch. */
  readonly now: number;
  /** How far a commit's time may lie ahead of it, ms. */
  readonly aheadMs: number;
  /** Clients may share one clock with everybody, and then need no margin: a board that begins may have stood alone before. */
  readonly sharesClock?: boolean;
  /** Where a board that was judged is kept for the next push. */
  readonly snapshots?: Snapshots;
  /** Where the ids of operations that were looked through are kept for the next push. */
  readonly ids?: KeptIds;
}

export type PushVerdict = { readonly outcome: 'honest'; readonly commits: number } | Blame;

interface Blame {
  readonly outcome: 'refused';
  /** The one that is to blame; `null`: the push itself. */
  readonly commit: Suspect | null;
  readonly refusal: Refusal;
}

const pullHint = 'fetch, and build on what is there: `orc sync`';

/** @throws OrcError where the repository cannot be read */
export async function judgePush(store: GitStore, push: Push, options: JudgePushOptions): Promise<PushVerdict> {
  const { from, to } = push;
  if (to === null) {
    const refusal = refuse(
      'history-rewritten',
      'the branch of a board is not deleted',
      'who may do it, does it on the server',
    );
    return { outcome: 'refused', commit: null, refusal };
  }
  const evidence = gatherEvidence(store);
  const suspects = await listSuspects(evidence, store, { from, to });
  if ('refusal' in suspects) return suspects;
  const keeper = new SnapshotKeeper(evidence, options.snapshots);
  let head = from === null ? emptyHead() : await keeper.load(from, null);
  const seen = new SeenOperations(evidence, head, options.ids);
  const batches = new Batches(from === null ? null : await trailersOf(evidence, from));
  const sharesClock = options.sharesClock ?? from === null;
  const reload = (commit: Oid): Promise<Head> => new SnapshotKeeper(evidence, options.snapshots).load(commit, null);
  const views = (skewMs: number): View[] => [
    { clockSkewMs: skewMs, clockOffMs: null },
    { clockSkewMs: skewMs, clockOffMs: Number.POSITIVE_INFINITY },
    ...(sharesClock ? [{ clockSkewMs: 0, clockOffMs: null }] : []),
  ];
  for (const commit of suspects) {
    const inBatch = batches.see(parseTrailers(commit.commit.message));
    const judged =
      inBatch ??
      (await judgeCommit(evidence, head, commit, {
        views,
        latest: options.now + options.aheadMs,
        seen,
        reload,
      }).catch(refuseTooLarge));
    if (judged.outcome === 'refused') return { outcome: 'refused', commit, refusal: judged };
    head = judged.head;
    keeper.changed();
  }
  await Promise.all([keeper.keep(head), seen.keep()]);
  return { outcome: 'honest', commits: suspects.length };
}

/** What no board would hold is a fault of the commit's, and none of the repository's. */
function refuseTooLarge(error: unknown): Refusal {
  if (error instanceof OrcError && error.code === 'too-large')
    return refuse(error.code, error.message, 'such a commit is not for a board');
  throw error;
}

function gatherEvidence(store: GitStore): Evidence {
  const cache = createObjectCache();
  return {
    objectFormat: store.objectFormat,
    hashObject: (type, bytes) => store.hashObject(type, bytes),
    ...(store.listFirstParents === undefined
      ? {}
      : { listFirstParents: (oid: Oid, limit: number) => store.listFirstParents?.(oid, limit) ?? Promise.resolve([]) }),
    async readObjects(oids) {
      const found = new Map<Oid, GitObject>();
      const rest: Oid[] = [];
      for (const oid of oids) {
        const object = cache.get(oid);
        if (object === undefined) rest.push(oid);
        else found.set(oid, object);
      }
      if (rest.length > 0) for (const [oid, object] of await store.readObjects(rest)) found.set(oid, object);
      return found;
    },
    keep(objects) {
      for (const { oid, type, bytes } of objects) cache.add(oid, { type, bytes });
    },
  };
}

/** What is new, the oldest first; a refusal where the branch would not simply grow, by one line. */
async function listSuspects(
  evidence: Evidence,
  store: Pick<GitStore, 'isAncestor'>,
  { from, to }: { readonly from: Oid | null; readonly to: Oid },
): Promise<Suspect[] | Blame> {
  const suspects: Suspect[] = [];
  const grows = async (): Promise<boolean> => from === null || (await store.isAncestor(from, to));
  // Versions rise: whoever has gone below that of the branch will not come upon it any more.
  let floor = from === null ? 0 : await versionOf(evidence, from);
  let oid: Oid | undefined = to;
  while (oid !== undefined && oid !== from) {
    const object: GitObject | undefined = (await evidence.readObjects([oid])).get(oid);
    if (object?.type !== 'commit') return blame(null, refuse('malformed-record', `${oid} is no commit`, pullHint));
    const suspect = suspectOf(oid, object.bytes);
    if ('outcome' in suspect) return blame(null, suspect);
    suspects.push(suspect);
    const { parents, message } = suspect.commit;
    // What `git pull` makes has the branch as its second parent: along the first ones nobody would come upon it.
    if (parents.length > 1)
      return (await grows()) ? blame(suspect, refuseMerge()) : blame(null, await rewritten(evidence, from, to));
    if ((parseTrailers(message)?.version ?? floor) < floor) {
      if (!(await grows())) return blame(null, await rewritten(evidence, from, to));
      // An old version on top of the branch: judging says so.
      floor = 0;
    }
    oid = parents[0];
  }
  return from !== null && oid === undefined ? blame(null, await rewritten(evidence, from, to)) : suspects.reverse();
}

function blame(commit: Suspect | null, refusal: Refusal): Blame {
  return { outcome: 'refused', commit, refusal };
}

function refuseMerge(): Refusal {
  return refuse('merge-commit', 'it is a merge, and the board is one line', 'rebase: `git pull --rebase`, then push');
}

function suspectOf(oid: Oid, bytes: Uint8Array): Suspect | Refusal {
  try {
    return { oid, bytes, commit: decodeCommit(bytes) };
  } catch {
    return refuse('malformed-record', `the commit ${oid} cannot be read`, pullHint);
  }
}

async function rewritten(evidence: Evidence, from: Oid | null, to: Oid): Promise<Refusal> {
  const [here, there] = await Promise.all([from === null ? null : boardIdAt(evidence, from), boardIdAt(evidence, to)]);
  const message =
    there !== null && here !== there
      ? 'another board would take the place of the one that is here'
      : 'it rewrites what is published: what stands here is not among its ancestors';
  return refuse('history-rewritten', message, pullHint);
}

/** `null` where it has no `state.json` that can be read. */
async function boardIdAt(evidence: Evidence, commit: Oid): Promise<string | null> {
  const bytes = (await evidence.readObjects([commit])).get(commit)?.bytes;
  return bytes === undefined ? null : boardIdIn(evidence, decodeCommit(bytes).tree);
}

async function trailersOf(evidence: Evidence, oid: Oid): Promise<Trailers | null> {
  const bytes = (await evidence.readObjects([oid])).get(oid)?.bytes;
  return bytes === undefined ? null : parseTrailers(decodeCommit(bytes).message);
}

/**
 * The lines of a batch follow one another, in one push. A line that had nothing to do is not among
 * them, so nothing tells whether some are missing.
 */
class Batches {
  readonly #over = new Set<string>();
  #open: { readonly id: string; readonly k: number; readonly n: number } | null = null;

  /** `before`: what stood there before the push; its batch is over. */
  constructor(before: Trailers | null) {
    if (before?.op.batch !== undefined) this.#over.add(before.op.batch.id);
  }

  see(trailers: Trailers | null): Refusal | null {
    const batch = trailers?.op.batch ?? null;
    const open = this.#open;
    if (open !== null && batch?.id !== open.id) this.#over.add(open.id);
    this.#open = batch;
    if (batch === null) return null;
    const follows = open?.id !== batch.id || (batch.n === open.n && batch.k > open.k);
    if (batch.k >= 1 && batch.k <= batch.n && follows && !this.#over.has(batch.id)) return null;
    return refuse('wrong-result', `the batch ${batch.id} comes in pieces`, 'a batch is pushed whole');
  }
}
