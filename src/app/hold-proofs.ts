/** What was claimed and locked here proves it again, and is remembered or forgotten with what becomes of it. */
import type { Operation } from '../core/operation.ts';
import type { Lock, Task } from '../core/records.ts';
import type { Outcome } from '../sync/queue.ts';
import { readGivenToken } from './environment.ts';
import type { HoldKind, Holds } from './holds.ts';
import type { PerformContext } from './performed.ts';

type Provers = Pick<PerformContext, 'holds' | 'given'>;
type Asker = Pick<Operation, 'kind' | 'args' | 'agent'>;

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

export async function withProof(context: Provers, request: Asker): Promise<Operation['args']> {
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

async function withHold({ holds, given }: Provers, { kind, args, agent }: Asker): Promise<Operation['args']> {
  const about = provable[kind];
  if (about === undefined || args.token !== undefined || args.claim !== undefined) return args;
  // What the store remembers may be a later claim, of another worker: whoever was told a token acts under that one alone.
  if (about.kind === 'task' && given !== null && given.task === args.id)
    return { ...args, token: readGivenToken(given) };
  const hold = await holds.find(about.kind, String(args[about.argument]), agent);
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

export async function keepHolds(
  holds: Holds,
  operation: Operation,
  outcome: Extract<Outcome, { outcome: 'accepted' }>,
): Promise<void> {
  const { result } = outcome;
  if (operation.kind === 'task.claim' || operation.kind === 'task.next') {
    if (!('task' in result)) return;
    const { workstream } = (outcome.record ?? {}) as Partial<Task>;
    await holds.remember({ kind: 'task', key: result.task, agent: operation.agent, claim: operation.id }, workstream);
    return;
  }
  if (operation.kind === 'lock.acquire') {
    const claim = holdOf(operation, outcome.record);
    await holds.remember({ kind: 'lock', key: String(operation.args.resource), agent: operation.agent, claim });
    return;
  }
  if (!ends.has(operation.kind)) return;
  if ('task' in result) await holds.forget('task', result.task);
  const whose = operation.kind === 'lock.break' ? undefined : operation.agent;
  if ('lock' in result) await holds.forget('lock', result.lock, whose);
}

/** The record that the operation was about, as it is now. */
interface Present {
  readonly record: unknown;
  /** In the local head. */
  readonly local: () => Promise<unknown>;
}

/**
 * What is known again, when an operation is asked again by its id. It may be long past: what was claimed, locked or ended with it then
 * says nothing of what is held now.
 */
export async function recallHolds(
  holds: Holds,
  { id, kind, agent }: Operation,
  { result }: Extract<Outcome, { outcome: 'accepted' }>,
  { record, local }: Present,
): Promise<void> {
  const what: HoldKind = 'task' in result ? 'task' : 'lock';
  const key = 'task' in result ? result.task : 'lock' in result ? result.lock : null;
  if (key === null) return;
  if (kind === 'task.claim' || kind === 'task.next' || kind === 'lock.acquire') {
    const { workstream } = (record ?? {}) as Partial<Task>;
    if (holdsClaim(record, id)) await holds.remember({ kind: what, key, agent, claim: id }, workstream);
    return;
  }
  if (!ends.has(kind)) return;
  const remembered = await holds.list().catch(() => []);
  const known = remembered.filter((hold) => hold.kind === what && hold.key === key);
  const waiting = known.length === 0 ? null : await local();
  for (const hold of known)
    if (!holdsClaim(record, hold.claim) && !holdsClaim(waiting, hold.claim)) await holds.forget(what, key, hold.agent);
}

/** Whether a task or a lock is held by the claim that this operation made. */
export function holdsClaim(record: unknown, claim: string): boolean {
  const { claim: present, holders = [] } = (record ?? {}) as Partial<Task> & Partial<Lock>;
  return present?.id === claim || holders.some(({ id }) => id === claim);
}

/** Who extends a lock goes on with the hold that it was, proven by claim or token; all else makes a new one. */
function holdOf({ id, agent, args }: Operation, record: unknown): string {
  const holders = (record as Partial<Lock> | null)?.holders ?? [];
  const isNew = holders.some((hold) => hold.id === id);
  const extended = holders.find(
    (hold) => hold.agent === agent && (hold.id === args.claim || hold.token === args.token),
  );
  return isNew ? id : (extended?.id ?? id);
}
