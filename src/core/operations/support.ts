/** What several operations share: looking records up, proving who holds, making changes. */
import type { Board, Change } from '../board.ts';
import { foldName } from '../names.ts';
import { type Call, type Refusal, refuse } from '../operation.ts';
import { isLeaseExpired, isOverByOwnClock, leaseEnd } from '../readiness.ts';
import { isOpen, type Note, type Task, type Workstream } from '../records.ts';
import { agentWord, shellWord } from '../shell-word.ts';
import { formatDuration, fromIso, toIso } from '../time.ts';

export const maxNotes = 50;
export const maxCommits = 50;

export function isRefusal(value: object): value is Refusal {
  return 'outcome' in value && value.outcome === 'refused';
}

export function findWorkstream(board: Board, name: string): Workstream | Refusal {
  const found = board.workstreams.get(name);
  if (found !== undefined) return found;
  const known = [...board.workstreams.loaded()].map((workstream) => workstream.name);
  return refuse('not-found', `workstream "${name}" not found`, insteadOfWorkstream(name, known));
}

/** What helps where there is no workstream of that name. */
export function insteadOfWorkstream(name: string, known: readonly string[]): string {
  if (known.length === 0) return `create it with \`orc ws create ${shellWord(name)}\``;
  return `known workstreams: ${[...known].sort().slice(0, 12).join(', ')}`;
}

export function findTask(board: Board, id: string, workstream: string | null | undefined): Task | Refusal {
  const task = board.tasks.get(id);
  if (task === undefined) return refuse('not-found', `task "${id}" not found`, 'see `orc t list`');
  if (workstream !== undefined && workstream !== null && task.workstream !== workstream) {
    return refuse('not-found', `task "${id}" not found in workstream "${workstream}"`, `it is in "${task.workstream}"`);
  }
  return task;
}

export function findOpenTask(board: Board, id: string, workstream: string | null | undefined): Task | Refusal {
  const task = findTask(board, id, workstream);
  if (isRefusal(task) || isOpen(task)) return task;
  return refuse('closed', `task ${task.id} is ${task.status} already`, `\`orc t reopen ${task.id}\` opens it again`, {
    status: task.status,
  });
}

/** A new name must not differ from an existing one by case alone: on some systems both would be one file. */
export function refuseCaseTwin(kind: string, name: string, existing: Iterable<string>): Refusal | null {
  const folded = foldName(name);
  for (const other of existing) {
    if (other !== name && foldName(other) === folded) {
      return refuse('invalid-argument', `${kind} "${name}" differs from "${other}" by case alone`, `use "${other}"`);
    }
  }
  return null;
}

export interface Proof {
  readonly token?: number | undefined;
  readonly claim?: string | undefined;
}

/**
 * Whether the caller may act as the holder of a task in progress. The agent's name alone proves nothing: the same name
 * may be in use on another machine; the token, or the id of the claim, does.
 *
 * An imported task in progress has no claim, so nothing can be proven, and its agent's word is taken: its agent's alone.
 */
export function refuseUnlessHolder(task: Task, proof: Proof, call: Call): Refusal | null {
  const { claim } = task;
  if (task.status !== 'in_progress') return refuseAnyProof(task, proof);
  const details = { by: task.assigned_to, until: claim?.lease_until ?? null };
  const isGiven = proof.token !== undefined || proof.claim !== undefined;
  // Who slept through a lease hears that it is over, whoever has the task now.
  if (isGiven && claim !== null && !isProven(claim, proof)) return staleToken(task, details);
  if (task.assigned_to !== call.agent && (claim !== null || task.assigned_to !== null)) {
    return refuse(
      'not-holder',
      `task ${task.id} is held by ${task.assigned_to}`,
      'only its holder can do that',
      details,
    );
  }
  if (claim === null) return refuseAnyProof(task, proof);
  if (isGiven) return null;
  const hint = 'the token was given to whoever claimed it: pass it with --token';
  return refuse('not-holder', `task ${task.id} is held by ${task.assigned_to} elsewhere`, hint, details);
}

/** Whether token or id, whichever are given, are those of the claim or hold; giving none proves nothing. */
export function isProven(held: { readonly id: string; readonly token: number }, proof: Proof): boolean {
  if (proof.token === undefined && proof.claim === undefined) return false;
  return (
    (proof.token === undefined || proof.token === held.token) && (proof.claim === undefined || proof.claim === held.id)
  );
}

/**
 * Who was retired is given no task and no lock: a process that goes on regardless would work where nobody sees it. It may
 * still end what needs no claim, and write.
 */
export function refuseRetired(board: Board, call: Call): Refusal | null {
  if (board.agents.get(call.agent)?.status !== 'retired') return null;
  const hint = `stop working, or come back with \`orc a register ${shellWord(call.agent)}\``;
  return refuse('not-found', `agent "${call.agent}" is retired`, hint);
}

/** Somebody who slept through a lease comes with the token of a claim that is gone: never let that pass as "no claim needed". */
function refuseAnyProof(task: Task, proof: Proof): Refusal | null {
  return proof.token === undefined && proof.claim === undefined ? null : staleToken(task, { status: task.status });
}

function staleToken(task: Task, details: Readonly<Record<string, unknown>>): Refusal {
  const message = `the claim on task ${task.id} has been superseded`;
  return refuse('stale-token', message, 'stop working on it: it was handed to somebody else or back', details);
}

/** Why a task in progress cannot be claimed: by whom it is held, until when; `null` when its lease has run out. */
export function refuseHeldTask(board: Board, task: Task, call: Call): Refusal | null {
  if (task.status !== 'in_progress' || isLeaseExpired(board, task, call)) return null;
  if (isOverByOwnClock(leaseEnd(board, task), call))
    return refuseByClock(`the lease of ${task.assigned_to} on task ${task.id} may have run out`, call);
  const until = toIso(leaseEnd(board, task));
  const own = task.assigned_to === call.agent ? '; `orc t renew` extends a claim of your own' : '';
  return refuse(
    'already-claimed',
    `task ${task.id} is held by ${task.assigned_to} until ${until}${marginNote(leaseEnd(board, task), call)}`,
    `take another with \`orc t next ${shellWord(task.workstream)}${agentWord(call.agent)}\`${own}`,
    { by: task.assigned_to, until },
  );
}

/** Between the end of a lease and its takeover lies a margin for clocks that differ: without a word, `until` would be a riddle. */
export function marginNote(endMs: number, call: Call): string {
  if (endMs > call.at) return '';
  return `; free from ${toIso(endMs + call.clockSkewMs)}, for clocks may differ`;
}

/** Something may be over, but this machine's clock is too far off to tell (`isClockOff`). */
export function refuseByClock(what: string, call: Call): Refusal {
  const off = Number(call.clockOffMs);
  return refuse(
    'clock-off',
    `${what}, but this machine's clock is ${formatDuration(off)} ${off > 0 ? 'ahead of' : 'behind'} the upstream's`,
    'set the clock (`timedatectl set-ntp true`, or another NTP client), then ask again',
    { off_ms: off },
  );
}

export function taskChange(before: Task | null, after: Task | null): Change {
  return { collection: 'tasks', key: (after ?? (before as Task)).id, before, after };
}

export function withNote(task: Task, call: Call, text: string): readonly Note[] {
  return [...task.notes, { at: call.iso, by: call.agent, text }].slice(-maxNotes);
}

/**
 * What an operation of the holder on its task does beside its own effect: the lease begins anew. Whoever does not prove to
 * be the holder may still write a note, but keeps nobody else's claim alive with it.
 */
export function leaseAfterWork(board: Board, task: Task, proof: Proof, call: Call): Task['claim'] {
  const isHolder = task.assigned_to === call.agent && task.claim !== null && isProven(task.claim, proof);
  return isHolder ? extendedLease(board, task, call) : task.claim;
}

/** A lease from now: as long as asked for, or as the settings say and then never shorter than it was. */
export function extendedLease(board: Board, task: Task, call: Call, leaseMs?: number): Task['claim'] {
  if (task.claim === null) return null;
  const present = fromIso(task.claim.lease_until);
  const asSet = call.at + board.settings.lease_ms;
  const until = leaseMs === undefined ? (present > asSet ? present : asSet) : call.at + leaseMs;
  return { ...task.claim, lease_until: toIso(until) };
}

/** Long texts stand in the record; the event log keeps their beginning. */
export function shortened<Text extends string | null>(text: Text): Text | string {
  return text === null || text.length <= 2000 ? text : `${text.slice(0, 1999)}…`;
}
