/** Claiming tasks, keeping them, and giving them back. */
import { type BoardModel, type Change, compareText } from './board.ts';
import { checkResults, countsOf } from './checks.ts';
import { isHeld, leaseEnd, mayActAsHolder, obstacle, refuseIfRetired, renewed } from './holding.ts';
import {
  type Accepted,
  type Call,
  type Decide,
  isoTime,
  isRefused,
  optionalNumber,
  optionalText,
  refuse,
} from './operation.ts';
import type { Task } from './records.ts';
import { changeTask, findOpenTask, withNote } from './tasks.ts';
import { findWorkstream } from './workstreams.ts';

/** Characters of a result or reason that the log bears. */
const logged = 2000;

export function inOrderOfNext(a: Task, b: Task): number {
  return (
    a.priority - b.priority ||
    a.created_version - b.created_version ||
    a.created_index - b.created_index ||
    compareText(a.id, b.id)
  );
}

/** Only what can be claimed comes here; in progress means that its lease is over. */
function claimed(board: BoardModel, task: Task, call: Call, before: readonly Change[] = []): Accepted {
  const takenOver = task.status === 'in_progress';
  const leaseMs = optionalNumber(call.args, 'lease_ms') ?? board.meta.settings.leaseMs;
  const after: Task = {
    ...task,
    status: 'in_progress',
    assigned_to: call.agent,
    attempts: task.attempts + (takenOver ? 1 : 0),
    claim: { id: call.id, token: call.version, claimed_at: call.iso, lease_until: isoTime(call.at + leaseMs) },
  };
  const accepted = changeTask(after, call, {
    action: takenOver ? 'task_reclaimed' : 'task_claimed',
    data: {
      ...(takenOver
        ? {
            from: task.assigned_to,
            lease_until: task.claim?.lease_until ?? isoTime(leaseEnd(board, task)),
            attempts: after.attempts,
            reason: 'lease-expired',
          }
        : {}),
      ...(before.length === 0 ? {} : { failed: before.map(({ key }) => key) }),
    },
  });
  return { ...accepted, changes: [...before, ...accepted.changes] };
}

const claim: Decide = (board, call) => {
  const retired = refuseIfRetired(board, call);
  if (retired !== null) return retired;
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  return obstacle(board, task, call) ?? claimed(board, task, call);
};

/** A lease that ran out counts as an attempt: was it the last? */
function isSpent(board: BoardModel, task: Task, call: Call): boolean {
  return (
    task.status === 'in_progress' && !isHeld(board, task, call) && task.attempts + 1 >= board.meta.settings.maxAttempts
  );
}

const next: Decide = (board, call) => {
  const retired = refuseIfRetired(board, call);
  if (retired !== null) return retired;
  const name = optionalText(call.args, 'workstream');
  const label = optionalText(call.args, 'label');
  if (name !== null) {
    const workstream = findWorkstream(board, name);
    if (isRefused(workstream)) return workstream;
  }
  const candidates: Task[] = [];
  for (const task of board.openTasks.values()) {
    if (task.status === 'blocked' || board.workstreams.get(task.workstream)?.status !== 'active') continue;
    if ((name !== null && task.workstream !== name) || (label !== null && !task.labels.includes(label))) continue;
    if (!isHeld(board, task, call)) candidates.push(task);
  }
  const urgency = (task: Task): number => board.workstreams.get(task.workstream)?.priority ?? 9;
  candidates.sort((a, b) => (name === null ? urgency(a) - urgency(b) : 0) || inOrderOfNext(a, b));
  const failed: Task[] = [];
  for (const task of candidates) {
    if (obstacle(board, task, call) !== null) continue;
    if (isSpent(board, task, call)) failed.push(failedInPassing(task, call));
    else return claimed(board, task, call, failed.map(toChange));
  }
  if (failed.length === 0) return { outcome: 'unchanged' };
  return {
    outcome: 'accepted',
    changes: failed.map(toChange),
    event: { action: 'task_failed', data: { tasks: failed.map(({ id }) => id), reason: 'lease-expired' } },
    result: { value: null },
  };
};

function toChange(task: Task): Change {
  return { what: 'task', key: task.id, after: task };
}

function failedInPassing(task: Task, call: Call): Task {
  const attempts = task.attempts + 1;
  const notes = withNote(task, call, `failed: the lease of ${task.assigned_to} ran out, attempt ${attempts}`);
  return { ...task, status: 'failed', attempts, claim: null, assigned_to: null, notes, updated_at: call.iso };
}

/** Long texts stand in the record; the log keeps their beginning. */
function shortened(words: string | null): string | null {
  return words === null || words.length <= logged ? words : `${words.slice(0, logged - 1)}…`;
}

const renew: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  const after = { ...task, claim: renewed(board, task, call, optionalNumber(call.args, 'lease_ms')) };
  const refused = mayActAsHolder(task, call);
  if (refused !== null) return refused;
  if (task.claim === null) return refuse('not-holder', `nobody has a claim on task ${task.id}`);
  return changeTask(after, call, {
    action: 'task_renewed',
    data: { lease_until: isoTime(leaseEnd(board, after)) },
  });
};

const complete: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  const notHolder = mayActAsHolder(task, call);
  if (notHolder !== null) return notHolder;
  const checks = checkResults(task, call);
  if (checks !== null && isRefused(checks)) return checks;
  const result = optionalText(call.args, 'result');
  const after: Task = { ...task, status: 'done', claim: null, result };
  return changeTask(checks === null ? after : { ...after, check_results: checks }, call, {
    action: 'task_completed',
    data: { result: shortened(result), ...(checks === null ? {} : countsOf(checks)) },
    ...(result === null ? {} : { body: result }),
  });
};

const fail: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  const reason = optionalText(call.args, 'reason');
  const attempts = task.attempts + 1;
  const final = attempts >= board.meta.settings.maxAttempts;
  const after: Task = {
    ...task,
    status: final ? 'failed' : 'pending',
    attempts,
    claim: null,
    assigned_to: null,
    notes: reason !== null ? withNote(task, call, `failed: ${reason}`) : task.notes,
  };
  return (
    mayActAsHolder(task, call) ??
    changeTask(after, call, {
      action: 'task_failed',
      data: { reason: shortened(reason), attempts, final },
      ...(reason === null ? {} : { body: reason }),
    })
  );
};

const release: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  const refused = mayActAsHolder(task, call);
  if (refused !== null) return refused;
  if (task.status !== 'in_progress') return refuse('not-holder', `nobody holds task ${task.id}`);
  const reason = optionalText(call.args, 'reason');
  const after: Task = {
    ...task,
    status: 'pending',
    claim: null,
    assigned_to: null,
    notes: reason !== null ? withNote(task, call, `released: ${reason}`) : task.notes,
  };
  return changeTask(after, call, {
    action: 'task_released',
    ...(reason === null ? {} : { data: { reason: shortened(reason) } }),
    ...(reason === null ? {} : { body: reason }),
  });
};

export const claimOperations: Readonly<Record<string, Decide>> = {
  'task.claim': claim,
  'task.next': next,
  'task.renew': renew,
  'task.complete': complete,
  'task.fail': fail,
  'task.release': release,
};
