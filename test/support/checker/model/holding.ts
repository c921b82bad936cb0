/** Who holds what, how it is proven, and when it is over: docs/protocol.md, "Claims, leases, tokens" and "Time". */
import type { BoardModel } from './board.ts';
import { globOf, globsMeet } from './names.ts';
import { type Arguments, type Call, isoTime, optionalNumber, optionalText, type Refused, refuse } from './operation.ts';
import type { Holder, Task } from './records.ts';

export interface Proof {
  readonly token: number | null;
  readonly claim: string | null;
}

export function proofOf(args: Arguments): Proof {
  return { token: optionalNumber(args, 'token'), claim: optionalText(args, 'claim') };
}

export function isEmpty(proof: Proof): boolean {
  return proof.token === null && proof.claim === null;
}

/** Token or claim id; where both are given, both have to be right. */
export function proves(proof: Proof, held: { readonly id: string; readonly token: number }): boolean {
  return !isEmpty(proof) && [held.token, null].includes(proof.token) && [held.id, null].includes(proof.claim);
}

/** A hold is the caller's own when it is proven. What came with an import cannot be, so its agent's word is taken. */
export function isOwnHold(holder: Holder, call: Call): boolean {
  const proof = proofOf(call.args);
  return holder.agent === call.agent && (proves(proof, holder) || (isEmpty(proof) && holder.imported === true));
}

/** A retired agent is given neither tasks nor locks. */
export function refuseIfRetired(board: BoardModel, call: Call): Refused | null {
  const isRetired = board.agents.get(call.agent)?.status === 'retired';
  return isRetired ? refuse('not-found', `agent ${call.agent} is retired`) : null;
}

/** Why this caller may not act as the task's holder; `null` when it may, or when nobody holds it. */
export function mayActAsHolder(task: Task, call: Call): Refused | null {
  const proof = proofOf(call.args);
  const stale = refuse('stale-token', `that claim on task ${task.id} is over`);
  if (task.status !== 'in_progress') return isEmpty(proof) ? null : stale;
  if (task.claim === null && task.assigned_to === null) return isEmpty(proof) ? null : stale;
  if (task.claim !== null && !isEmpty(proof) && !proves(proof, task.claim)) return stale;
  if (task.assigned_to !== call.agent) return refuse('not-holder', `task ${task.id} is held by ${task.assigned_to}`);
  // imported in progress: there is no claim to prove, and its agent's word is taken
  if (task.claim === null) return isEmpty(proof) ? null : stale;
  if (isEmpty(proof)) return refuse('not-holder', `task ${task.id} is held elsewhere`);
  return null;
}

/** A lease from now: as asked, or as the settings say, and then never shorter than it was. */
export function renewed(board: BoardModel, task: Task, call: Call, leaseMs: number | null): Task['claim'] {
  if (task.claim === null) return null;
  const end =
    leaseMs === null
      ? Math.max(call.at + board.meta.settings.leaseMs, Date.parse(task.claim.lease_until))
      : call.at + leaseMs;
  return { ...task.claim, lease_until: isoTime(end) };
}

/** When the lease ends, ms. A task in progress without a claim was imported: its lease began with its last change. */
export function leaseEnd(board: BoardModel, task: Task): number {
  return task.claim === null
    ? Date.parse(task.updated_at) + board.meta.settings.leaseMs
    : Date.parse(task.claim.lease_until);
}

export function isOver(end: number, call: Pick<Call, 'at' | 'skewMs'>): boolean {
  return !(end + call.skewMs > call.at);
}

export function isHeld(board: BoardModel, task: Task, call: Pick<Call, 'at' | 'skewMs'>): boolean {
  return task.status === 'in_progress' && !isOver(leaseEnd(board, task), call);
}

export function isLive(holder: Holder, call: Pick<Call, 'at' | 'skewMs'>): boolean {
  return !isOver(Date.parse(holder.expires_at), call);
}

/** Why this open task cannot be started by the agent now. */
export function obstacle(board: BoardModel, task: Task, call: Call): Refused | null {
  if (task.status === 'blocked') return refuse('not-ready', `task ${task.id} is blocked`);
  if (isHeld(board, task, call)) return refuse('already-claimed', `task ${task.id} is held by ${task.assigned_to}`);
  const waits = task.depends_on.find((id) => board.tasks.get(id)?.status !== 'done');
  if (waits !== undefined) return refuse('not-ready', `task ${task.id} waits for ${waits}`);
  const able = board.agents.get(call.agent)?.capabilities ?? [];
  const lacks = task.needs.find((need) => !able.includes(need));
  if (lacks !== undefined) return refuse('lacks-capability', `task ${task.id} needs ${lacks}`);
  const lock = lockInTheWay(board, task, call);
  return lock === null ? null : refuse('not-ready', `${lock} is in the way of task ${task.id}`);
}

/** A lock of somebody else on files that the task will touch; shared ones too, for the task will write. */
function lockInTheWay(board: BoardModel, task: Task, call: Call): string | null {
  if (task.paths.length === 0) return null;
  for (const { resource, holders } of board.locks.values()) {
    const glob = globOf(resource);
    if (glob === null || !holders.some((holder) => holder.agent !== call.agent && isLive(holder, call))) continue;
    if (task.paths.some((path) => globsMeet(path, glob))) return resource;
  }
  return null;
}
