/** One mutation as a surface asks for it: who acts, what proves it, how it is published, what came of it. */
import { checkOperation } from '../core/apply.ts';
import { isOperationId, lineIdFrom } from '../core/ids.ts';
import type { Operation } from '../core/operation.ts';
import { findOperation } from '../core/operations/index.ts';
import type { PublishMode } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import { unitIdOf } from '../sync/queue.ts';
import type { Answer } from '../sync/tentative.ts';
import { keepHolds, withProof } from './hold-proofs.ts';
import { type PerformContext, type Performed, refusalError, withoutTokens } from './performed.ts';
import { type ProgressListener, withProgress } from './progress.ts';
import { readResult } from './reading.ts';

export interface MutationOptions {
  /** Who acts; default: see `Orc.actor`. */
  readonly agent?: string | undefined;
  /** The operation's id: asking again with the same one gives its recorded outcome. */
  readonly op?: string | undefined;
  readonly publish?: PublishMode | undefined;
  readonly timeoutMs?: number | undefined;
  /** Fail with `not-published` instead of answering tentatively; the default under `CI`. */
  readonly requirePublished?: boolean | undefined;
  /** Lets text through that looks like a credential. */
  readonly allowSecret?: boolean | undefined;
  /** Hears how far a batch has come, about a hundred times. */
  readonly onProgress?: ProgressListener | undefined;
}

export interface Request {
  readonly kind: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly agent: string;
  /** Chosen by the caller, who may be asking again. */
  readonly op: string | null;
}

/** @throws OrcError with the code of the refusal, or `not-published` */
export async function perform(context: PerformContext, request: Request): Promise<Performed> {
  const id = request.op ?? context.world.chance.id();
  const [performed] = await performAll(context, [{ ...request, id }], null, request.op !== null);
  return performed as Performed;
}

/**
 * Several operations as one batch: accepted and published whole, or refused whole. `isChosen`: the caller chose the batch's id, or
 * one of the operations', and may be asking again.
 */
export async function performBatch(
  context: PerformContext,
  requests: readonly Request[],
  batch: { readonly id: string; readonly isChosen: boolean; readonly onProgress?: ProgressListener | undefined },
): Promise<Performed[]> {
  const { id, isChosen, onProgress } = batch;
  if (isChosen && !isOperationId(lineIdFrom(id, requests.length)))
    throw new OrcError('invalid-argument', 'the id of a batch must have 8 to about 60 characters of A-Z a-z 0-9 . _ -');
  const named = requests.map((request, index) => ({ ...request, id: request.op ?? lineIdFrom(id, index + 1) }));
  return performAll(context, named, id, isChosen || requests.some(({ op }) => op !== null), onProgress);
}

async function performAll(
  context: PerformContext,
  requests: readonly (Request & { readonly id: string })[],
  batchId: string | null,
  isChosen: boolean,
  onProgress?: ProgressListener,
): Promise<Performed[]> {
  const { connection, world } = context;
  const deadline = world.clock.monotonic() + context.timeoutMs;
  const isBatch = batchId !== null && requests.length > 1;
  const named = requests.map(
    ({ id, kind, agent, args }, index): Operation => ({
      id,
      kind,
      agent,
      args,
      ...(isBatch ? { batch: { id: batchId, k: index + 1, n: requests.length } } : {}),
    }),
  );
  for (const { id } of named)
    if (isChosen && !isOperationId(id))
      throw new OrcError('invalid-argument', '--op must have 8 to 64 characters of A-Z a-z 0-9 . _ -');
  const asked = isChosen ? await (await import('./asked-again.ts')).findKnown(context, named) : null;
  if (asked !== null && asked.known !== null) return [...asked.known];
  const operations = await Promise.all(
    named.map(async (bare, index): Promise<Operation> => {
      const operation = { ...bare, args: await withProof(context, bare) };
      const checked = checkOperation(operation);
      if ('outcome' in checked) throw refusalError(checked, isBatch ? index + 1 : null);
      return operation;
    }),
  );
  const publish = operations.some(({ kind }) => mustPublishNow(context.publish, kind));
  const { session, progress } = connection;
  const answers = await withProgress({ progress, of: operations.length }, onProgress, () =>
    session.submit(operations, {
      publish,
      timeoutMs: Math.max(1, deadline - world.clock.monotonic()),
      insist: context.requirePublished,
      ...(asked === null ? {} : { lookedUpTo: asked.lookedUpTo }),
    }),
  );
  const refused = answers.findIndex(({ outcome }) => outcome.outcome === 'refused' && outcome.code !== 'batch-refused');
  const culprit = answers[refused];
  if (culprit !== undefined)
    throw refusalError(culprit.outcome, answers.length > 1 ? refused + 1 : null, culprit.reason);
  return Promise.all(answers.map((answer) => conclude(context, answer)));
}

async function conclude(context: PerformContext, answer: Answer): Promise<Performed> {
  const { operation, outcome, published, state, head, reason } = answer;
  if (outcome.outcome === 'refused') throw refusalError(outcome, null, reason);
  // Nothing was found to do, but on a board that may be out of date.
  const isUncertain = published === false || (state === 'none' && reason !== null);
  if (isUncertain && context.requirePublished) {
    throw new OrcError('not-published', `not published: ${reason ?? 'publishing is deferred'}`, {
      hint: state === 'queued' ? '`orc sync` publishes it later' : `ask again with --op ${unitIdOf(operation)}`,
      details: { state, op: unitIdOf(operation) },
    });
  }
  const data = state === 'unknown' ? null : await dataOf(context, answer);
  if (outcome.outcome === 'accepted') await keepHolds(context.holds, operation, outcome);
  return {
    data: published === false ? withoutTokens(data) : data,
    published,
    state,
    version: outcome.outcome === 'accepted' ? outcome.version : (await head()).read.board.meta.version,
    op: operation.id,
    commit: outcome.outcome === 'accepted' ? outcome.commit : null,
    reason,
  };
}

async function dataOf({ connection }: PerformContext, answer: Answer): Promise<unknown> {
  const { outcome } = answer;
  if (outcome.outcome === 'refused') return null;
  const record = outcome.outcome === 'accepted' ? outcome.record : null;
  return record ?? readAfterwards(connection.store, answer);
}

/** Nobody must take an operation that is published for one that failed. */
async function readAfterwards(store: GitStore, { operation, outcome, head, state }: Answer): Promise<unknown> {
  try {
    return outcome.outcome === 'refused' ? null : await readResult(store, await head(), outcome.result);
  } catch (error) {
    if (!(error instanceof OrcError) || state !== 'published') throw error;
    throw new OrcError(error.code, `it is published, but cannot be read here: ${error.message}`, {
      hint: `ask again with --op ${unitIdOf(operation)}`,
      details: { state, op: unitIdOf(operation) },
    });
  }
}

function mustPublishNow(mode: PublishMode, kind: string): boolean {
  if (mode === 'each') return true;
  return mode === 'claims' && findOperation(kind)?.arbitrated === true;
}
