/**
 * The records of a board, as they lie on the branch: field names in snake_case, times in ISO 8601 (UTC, ms),
 * lengths in milliseconds. All of them are values: a change makes a new record.
 */

export const formatVersion = 1;

export type WorkstreamStatus = 'active' | 'paused' | 'archived';
export type OpenStatus = 'pending' | 'in_progress' | 'blocked';
export type ClosedStatus = 'done' | 'failed' | 'cancelled';
export type TaskStatus = OpenStatus | ClosedStatus;
export const openStatuses = ['pending', 'in_progress', 'blocked'] as const satisfies readonly OpenStatus[];
export const closedStatuses = ['done', 'failed', 'cancelled'] as const satisfies readonly ClosedStatus[];
export const taskStatuses: readonly TaskStatus[] = [...openStatuses, ...closedStatuses];

/** How many tasks a workstream has in each status. */
export type TaskCounts = Readonly<Record<TaskStatus, number>>;
export const noTasks: TaskCounts = { pending: 0, in_progress: 0, blocked: 0, done: 0, failed: 0, cancelled: 0 };

export interface Workstream {
  readonly name: string;
  readonly description: string;
  /** 1 (most urgent) to 9; 5 is the default. */
  readonly priority: number;
  readonly status: WorkstreamStatus;
  readonly created_version: number;
  /** Position among the workstreams of one mutation; more than 0 only after an import. */
  readonly created_index: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A claim is identified by the operation that made it, through every replay; its token is the version it got. */
export interface Claim {
  readonly id: string;
  /** Fencing token: the board version at which the claim was published; it only ever grows. */
  readonly token: number;
  readonly claimed_at: string;
  readonly lease_until: string;
}

export interface Note {
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

/** An acceptance check: a command to run in the work tree, or a criterion for a reader. */
export type Check = { readonly command: string } | { readonly criterion: string };

export interface Task {
  /** 8 hexadecimal digits, more on a collision. */
  readonly id: string;
  readonly workstream: string;
  readonly title: string;
  readonly description: string;
  readonly status: TaskStatus;
  /** 1 (most urgent) to 9; 5 is the default. */
  readonly priority: number;
  readonly estimate: string | number | null;
  readonly assigned_to: string | null;
  /** `null` unless in progress; also for tasks that an imported board had in progress. */
  readonly claim: Claim | null;
  /** How often it was failed, or taken over from a holder that went silent. */
  readonly attempts: number;
  readonly depends_on: readonly string[];
  readonly parent: string | null;
  readonly labels: readonly string[];
  /** Capabilities that its agent must have registered. */
  readonly needs: readonly string[];
  /** Globs of the files that it will touch. */
  readonly paths: readonly string[];
  /** The newest 50; older ones stay in the events. */
  readonly notes: readonly Note[];
  readonly result: string | null;
  readonly checks: readonly Check[];
  readonly created_by: string;
  readonly created_version: number;
  /** Position among the tasks of one mutation; more than 0 only after an import. */
  readonly created_index: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Agent {
  readonly id: string;
  readonly type: string;
  readonly status: 'active' | 'retired';
  readonly capabilities: readonly string[];
  readonly registered_at: string;
  readonly last_seen: string;
}

/** One holder of a lock. */
export interface Hold {
  readonly agent: string;
  /** The operation that acquired it. */
  readonly id: string;
  /** Fencing token, as in a claim. */
  readonly token: number;
  readonly acquired_at: string;
  readonly ttl_ms: number;
  readonly expires_at: string;
  readonly reason: string | null;
  /** It came with an import: nobody has a proof of it, so its agent's word is taken. Left out otherwise. */
  readonly imported?: true;
}

export interface Lock {
  readonly resource: string;
  readonly shared: boolean;
  /** One, or several when shared; in the order of their tokens. */
  readonly holders: readonly Hold[];
}

export interface Knowledge {
  /** May be nested: `api/auth`. */
  readonly topic: string;
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly updated_by: string;
  readonly updated_at: string;
  /** The board version that wrote it: what a later write names as its base. */
  readonly version: number;
  readonly content: string;
}

/** A line of the event log. `op` proves that this operation is in; only orc's own events bear it. */
export interface BoardEvent {
  /** Number of the event, from 1. */
  readonly n: number;
  /** Board version of the mutation that wrote it. */
  readonly v: number;
  readonly ts: string;
  readonly agent: string;
  readonly action: string;
  readonly workstream?: string;
  readonly task_id?: string;
  readonly op?: string;
  readonly [field: string]: unknown;
}

export type PublishMode = 'each' | 'claims' | 'sync';

/** What `orc.yaml` sets, with its defaults filled in. */
export interface Settings {
  readonly format: number;
  readonly publish: PublishMode;
  readonly lease_ms: number;
  readonly lock_ttl_ms: number;
  readonly clock_skew_ms: number;
  readonly max_attempts: number;
  readonly board_md: boolean;
  readonly manual_edits: 'allow' | 'knowledge' | 'refuse';
  /** Commit addresses of agents that have one of their own: id → address. */
  readonly authors: Readonly<Record<string, string>>;
}

export const defaultSettings: Settings = {
  format: formatVersion,
  publish: 'each',
  lease_ms: 30 * 60_000,
  lock_ttl_ms: 60_000,
  clock_skew_ms: 5_000,
  max_attempts: 3,
  board_md: true,
  manual_edits: 'allow',
  authors: {},
};

/** A file of the branch that is kept as text: `README.md`, templates. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export function isOpen(task: Pick<Task, 'status'>): boolean {
  return task.status === 'pending' || task.status === 'in_progress' || task.status === 'blocked';
}
