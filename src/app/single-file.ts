/** The original's single-file board: the shape of its `state.json`, from and to a board on the branch. */
import type { Task, Workstream } from '../core/records.ts';
import { compareTasks } from '../core/readiness.ts';
import type { OrcCore } from './orc-core.ts';

export interface SingleFileTask {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly status: string;
  readonly priority: number;
  readonly estimate: string | number | null;
  readonly assigned_to: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly result: string | null;
  readonly [more: string]: unknown;
}

export interface SingleFileState {
  readonly version: number;
  readonly updated_at: string | null;
  readonly workstreams: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly priority: number;
        readonly status: string;
        readonly tasks: readonly SingleFileTask[];
        readonly created_at: string;
      }
    >
  >;
  readonly agents: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly status: string;
        readonly capabilities: readonly string[];
        readonly registered_at: string;
        readonly last_seen: string;
      }
    >
  >;
  readonly locks: Readonly<Record<string, { readonly agent: string; readonly acquired_at: string; readonly ttl_ms: number }>>;
}

/** Assembles the whole board, archive included. */
export async function readSingleFile(orc: OrcCore): Promise<SingleFileState> {
  const head = await orc.head();
  const { board } = head.read;
  const tasks = [...board.openTasks(), ...(await orc.closedTasks(head))].sort(byCreation);
  const tasksByWorkstream = groupByWorkstream(tasks);
  const workstreams = [...board.workstreams.loaded()].sort(byCreation);
  const counter = await originalCounter(orc, board.meta);
  return {
    ...counter,
    workstreams: Object.fromEntries(
      workstreams.map(({ name, description, priority, status, created_at }) => {
        const own = (tasksByWorkstream.get(name) ?? []).map(singleFileTask);
        return [name, { description, priority, status, tasks: own, created_at }];
      }),
    ),
    agents: Object.fromEntries(
      [...board.agents.loaded()].map(({ id, type, status, capabilities, registered_at, last_seen }) => [
        id,
        { type, status, capabilities, registered_at, last_seen },
      ]),
    ),
    locks: Object.fromEntries(
      [...board.locks.loaded()].flatMap(({ resource, holders }) => {
        const [first] = holders;
        return first === undefined ? [] : [[resource, { agent: first.agent, acquired_at: first.acquired_at, ttl_ms: first.ttl_ms }]];
      }),
    ),
  };
}

/** A board that was imported goes on counting where the original stopped. */
async function originalCounter(
  orc: OrcCore,
  meta: { readonly version: number; readonly updated_at: string | null },
): Promise<{ version: number; updated_at: string | null }> {
  const imported = (await orc.events({ action: 'board_imported', last: 1 }))[0];
  if (imported === undefined) return { version: meta.version, updated_at: meta.updated_at };
  const since = meta.version - imported.v;
  const version = Number(imported.imported_version) + since;
  const updatedAt = since === 0 ? (imported.imported_updated_at as string | null) : meta.updated_at;
  return { version, updated_at: updatedAt };
}

/** The original's ten fields; what it did not have only where it says something. */
function singleFileTask(task: Task): SingleFileTask {
  const { id, title, description, status, priority, estimate, assigned_to, created_at, updated_at, result } = task;
  const more: Record<string, unknown> = {
    ...(task.attempts > 0 ? { attempts: task.attempts } : {}),
    ...(task.depends_on.length > 0 ? { depends_on: task.depends_on } : {}),
    ...(task.parent === null ? {} : { parent: task.parent }),
    ...(task.labels.length > 0 ? { labels: task.labels } : {}),
    ...(task.needs.length > 0 ? { needs: task.needs } : {}),
    ...(task.paths.length > 0 ? { paths: task.paths } : {}),
    ...(task.notes.length > 0 ? { notes: task.notes } : {}),
    ...(task.checks.length > 0 ? { checks: task.checks } : {}),
    ...(task.created_by === 'system' ? {} : { created_by: task.created_by }),
  };
  return { id, title, description, status, priority, estimate, assigned_to, created_at, updated_at, result, ...more };
}

function groupByWorkstream(tasks: readonly Task[]): Map<string, Task[]> {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const group = groups.get(task.workstream);
    if (group === undefined) groups.set(task.workstream, [task]);
    else group.push(task);
  }
  return groups;
}

function byCreation(a: Task | Workstream, b: Task | Workstream): number {
  const order = a.created_version - b.created_version || a.created_index - b.created_index;
  return order || ('id' in a && 'id' in b ? compareTasks(a, b) : 0);
}
