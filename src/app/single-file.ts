/**
 * The original's single-file board: the shape of its `state.json`, from a board on the branch. What the original did not have
 * stands in fields that it did not have, and only where it says something.
 */

import type { Agent, BoardEvent, Hold, Lock, Task, Workstream } from '../core/records.ts';
import { compareTasks } from '../core/task-order.ts';
import type { Head } from '../sync/head.ts';
import type { OrcCore } from './orc-core.ts';
import { type OnFault, readRetiredAgents } from './reading.ts';

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

interface SingleFileHold {
  readonly agent: string;
  readonly acquired_at: string;
  readonly ttl_ms: number;
  readonly reason?: string;
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
        readonly [more: string]: unknown;
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
  readonly locks: Readonly<
    Record<string, SingleFileHold & { readonly shared?: true; readonly others?: readonly SingleFileHold[] }>
  >;
}

/** Assembles the whole board, archive included. `onFault` hears of files of the archive that cannot be read. */
export async function readSingleFile(orc: OrcCore, at?: Head, onFault?: OnFault): Promise<SingleFileState> {
  const head = at ?? (await orc.head());
  const { board } = head.read;
  const tasks = [...board.openTasks(), ...(await orc.closedTasks(head, { onFault }))].sort(byCreation);
  const tasksByWorkstream = groupByWorkstream(tasks);
  const workstreams = [...board.workstreams.loaded()].sort(byCreation);
  const active = [...board.agents.loaded()].filter(({ status }) => status !== 'retired');
  const agents = [...active, ...(await readRetiredAgents(orc.connection.store, head, onFault))].sort(byRegistration);
  const imports = await readImports(orc, head);
  const restore = restoring(imports);
  return {
    ...originalCounter(imports.at(-1), board.meta),
    workstreams: Object.fromEntries(
      workstreams.map((workstream) => {
        const { name, description, priority, status, created_at, updated_at } = workstream;
        const own = (tasksByWorkstream.get(name) ?? []).map((task) => restore(`task ${task.id}`, singleFileTask(task)));
        const more = updated_at === created_at ? {} : { updated_at };
        const made = { description, priority, status, tasks: own, created_at, ...more };
        return [name, restore(`workstream ${name}`, made)];
      }),
    ),
    agents: Object.fromEntries(
      agents.map(({ id, type, status, capabilities, registered_at, last_seen }) => [
        id,
        { type, status, capabilities, registered_at, last_seen },
      ]),
    ),
    locks: Object.fromEntries([...board.locks.loaded()].sort(byResource).flatMap(singleFileLock)),
  };
}

/** The events of imports, oldest first. Only orc's own bear an operation's id; an imported line may have the same action. */
export async function readImports(orc: OrcCore, head: Head): Promise<BoardEvent[]> {
  return (await orc.events({ action: 'board_imported' }, head)).filter(({ op }) => op !== undefined);
}

/** A board that was imported goes on counting where the original stopped. */
function originalCounter(
  imported: BoardEvent | undefined,
  meta: { readonly version: number; readonly updated_at: string | null },
): { version: number; updated_at: string | null } {
  if (imported === undefined) return { version: meta.version, updated_at: meta.updated_at };
  const since = meta.version - imported.v;
  const version = Number(imported.imported_version) + since;
  const updatedAt = since === 0 ? (imported.imported_updated_at as string | null) : meta.updated_at;
  return { version, updated_at: updatedAt };
}

/** Puts back what imports had to change, such as a priority of 0, unless it was changed again since. */
function restoring(imports: readonly BoardEvent[]): <T extends object>(record: string, fields: T) => T {
  const byRecord = new Map<string, Adjusted[]>();
  for (const each of imports.flatMap(({ adjusted }) => (adjusted ?? []) as Adjusted[])) {
    byRecord.set(each.record, [...(byRecord.get(each.record) ?? []), each]);
  }
  return (record, fields) => {
    const restored = { ...fields } as Record<string, unknown>;
    for (const { field, was, is } of byRecord.get(record) ?? []) if (restored[field] === is) restored[field] = was;
    return restored as typeof fields;
  };
}

interface Adjusted {
  readonly record: string;
  readonly field: string;
  readonly was: unknown;
  readonly is: unknown;
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
    ...(task.check_results === undefined ? {} : { check_results: task.check_results }),
    ...(task.commits === undefined ? {} : { commits: task.commits }),
    ...(task.created_by === 'system' ? {} : { created_by: task.created_by }),
  };
  return { id, title, description, status, priority, estimate, assigned_to, created_at, updated_at, result, ...more };
}

function singleFileLock({ resource, shared, holders }: Lock): [string, SingleFileState['locks'][string]][] {
  const [first, ...others] = holders.map(singleFileHold);
  if (first === undefined) return [];
  return [[resource, { ...first, ...(shared ? { shared } : {}), ...(others.length > 0 ? { others } : {}) }]];
}

function singleFileHold({ agent, acquired_at, ttl_ms, reason }: Hold): SingleFileHold {
  return { agent, acquired_at, ttl_ms, ...(reason === null ? {} : { reason }) };
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

/** The order of loading differs between machines; the order of registering does not. */
function byRegistration(a: Agent, b: Agent): number {
  return compare(a.registered_at, b.registered_at) || compare(a.id, b.id);
}

function byResource(a: Lock, b: Lock): number {
  return compare(a.resource, b.resource);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
