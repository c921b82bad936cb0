/** Who holds what along the chain, by commit messages alone. */
import { type Beginning, clockSkewMs, leaseMs, lockTtlMs } from './beginning.ts';
import type { Link } from './chain.ts';

interface Holder {
  readonly agent: string;
  readonly id: string;
  readonly token: number;
  readonly lengthMs: number;
  readonly until: number;
}

interface HeldLock {
  readonly isShared: boolean;
  readonly holders: readonly Holder[];
}

/** Nobody gets a task or a lock that somebody else holds, and nobody acts as the holder without being it. */
export function checkHolders(chain: readonly Link[], beginning: Beginning, faults: string[]): void {
  const tasks = new Map<string, Holder | null>();
  const locks = new Map<string, HeldLock>();
  for (const link of chain) {
    if (link.isByHand || beginning.operations.has(link.op)) continue;
    const { kind, op, version, at } = link;
    const fault = (text: string): void => void faults.push(`${kind} ${op} at version ${version}: ${text}`);
    followTask(tasks, link, fault);
    followLock(locks, link, fault);
    if (kind === 'agent.retire') {
      for (const [id, each] of tasks) if (each?.agent === link.args.id) tasks.set(id, null);
      dropHolders(locks, (each) => each.agent === link.args.id);
    }
    dropHolders(locks, (each) => !isLive(each, at));
  }
}

const isLive = ({ until }: Holder, at: number): boolean => until + clockSkewMs > at;

function isOwn(holder: Holder, { agent, args }: Link): boolean {
  const { token, claim } = args;
  if (holder.agent !== agent || (token === undefined && claim === undefined)) return false;
  return (token === undefined || token === holder.token) && (claim === undefined || claim === holder.id);
}

function followTask(tasks: Map<string, Holder | null>, link: Link, fault: (text: string) => void): void {
  const { kind, args, agent, at, version: token, op: id } = link;
  const task = String(link.result.task ?? '');
  const holder = tasks.get(task) ?? null;
  const lengthMs = typeof args.lease_ms === 'number' ? args.lease_ms : leaseMs;
  const isHolder = holder !== null && isOwn(holder, link);
  switch (kind) {
    case 'task.claim':
    case 'task.next':
      if (task === '') return;
      if (holder !== null && isLive(holder, at)) fault(`${task} is held by ${holder.agent} (${holder.id})`);
      tasks.set(task, { agent, id, token, lengthMs, until: at + lengthMs });
      return;
    case 'task.renew':
      if (!isHolder) fault(`${agent} does not hold ${task}`);
      else if (args.lease_ms !== undefined) tasks.set(task, { ...holder, until: at + lengthMs });
      else tasks.set(task, { ...holder, until: Math.max(holder.until, at + lengthMs) });
      return;
    case 'task.note':
    case 'task.edit':
      if (isHolder) tasks.set(task, { ...holder, until: Math.max(holder.until, at + leaseMs) });
      return;
    case 'task.complete':
    case 'task.fail':
    case 'task.release':
    case 'task.block':
      if (holder !== null && !isHolder) fault(`${agent} does not hold ${task}`);
      if (holder === null && (args.token !== undefined || args.claim !== undefined)) fault('the proof is outdated');
      tasks.set(task, null);
      return;
    case 'task.cancel':
      tasks.set(task, null);
      return;
    case 'agent.heartbeat':
      for (const [key, each] of tasks) {
        const isMeant = each !== null && each.agent === args.id && (args.claims as readonly string[]).includes(each.id);
        if (isMeant) tasks.set(key, { ...each, until: Math.max(each.until, at + leaseMs) });
      }
  }
}

function followLock(locks: Map<string, HeldLock>, link: Link, fault: (text: string) => void): void {
  const { kind, args, agent, at, version: token, op } = link;
  const resource = String(args.resource);
  const isShared = args.shared === true;
  const lock = locks.get(resource) ?? { isShared, holders: [] };
  // A hold that ran out is not extended: it is acquired anew, with the time that it would have then.
  const own = lock.holders.find((each) => isOwn(each, link) && (kind !== 'lock.acquire' || isLive(each, at)));
  const others = lock.holders.filter((each) => each !== own);
  const lengthMs = typeof args.ttl_ms === 'number' ? args.ttl_ms : (own?.lengthMs ?? lockTtlMs);
  switch (kind) {
    case 'lock.acquire': {
      const live = others.filter((each) => isLive(each, at));
      if (live.length > 0 && !(isShared && lock.isShared)) fault(`${resource} is held by ${live[0]?.agent}`);
      // Who becomes exclusive has a new hold from then on.
      const isUpgrade = lock.isShared && !isShared;
      const still = own !== undefined && !isUpgrade ? own : { id: op, token };
      const hold = { agent, id: still.id, token: still.token, lengthMs, until: at + lengthMs };
      locks.set(resource, { isShared, holders: [...live, hold] });
      return;
    }
    case 'lock.renew':
      if (own === undefined) fault(`${agent} does not hold ${resource}`);
      else locks.set(resource, { ...lock, holders: [...others, { ...own, lengthMs, until: at + lengthMs }] });
      return;
    case 'lock.release':
      if (own === undefined) fault(`${agent} does not hold ${resource}`);
      locks.set(resource, { ...lock, holders: others });
      return;
    case 'lock.break':
      locks.delete(resource);
  }
}

function dropHolders(locks: Map<string, HeldLock>, isDropped: (holder: Holder) => boolean): void {
  for (const [resource, lock] of locks) {
    const holders = lock.holders.filter((each) => !isDropped(each));
    if (holders.length === 0) locks.delete(resource);
    else locks.set(resource, { ...lock, holders });
  }
}
