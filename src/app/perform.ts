/** One mutation as a surface asks for it: who acts, what proves it, how it is published, what came of it. */
import { checkOperation } from '../core/apply.ts';
import { isOperationId } from '../core/ids.ts';
import type { Operation } from '../core/operation.ts';
import { findOperation } from '../core/operations/index.ts';
import type { PublishMode } from '../core/records.ts';
import { type ErrorCode, OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import type { Outcome } from '../sync/queue.ts';
import type { Answer } from '../sync/tentative.ts';
import type { Connection, World } from './connect.ts';
import type { GivenClaim } from './environment.ts';
import type { HoldKind, Holds } from './holds.ts';
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
}

/** What became of a mutation. `published: null`: there was nothing to publish. */
export interface Performed<T = unknown> {
  readonly data: T;
  readonly published: boolean | null;
  readonly state: Answer['state'];
  /** The board version that it got, or on which it was decided. */
  readonly version: number;
  readonly op: string;
  readonly commit: string | null;
  /** Why it is not published. */
  readonly reason: string | null;
}

export interface Request {
  readonly kind: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly agent: string;
  /** Chosen by the caller, who may be asking again. */
  readonly op: string | null;
}

export interface PerformContext {
  readonly connection: Connection;
  readonly world: World;
  readonly holds: Holds;
  /** The claim that this process works under, as `orc work` told it. */
  readonly given: GivenClaim | null;
  readonly publish: PublishMode;
  readonly timeoutMs: number;
  readonly requirePublished: boolean;
}

/** @throws OrcError with the code of the refusal, or `not-published` */
export async function perform(context: PerformContext, request: Request): Promise<Performed> {
  const [performed] = await performAll(context, [request]);
  return performed as Performed;
}

/** Several operations as one batch: accepted and published whole, or refused whole. */
export async function performAll(context: PerformContext, requests: readonly Request[]): Promise<Performed[]> {
  const { connection, world } = context;
  const deadline = world.clock.monotonic() + context.timeoutMs;
  const known = requests.length === 1 ? await findKnown(context, requests[0] as Request) : null;
  if (known !== null) return [known];
  const batchId = world.chance.id();
  const operations = await Promise.all(
    requests.map(async (request, index): Promise<Operation> => {
      const operation: Operation = {
        id: request.op ?? world.chance.id(),
        kind: request.kind,
        agent: request.agent,
        args: await withProof(context, request),
        ...(requests.length > 1 ? { batch: { id: batchId, k: index + 1, n: requests.length } } : {}),
      };
      const checked = checkOperation(operation);
      if ('outcome' in checked) throw refusalError(checked, requests.length > 1 ? index + 1 : null);
      return operation;
    }),
  );
  const publish = operations.some(({ kind }) => mustPublishNow(context.publish, kind));
  const answers = await connection.session.submit(operations, {
    publish,
    timeoutMs: Math.max(1, deadline - world.clock.monotonic()),
    insist: context.requirePublished,
    isChosenId: requests.length === 1 && requests[0]?.op !== null,
  });
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
      hint: state === 'queued' ? '`orc sync` publishes it later' : `ask again with --op ${operation.id}`,
      details: { state, op: operation.id },
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
      hint: `ask again with --op ${operation.id}`,
      details: { state, op: operation.id },
    });
  }
}

/**
 * An operation asked again by its id: refused later, waiting here, or in the log. Never asked a second time, so that a
 * retry without the upstream cannot make it twice.
 */
async function findKnown(context: PerformContext, request: Request): Promise<Performed | null> {
  const { op } = request;
  if (op === null) return null;
  if (!isOperationId(op))
    throw new OrcError('invalid-argument', '--op must have 8 to 64 characters of A-Z a-z 0-9 . _ -');
  const { session } = context.connection;
  const rejected = (await session.queue.listRejected()).find(({ operation }) => operation.id === op);
  if (rejected !== undefined) throw refusalError(rejected.refusal, null);
  const waiting = await session.queue.get(op);
  refuseOther(op, request, waiting?.operation ?? null);
  const { timeoutMs } = context;
  const reached = waiting === null ? await session.view.fetch({ timeoutMs }) : await session.sync({ timeoutMs });
  const found = await session.findOutcome(op);
  if (found === null || found.outcome.outcome !== 'accepted') {
    if (waiting === null || (await session.queue.get(op)) === null) return null;
    return unknownYet(context, op, reached.reason ?? null);
  }
  refuseOther(op, request, found);
  return knownOutcome(context, request, found.outcome, found.published, reached.reason ?? null);
}

async function knownOutcome(
  { connection, holds }: PerformContext,
  request: Request,
  outcome: Extract<Outcome, { outcome: 'accepted' }>,
  published: boolean,
  reason: string | null,
): Promise<Performed> {
  const { session, store } = connection;
  const head = published ? await session.view.head() : await session.localHead();
  await keepHolds(holds, { ...request, id: request.op as string }, outcome);
  const data = outcome.record ?? (await readResult(store, head, outcome.result));
  return {
    data: published ? data : withoutTokens(data),
    published,
    state: published ? 'published' : 'queued',
    version: outcome.version,
    op: request.op as string,
    commit: outcome.commit,
    reason: published ? null : (reason ?? 'it waits in the queue'),
  };
}

/** It waits here, and whether it is in cannot be told before the upstream answers. */
async function unknownYet({ connection }: PerformContext, op: string, reason: string | null): Promise<Performed> {
  const { version } = (await connection.session.view.head()).read.board.meta;
  return { data: null, published: false, state: 'unknown', version, op, commit: null, reason };
}

/** An id answers for what was asked with it, by whom. A tentative `next` is published as the claim that it was told as. */
function refuseOther(
  op: string,
  asked: Pick<Request, 'kind' | 'agent'>,
  known: { readonly kind: string | null; readonly agent: string | null } | null,
): void {
  if (known === null || known.kind === null) return;
  const isSameKind = known.kind === asked.kind || (asked.kind === 'task.next' && known.kind === 'task.claim');
  if (isSameKind && (known.agent === null || known.agent === asked.agent)) return;
  const whose = `a ${known.kind} of ${known.agent}`;
  throw new OrcError('invalid-argument', `the operation id ${op} belongs to ${whose}`, {
    hint: 'give every new operation an id of its own',
  });
}

/** Which argument names what is held, for operations that have to prove that they hold it. */
const provable: Readonly<Record<string, { readonly kind: HoldKind; readonly argument: string }>> = {
  'task.complete': { kind: 'task', argument: 'id' },
  'task.fail': { kind: 'task', argument: 'id' },
  'task.release': { kind: 'task', argument: 'id' },
  'task.renew': { kind: 'task', argument: 'id' },
  'task.block': { kind: 'task', argument: 'id' },
  'task.note': { kind: 'task', argument: 'id' },
  'task.edit': { kind: 'task', argument: 'id' },
  'lock.acquire': { kind: 'lock', argument: 'resource' },
  'lock.renew': { kind: 'lock', argument: 'resource' },
  'lock.release': { kind: 'lock', argument: 'resource' },
};

/** Who holds what the operation is about, as remembered here: acts when nobody was named. */
export async function rememberedHolder(
  holds: Holds,
  kind: string,
  args: Readonly<Record<string, unknown>>,
): Promise<string | null> {
  const about = provable[kind];
  if (about === undefined || about.kind !== 'task') return null;
  return (await holds.find(about.kind, String(args[about.argument])))?.agent ?? null;
}

async function withProof(context: PerformContext, request: Request): Promise<Request['args']> {
  const { holds } = context;
  const { kind, args, agent } = request;
  if (kind === 'agent.heartbeat') {
    const own = (await holds.list()).filter((hold) => hold.agent === agent && hold.kind === 'task');
    return { ...args, claims: own.map(({ claim }) => claim) };
  }
  if (kind === 'lock.acquire' && args.holds === undefined) {
    const own = (await holds.list()).filter((hold) => hold.agent === agent && hold.kind === 'lock');
    const known = own.length === 0 ? args : { ...args, holds: own.map(({ claim }) => claim) };
    return withHold(context, { ...request, args: known });
  }
  return withHold(context, request);
}

async function withHold({ holds, given }: PerformContext, { kind, args, agent }: Request): Promise<Request['args']> {
  const about = provable[kind];
  if (about === undefined || args.token !== undefined || args.claim !== undefined) return args;
  // What the store remembers may be a later claim, of another worker: whoever was told a token acts under that one alone.
  if (about.kind === 'task' && given !== null && given.task === args.id) return { ...args, token: given.token };
  const hold = await holds.find(about.kind, String(args[about.argument]));
  return hold === null || hold.agent !== agent ? args : { ...args, claim: hold.claim };
}

const ends = new Set([
  'task.complete',
  'task.fail',
  'task.release',
  'task.block',
  'task.cancel',
  'lock.release',
  'lock.break',
]);

async function keepHolds(
  holds: Holds,
  operation: Operation,
  outcome: Extract<Outcome, { outcome: 'accepted' }>,
): Promise<void> {
  const { result } = outcome;
  if (operation.kind === 'task.claim' || operation.kind === 'task.next') {
    if ('task' in result)
      await holds.remember({ kind: 'task', key: result.task, agent: operation.agent, claim: operation.id });
    return;
  }
  if (operation.kind === 'lock.acquire') {
    const extended = operation.args.claim;
    const claim = typeof extended === 'string' && holdsClaim(outcome.record, extended) ? extended : operation.id;
    await holds.remember({ kind: 'lock', key: String(operation.args.resource), agent: operation.agent, claim });
    return;
  }
  if (!ends.has(operation.kind)) return;
  if ('task' in result) await holds.forget('task', result.task);
  if ('lock' in result) await holds.forget('lock', result.lock);
}

function holdsClaim(record: unknown, claim: string): boolean {
  const holders = (record as { holders?: readonly { id: string }[] } | null)?.holders ?? [];
  return holders.some(({ id }) => id === claim);
}

function mustPublishNow(mode: PublishMode, kind: string): boolean {
  if (mode === 'each') return true;
  return mode === 'claims' && findOperation(kind)?.arbitrated === true;
}

/** A tentative claim has no token yet: it gets one when it is published. */
function withoutTokens(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutTokens);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, key === 'token' ? null : withoutTokens(value)]),
  );
}

type Refused = {
  readonly outcome: string;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
  readonly details?: object;
};

export function refusalError(refusal: Refused, line: number | null, reason: string | null = null): OrcError {
  const where = line === null ? '' : `line ${line}: `;
  const offline =
    reason === null || refusal.code === 'upstream-refused' || refusal.code === 'checked-out'
      ? ''
      : ` (decided without the upstream: ${reason})`;
  return new OrcError(refusal.code ?? 'conflict', `${where}${refusal.message ?? 'refused'}${offline}`, {
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
    details: { ...refusal.details, ...(line === null ? {} : { line }) },
  });
}
