/** What the event log and the commits tell of an operation that was asked before: its outcome, and what was asked. */
import type { Operation } from '../core/operation.ts';
import { findOperation } from '../core/operations/index.ts';
import type { GitStore } from '../git/store.ts';
import { quoteArguments } from './commit-message.ts';
import { provenOutcome } from './outcomes.ts';
import { findCommit, findProofs } from './proof.ts';
import type { Outcome } from './queue.ts';
import type { UpstreamView } from './upstream-view.ts';

/** What was asked for, as far as it is known: longer texts may be digests. */
export type AskedFor = Pick<Operation, 'kind' | 'agent' | 'args' | 'batch'>;

export interface Recorded {
  readonly outcome: Outcome;
  /** In the upstream's history; else in the local head, where it is tentative. */
  readonly published: boolean;
  /** `null` where history is cut off. */
  readonly asked: AskedFor | null;
}

export interface Found {
  readonly recorded: ReadonlyMap<string, Recorded>;
  /** The version of the upstream's head that was looked through. What is not found may come in above it at any moment. */
  readonly lookedUpTo: number;
}

/** Those of the operations that are in, upstream or tentatively here. */
export async function findRecorded(
  { store, view }: { readonly store: GitStore; readonly view: UpstreamView },
  ids: readonly string[],
): Promise<Found> {
  const recorded = new Map<string, Recorded>();
  const upstream = await view.head();
  for (const published of [true, false]) {
    const open = ids.filter((id) => !recorded.has(id));
    if (open.length === 0) break;
    const head = published ? upstream : await view.local();
    for (const [id, event] of await findProofs(store, head, new Set(open), 0)) {
      const asked = (await findCommit(store, head, event))?.operation ?? null;
      recorded.set(id, { outcome: await provenOutcome(store, head, event), published, asked });
    }
  }
  return { recorded, lookedUpTo: upstream.read.board.meta.version };
}

/** What proves a claim is added here, as it is at the time, and so is what a text that waited is put on top of. */
const added: ReadonlySet<string> = new Set(['claim', 'token', 'claims', 'holds', 'allow_secret', 'base', 'merged']);

/**
 * Whether what is asked now is what was asked then, as far as that can be told. A tentative `next` is published as the claim
 * that it was told as, and a text that waited perhaps merged.
 */
export function isSameRequest(now: AskedFor, then: AskedFor, hashText: (text: string) => string): boolean {
  if (now.agent !== then.agent || now.batch?.k !== then.batch?.k || now.batch?.n !== then.batch?.n) return false;
  const isPinned = now.kind === 'task.next' && then.kind === 'task.claim';
  if (isPinned) return true;
  if (now.kind !== then.kind) return false;
  const isMerged = then.args.merged === true;
  // Documents are made anew each time that it is asked, at another version; so is the choice of the cycle that is open.
  const made = new Set((findOperation(now.kind)?.bulk ?? []).flatMap((name) => [name, `${name}_version`]));
  if (made.size > 0 && now.args.cycle === undefined) made.add('cycle');
  const normal = (asked: AskedFor): string =>
    sortedJson(
      Object.fromEntries(
        Object.entries(quoteArguments(asked, hashText)).filter(
          ([name]) => !added.has(name) && !made.has(name) && !(isMerged && name === 'content'),
        ),
      ),
    );
  return normal(now) === normal(then);
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
