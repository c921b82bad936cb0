/** A board as plain records, and each record as the file that docs/format.md describes. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };
export type WorkstreamStatus = 'active' | 'paused' | 'archived';
export type TaskStatus = 'pending' | 'in_progress' | 'blocked' | 'done' | 'failed' | 'cancelled';

export interface Workstream {
  readonly name: string;
  readonly description: string;
  readonly priority: number;
  readonly status: WorkstreamStatus;
  readonly created_version: number;
  readonly created_index: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Claim {
  readonly id: string;
  readonly token: number;
  readonly claimed_at: string;
  readonly lease_until: string;
}

export interface Note {
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

/** One run of a check: of a command, or a criterion that was confirmed or not. */
export type CheckRun = Readonly<Record<string, string | number | boolean | null>>;

export interface CheckResults {
  readonly at: string;
  readonly by: string;
  readonly forced: boolean;
  readonly runs: readonly CheckRun[];
}

export interface LinkedCommit {
  readonly at: string;
  readonly by: string;
  readonly commit: string;
}

export interface Task {
  readonly id: string;
  readonly workstream: string;
  readonly title: string;
  readonly description: string;
  readonly status: TaskStatus;
  readonly priority: number;
  readonly estimate: string | number | null;
  readonly assigned_to: string | null;
  readonly claim: Claim | null;
  readonly attempts: number;
  readonly depends_on: readonly string[];
  readonly parent: string | null;
  readonly labels: readonly string[];
  readonly needs: readonly string[];
  readonly paths: readonly string[];
  readonly notes: readonly Note[];
  readonly result: string | null;
  readonly checks: readonly Readonly<Record<string, string>>[];
  /** Missing unless the task was completed with its checks. */
  readonly check_results?: CheckResults;
  /** Missing unless commits were linked to it. */
  readonly commits?: readonly LinkedCommit[];
  readonly created_by: string;
  readonly created_version: number;
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

export interface Holder {
  readonly agent: string;
  readonly id: string;
  readonly token: number;
  readonly acquired_at: string;
  readonly ttl_ms: number;
  readonly expires_at: string;
  readonly reason: string | null;
  /** Left out unless it came with an import. */
  readonly imported?: true;
}

export interface Lock {
  readonly resource: string;
  readonly shared: boolean;
  readonly holders: readonly Holder[];
}

export interface Knowledge {
  readonly topic: string;
  readonly title: string | null;
  readonly tags: readonly string[];
  readonly paths: readonly string[];
  readonly updated_by: string;
  readonly updated_at: string;
  readonly version: number;
  readonly content: string;
}

export interface Message {
  readonly id: string;
  readonly to: string;
  readonly from: string;
  readonly sent_to: string;
  readonly text: string;
  readonly task: string | null;
  readonly sent_version: number;
  readonly sent_at: string;
  readonly read_at: string | null;
}

export interface Cycle {
  readonly number: number;
  readonly opened_by: string;
  readonly opened_at: string;
  readonly opened_version: number;
  readonly plan_version: number;
  readonly plan: Json;
  readonly collected: {
    readonly by: string;
    readonly at: string;
    readonly version: number;
    readonly results_version: number;
    readonly results: Json;
  } | null;
}

/** Fields in the order in which the files have them; `null` stands for "as it comes". */
export const fieldOrders = {
  workstream: [
    'name',
    'description',
    'priority',
    'status',
    'created_version',
    'created_index',
    'created_at',
    'updated_at',
  ],
  task: [
    'id',
    'workstream',
    'title',
    'description',
    'status',
    'priority',
    'estimate',
    'assigned_to',
    'claim',
    'attempts',
    'depends_on',
    'parent',
    'labels',
    'needs',
    'paths',
    'notes',
    'result',
    'checks',
    'check_results',
    'commits',
    'created_by',
    'created_version',
    'created_index',
    'created_at',
    'updated_at',
  ],
  claim: ['id', 'token', 'claimed_at', 'lease_until'],
  note: ['at', 'by', 'text'],
  linkedCommit: ['at', 'by', 'commit'],
  checkResults: ['at', 'by', 'forced', 'runs'],
  commandRun: ['command', 'exit_code', 'duration_ms', 'commit', 'dirty', 'output_tail'],
  confirmation: ['criterion', 'confirmed'],
  agent: ['id', 'type', 'status', 'capabilities', 'registered_at', 'last_seen'],
  lock: ['resource', 'shared', 'holders'],
  holder: ['agent', 'id', 'token', 'acquired_at', 'ttl_ms', 'expires_at', 'reason', 'imported'],
  message: ['id', 'to', 'from', 'sent_to', 'text', 'task', 'sent_version', 'sent_at', 'read_at'],
  cycle: ['number', 'opened_by', 'opened_at', 'opened_version', 'plan_version', 'plan', 'collected'],
  collected: ['by', 'at', 'version', 'results_version', 'results'],
} as const;

export const closedStatuses: readonly TaskStatus[] = ['done', 'failed', 'cancelled'];

export function isClosed(task: Task): boolean {
  return closedStatuses.includes(task.status);
}

function ordered(record: object, order: readonly string[]): Record<string, unknown> {
  const fields = record as Readonly<Record<string, unknown>>;
  return Object.fromEntries(order.map((name) => [name, fields[name]]));
}

function write(fields: object): string {
  return `${JSON.stringify(fields, null, 2)}\n`;
}

export function encodeWorkstream(workstream: Workstream): string {
  return write(ordered(workstream, fieldOrders.workstream));
}

export function encodeTask(task: Task): string {
  return write({
    ...ordered(task, fieldOrders.task),
    claim: task.claim === null ? null : ordered(task.claim, fieldOrders.claim),
    notes: task.notes.map((note) => ordered(note, fieldOrders.note)),
    // A field that JSON leaves out where the task has none.
    check_results: task.check_results === undefined ? undefined : orderedResults(task.check_results),
    commits: task.commits?.map((linked) => ordered(linked, fieldOrders.linkedCommit)),
  });
}

function orderedResults(results: CheckResults): object {
  const runs = results.runs.map((run) =>
    ordered(run, 'criterion' in run ? fieldOrders.confirmation : fieldOrders.commandRun),
  );
  return { ...ordered(results, fieldOrders.checkResults), runs };
}

export function encodeAgent(agent: Agent): string {
  return write(ordered(agent, fieldOrders.agent));
}

export function encodeLock(lock: Lock): string {
  const holders = lock.holders.map((holder) => ordered(holder, fieldOrders.holder));
  return write({ ...ordered(lock, fieldOrders.lock), holders });
}

export function encodeMessage(message: Message): string {
  return write(ordered(message, fieldOrders.message));
}

export function encodeCycle(cycle: Cycle): string {
  const collected = cycle.collected === null ? null : ordered(cycle.collected, fieldOrders.collected);
  return write({ ...ordered(cycle, fieldOrders.cycle), collected });
}
