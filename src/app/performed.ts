/** What a mutation comes with and what comes of it: shared by those who ask and those who ask again. */
import type { PublishMode } from '../core/records.ts';
import { type ErrorCode, OrcError } from '../errors.ts';
import type { Answer } from '../sync/tentative.ts';
import type { Connection, World } from './connect.ts';
import type { GivenClaim } from './environment.ts';
import type { Holds } from './holds.ts';

/** What became of a mutation. `published: null`: there was nothing to publish. */
export interface Performed<T = unknown> {
  readonly data: T;
  readonly published: boolean | null;
  readonly state: Answer['state'];
  /** The board version that it got, or on which it was decided. */
  readonly version: number;
  readonly op: string;
  readonly commit: string | null;
  /** Why it is not published. */
  readonly reason: string | null;
}

export interface PerformContext {
  readonly connection: Connection;
  readonly world: World;
  readonly holds: Holds;
  /** The claim that this process works under, as `orc work` told it. */
  readonly given: GivenClaim | null;
  readonly publish: PublishMode;
  readonly timeoutMs: number;
  readonly requirePublished: boolean;
}

/** A tentative claim has no token yet: it gets one when it is published. */
export function withoutTokens(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(withoutTokens);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, key === 'token' ? null : withoutTokens(value)]),
  );
}

type Refused = {
  readonly outcome: string;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
  readonly details?: object;
};

export function refusalError(refusal: Refused, line: number | null, reason: string | null = null): OrcError {
  const where = line === null ? '' : `line ${line}: `;
  const offline =
    reason === null || refusal.code === 'upstream-refused' || refusal.code === 'checked-out'
      ? ''
      : ` (decided without the upstream: ${reason})`;
  return new OrcError(refusal.code ?? 'conflict', `${where}${refusal.message ?? 'refused'}${offline}`, {
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
    details: { ...refusal.details, ...(line === null ? {} : { line }) },
  });
}

/** The data of what is known to have happened. */
export function told<T>(kind: string, performed: Performed<T>): T {
  if (performed.state === 'unknown') throw notPublished(kind, performed);
  return performed.data;
}

export function notPublished(kind: string, { state, op, reason }: Performed): OrcError {
  return new OrcError('not-published', `${kind} could not be published: ${reason}`, {
    hint:
      state === 'queued'
        ? 'it waits in the queue; `orc sync` publishes it, or it is refused then'
        : state === 'unknown'
          ? `it may be in: ask again with the operation id ${op}`
          : 'the board as it is known here has nothing to do; ask again when the upstream can be reached',
    details: { state, op },
  });
}

/** Leaves out what was not given: schemas tell absent from undefined. */
export function defined(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
