/** What the functions of the API take beside their names. */
import type { Check, CheckRun } from '../core/records.ts';
import type { MutationOptions } from './perform.ts';
import type { LockWaiting } from './wait-for-lock.ts';

export interface NewWorkstream {
  readonly description?: string;
  readonly priority?: number;
}

export interface NewTask {
  readonly title: string;
  readonly description?: string;
  readonly priority?: number;
  readonly estimate?: string | number | null;
  readonly depends_on?: readonly string[];
  readonly parent?: string | null;
  readonly labels?: readonly string[];
  readonly needs?: readonly string[];
  readonly paths?: readonly string[];
  /** When it counts as done: commands to run in the work tree, criteria for a reader. */
  readonly checks?: readonly Check[];
}

export interface LeaseOptions extends MutationOptions {
  /** How long the claim holds without a sign of life, ms. */
  readonly leaseMs?: number;
}

export interface CompleteOptions extends MutationOptions {
  readonly token?: number;
  /** What came of the task's checks: all of them have to be there, and to have passed. */
  readonly checks?: readonly CheckRun[];
  /** `checks`: complete although not all of them passed; the task says so, and who did. */
  readonly force?: readonly 'checks'[];
}

export interface LockOptions extends MutationOptions, LockWaiting {
  readonly ttlMs?: number;
  readonly shared?: boolean;
  readonly reason?: string;
  readonly token?: number;
}

export interface KnowledgeOptions {
  /** The version that this starts from; 0: "there is none yet". Absent: whatever is there is replaced. */
  readonly base?: number;
  /** What is not given stays as it is. */
  readonly title?: string | null;
  readonly tags?: readonly string[];
  /** Globs of the files that it binds. */
  readonly paths?: readonly string[];
}
