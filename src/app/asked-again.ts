/**
 * Operations asked again by their ids: refused later, waiting here, or in the log. Never asked a second time, so that a retry
 * without the upstream cannot make them twice.
 */
import type { Operation } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { type Head, loadHead } from '../sync/head.ts';
import type { Outcome } from '../sync/queue.ts';
import { type AskedFor, isSameRequest, type Recorded } from '../sync/recorded.ts';
import { recallHolds } from './hold-proofs.ts';
import { type PerformContext, type Performed, refusalError, withoutTokens } from './performed.ts';
import { readResult } from './reading.ts';

const maxRecordedLength = 400;

type AcceptedOutcome = Extract<Outcome, { outcome: 'accepted' }>;

export type Known =
  | { readonly known: readonly Performed[] }
  /** Nobody asked for these up to this version of the board, as far as is known. */
  | { readonly known: null; readonly lookedUpTo: number };

/**
 * The recorded outcomes, in the order of asking. One id that is known answers for all, since a batch is in whole or not at all: what is
 * not in the log had nothing to do.
 * @throws OrcError `invalid-argument` when an id answers for something else, and the code of a refusal
 */
export async function findKnown(context: PerformContext, operations: readonly Operation[]): Promise<Known> {
  const { session } = context.connection;
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const refuseOther = (id: string, then: AskedFor | null): void => refuseOtherRequest(context, byId.get(id), id, then);
  const rejected = (await session.queue.listRejected()).filter(({ operation }) => byId.has(operation.id));
  for (const { operation } of rejected) refuseOther(operation.id, operation);
  const culprit = rejected.find(({ refusal }) => refusal.code !== 'batch-refused') ?? rejected[0];
  if (culprit !== undefined) throw refusalError(culprit.refusal, culprit.operation.batch?.k ?? null);
  const unit = operations[0]?.batch?.id ?? null;
  const isOurs = ({ id, batch }: Operation): boolean =>
    byId.has(id) || byId.has(batch?.id ?? '') || id === unit || (unit !== null && batch?.id === unit);
  const listWaiting = async (): Promise<Operation[]> =>
    (await session.queue.list()).map(({ operation }) => operation).filter(isOurs);
  const waiting = await listWaiting();
  for (const operation of waiting) refuseOther(operation.id, operation);
  const { timeoutMs } = context;
  const reached = waiting.length === 0 ? await session.view.fetch({ timeoutMs }) : await session.sync({ timeoutMs });
  const { recorded, lookedUpTo } = await session.findRecorded([...byId.keys()]);
  for (const [id, { asked }] of recorded) refuseOther(id, asked);
  const reason = reached.reason ?? null;
  if (recorded.size > 0) {
    const outcome = (operation: Operation) => knownOutcome(context, operation, recorded.get(operation.id), reason);
    return { known: await Promise.all(operations.map(outcome)) };
  }
  if (waiting.length === 0 || (await listWaiting()).length === 0) return { known: null, lookedUpTo };
  return { known: await Promise.all(operations.map(({ id }) => unknownYet(context, id, reason))) };
}

async function knownOutcome(
  { connection, holds }: PerformContext,
  operation: Operation,
  recorded: Recorded | undefined,
  reason: string | null,
): Promise<Performed> {
  const { session, store } = connection;
  const op = operation.id;
  if (recorded === undefined || recorded.outcome.outcome !== 'accepted') {
    const { version } = (await session.localHead()).read.board.meta;
    return { data: null, published: null, state: 'none', version, op, commit: null, reason: null };
  }
  const { outcome, published } = recorded;
  const head = published ? await session.view.head() : await session.localHead();
  const present = await readResult(store, head, outcome.result);
  const local = async () => readResult(store, await session.localHead(), outcome.result);
  await recallHolds(holds, operation, outcome, { record: present, local });
  const data = present ?? (await asItWas(store, head, outcome));
  return {
    data: published ? data : withoutTokens(data),
    published,
    state: published ? 'published' : 'queued',
    version: outcome.version,
    op,
    commit: outcome.commit,
    reason: published ? null : (reason ?? 'it waits in the queue'),
  };
}

/** A record that is gone by now: as the operation left it. `null` where history does not go back so far, or it left none. */
async function asItWas(store: GitStore, head: Head, { commit, result }: AcceptedOutcome): Promise<unknown> {
  if (commit === null || 'value' in result) return null;
  return readResult(store, await loadHead(store, commit as Oid, head), result);
}

/** It waits here, and whether it is in cannot be told before the upstream answers. */
async function unknownYet({ connection }: PerformContext, op: string, reason: string | null): Promise<Performed> {
  const { version } = (await connection.session.view.head()).read.board.meta;
  return { data: null, published: false, state: 'unknown', version, op, commit: null, reason };
}

/** An id answers for what was asked with it, by whom. `then: null`: nobody can tell any more. */
function refuseOtherRequest(
  { connection }: PerformContext,
  now: Operation | undefined,
  id: string,
  then: AskedFor | null,
): void {
  const { store } = connection;
  const hashText = (text: string): string => store.hashObject('blob', new TextEncoder().encode(text));
  if (then === null || (now !== undefined && isSameRequest(now, then, hashText))) return;
  const { kind, agent, args, batch } = then;
  const whole = JSON.stringify(args);
  const words = whole.length > maxRecordedLength ? `${whole.slice(0, maxRecordedLength)}…` : whole;
  const line = batch === undefined ? '' : `, line ${batch.k} of ${batch.n} of the batch ${batch.id}`;
  throw new OrcError('invalid-argument', `the operation id ${id} belongs to another request, a ${kind} of ${agent}`, {
    hint: `give every new operation an id of its own; recorded is ${kind} ${words} by ${agent}${line}`,
    details: { recorded: { kind, agent, args, ...(batch === undefined ? {} : { batch }) } },
  });
}
