/** Changes that take more than their operation with the arguments that were given. */
import type * as z from 'zod/mini';
import { type Compacted, compactBoard } from '../app/compact.ts';
import { acknowledge, readIds } from '../app/mail.ts';
import type { Performed } from '../app/performed.ts';
import { openPartsOf } from '../app/task-views.ts';
import { type Undone, undoVersion } from '../app/undo.ts';
import { acquireWaiting, courtesyFor } from '../app/wait-for-lock.ts';
import { findOperation } from '../core/operations/index.ts';
import type { BoardEvent, CheckRun, Lock, Task } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { type Ask, opOf } from './change-row.ts';
import { parseArguments } from './schemas.ts';
import type { ToolCall } from './tool.ts';

/** A lock of which nobody said how long it shall hold: it is renewed as long as its holder is there. */
const lockTtlMs = 10 * 60_000;
/** Clients give up a call after a minute. */
const maxWaitMs = 50_000;
interface UndoArguments {
  readonly version: number;
  readonly reason?: string | null;
  readonly token?: number;
}

export async function takeBack({ desk, args }: ToolCall): Promise<Performed<Undone>> {
  const { op: _op, ...own } = args;
  const schema = findOperation('undo')?.arguments() as z.ZodMiniType<UndoArguments>;
  const { version, reason, token } = parseArguments(schema, own);
  const options = { reason: reason ?? undefined, token, agent: desk.agent, op: opOf(args) };
  return desk.doing(() => undoVersion(desk.orc, version, options), 'undo');
}

export async function compact({ desk, args }: ToolCall): Promise<Performed<Compacted>> {
  const { op: _op, dry_run: dryRun = false, ...own } = args;
  if (typeof dryRun !== 'boolean') throw new OrcError('invalid-argument', 'dry_run must be true or false');
  const schema = findOperation('board.compact')?.arguments() as z.ZodMiniType<{ readonly before: string }>;
  const { before } = parseArguments(schema, own);
  return desk.doing(
    () => compactBoard(desk.orc, { before, dryRun, agent: desk.agent, op: opOf(args) }),
    'board.compact',
  );
}

/** The checks of a task are run in this clone's work tree, where that is allowed: they are commands of the board. */
export async function completeTask(call: ToolCall, ask: Ask): Promise<Performed<Task>> {
  const { run_checks: isRun = false, confirmed = false, ...args } = call.args;
  for (const [name, value] of Object.entries({ run_checks: isRun, confirmed }))
    if (typeof value !== 'boolean') throw new OrcError('invalid-argument', `${name} must be true or false`);
  const checks: readonly CheckRun[] | undefined =
    isRun === true ? await call.desk.orc.runChecks(String(args.id), { isConfirmed: confirmed === true }) : undefined;
  const performed = (await ask(checks === undefined ? args : { ...args, checks })) as Performed<Task>;
  return withOpenParts(call, performed);
}

/** Closing a task closes none of its parts: whoever closes it hears of those that are left. */
export async function withOpenParts({ desk }: ToolCall, performed: Performed<Task>): Promise<Performed<Task>> {
  if (performed.state === 'unknown') return performed;
  const open_parts = await openPartsOf(desk.orc, performed.data.id);
  return mapped(performed, (task) => ({ ...task, open_parts }));
}

export async function acquireLock({ desk, args, signal }: ToolCall): Promise<Performed<Lock>> {
  const { wait_ms: waitMs = 0, op: _op, ...own } = args;
  if (typeof waitMs !== 'number' || !Number.isInteger(waitMs) || waitMs < 0 || waitMs > maxWaitMs)
    throw new OrcError('invalid-argument', `wait_ms must be a whole number from 0 to ${maxWaitMs}`);
  const isTimed = own.ttl_ms !== undefined;
  const given = isTimed ? own : { ...own, ttl_ms: lockTtlMs };
  const courtesyMs = waitMs > 0 ? await courtesyFor(desk.orc, String(own.resource), desk.agent) : 0;
  return acquireWaiting(desk.orc.world, { waitMs, signal, courtesyMs }, () =>
    desk.change<Lock>('lock.acquire', given, { isTimed, signal, op: opOf(args) }),
  );
}

export async function acknowledgeMail({ desk, args }: ToolCall): Promise<Performed<string[]>> {
  const { ids } = args;
  const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (ids !== 'all' && !isList)
    throw new OrcError('invalid-argument', 'ids must be a list of message ids, or "all"', {
      hint: '`message_inbox` lists them',
    });
  const performed = await desk.doing(async (): Promise<Performed<BoardEvent | null>> => {
    const answer = await acknowledge(desk.orc, ids as readonly string[] | 'all', { agent: desk.agent, op: opOf(args) });
    if (answer !== null) return answer;
    const { version } = (await desk.orc.head()).read.board.meta;
    return { data: null, published: null, state: 'none', version, op: '', commit: null, reason: null };
  }, 'message.ack');
  return mapped(performed, readIds);
}

export function mapped<From, To>(performed: Performed<From>, map: (data: From) => To): Performed<To> {
  if (performed.state === 'unknown') return performed as unknown as Performed<To>;
  return { ...performed, data: map(performed.data) };
}
