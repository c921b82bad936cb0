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

/** A check's command, as it was run in a work tree. */
export interface CommandRun {
  readonly command: string;
  /** `null`: it was ended by a signal, or by its time limit. */
  readonly exit_code: number | null;
  readonly duration_ms: number;
  /** The commit of that work tree; `null` where there is none, or no git to ask. */
  readonly commit: string | null;
  /** Whether the work tree had changes that are not in the commit; `null`: nobody could tell. */
  readonly dirty: boolean | null;
  /** The end of what it wrote. */
  readonly output_tail: string;
}

/** A criterion for a reader: no machine looked, it is the agent's word. */
export interface Confirmation {
  readonly criterion: string;
  readonly confirmed: boolean;
}

export type CheckRun = CommandRun | Confirmation;

/** What came of a task's checks when it was completed. */
export interface CheckResults {
  readonly at: string;
  /** Who ran or confirmed them, and answers for `forced`. */
  readonly by: string;
  /** It was completed although not all of them passed. */
  readonly forced: boolean;
  readonly runs: readonly CheckRun[];
}

/** A commit of the repository that belongs to a task. */
export interface LinkedCommit {
  /** When it was linked; it may have been made long before. */
  readonly at: string;
  readonly by: string;
  readonly commit: string;
}

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
  /** Only on a task that was completed with its checks. */
  readonly check_results?: CheckResults | undefined;
  /** The newest 50, in the order in which they were linked; only where there are any. Older ones stay in the events. */
  readonly commits?: readonly LinkedCommit[] | undefined;
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

/** One recipient's copy of a message. Who got the others stands in the event log. */
export interface Message {
  /** 8 hexadecimal digits of the operation that sent it, more on a collision; the same for all its recipients. */
  readonly id: string;
  readonly to: string;
  readonly from: string;
  /** How it was addressed: `all`, `ws:NAME` or `agent:NAME`. */
  readonly sent_to: string;
  readonly text: string;
  /** The task that it is about. */
  readonly task: string | null;
  readonly sent_version: number;
  readonly sent_at: string;
  /** `null`: unread. */
  readonly read_at: string | null;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };
/** What the app made of a board: kept as it came, and shown. Core knows nothing of its fields. */
export type JsonDocument = { readonly [field: string]: Json };

/** A cycle of planned work: what was to be done, and when it is over, what came of it. */
export interface Cycle {
  /** From 1. */
  readonly number: number;
  readonly opened_by: string;
  readonly opened_at: string;
  readonly opened_version: number;
  /** The board version that the plan was made at. */
  readonly plan_version: number;
  readonly plan: JsonDocument;
  /** `null` while the cycle is open. */
  readonly collected: CycleResults | null;
}

export interface CycleResults {
  readonly by: string;
  readonly at: string;
  readonly version: number;
  /** The board version that the results were made at. */
  readonly results_version: number;
  readonly results: JsonDocument;
}

export interface Knowledge {
  /** May be nested: `api/auth`. */
  readonly topic: string;
  readonly title: string | null;
  readonly tags: readonly string[];
  /** Globs of the files that it binds: whoever works on them has to know it. */
  readonly paths: readonly string[];
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

/** `check`: refuse what others have locked; `take`: lock it for the agent as well; `off`: neither. */
export type EditLocks = 'off' | 'check' | 'take';

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
  /** What the hooks of coding agents do about locks on a file that is about to be edited. */
  readonly edit_locks: EditLocks;
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
  edit_locks: 'check',
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
