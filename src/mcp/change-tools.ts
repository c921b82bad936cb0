/** Tools that change the board: one for each operation that an agent may ask for, made from the operation's own definition. */
import type * as z from 'zod/mini';
import { collectCycle, openCycle } from '../app/cycle-board.ts';
import { acknowledge, readIds, type SentMessage, sentMessage } from '../app/mail.ts';
import type { Performed } from '../app/performed.ts';
import type { JsonSchema } from '../app/record-fields.ts';
import { openPartsOf } from '../app/task-views.ts';
import { type Undone, undoVersion } from '../app/undo.ts';
import { acquireWaiting, courtesyFor } from '../app/wait-for-lock.ts';
import { findOperation } from '../core/operations/index.ts';
import type { Agent, BoardEvent, CheckRun, Cycle, Knowledge, Lock, Task, Workstream } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { type Answer, fateLines } from './answers.ts';
import { inputSchema, parseArguments, refuseUnknown, type SchemaChanges } from './schemas.ts';
import * as shapes from './shapes.ts';
import * as texts from './texts.ts';
import type { Tool, ToolCall } from './tool.ts';

interface ChangeRow<T> extends Pick<SchemaChanges, 'known' | 'more'> {
  readonly kind: string;
  readonly title: string;
  /** More than the operation's own summary says. */
  readonly details?: string;
  readonly isDefault?: boolean;
  /** It may take something from others, or away for good. */
  readonly isDestructive?: boolean;
  /** The same call again changes nothing more. */
  readonly isIdempotent?: boolean;
  readonly hidden?: readonly string[];
  readonly gives: () => JsonSchema;
  readonly lines: (data: T, call: ToolCall) => readonly string[];
  /** Where it is more than the operation with the arguments that were given. */
  readonly perform?: (call: ToolCall, ask: Ask) => Promise<Performed<T>>;
}

interface UndoArguments {
  readonly version: number;
  readonly reason?: string | null;
  readonly token?: number;
}

type Ask = (args?: Readonly<Record<string, unknown>>) => Promise<Performed<unknown>>;

/** The proof of a claim is kept here; what the others are is for the server alone. */
const alwaysHidden = ['claim', 'claims', 'holds', 'merged'];
/** A lock of which nobody said how long it shall hold: it is renewed as long as its holder is there. */
const lockTtlMs = 10 * 60_000;
/** Clients give up a call after a minute. */
const maxWaitMs = 50_000;
const opSchema: JsonSchema = { type: 'string' };

/** Operations without a tool, and why. */
export const withoutTool: Readonly<Record<string, string>> = {
  'board.init': 'beginning a board is for people: `orc init`',
  'board.import': 'it takes a folder: `orc import`',
  'config.set': 'settings of the whole board are for people: `orc config`',
  'agent.heartbeat': 'the server shows by itself that its agent is alive',
};

export const changeTools: readonly Tool[] = [
  tool<Task | null>({
    kind: 'task.next',
    title: 'Claim the next task',
    isDefault: true,
    known: ['workstream'],
    hidden: ['lease_ms'],
    gives: shapes.maybeTask,
    lines: texts.nextLines,
    perform: ({ args }, ask) => ask({ workstream: null, ...args }) as Promise<Performed<Task | null>>,
  }),
  tool<Task>({
    kind: 'task.claim',
    title: 'Claim a task',
    isDefault: true,
    hidden: ['lease_ms'],
    gives: () => shapes.record('task'),
    lines: texts.claimLines,
  }),
  tool<Task>({
    kind: 'task.complete',
    title: 'Complete a task',
    isDefault: true,
    hidden: ['checks'],
    more: { run_checks: { type: 'boolean' }, confirmed: { type: 'boolean' } },
    gives: () => shapes.record('task'),
    lines: (task) => texts.closedLines('Completed', task),
    perform: completeTask,
  }),
  tool<Task>({
    kind: 'task.fail',
    title: 'Report that a task failed',
    isDefault: true,
    gives: () => shapes.record('task'),
    lines: texts.failedLines,
  }),
  tool<Task>({
    kind: 'task.add',
    title: 'Add a task',
    isDefault: true,
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Added'),
  }),
  tool<Lock>({
    kind: 'lock.acquire',
    title: 'Acquire a lock',
    isDefault: true,
    more: { wait_ms: { type: 'integer', minimum: 0 } },
    gives: () => shapes.record('lock'),
    lines: (lock, { desk }) => texts.lockLines(lock, desk.agent),
    perform: acquireLock,
  }),
  tool<Lock | null>({
    kind: 'lock.release',
    title: 'Release a lock',
    isDefault: true,
    gives: shapes.anything,
    lines: () => ['Released.'],
  }),
  tool<Knowledge>({
    kind: 'knowledge.write',
    title: 'Write down knowledge',
    isDefault: true,
    isDestructive: true,
    details: 'The text replaces what is there; title, tags and paths stay where they are left out.',
    gives: shapes.knowledge,
    lines: texts.wroteLine,
  }),
  tool<SentMessage>({
    kind: 'message.send',
    title: 'Send a message',
    isDefault: true,
    gives: shapes.sent,
    lines: ({ id, to, skipped }) => [
      `Sent ${id} to ${to.length === 0 ? 'nobody' : to.join(', ')}.`,
      ...(skipped.length === 0 ? [] : [`Not to ${skipped.join(', ')}: their mailboxes are full.`]),
    ],
    perform: async (_call, ask) => mapped((await ask()) as Performed<BoardEvent>, sentMessage),
  }),
  tool<Task>({
    kind: 'task.release',
    title: 'Hand a task back',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Released'),
  }),
  tool<Task>({
    kind: 'task.renew',
    title: 'Extend the lease of a claim',
    details: 'The server does so by itself for what was claimed through it.',
    gives: () => shapes.record('task'),
    lines: texts.claimLines,
  }),
  tool<Task>({
    kind: 'task.edit',
    title: 'Edit a task',
    isDestructive: true,
    isIdempotent: true,
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Edited'),
  }),
  tool<Task>({
    kind: 'task.note',
    title: 'Add a note to a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Noted on'),
  }),
  tool<Task>({
    kind: 'task.block',
    title: 'Block a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Blocked'),
  }),
  tool<Task>({
    kind: 'task.unblock',
    title: 'Unblock a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Unblocked'),
  }),
  tool<Task>({
    kind: 'task.cancel',
    title: 'Cancel a task',
    isDestructive: true,
    gives: () => shapes.record('task'),
    lines: (task) => texts.closedLines('Cancelled', task),
    perform: async (call, ask) => withOpenParts(call, (await ask()) as Performed<Task>),
  }),
  tool<Task>({
    kind: 'task.reopen',
    title: 'Reopen a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Reopened'),
  }),
  tool<Agent>({
    kind: 'agent.register',
    title: 'Register yourself',
    isIdempotent: true,
    known: ['id'],
    details: 'You are registered by your first change; call it to say what you can do.',
    gives: () => shapes.record('agent'),
    lines: texts.agentLine,
    perform: ({ desk, args }, ask) => ask({ id: desk.agent, ...args }) as Promise<Performed<Agent>>,
  }),
  tool<Agent>({
    kind: 'agent.retire',
    title: 'Retire an agent',
    isDestructive: true,
    gives: () => shapes.record('agent'),
    lines: texts.agentLine,
  }),
  tool<Lock>({
    kind: 'lock.renew',
    title: 'Extend a lock',
    gives: () => shapes.record('lock'),
    lines: (lock, { desk }) => texts.lockLines(lock, desk.agent),
  }),
  tool<unknown>({
    kind: 'lock.break',
    title: 'Break the lock of somebody',
    isDestructive: true,
    gives: shapes.anything,
    lines: () => ['The lock is broken; the log says so, with the reason.'],
  }),
  tool<Knowledge>({
    kind: 'knowledge.append',
    title: 'Append to knowledge',
    gives: shapes.knowledge,
    lines: texts.wroteLine,
  }),
  tool<boolean>({
    kind: 'knowledge.delete',
    title: 'Delete knowledge',
    isDestructive: true,
    gives: shapes.yes,
    lines: () => ['Deleted; the history keeps it.'],
    perform: async (_call, ask) => mapped(await ask(), () => true),
  }),
  tool<string[]>({
    kind: 'message.ack',
    title: 'Mark messages as read',
    isIdempotent: true,
    more: {
      ids: {
        anyOf: [
          { type: 'array', items: { type: 'string' } },
          { type: 'string', enum: ['all'] },
        ],
      },
    },
    gives: shapes.names,
    lines: (ids) => [ids.length === 0 ? 'Nothing to mark: all of it is read.' : `Read: ${ids.join(', ')}.`],
    perform: acknowledgeMail,
  }),
  ...(['create', 'update', 'pause', 'resume', 'archive'] as const).map((verb) =>
    tool<Workstream>({
      kind: `workstream.${verb}`,
      title: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} a workstream`,
      isIdempotent: verb !== 'create',
      isDestructive: verb === 'archive',
      gives: () => shapes.record('workstream'),
      lines: texts.workstreamLine,
    }),
  ),
  tool<BoardEvent>({
    kind: 'event.log',
    title: 'Log an event of your own',
    gives: shapes.event,
    lines: ({ n }) => [`Logged as event ${n}.`],
  }),
  tool<Cycle>({
    kind: 'cycle.open',
    title: 'Open a cycle of work',
    hidden: ['plan', 'plan_version'],
    gives: () => shapes.record('cycle'),
    lines: texts.cycleLine,
    perform: ({ desk, args }) =>
      desk.doing(() => openCycle(desk.orc, { agent: desk.agent, op: opOf(args) }), 'cycle.open'),
  }),
  tool<Cycle>({
    kind: 'cycle.collect',
    title: 'End a cycle of work',
    hidden: ['results', 'results_version', 'cycle'],
    known: ['number'],
    more: { number: { type: 'integer', minimum: 1 } },
    gives: () => shapes.record('cycle'),
    lines: texts.cycleLine,
    perform: ({ desk, args }) =>
      desk.doing(
        () => collectCycle(desk.orc, args.number as number | undefined, { agent: desk.agent, op: opOf(args) }),
        'cycle.collect',
      ),
  }),
  tool<Undone>({
    kind: 'undo',
    title: 'Take a change back',
    isDestructive: true,
    gives: shapes.undone,
    lines: ({ undone, kind, target }) => [`Took back version ${undone}: ${kind} ${target}.`],
    perform: takeBack,
  }),
];

function tool<T>(row: ChangeRow<T>): Tool {
  const { kind, title, isDefault = false, isDestructive = false, isIdempotent = false } = row;
  const definition = findOperation(kind);
  if (definition === undefined) throw new Error(`there is no operation ${kind}`);
  const hidden = new Set([...alwaysHidden, ...(row.hidden ?? [])]);
  const { known = [], more = {} } = row;
  const input = (): JsonSchema =>
    inputSchema(definition.arguments(), { hidden, known, more: { ...more, op: opSchema } });
  return {
    name: kind.replace('.', '_'),
    title,
    description: row.details === undefined ? `${definition.summary}.` : `${definition.summary}. ${row.details}`,
    isDefault,
    kind,
    annotations: {
      readOnlyHint: false,
      destructiveHint: isDestructive,
      idempotentHint: isIdempotent,
      openWorldHint: false,
    },
    input,
    output: row.gives,
    run: (call) => runChange(call, row, input()),
  };
}

async function runChange<T>(call: ToolCall, row: ChangeRow<T>, schema: JsonSchema): Promise<Answer> {
  const { desk, args } = call;
  refuseUnknown(schema, args);
  const { op: _op, ...own } = args;
  const ask: Ask = (given = own) => {
    const { op: _same, ...rest } = given;
    return desk.change(row.kind, rest, { op: opOf(args) });
  };
  const performed = row.perform === undefined ? ((await ask()) as Performed<T>) : await row.perform(call, ask);
  const { data, published, version, state, op, reason } = performed;
  const lines = state === 'unknown' ? [] : row.lines(data, call);
  return { data, published, version, lines: [...lines, ...fateLines(performed)], performed: { state, op, reason } };
}

function opOf({ op }: Readonly<Record<string, unknown>>): string | undefined {
  if (op === undefined || typeof op === 'string') return op;
  throw new OrcError('invalid-argument', 'op must be a string');
}

async function takeBack({ desk, args }: ToolCall): Promise<Performed<Undone>> {
  const { op: _op, ...own } = args;
  const schema = findOperation('undo')?.arguments() as z.ZodMiniType<UndoArguments>;
  const { version, reason, token } = parseArguments(schema, own);
  const options = { reason: reason ?? undefined, token, agent: desk.agent, op: opOf(args) };
  return desk.doing(() => undoVersion(desk.orc, version, options), 'undo');
}

/** The checks of a task are run in this clone's work tree, where that is allowed: they are commands of the board. */
async function completeTask(call: ToolCall, ask: Ask): Promise<Performed<Task>> {
  const { run_checks: isRun = false, confirmed = false, ...args } = call.args;
  for (const [name, value] of Object.entries({ run_checks: isRun, confirmed }))
    if (typeof value !== 'boolean') throw new OrcError('invalid-argument', `${name} must be true or false`);
  const checks: readonly CheckRun[] | undefined =
    isRun === true ? await call.desk.orc.runChecks(String(args.id), { isConfirmed: confirmed === true }) : undefined;
  const performed = (await ask(checks === undefined ? args : { ...args, checks })) as Performed<Task>;
  return withOpenParts(call, performed);
}

/** Closing a task closes none of its parts: whoever closes it hears of those that are left. */
async function withOpenParts({ desk }: ToolCall, performed: Performed<Task>): Promise<Performed<Task>> {
  if (performed.state === 'unknown') return performed;
  const open_parts = await openPartsOf(desk.orc, performed.data.id);
  return mapped(performed, (task) => ({ ...task, open_parts }));
}

async function acquireLock({ desk, args, signal }: ToolCall): Promise<Performed<Lock>> {
  const { wait_ms: waitMs = 0, op: _op, ...own } = args;
  if (typeof waitMs !== 'number' || !Number.isInteger(waitMs) || waitMs < 0 || waitMs > maxWaitMs)
    throw new OrcError('invalid-argument', `wait_ms must be a whole number from 0 to ${maxWaitMs}`);
  const isTimed = own.ttl_ms !== undefined;
  const given = isTimed ? own : { ...own, ttl_ms: lockTtlMs };
  const courtesyMs = waitMs > 0 ? await courtesyFor(desk.orc, String(own.resource), desk.agent) : 0;
  return acquireWaiting(desk.orc.world, { waitMs, signal, courtesyMs }, () =>
    desk.change<Lock>('lock.acquire', given, { isTimed, op: opOf(args) }),
  );
}

async function acknowledgeMail({ desk, args }: ToolCall): Promise<Performed<string[]>> {
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

function mapped<From, To>(performed: Performed<From>, map: (data: From) => To): Performed<To> {
  if (performed.state === 'unknown') return performed as unknown as Performed<To>;
  return { ...performed, data: map(performed.data) };
}
