/** Taking over a board of the original single-file tool, or an export: one mutation for a whole folder. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { accept, type Call, defineOperation, lazily } from '../operation.ts';
import type { Agent, Hold, Knowledge, LinkedCommit, Lock, Task, Workstream } from '../records.ts';
import { taskStatuses } from '../records.ts';
import { fromIso, toIso } from '../time.ts';
import { findClash, refuseLooseEnds } from './import-checks.ts';
import { maxCommits, maxNotes } from './support.ts';

/** The version of `board.init`: what still bears it is of the template, and gives way to what is imported. */
const initVersion = 1;

const importedTask = () =>
  z.strictObject({
    id: arg.taskId(),
    title: arg.title(),
    description: z._default(arg.text(), ''),
    status: z._default(z.enum(taskStatuses as [Task['status'], ...Task['status'][]]), 'pending'),
    priority: z._default(arg.priority(), 5),
    estimate: z._default(arg.estimate(), null),
    assigned_to: z._default(z.nullable(arg.name()), null),
    created_at: arg.time(),
    updated_at: arg.time(),
    result: z._default(z.nullable(arg.text()), null),
    attempts: z._default(arg.count(), 0),
    depends_on: z._default(arg.taskIds(), []),
    parent: z._default(z.nullable(arg.taskId()), null),
    labels: z._default(arg.names(), []),
    needs: z._default(arg.names(), []),
    paths: z._default(arg.globs(), []),
    notes: z._default(z.array(z.strictObject({ at: arg.time(), by: arg.name(), text: arg.text() })), []),
    checks: z._default(arg.checks(), []),
    check_results: z.optional(
      z.strictObject({ at: arg.time(), by: arg.name(), forced: arg.flag(), runs: arg.checkRuns() }),
    ),
    commits: z.optional(z.array(z.strictObject({ at: arg.time(), by: arg.name(), commit: arg.commit() }))),
    created_by: z._default(arg.name(), 'system'),
  });

/** Whatever the original logged; what every reader of the log relies on has to be there. */
const importedEvent = lazily(() =>
  z.catchall(z.object({ ts: arg.time(), agent: arg.word(), action: arg.word() }), z.json()),
);

const importedHold = () => ({
  agent: arg.name(),
  acquired_at: arg.time(),
  ttl_ms: arg.durationMs(),
  reason: z._default(z.nullable(arg.reason()), null),
});

/** What orc holds otherwise than the folder had it, such as a priority of 0: an export writes it back. */
const adjustment = () => z.strictObject({ record: arg.word(), field: arg.word(), was: z.json(), is: z.json() });

/**
 * A list of any length, of whose faults the first alone is told: hundreds of thousands of them would be handed upwards as
 * arguments of one call, which no stack holds.
 */
function listOf<Element extends z.core.$ZodType>(element: Element): z.ZodMiniArray<Element> {
  const firstFault = z.check<unknown[]>(({ issues }) => {
    issues.splice(1);
  });
  // Else checks are left out where something is wrong.
  firstFault._zod.def.when = () => true;
  return z.array(element).check(firstFault);
}

const importArguments = lazily(() =>
  z.strictObject({
    version: arg.count(),
    updated_at: z.nullable(arg.time()),
    workstreams: listOf(
      z.strictObject({
        name: arg.name(),
        description: z._default(arg.text(), ''),
        priority: z._default(arg.priority(), 5),
        status: z._default(z.enum(['active', 'paused', 'archived']), 'active'),
        created_at: arg.time(),
        updated_at: z.optional(arg.time()),
        tasks: listOf(importedTask()),
      }),
    ),
    agents: listOf(
      z.strictObject({
        id: arg.name(),
        type: z._default(arg.name(), 'general'),
        status: z._default(z.enum(['active', 'retired']), 'active'),
        capabilities: z._default(arg.names(), []),
        registered_at: arg.time(),
        last_seen: arg.time(),
      }),
    ),
    locks: listOf(
      z.strictObject({
        resource: arg.resource(),
        shared: z._default(arg.flag(), false),
        ...importedHold(),
        /** The other holders of a shared lock. */
        others: z._default(z.array(z.strictObject(importedHold())), []),
      }),
    ),
    events: listOf(importedEvent()),
    knowledge: listOf(
      z.strictObject({
        topic: arg.topic(),
        content: arg.knowledgeText(),
        title: z._default(z.nullable(arg.title()), null),
        tags: z._default(arg.names(), []),
        paths: z._default(arg.globs(), []),
        updated_by: z._default(arg.name(), 'system'),
        updated_at: z._default(z.nullable(arg.time()), null),
      }),
    ),
    adjusted: z._default(listOf(adjustment()), []),
  }),
);

export type ImportArguments = z.infer<ReturnType<typeof importArguments>>;

/** Whether a line of the log, without its numbers, is one that an import writes: times as orc has them. */
export function isImportedLine(line: Readonly<Record<string, unknown>>): boolean {
  const parsed = importedEvent().safeParse(line);
  return parsed.success && utc(parsed.data.ts) === line.ts;
}

/** It may bring what orc itself would not produce, such as tasks done that nobody claimed. */
export const boardImport = defineOperation({
  kind: 'board.import',
  summary: 'Take over a board of the original single-file tool',
  arguments: importArguments,
  actions: ['board_imported'],
  // Published at once or not at all: one that nobody waits for any more is dropped.
  outlivesOwner: false,
  decide(board, args, call) {
    const refusal = findClash(board, args, (topic) => isOfTemplate(board, topic)) ?? refuseLooseEnds(board, args);
    if (refusal !== null) return refusal;
    const taskCount = args.workstreams.reduce((sum, { tasks }) => sum + tasks.length, 0);
    const data = {
      workstreams: args.workstreams.length,
      tasks: taskCount,
      agents: args.agents.length,
      events: args.events.length,
      knowledge: args.knowledge.length,
      locks: args.locks.length,
      /** The original's own counters: an export goes on from them. */
      imported_version: args.version,
      imported_updated_at: args.updated_at,
      ...(args.adjusted.length === 0 ? {} : { adjusted: args.adjusted }),
    };
    return accept({
      changes: [
        ...workstreamChanges(args, call),
        ...args.agents.map((agent) => agentChange(agent)),
        ...args.locks.map((lock) => lockChange(lock, call)),
        ...args.knowledge.map((entry) => knowledgeChange(board, entry, call)),
      ],
      event: { action: 'board_imported', data },
      result: { value: taskCount },
      importedEvents: args.events.map((event) => ({ ...event, ts: utc(event.ts) })),
    });
  },
});

function workstreamChanges(args: ImportArguments, call: Call): Change[] {
  const changes: Change[] = [];
  let taskIndex = 0;
  for (const [index, { tasks, ...workstream }] of args.workstreams.entries()) {
    const made: Workstream = {
      ...workstream,
      created_version: call.version,
      created_index: index,
      created_at: utc(workstream.created_at),
      updated_at: utc(workstream.updated_at ?? workstream.created_at),
    };
    changes.push({ collection: 'workstreams', key: made.name, before: null, after: made });
    for (const { check_results: results, commits, ...task } of tasks) {
      const after: Task = {
        ...task,
        ...(results === undefined ? {} : { check_results: { ...results, at: utc(results.at) } }),
        ...(commits === undefined || commits.length === 0
          ? {}
          : { commits: commits.map(linkedInUtc).slice(-maxCommits) }),
        workstream: made.name,
        claim: null,
        notes: task.notes.map((note) => ({ ...note, at: utc(note.at) })).slice(-maxNotes),
        created_at: utc(task.created_at),
        updated_at: utc(task.updated_at),
        created_version: call.version,
        created_index: taskIndex++,
      };
      changes.push({ collection: 'tasks', key: task.id, before: null, after });
    }
  }
  return changes;
}

function linkedInUtc(linked: LinkedCommit): LinkedCommit {
  return { ...linked, at: utc(linked.at) };
}

function agentChange(agent: ImportArguments['agents'][number]): Change {
  const after: Agent = { ...agent, registered_at: utc(agent.registered_at), last_seen: utc(agent.last_seen) };
  return { collection: 'agents', key: agent.id, before: null, after };
}

function lockChange({ resource, shared, others, ...first }: ImportArguments['locks'][number], call: Call): Change {
  const holders = [first, ...others].map(
    ({ agent, acquired_at, ttl_ms, reason }): Hold => ({
      agent,
      id: call.id,
      token: call.version,
      acquired_at: utc(acquired_at),
      ttl_ms,
      expires_at: toIso(fromIso(acquired_at) + ttl_ms),
      reason,
      imported: true,
    }),
  );
  const after: Lock = { resource, shared, holders };
  return { collection: 'locks', key: resource, before: null, after };
}

function knowledgeChange(board: Board, entry: ImportArguments['knowledge'][number], call: Call): Change {
  const before = board.topics.has(entry.topic) ? (board.knowledge.get(entry.topic) ?? null) : null;
  const after: Knowledge = {
    ...entry,
    updated_at: entry.updated_at === null ? call.iso : utc(entry.updated_at),
    version: call.version,
  };
  return { collection: 'knowledge', key: entry.topic, before, after };
}

function isOfTemplate(board: Board, topic: string): boolean {
  return board.topics.has(topic) && board.knowledge.get(topic)?.version === initVersion;
}

/** Times as orc writes them: UTC, with milliseconds. */
function utc(time: string): string {
  return toIso(fromIso(time));
}
