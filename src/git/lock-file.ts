/**
 * What stands in a machine lock's file, and the remains that crashes leave beside it. `machine-lock.ts` has the rules.
 */
import { fstatSync, linkSync, openSync, readdirSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errnoOf } from './atomic-file.ts';
import { closeQuietly } from './durable-files.ts';
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
    closeQuietly(handle);
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
    typeof nonce === 'string' &&
    /^[0-9a-f]{16}$/.test(nonce) &&
    isTextOrNull(boot) &&
    isTextOrNull(namespace) &&
    typeof host === 'string' &&
    Number.isSafeInteger(pid) &&
    (pid as number) > 0 &&
    (started === null || typeof started === 'number') &&
    typeof taken_at === 'string';
  return isOwner ? (value as LockOwner) : null;
}

/** Writes all of it: what stands there half would have no owner. */
export function writeWhole(handle: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
}

/** For temporary files: `sweepRemains` deletes what stays. */
export function discard(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Not there, or not to be removed now.
  }
}

/** Unlinks the lock if it still carries this nonce. Only for its owner, or under its break lock. */
export function removeIf(file: string, nonce: string): void {
  if (lookAtLock(file)?.id === nonce) removeQuietly(file);
}

export function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * Gives a written temporary file the lock's name.
 * `taken`; `exists` when somebody has it; `unsupported` where the file system knows no links.
 */
export function linkExclusively(
  temporary: string,
  file: string,
  temporaryHandle: number,
): 'taken' | 'exists' | 'unsupported' {
  try {
    linkSync(temporary, file);
    return 'taken';
  } catch (error) {
    const code = errnoOf(error) ?? '';
    // A network file system may say EEXIST to a repeated request of which the first went through, or lose the answer.
    if (fstatSync(temporaryHandle).nlink === 2) return 'taken';
    if (code === 'EEXIST') return 'exists';
    if (code === 'ENOENT') return 'exists'; // swept away: we were stopped for a minute
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) return 'unsupported';
    throw error;
  }
}

/** Where the lock for removing the one with this id stands. */
export const breakPath = (file: string, id: string): string => `${file}.break-${id}`;

/**
 * Deletes what crashed processes left beside lock F: temporary files, and locks for breaking what is broken long since.
 *
 * Unlinking such an `F.break-X` without holding its own break lock may hit one that was just retaken. That does no harm when
 * no lock carries X any more: nonces never return, so whoever enters that section finds nothing to do. And none does
 * if none did after the listing: X stood somewhere before `F.break-X` was made, and never moves.
 */
export function sweepRemains(file: string): void {
  const folder = path.dirname(file);
  const prefix = path.basename(breakPath(file, ''));
  const names = readdirSync(folder).filter((name) => name.startsWith(`${path.basename(file)}.`));
  const breakers = names.filter((name) => name.startsWith(prefix) && !name.includes('.tmp-'));
  const seenByName = new Map(breakers.map((name) => [name, lookAtLock(path.join(folder, name))]));
  const present = new Set([lookAtLock(file), ...seenByName.values()].map((seen) => seen?.id));
  for (const [name, seen] of seenByName) {
    if (seen === null || present.has(name.slice(prefix.length))) continue;
    const liveness = seen.owner === null ? 'foreign' : judgeLiveness(seen.owner, seen.mtimeMs);
    const isOver = liveness === 'dead' || (liveness === 'foreign' && Date.now() - seen.mtimeMs > FOREIGN_REMAINS_MS);
    if (isOver) removeQuietly(path.join(folder, name));
  }
  for (const name of names) {
    const remains = path.join(folder, name);
    if (name.includes('.tmp-') && ageOf(remains) > TEMPORARY_MS) removeQuietly(remains);
  }
}

const ageOf = (file: string): number => {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts === undefined ? 0 : Date.now() - facts.mtimeMs;
};

function ownerOf(path: string): LockOwner | null {
  try {
    return lookAtLock(path)?.owner ?? null;
  } catch {
    return null; // it is only told
  }
}

/** `store-busy`, with the owner in `details`. */
export function busyError(path: string, waitedMs: number): OrcError {
  const owner = ownerOf(path);
  const who =
    owner === null ? 'another process' : `process ${owner.pid} on ${owner.host.split('/')[0]}, since ${owner.taken_at}`;
  return new OrcError('store-busy', `${path} is held by ${who}`, {
    hint: 'wait for it to finish, or end it, and try again',
    details: { path, waited_ms: waitedMs, owner },
  });
}
