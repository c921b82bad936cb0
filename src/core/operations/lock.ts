import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { globOf, globsOverlap } from '../globs.ts';
import { accept, type Call, type Context, defineOperation, lazily, type Refusal, refuse } from '../operation.ts';
import { isHoldExpired, isOverByOwnClock } from '../readiness.ts';
import type { Hold, Lock } from '../records.ts';
import { fromIso, toIso } from '../time.ts';
import { isProven, marginNote, type Proof, refuseByClock, refuseCaseTwin, refuseRetired } from './support.ts';

const acquireArguments = lazily(() =>
  z.strictObject({
    resource: arg.resource(),
    ttl_ms: z.optional(arg.durationMs()),
    shared: z._default(arg.flag(), false),
    reason: z._default(z.nullable(arg.reason()), null),
    ...arg.proof(),
    /** Ids of the holds that the caller remembers: those on overlapping paths are no obstacle. */
    holds: z._default(z.array(z.string()), []),
  }),
);

export const lockAcquire = defineOperation({
  kind: 'lock.acquire',
  summary: 'Acquire a lock, or extend one that is held',
  arguments: acquireArguments,
  actions: ['lock_acquired'],
  arbitrated: true,
  outlivesOwner: false,
  decide(board, { resource, shared, reason, holds, ttl_ms: ttlMs, ...proof }, call) {
    const retired = refuseRetired(board, call);
    if (retired !== null) return retired;
    const held = [...board.locks.loaded()].filter((lock) => liveHolds(lock, call).length > 0);
    const twin = refuseCaseTwin(
      'resource',
      resource,
      held.map((lock) => lock.resource),
    );
    if (twin !== null) return twin;
    const before = board.locks.get(resource) ?? null;
    const live = liveHolds(before, call);
    const own = live.find((hold) => isOwn(hold, proof, call));
    const others = live.filter((hold) => hold !== own);
    if (others.length > 0 && !(shared && before?.shared === true)) return refuseHeld(resource, others, call);
    const overlapping = findOverlappingHolds(held, resource, shared, holds, call);
    if (overlapping !== null) return refuseHeld(overlapping.resource, overlapping.holders, call);
    const isUpgrade = own !== undefined && before?.shared === true && !shared;
    // An exclusive token is higher than any that was given before it; and what was imported gets a proof of its own.
    const kept = isUpgrade || own?.imported === true ? undefined : own;
    const length = ttlMs ?? own?.ttl_ms ?? board.settings.lock_ttl_ms;
    const hold: Hold = {
      agent: call.agent,
      id: kept?.id ?? call.id,
      token: kept?.token ?? call.version,
      acquired_at: call.iso,
      ttl_ms: length,
      expires_at: toIso(call.at + length),
      reason: reason ?? own?.reason ?? null,
    };
    const after: Lock = { resource, shared, holders: [...others, hold].sort((a, b) => a.token - b.token) };
    return accept({
      changes: [lockChange(before, after)],
      event: {
        action: 'lock_acquired',
        data: {
          resource,
          ...(shared ? { shared } : {}),
          ...(own === undefined ? {} : { extended: true }),
          ...(isUpgrade ? { upgraded: true } : {}),
          ...(own !== undefined && before?.shared === false && shared ? { downgraded: true } : {}),
        },
      },
      result: { lock: resource },
    });
  },
});

const renewArguments = lazily(() =>
  z.strictObject({ resource: arg.resource(), ttl_ms: z.optional(arg.durationMs()), ...arg.proof() }),
);

export const lockRenew = defineOperation({
  kind: 'lock.renew',
  summary: 'Extend a lock that is held',
  arguments: renewArguments,
  actions: ['lock_renewed'],
  arbitrated: true,
  outlivesOwner: false,
  decide(board, { resource, ttl_ms: ttlMs, ...proof }, call) {
    const lock = board.locks.get(resource);
    const hold = findOwnHold(lock, resource, proof, call);
    if ('outcome' in hold) return hold;
    const length = ttlMs ?? hold.ttl_ms;
    const renewed = { ...hold, acquired_at: call.iso, ttl_ms: length, expires_at: toIso(call.at + length) };
    const after = {
      ...(lock as Lock),
      holders: (lock as Lock).holders.map((each) => (each === hold ? renewed : each)),
    };
    return accept({
      changes: [lockChange(lock as Lock, after)],
      event: { action: 'lock_renewed', data: { resource } },
      result: { lock: resource },
    });
  },
});

const releaseArguments = lazily(() => z.strictObject({ resource: arg.resource(), ...arg.proof() }));

export const lockRelease = defineOperation({
  kind: 'lock.release',
  summary: 'Release a lock',
  arguments: releaseArguments,
  actions: ['lock_released'],
  arbitrated: true,
  decide(board, { resource, ...proof }, call) {
    const lock = board.locks.get(resource);
    const hold = findOwnHold(lock, resource, proof, call);
    if ('outcome' in hold) return hold;
    const change = dropHolds(lock as Lock, (each) => each === hold);
    return accept({
      changes: change === null ? [] : [change],
      event: { action: 'lock_released', data: { resource } },
      result: { lock: resource },
    });
  },
});

const breakArguments = lazily(() =>
  z.strictObject({ resource: arg.resource(), reason: arg.reason().check(z.minLength(1)) }),
);

export const lockBreak = defineOperation({
  kind: 'lock.break',
  summary: 'Take a lock from whoever holds it, with a reason',
  arguments: breakArguments,
  actions: ['lock_broken'],
  arbitrated: true,
  decide(board, { resource, reason }) {
    const lock = board.locks.get(resource);
    if (lock === undefined) return refuse('not-found', `nobody holds "${resource}"`, 'see `orc l list`');
    return accept({
      changes: [lockChange(lock, null)],
      event: { action: 'lock_broken', data: { resource, reason, from: lock.holders.map((hold) => hold.agent) } },
      result: { lock: resource },
      body: reason,
    });
  },
});

/** Removes some holds of a lock, and the lock with the last of them; `null` when none is concerned. */
export function dropHolds(lock: Lock, isDropped: (hold: Hold) => boolean): Change | null {
  const holders = lock.holders.filter((hold) => !isDropped(hold));
  if (holders.length === lock.holders.length) return null;
  return lockChange(lock, holders.length === 0 ? null : { ...lock, holders });
}

/** What every mutation removes in passing: holds whose time is up, also of locks that it changes itself. */
export function withoutExpiredHolds(board: Board, changes: readonly Change[], context: Context): Change[] {
  const isDropped = (hold: Hold): boolean => isHoldExpired(hold, context);
  const swept = changes.map((change) => {
    if (change.collection !== 'locks' || change.after === null) return change;
    const rest = dropHolds(change.after, isDropped);
    return rest === null ? change : lockChange(change.before, rest.after as Lock | null, change.key);
  });
  const touched = new Set(changes.filter((change) => change.collection === 'locks').map((change) => change.key));
  for (const lock of board.locks.loaded()) {
    const change = touched.has(lock.resource) ? null : dropHolds(lock, isDropped);
    if (change !== null) swept.push(change);
  }
  return swept;
}

/** Two path locks conflict when their globs can match the same file, unless both are shared or the caller has both. */
function findOverlappingHolds(
  locks: readonly Lock[],
  resource: string,
  shared: boolean,
  holds: readonly string[],
  call: Call,
): Lock | null {
  const glob = globOf(resource);
  if (glob === null) return null;
  for (const lock of locks) {
    const other = globOf(lock.resource);
    if (other === null || lock.resource === resource || (shared && lock.shared) || !globsOverlap(glob, other)) continue;
    const isKnown = (hold: Hold): boolean => hold.imported === true || holds.includes(hold.id);
    const holders = liveHolds(lock, call).filter((hold) => hold.agent !== call.agent || !isKnown(hold));
    if (holders.length > 0) return { ...lock, holders };
  }
  return null;
}

function liveHolds(lock: Lock | null, call: Call): readonly Hold[] {
  return lock === null ? [] : lock.holders.filter((hold) => !isHoldExpired(hold, call));
}

/** Whether a hold is the caller's own, by token or claim id; the name alone proves nothing, but for what came with an import. */
function isOwn(hold: Hold, proof: Proof, call: Call): boolean {
  if (hold.agent !== call.agent) return false;
  return isProven(hold, proof) || (hold.imported === true && proof.token === undefined && proof.claim === undefined);
}

function findOwnHold(lock: Lock | undefined, resource: string, proof: Proof, call: Call): Hold | Refusal {
  const ofAgent = lock?.holders.filter((hold) => hold.agent === call.agent) ?? [];
  const own = ofAgent.find((hold) => isOwn(hold, proof, call));
  if (own !== undefined) return own;
  const isGiven = proof.token !== undefined || proof.claim !== undefined;
  if (isGiven && !lock?.holders.some((hold) => isProven(hold, proof))) {
    return refuse('stale-token', `that hold on "${resource}" is over`, 'acquire it again before going on');
  }
  const by = lock?.holders.map((hold) => hold.agent) ?? [];
  const holder = by.length === 0 ? 'nobody holds it' : `it is held by ${by.join(', ')}`;
  const hint =
    ofAgent.length > 0 ? 'it was acquired elsewhere under this name: pass the token with --token' : undefined;
  return refuse('not-holder', `"${resource}" is not held by ${call.agent}: ${holder}`, hint, { by });
}

function refuseHeld(resource: string, others: readonly Hold[], call: Call): Refusal {
  const by = others.map((hold) => hold.agent);
  // A live hold that is over by our own clock: what makes it live is that the clock cannot be trusted.
  if (others.every((hold) => isOverByOwnClock(fromIso(hold.expires_at), call)))
    return refuseByClock(`the time of ${by.join(', ')} on "${resource}" may be up`, call);
  const until = Math.max(...others.map((hold) => fromIso(hold.expires_at)));
  const hint = by.includes(call.agent)
    ? 'it was acquired elsewhere under this name: pass the token with --token, or wait'
    : `wait, or ask ${by.join(', ')} to release it`;
  return refuse(
    'lock-held',
    `"${resource}" is held by ${by.join(', ')} until ${toIso(until)}${marginNote(until, call)}`,
    hint,
    // Clocks may differ: nobody gets it before `free_from`, unless it is released. Another version is another hold.
    {
      // What is held: the files that were asked for may be among it.
      resource,
      by: by[0],
      holders: by,
      until: toIso(until),
      free_from: toIso(until + call.clockSkewMs),
      acquired_version: Math.max(...others.map((hold) => hold.token)),
    },
  );
}

function lockChange(before: Lock | null, after: Lock | null, key = (after ?? (before as Lock)).resource): Change {
  return { collection: 'locks', key, before, after };
}
