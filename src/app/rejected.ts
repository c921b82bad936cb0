/** Operations that were told as queued and refused later: they wait here until their author has dealt with them. */
import type { Operation } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import type { RejectedRecord } from '../sync/queue.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import type { Performed } from './performed.ts';

export interface RejectedOperation {
  readonly op: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Operation['args'];
  /** The batch that it came in, which is retried and dropped as a whole. */
  readonly batch: string | null;
  readonly asked_at: string;
  readonly rejected_at: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Oldest first. */
export async function listRejected(orc: OrcCore): Promise<RejectedOperation[]> {
  return (await records(orc)).map(describe);
}

/** @param given an operation's id, or its beginning @throws OrcError `not-found`, `ambiguous-id` */
export async function showRejected(orc: OrcCore, given: string): Promise<RejectedOperation> {
  return describe(await find(orc, given));
}

/**
 * Asks for the same again, under a new id and with what proves a claim now. It leaves the list when it is accepted, or told as
 * queued again.
 * @throws OrcError `not-found`, `ambiguous-id`, and whatever the operation is refused with
 */
export async function retryRejected(
  orc: OrcCore,
  given: string,
  options: Omit<MutationOptions, 'op'> = {},
): Promise<Performed> {
  const whole = await unitOf(orc, await find(orc, given));
  const requests = whole.map(({ operation: { kind, agent, args } }) => ({ kind, agent, args: withoutProof(args) }));
  const performed = await orc.batch(requests, options);
  await orc.connection.session.queue.removeRejected(whole.map(({ operation }) => operation.id));
  return performed.at(-1) as Performed;
}

/** @throws OrcError `not-found`, `ambiguous-id` */
export async function dropRejected(orc: OrcCore, given: string): Promise<RejectedOperation[]> {
  const whole = await unitOf(orc, await find(orc, given));
  await orc.connection.session.queue.removeRejected(whole.map(({ operation }) => operation.id));
  return whole.map(describe);
}

/** All of them; none is no error. */
export async function dropAllRejected(orc: OrcCore): Promise<RejectedOperation[]> {
  const all = await records(orc);
  await orc.connection.session.queue.removeRejected(all.map(({ operation }) => operation.id));
  return all.map(describe);
}

async function records(orc: OrcCore): Promise<RejectedRecord[]> {
  return orc.connection.session.queue.listRejected();
}

async function find(orc: OrcCore, given: string): Promise<RejectedRecord> {
  const matches = (await records(orc)).filter(({ operation }) => operation.id.startsWith(given));
  const exact = matches.find(({ operation }) => operation.id === given);
  const [first, ...others] = exact === undefined ? matches : [exact];
  if (first === undefined || given === '') {
    throw new OrcError('not-found', `no rejected operation "${given}"`, { hint: '`orc rejected` lists them' });
  }
  if (others.length === 0) return first;
  throw new OrcError(
    'ambiguous-id',
    `"${given}" may be any of ${matches.map(({ operation }) => operation.id).join(', ')}`,
    {
      hint: 'give more of it',
    },
  );
}

/** The whole batch, where all of it is here; else the operation alone. */
async function unitOf(orc: OrcCore, record: RejectedRecord): Promise<RejectedRecord[]> {
  const { batch } = record.operation;
  if (batch === undefined) return [record];
  const whole = (await records(orc)).filter(({ operation }) => operation.batch?.id === batch.id);
  return whole.length === batch.n ? whole : [record];
}

/** Which claim or hold it rested on has changed, or it would not be here. */
function withoutProof(args: Operation['args']): Record<string, unknown> {
  const { claim: _claim, token: _token, claims: _claims, holds: _holds, ...rest } = args;
  return rest;
}

function describe({ operation, asked_at, rejected_at, refusal }: RejectedRecord): RejectedOperation {
  const { id, kind, agent, args, batch } = operation;
  return {
    op: id,
    kind,
    agent,
    args,
    batch: batch?.id ?? null,
    asked_at: new Date(asked_at).toISOString(),
    rejected_at: new Date(rejected_at).toISOString(),
    code: refusal.code,
    message: refusal.message,
    hint: refusal.hint ?? null,
  };
}
