/** Operations on the board itself: its beginning, its settings, and taking over a board of the original tool. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { foldName } from '../names.ts';
import { accept, defineOperation, lazily, refuse } from '../operation.ts';
import type { Agent, Hold, Knowledge, Lock, Settings, Task, Workstream } from '../records.ts';
import { taskStatuses } from '../records.ts';
import { fromIso, toIso } from '../time.ts';
import { maxNotes } from './support.ts';

const initArguments = lazily(() =>
  z.strictObject({
    board: arg.boardId(),
    settings: arg.text(),
    files: z._default(z.array(z.strictObject({ path: z.string(), text: z.string() })), []),
    knowledge: z._default(z.array(z.strictObject({ topic: arg.topic(), content: arg.knowledgeText() })), []),
  }),
);

export const boardInit = defineOperation({
  kind: 'board.init',
  summary: 'Begin a board',
  arguments: initArguments,
  actions: ['board_created'],
  decide(board, { board: id, settings, files, knowledge }, call) {
    if (board.meta.id !== '') return refuse('already-exists', 'there is a board already', 'orc joins it by itself');
    const changes: Change[] = files.map((file) => ({ collection: 'files', key: file.path, before: null, after: file }));
    for (const { topic, content } of knowledge) {
      const after = { topic, content, title: null, tags: [], updated_by: call.agent, updated_at: call.iso, version: call.version };
      changes.push({ collection: 'knowledge', key: topic, before: null, after });
    }
    return accept({
      changes,
      event: { action: 'board_created' },
      result: { value: id },
      boardId: id,
      settingsText: settings,
    });
  },
});

const configArguments = lazily(() =>
  z.strictObject({ key: z.enum(settingKeys), value: arg.word(), text: arg.text(), base: z.optional(arg.text()) }),
);

/**
 * `text` is `orc.yaml` with the new value set: editing YAML and keeping its comments is layout's craft, not core's. `base` is
 * the text that was edited: where another setting was changed in the meantime, this one is made anew and not over it.
 */
export const configSet = defineOperation({
  kind: 'config.set',
  summary: "Change one of the board's settings in orc.yaml",
  arguments: configArguments,
  actions: ['config_changed'],
  decide(board, { key, value, text, base }) {
    if (base !== undefined && base !== board.settingsText) {
      return refuse('conflict', 'orc.yaml has changed in the meantime', 'set the value again');
    }
    return accept({
      changes: [],
      event: { action: 'config_changed', data: { key, value } },
      result: { value },
      settingsText: text,
    });
  },
});

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
    created_by: z._default(arg.name(), 'system'),
  });

/** Whatever the original logged; what every reader of the log relies on has to be there. */
const importedEvent = () => z.catchall(z.object({ ts: arg.time(), agent: arg.word(), action: arg.word() }), z.json());

const importArguments = lazily(() =>
  z.strictObject({
    version: arg.count(),
    updated_at: z.nullable(arg.time()),
    workstreams: z.array(
      z.strictObject({
        name: arg.name(),
        description: z._default(arg.text(), ''),
        priority: z._default(arg.priority(), 5),
        status: z._default(z.enum(['active', 'paused', 'archived']), 'active'),
        created_at: arg.time(),
        tasks: z.array(importedTask()),
      }),
    ),
    agents: z.array(
      z.strictObject({
        id: arg.name(),
        type: z._default(arg.name(), 'general'),
        status: z._default(z.enum(['active', 'retired']), 'active'),
        capabilities: z._default(arg.names(), []),
        registered_at: arg.time(),
        last_seen: arg.time(),
      }),
    ),
    locks: z.array(z.strictObject({ resource: arg.resource(), agent: arg.name(), acquired_at: arg.time(), ttl_ms: arg.durationMs() })),
    events: z.array(importedEvent()),
    knowledge: z.array(
      z.strictObject({
        topic: arg.topic(),
        content: arg.knowledgeText(),
        updated_by: z._default(arg.name(), 'system'),
        updated_at: z._default(z.nullable(arg.time()), null),
      }),
    ),
  }),
);

type ImportArguments = z.infer<ReturnType<typeof importArguments>>;

/** One mutation for a whole folder. It may bring what orc itself would not produce, such as tasks done that nobody claimed. */
export const boardImport = defineOperation({
  kind: 'board.import',
  summary: 'Take over a board of the original single-file tool',
  arguments: importArguments,
  actions: ['board_imported'],
  decide(board, args, call) {
    const clash = findClash(board, args);
    if (clash !== null) return refuse('already-exists', `${clash} is on the board already`, 'import into a board that does not have it');
    const changes: Change[] = [];
    let taskIndex = 0;
    for (const [index, { tasks, ...workstream }] of args.workstreams.entries()) {
      const made: Workstream = {
        ...workstream,
        created_version: call.version,
        created_index: index,
        created_at: utc(workstream.created_at),
        updated_at: utc(workstream.created_at),
      };
      changes.push({ collection: 'workstreams', key: made.name, before: null, after: made });
      for (const task of tasks) {
        const after: Task = {
          ...task,
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
    for (const agent of args.agents) {
      const after: Agent = { ...agent, registered_at: utc(agent.registered_at), last_seen: utc(agent.last_seen) };
      changes.push({ collection: 'agents', key: agent.id, before: null, after });
    }
    for (const { resource, agent, acquired_at, ttl_ms } of args.locks) {
      const hold: Hold = {
        agent,
        id: call.id,
        token: call.version,
        acquired_at: utc(acquired_at),
        ttl_ms,
        expires_at: toIso(fromIso(acquired_at) + ttl_ms),
        reason: null,
      };
      const after: Lock = { resource, shared: false, holders: [hold] };
      changes.push({ collection: 'locks', key: resource, before: null, after });
    }
    for (const entry of args.knowledge) {
      const after: Knowledge = {
        ...entry,
        title: null,
        tags: [],
        updated_at: entry.updated_at === null ? call.iso : utc(entry.updated_at),
        version: call.version,
      };
      changes.push({ collection: 'knowledge', key: entry.topic, before: null, after });
    }
    const data = {
      workstreams: args.workstreams.length,
      tasks: taskIndex,
      agents: args.agents.length,
      events: args.events.length,
      knowledge: args.knowledge.length,
      /** The original's own counters: an export goes on from them. */
      imported_version: args.version,
      imported_updated_at: args.updated_at,
    };
    return accept({
      changes,
      event: { action: 'board_imported', data },
      result: { value: taskIndex },
      importedEvents: args.events.map((event) => ({ ...event, ts: utc(event.ts) })),
    });
  },
});

/** Times as orc writes them: UTC, with milliseconds. */
function utc(time: string): string {
  return toIso(fromIso(time));
}

function findClash(board: Board, args: ImportArguments): string | null {
  const workstreams = new Set([...board.workstreams.loaded()].map(({ name }) => foldName(name)));
  const agents = new Set([...board.agents.loaded()].map(({ id }) => foldName(id)));
  const topics = new Set([...board.topics].map(foldName));
  const locks = new Set([...board.locks.loaded()].map(({ resource }) => foldName(resource)));
  const tasks = new Set<string>();
  board.tasks.require(args.workstreams.flatMap((workstream) => workstream.tasks.map(({ id }) => id)));
  for (const workstream of args.workstreams) {
    if (workstreams.has(foldName(workstream.name))) return `workstream "${workstream.name}"`;
    workstreams.add(foldName(workstream.name));
    for (const task of workstream.tasks) {
      if (tasks.has(task.id) || board.tasks.get(task.id) !== undefined) return `task ${task.id}`;
      tasks.add(task.id);
    }
  }
  for (const { id } of args.agents) {
    if (agents.has(foldName(id))) return `agent "${id}"`;
    agents.add(foldName(id));
  }
  for (const { resource } of args.locks) {
    if (locks.has(foldName(resource))) return `lock "${resource}"`;
    locks.add(foldName(resource));
  }
  for (const { topic } of args.knowledge) {
    if (topics.has(foldName(topic))) return `knowledge "${topic}"`;
    topics.add(foldName(topic));
  }
  return null;
}

/** The settings keys that `config set` may change, with what they mean; `orc.yaml` in the template says more. */
export const settingKeys = [
  'publish',
  'lease',
  'lock_ttl',
  'clock_skew',
  'max_attempts',
  'board_md',
  'manual_edits',
] as const satisfies readonly (keyof Settings | 'lease' | 'lock_ttl' | 'clock_skew')[];
