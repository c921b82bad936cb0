/** JSON records ↔ bytes: canonical when written, checked when read. Workstreams, tasks, agents, locks, messages, cycles. */
import type * as z from 'zod/mini';
import { describeFault } from '../core/arguments.ts';
import type { Records } from '../core/board.ts';
import { maxRecordBytes } from '../core/record-size.ts';
import type { Agent, CheckResults, Cycle, Hold, Lock, Message, Task, Workstream } from '../core/records.ts';
import { isPlainTask } from './fast-task.ts';
import { decodeText, type Fault } from './faults.ts';
import { pathOf } from './paths.ts';
import { agentSchema, cycleSchema, lockSchema, messageSchema, taskSchema, workstreamSchema } from './record-schemas.ts';

export type JsonCollection = 'workstreams' | 'tasks' | 'agents' | 'locks' | 'messages' | 'cycles';

/** Two-space indent, keys in the order of the record types, a newline at the end. */
export function encodeJsonRecord<C extends JsonCollection>(collection: C, record: Records[C]): string {
  return canonicalJson(inOrder(collection, record));
}

export function canonicalJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export interface JsonOptions {
  /** Written by a newer orc: fields that this one does not know are left out instead of setting the record aside. */
  readonly isNewer?: boolean;
}

/** Reads one record; the path says where it must belong. */
export function decodeJsonRecord<C extends JsonCollection>(
  collection: C,
  path: string,
  bytes: Uint8Array,
  { isNewer = false }: JsonOptions = {},
): Records[C] | Fault {
  const value = parseJson(bytes, maxRecordBytes);
  if ('fault' in value) return { path, reason: value.fault };
  const record = checkRecord(collection, value.json, isNewer);
  if ('fault' in record) return { path, reason: record.fault };
  const belongsAt = pathOf(collection, record.ok);
  return belongsAt === path ? record.ok : { path, reason: misplaced(collection, record.ok, belongsAt) };
}

export function parseJson(
  bytes: Uint8Array,
  maxBytes: number,
): { readonly json: unknown } | { readonly fault: string } {
  const decoded = decodeText(bytes, maxBytes);
  if ('fault' in decoded) return decoded;
  try {
    return { json: JSON.parse(decoded.text) };
  } catch {
    return { fault: 'is no JSON' };
  }
}

/**
 * Holds a value against a schema. With `isNewer` unknown fields are dropped, at any depth, until only known ones are left.
 */
export function checkShape<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
  isNewer: boolean,
): { readonly ok: T } | { readonly fault: string } {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { ok: parsed.data };
  const unknownFields = parsed.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
  const [first] = parsed.error.issues;
  if (!isNewer || unknownFields.length === 0) {
    const isAtTop = first?.code === 'unrecognized_keys' && first.path.length === 0;
    return { fault: isAtTop ? `has unknown fields: ${first.keys.join(', ')}` : describeFault(parsed.error).message };
  }
  let known = value;
  for (const { path, keys } of unknownFields) known = without(known, path, keys);
  return checkShape(schema, known, isNewer);
}

function checkRecord<C extends JsonCollection>(
  collection: C,
  value: unknown,
  isNewer: boolean,
): { readonly ok: Records[C] } | { readonly fault: string } {
  if (collection === 'tasks' && isPlainTask(value)) return { ok: value as Records[C] };
  return checkShape(schemaOf(collection)() as z.ZodMiniType<Records[C]>, value, isNewer);
}

function schemaOf(collection: JsonCollection): () => z.ZodMiniType {
  switch (collection) {
    case 'workstreams':
      return workstreamSchema;
    case 'tasks':
      return taskSchema;
    case 'agents':
      return agentSchema;
    case 'locks':
      return lockSchema;
    case 'messages':
      return messageSchema;
    case 'cycles':
      return cycleSchema;
  }
}

function without(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): unknown {
  const [first, ...rest] = path;
  if (first !== undefined) {
    if (Array.isArray(value)) return value.map((item, index) => (index === first ? without(item, rest, keys) : item));
    return { ...(value as object), [first]: without((value as Record<PropertyKey, unknown>)[first], rest, keys) };
  }
  return Object.fromEntries(Object.entries(value as object).filter(([key]) => !keys.includes(key)));
}

function misplaced<C extends JsonCollection>(collection: C, record: Records[C], belongsAt: string): string {
  if (collection === 'tasks')
    return `holds task ${(record as Task).id}, which is ${(record as Task).status} and belongs at ${belongsAt}`;
  return `holds a record that belongs at ${belongsAt}`;
}

/** Spelled out field by field, so that a new field cannot be forgotten: the compiler asks for it. */
function inOrder<C extends JsonCollection>(collection: C, record: Records[C]): object {
  switch (collection) {
    case 'workstreams':
      return workstreamInOrder(record as Workstream);
    case 'tasks':
      return taskInOrder(record as Task);
    case 'agents':
      return agentInOrder(record as Agent);
    case 'messages':
      return messageInOrder(record as Message);
    case 'cycles':
      return cycleInOrder(record as Cycle);
    default:
      return lockInOrder(record as Lock);
  }
}

function workstreamInOrder(it: Workstream): Workstream {
  const { name, description, priority, status, created_version, created_index, created_at, updated_at } = it;
  return { name, description, priority, status, created_version, created_index, created_at, updated_at };
}

function taskInOrder(it: Task): Task {
  const { claim } = it;
  return {
    id: it.id,
    workstream: it.workstream,
    title: it.title,
    description: it.description,
    status: it.status,
    priority: it.priority,
    estimate: it.estimate,
    assigned_to: it.assigned_to,
    claim:
      claim === null
        ? null
        : { id: claim.id, token: claim.token, claimed_at: claim.claimed_at, lease_until: claim.lease_until },
    attempts: it.attempts,
    depends_on: it.depends_on,
    parent: it.parent,
    labels: it.labels,
    needs: it.needs,
    paths: it.paths,
    notes: it.notes.map(({ at, by, text }) => ({ at, by, text })),
    result: it.result,
    checks: it.checks,
    ...(it.check_results === undefined ? {} : { check_results: checkResultsInOrder(it.check_results) }),
    ...(it.commits === undefined ? {} : { commits: it.commits.map(({ at, by, commit }) => ({ at, by, commit })) }),
    created_by: it.created_by,
    created_version: it.created_version,
    created_index: it.created_index,
    created_at: it.created_at,
    updated_at: it.updated_at,
  };
}

function checkResultsInOrder({ at, by, forced, runs }: CheckResults): CheckResults {
  return {
    at,
    by,
    forced,
    runs: runs.map((run) => {
      if ('criterion' in run) return { criterion: run.criterion, confirmed: run.confirmed };
      const { command, exit_code, duration_ms, commit, dirty, output_tail } = run;
      return { command, exit_code, duration_ms, commit, dirty, output_tail };
    }),
  };
}

function agentInOrder({ id, type, status, capabilities, registered_at, last_seen }: Agent): Agent {
  return { id, type, status, capabilities, registered_at, last_seen };
}

function lockInOrder({ resource, shared, holders }: Lock): Lock {
  return { resource, shared, holders: holders.map(holdInOrder) };
}

function holdInOrder({ agent, id, token, acquired_at, ttl_ms, expires_at, reason, imported }: Hold): Hold {
  return { agent, id, token, acquired_at, ttl_ms, expires_at, reason, ...(imported === true ? { imported } : {}) };
}

function messageInOrder(it: Message): Message {
  const { id, to, from, sent_to, text, task, sent_version, sent_at, read_at } = it;
  return { id, to, from, sent_to, text, task, sent_version, sent_at, read_at };
}

/** Plan and results stand as they came. */
function cycleInOrder({ number, opened_by, opened_at, opened_version, plan_version, plan, collected }: Cycle): Cycle {
  const opened = { number, opened_by, opened_at, opened_version, plan_version, plan };
  if (collected === null) return { ...opened, collected };
  const { by, at, version, results_version, results } = collected;
  return { ...opened, collected: { by, at, version, results_version, results } };
}
