/** What the functions of the API take beside their names. */
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
}

export interface LeaseOptions extends MutationOptions {
  /** How long the claim holds without a sign of life, ms. */
  readonly leaseMs?: number;
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
