/**
 * What a record on the branch must look like. Strict: an unknown field is a fault, for it may be a misspelt one.
 *
 * They ask for no more than core's operations guarantee, so that nothing that was accepted can become unreadable.
 */
import * as z from 'zod/mini';
import { faultInDocument } from '../core/arguments.ts';
import { isOperationId } from '../core/ids.ts';
import { faultInGlob, faultInName, faultInResource } from '../core/names.ts';
import { lazily } from '../core/operation.ts';
import {
  type Agent,
  type Cycle,
  type JsonDocument,
  type Lock,
  type Message,
  type Task,
  taskStatuses,
  type Workstream,
} from '../core/records.ts';
import { fromIso } from '../core/time.ts';

/** To the 28th: which months are longer is for `fromIso` to know. */
const commonTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const maxRemembered = 10_000;

/** `faultInName`, remembering what was fine: a board names the same few over and over. */
export const isName = remembering(faultInName);
export const isGlob = remembering(faultInGlob);

/** `fromIso` gives a time. Those in the form that orc writes are recognised without it: it takes a third of reading a task. */
export function isTime(text: string): boolean {
  return commonTime.test(text) || !Number.isNaN(fromIso(text));
}

function remembering(faultIn: (text: string) => string | null): (text: string) => boolean {
  const fine = new Set<string>();
  return (text) => {
    if (fine.has(text)) return true;
    if (faultIn(text) !== null) return false;
    if (fine.size < maxRemembered) fine.add(text);
    return true;
  };
}

const checked = (fault: (text: string) => string | null) =>
  z.string().check((context) => {
    const found = fault(context.value);
    if (found !== null) context.issues.push({ code: 'custom', input: context.value, message: found });
  });

const name = () => checked((text) => (isName(text) ? null : faultInName(text)));
const resource = () => checked(faultInResource);
const glob = () => checked(faultInGlob);
const time = () => checked((text) => (isTime(text) ? null : 'must be a time such as 2026-01-01T00:00:00.000Z'));
const operationId = () => checked((text) => (isOperationId(text) ? null : 'must be an operation id'));
const taskId = () => z.string().check(z.regex(/^[0-9a-f]{8,32}$/));
const whole = (least: number) => z.int().check(z.gte(least));
const priority = () => z.int().check(z.gte(1), z.lte(9));

export const workstreamSchema = lazily(
  (): z.ZodMiniType<Workstream> =>
    z.strictObject({
      name: name(),
      description: z.string(),
      priority: priority(),
      status: z.enum(['active', 'paused', 'archived']),
      created_version: whole(0),
      created_index: whole(0),
      created_at: time(),
      updated_at: time(),
    }),
);

function checkResults() {
  const run = z.strictObject({
    command: z.string(),
    exit_code: z.nullable(whole(0)),
    duration_ms: whole(0),
    commit: z.nullable(z.string()),
    dirty: z.nullable(z.boolean()),
    output_tail: z.string(),
  });
  const confirmation = z.strictObject({ criterion: z.string(), confirmed: z.boolean() });
  return z.strictObject({ at: time(), by: name(), forced: z.boolean(), runs: z.array(z.union([run, confirmation])) });
}

export const taskSchema = lazily((): z.ZodMiniType<Task> => {
  const claim = z.strictObject({ id: operationId(), token: whole(1), claimed_at: time(), lease_until: time() });
  return z.strictObject({
    id: taskId(),
    workstream: name(),
    title: z.string(),
    description: z.string(),
    status: z.enum(taskStatuses as [Task['status'], ...Task['status'][]]),
    priority: priority(),
    estimate: z.nullable(z.union([z.string(), z.number().check(z.gte(0))])),
    assigned_to: z.nullable(name()),
    claim: z.nullable(claim),
    attempts: whole(0),
    depends_on: z.array(taskId()),
    parent: z.nullable(taskId()),
    labels: z.array(name()),
    needs: z.array(name()),
    paths: z.array(glob()),
    notes: z.array(z.strictObject({ at: time(), by: name(), text: z.string() })),
    result: z.nullable(z.string()),
    checks: z.array(z.union([z.strictObject({ command: z.string() }), z.strictObject({ criterion: z.string() })])),
    check_results: z.optional(checkResults()),
    commits: z.optional(z.array(z.strictObject({ at: time(), by: name(), commit: z.string() }))),
    created_by: name(),
    created_version: whole(0),
    created_index: whole(0),
    created_at: time(),
    updated_at: time(),
  });
});

export const agentSchema = lazily(
  (): z.ZodMiniType<Agent> =>
    z.strictObject({
      id: name(),
      type: name(),
      status: z.enum(['active', 'retired']),
      capabilities: z.array(name()),
      registered_at: time(),
      last_seen: time(),
    }),
);

export const lockSchema = lazily((): z.ZodMiniType<Lock> => {
  const hold = z.strictObject({
    agent: name(),
    id: operationId(),
    token: whole(1),
    acquired_at: time(),
    ttl_ms: whole(1),
    expires_at: time(),
    reason: z.nullable(z.string()),
    imported: z.optional(z.literal(true)),
  });
  return z.strictObject({ resource: resource(), shared: z.boolean(), holders: z.array(hold).check(z.minLength(1)) });
});

export const messageSchema = lazily(
  (): z.ZodMiniType<Message> =>
    z.strictObject({
      id: taskId(),
      to: name(),
      from: name(),
      sent_to: z.string(),
      text: z.string(),
      task: z.nullable(taskId()),
      sent_version: whole(1),
      sent_at: time(),
      read_at: z.nullable(time()),
    }),
);

export const cycleSchema = lazily((): z.ZodMiniType<Cycle> => {
  const document = () =>
    z.unknown().check((context) => {
      const found = faultInDocument(context.value);
      if (found !== null) context.issues.push({ code: 'custom', input: context.value, message: found });
    }) as unknown as z.ZodMiniType<JsonDocument>;
  return z.strictObject({
    number: whole(1),
    opened_by: name(),
    opened_at: time(),
    opened_version: whole(1),
    plan_version: whole(0),
    plan: document(),
    collected: z.nullable(
      z.strictObject({ by: name(), at: time(), version: whole(1), results_version: whole(0), results: document() }),
    ),
  });
});

/** What a workstream has in `state.json`: its status and priority, for whoever reads only that file, and its counts. */
export const stateSchema = lazily(() =>
  z.strictObject({
    board: z.string().check(z.regex(/^[0-9a-f]{16,64}$/)),
    format: whole(1),
    version: whole(0),
    updated_at: z.nullable(time()),
    events: whole(0),
    workstreams: z.record(
      name(),
      z.strictObject({
        status: z.string(),
        priority: z.number(),
        pending: whole(0),
        in_progress: whole(0),
        blocked: whole(0),
        done: whole(0),
        failed: whole(0),
        cancelled: whole(0),
      }),
    ),
    agents: whole(0),
    locks: whole(0),
  }),
);
