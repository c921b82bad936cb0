import type { BoardModel } from './board.ts';
import { isEmpty, isLive, isOwnHold, proofOf, proves, refuseIfRetired } from './holding.ts';
import { globOf, globsMeet } from './names.ts';
import {
  type Accepted,
  type Call,
  type Decide,
  isoTime,
  isRefused,
  optionalNumber,
  optionalText,
  type Refused,
  refuse,
  text,
  texts,
} from './operation.ts';
import type { Holder, Lock } from './records.ts';
import { caseTwin } from './workstreams.ts';

function live(lock: Lock | undefined, call: Call): readonly Holder[] {
  return (lock?.holders ?? []).filter((holder) => isLive(holder, call));
}

function change(
  resource: string,
  lock: { readonly shared: boolean; readonly holders: readonly Holder[] },
  words: { readonly action: string; readonly data?: Readonly<Record<string, unknown>>; readonly body?: string },
): Accepted {
  const { action, data = {}, body } = words;
  const after = lock.holders.length === 0 ? null : { resource, shared: lock.shared, holders: lock.holders };
  return {
    outcome: 'accepted',
    changes: [{ what: 'lock', key: resource, after }],
    event: { action, data: { resource, ...data } },
    result: { lock: resource },
    body,
  };
}

/** Locks on paths that can be the same file. */
function overlapping(board: BoardModel, resource: string): Lock[] {
  const glob = globOf(resource);
  return [...board.locks.values()].filter((lock) => {
    if (lock.resource === resource) return false;
    const other = globOf(lock.resource);
    return glob !== null && other !== null && globsMeet(glob, other);
  });
}

const acquire: Decide = (board, call) => {
  const retired = refuseIfRetired(board, call);
  if (retired !== null) return retired;
  const { args } = call;
  const resource = text(args, 'resource');
  const shared = args.shared === true;
  const twin = caseTwin(
    resource,
    [...board.locks.values()].filter((lock) => live(lock, call).length > 0).map((lock) => lock.resource),
  );
  if (twin !== null) return twin;
  const held = board.locks.get(resource);
  const present = live(held, call);
  const own = present.find((holder) => isOwnHold(holder, call));
  const rest = present.filter((holder) => holder !== own);
  if (rest.length > 0 && !(shared && held?.shared === true)) return refuse('lock-held', `${resource} is held`);
  // `holds`: the ids of what the caller holds, on paths that overlap
  const known = texts(args, 'holds');
  for (const lock of overlapping(board, resource)) {
    const isForeign = (holder: Holder): boolean =>
      holder.agent !== call.agent || !(holder.imported === true || known.includes(holder.id));
    if (!(shared && lock.shared) && live(lock, call).some(isForeign))
      return refuse('lock-held', `${lock.resource} is held`);
  }
  const ttl = optionalNumber(args, 'ttl_ms') ?? own?.ttl_ms ?? board.meta.settings.lockTtlMs;
  // becoming exclusive makes a new hold; so does taking up one that was imported
  const upgraded = own !== undefined && held?.shared === true && !shared;
  const downgraded = own !== undefined && held?.shared === false && shared;
  const isNew = own === undefined || upgraded || own.imported === true;
  const mine: Holder = {
    agent: call.agent,
    id: isNew ? call.id : own.id,
    token: isNew ? call.version : own.token,
    ...period(call, ttl),
    reason: optionalText(args, 'reason') ?? own?.reason ?? null,
  };
  const holders = [...rest, mine].sort((a, b) => a.token - b.token);
  return change(
    resource,
    { shared, holders },
    {
      action: 'lock_acquired',
      data: {
        ...(shared ? { shared } : {}),
        ...(own === undefined ? {} : { extended: true }),
        ...(upgraded ? { upgraded } : {}),
        ...(downgraded ? { downgraded } : {}),
      },
    },
  );
};

/** Extending begins the time anew: `expires_at` is always `acquired_at` and `ttl_ms`. */
function period(call: Call, ttl: number): Pick<Holder, 'acquired_at' | 'ttl_ms' | 'expires_at'> {
  return { acquired_at: call.iso, ttl_ms: ttl, expires_at: isoTime(call.at + ttl) };
}

function ownHold(board: BoardModel, call: Call): { readonly lock: Lock; readonly own: Holder } | Refused {
  const resource = text(call.args, 'resource');
  const lock = board.locks.get(resource);
  const proof = proofOf(call.args);
  // one that has run out may still be extended, as long as nothing has removed it
  const mine = (lock?.holders ?? []).filter((holder) => holder.agent === call.agent);
  const own = mine.find((holder) => isOwnHold(holder, call));
  if (lock !== undefined && own !== undefined) return { lock, own };
  const isOfAnother = lock?.holders.some((holder) => proves(proof, holder)) === true;
  if (isEmpty(proof) || isOfAnother) return refuse('not-holder', `${resource} is not held by ${call.agent}`);
  return refuse('stale-token', `that hold of ${resource} is over`);
}

const renew: Decide = (board, call) => {
  const found = ownHold(board, call);
  if (isRefused(found)) return found;
  const { lock, own } = found;
  const ttl = optionalNumber(call.args, 'ttl_ms') ?? own.ttl_ms;
  const mine = { ...own, ...period(call, ttl) };
  const holders = lock.holders.map((each) => (each === own ? mine : each));
  return change(lock.resource, { shared: lock.shared, holders }, { action: 'lock_renewed' });
};

const release: Decide = (board, call) => {
  const found = ownHold(board, call);
  if (isRefused(found)) return found;
  const { lock, own } = found;
  const holders = lock.holders.filter((each) => each !== own);
  return change(lock.resource, { shared: lock.shared, holders }, { action: 'lock_released' });
};

const breakLock: Decide = (board, call) => {
  const resource = text(call.args, 'resource');
  const lock = board.locks.get(resource);
  if (lock === undefined) return refuse('not-found', `nobody holds ${resource}`);
  const reason = text(call.args, 'reason');
  return change(
    resource,
    { shared: lock.shared, holders: [] },
    {
      action: 'lock_broken',
      data: { reason, from: lock.holders.map(({ agent }) => agent) },
      body: reason,
    },
  );
};

export const lockOperations: Readonly<Record<string, Decide>> = {
  'lock.acquire': acquire,
  'lock.renew': renew,
  'lock.release': release,
  'lock.break': breakLock,
};
