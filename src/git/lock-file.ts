/**
 * What stands in a machine lock's file, and the remains that crashes leave beside it. `machine-lock.ts` has the rules.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from './atomic-file.ts';
import { judgeLiveness, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export interface LockOwner extends ProcessIdentity {
  /** Random, new for every taking. */
  readonly nonce: string;
  /** ISO 8601, for people. */
  readonly taken_at: string;
}

/** A look at a lock file. */
export interface SeenLock {
  /** The nonce; of a file without a readable owner, something that names just this file in just this state. */
  readonly id: string;
  /** `null` when it cannot be made out: a crash on a file system without links. */
  readonly owner: LockOwner | null;
  /** When its owner last refreshed it, milliseconds since 1970 by the file system's clock. */
  readonly mtimeMs: number;
}

/** Temporary files this old are nobody's any more: a taker needs them for microseconds. */
const TEMPORARY_MS = 60_000;
/** A foreign process's remains. */
const FOREIGN_REMAINS_MS = 3_600_000;

export function describeOwner(nonce: string): string {
  const owner: LockOwner = { nonce, ...ownIdentity(), taken_at: new Date().toISOString() };
  return JSON.stringify(owner);
}

/** `null` when nobody holds the lock. Throws what the file system throws, but for ENOENT. */
export function lookAtLock(file: string): SeenLock | null {
  // The common answer is "free", and an exception costs more than a question.
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null; // released in between
    throw error;
  }
  try {
    const { mtimeMs, ino } = fstatSync(handle);
    const owner = parseOwner(readFileSync(handle, 'utf8'));
    return { id: owner?.nonce ?? `unreadable-${ino}-${Math.round(mtimeMs)}`, owner, mtimeMs };
  } finally {
    closeSync(handle);
  }
}

/** The nonce becomes part of a file name, so that only what we write ourselves passes. */
function parseOwner(text: string): LockOwner | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { nonce, boot, namespace, host, pid, started, taken_at } = value as Partial<Record<keyof LockOwner, unknown>>;
  const isTextOrNull = (field: unknown) => field === null || typeof field === 'string';
  const isOwner =
    typeof nonce === 'string' && /^[0-9a-f]{16}$/.test(nonce) && isTextOrNull(boot) && isTextOrNull(namespace) &&
    typeof host === 'string' && Number.isSafeInteger(pid) && (pid as number) > 0 &&
    (started === null || typeof started === 'number') && typeof taken_at === 'string';
  return isOwner ? (value as LockOwner) : null;
}

/**
 * Deletes what crashed processes left beside a lock: temporary files, and locks for breaking what is broken long since.
 *
 * Unlinking such a `F.break-X` without holding its own break lock may hit one that was just retaken. That does no harm once
 * X is gone from F: nonces never return, so whoever enters that section finds nothing to do. Hence `presentId`.
 *
 * @param presentId the id that F carries now, `null` when it is free
 */
export function sweepRemains(file: string, presentId: string | null): void {
  const folder = path.dirname(file);
  const base = path.basename(file);
  for (const name of readdirSync(folder)) {
    const remains = path.join(folder, name);
    if (name.startsWith(`${base}.tmp-`) || (name.startsWith(`${base}.break-`) && name.includes('.tmp-'))) {
      if (ageOf(remains) > TEMPORARY_MS) rmSync(remains, { force: true });
    } else if (name.startsWith(`${base}.break-`)) {
      const brokenId = name.slice(`${base}.break-`.length).split('.')[0];
      if (brokenId === presentId) continue;
      const seen = lookAtLock(remains);
      if (seen === null) continue;
      const liveness = seen.owner === null ? 'foreign' : judgeLiveness(seen.owner, seen.mtimeMs);
      const isOver = liveness === 'dead' || (liveness === 'foreign' && ageOf(remains) > FOREIGN_REMAINS_MS);
      if (isOver) rmSync(remains, { force: true });
    }
  }
}

const ageOf = (file: string): number => {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts === undefined ? 0 : Date.now() - facts.mtimeMs;
};
