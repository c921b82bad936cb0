/** Taking an earlier mutation back: docs/operations.md, "Undo". What that mutation did is known from the fold, not from arguments. */
import { isDeepStrictEqual } from 'node:util';
import type { BoardModel, PastChange } from './board.ts';
import { mayActAsHolder } from './holding.ts';
import { caseTwinOfFolders } from './knowledge.ts';
import {
  type Accepted,
  type Call,
  type Decide,
  isRefused,
  optionalNumber,
  optionalText,
  type Refused,
  refuse,
} from './operation.ts';
import { isClosed, type Knowledge, type Task, type Workstream } from './records.ts';
import { leadsBack, openWorkstream } from './tasks.ts';
import { caseTwin } from './workstreams.ts';

const undoable: ReadonlySet<string> = new Set(
  [
    'workstream.create workstream.update workstream.pause workstream.resume workstream.archive',
    'task.add task.edit task.note task.claim task.next task.complete task.fail task.block task.unblock task.cancel',
    'task.reopen task.link knowledge.write knowledge.append knowledge.delete undo',
  ].flatMap((line) => line.split(' ')),
);

const undo: Decide = (board, call) => {
  const version = optionalNumber(call.args, 'version') ?? 0;
  const past = version > board.meta.version ? undefined : board.past.get(version);
  if (past === undefined) return refuse('not-found', `there is no version ${version}`);
  const meant = optionalText(call.args, 'op');
  if (meant !== null && meant !== past.op) return refuse('conflict', 'another operation was meant');
  if (!undoable.has(past.kind)) return refuse('not-undoable', `a ${past.kind} stays`);
  const [change, ...others] = past.changes;
  if (change === undefined || others.length > 0) return refuse('not-undoable', 'it changed no record, or several');
  const back = takeBack(board, change, call);
  if (isRefused(back)) return back;
  const reason = optionalText(call.args, 'reason');
  const { topic, ...about } = back.about;
  return {
    outcome: 'accepted',
    changes: back.changes,
    event: {
      action: 'undone',
      ...about,
      data: {
        version,
        kind: past.kind,
        by: past.agent,
        ...(topic === undefined ? {} : { topic }),
        ...(reason === null ? {} : { reason: reason.length > 2000 ? `${reason.slice(0, 1999)}…` : reason }),
      },
    },
    result: back.result,
    body: reason ?? undefined,
  };
};

interface Back extends Pick<Accepted, 'changes' | 'result'> {
  readonly about: { readonly workstream?: string; readonly task_id?: string; readonly topic?: string };
}

function takeBack(board: BoardModel, change: PastChange, call: Call): Back | Refused {
  const { what, key } = change;
  if (what === 'task') return taskBack(board, change.before as Task | null, change.after as Task, call);
  const current = (what === 'workstream' ? board.workstreams : board.knowledge).get(key) ?? null;
  if (!isDeepStrictEqual(current, change.after)) return refuse('conflict', `${key} has changed since`);
  return what === 'workstream'
    ? workstreamBack(board, key, change.before as Workstream | null, call)
    : knowledgeBack(board, key, change.before as Knowledge | null, call);
}

function workstreamBack(board: BoardModel, name: string, before: Workstream | null, call: Call): Back | Refused {
  const { pending, in_progress, blocked, done, failed, cancelled } = board.countsOf(name);
  const open = pending + in_progress + blocked;
  if (before === null && open + done + failed + cancelled > 0) return refuse('conflict', `${name} has tasks`);
  if (before?.status === 'archived' && open > 0) return refuse('has-open-tasks', `${name} has open tasks`);
  const twin = board.workstreams.has(name) ? null : caseTwin(name, board.workstreams.keys());
  if (twin !== null) return twin;
  const after = before === null ? null : { ...before, updated_at: call.iso };
  return {
    changes: [{ what: 'workstream', key: name, after }],
    result: { workstream: name },
    about: { workstream: name },
  };
}

function knowledgeBack(board: BoardModel, topic: string, before: Knowledge | null, call: Call): Back | Refused {
  if (!board.knowledge.has(topic)) {
    const twin = caseTwin(topic, board.knowledge.keys()) ?? caseTwinOfFolders(topic, board.knowledge.keys());
    if (twin !== null) return twin;
  }
  const by = { updated_by: call.agent, updated_at: call.iso, version: call.version };
  const after = before === null ? null : { ...before, ...by };
  return { changes: [{ what: 'knowledge', key: topic, after }], result: { knowledge: topic }, about: { topic } };
}

function taskBack(board: BoardModel, before: Task | null, after: Task, call: Call): Back | Refused {
  const current = board.tasks.get(after.id);
  if (current === undefined) return refuse('not-found', `${after.id} is gone`);
  if (!isDeepStrictEqual(current, after)) return refuse('conflict', `${after.id} has changed`);
  const restored = before === null ? { ...current, status: 'cancelled' as const } : earlier(before, current);
  if (isDeepStrictEqual({ ...restored, updated_at: current.updated_at }, current))
    return refuse('not-undoable', 'a claim never comes back');
  const isHandedBack = current.status === 'in_progress' && restored.status !== 'in_progress';
  const refused =
    (isHandedBack ? mayActAsHolder(current, call) : null) ??
    builtUpon(board, before, current, restored) ??
    outOfPlace(board, current, restored);
  if (refused !== null) return refused;
  return {
    changes: [{ what: 'task', key: current.id, after: { ...restored, updated_at: call.iso } }],
    result: { task: current.id },
    about: { workstream: restored.workstream, task_id: current.id },
  };
}

function earlier(before: Task, current: Task): Task {
  const wasHeld = before.status === 'in_progress';
  const isHeld = current.status === 'in_progress';
  if (wasHeld && isHeld && before.claim?.id === current.claim?.id) {
    const { status, assigned_to, claim, attempts } = current;
    return { ...before, status, assigned_to, claim, attempts };
  }
  if (!wasHeld && !isHeld) return { ...before, claim: null };
  const attempts = isHeld ? current.attempts : before.attempts;
  return { ...before, status: 'pending', assigned_to: null, claim: null, attempts };
}

function builtUpon(board: BoardModel, before: Task | null, { id, status }: Task, restored: Task): Refused | null {
  const isUndone = status === 'done' && restored.status !== 'done';
  for (const other of board.openTasks.values()) {
    const dependsOnIt = other.depends_on.includes(id);
    if (
      before === null ? dependsOnIt || other.parent === id : isUndone && dependsOnIt && other.status === 'in_progress'
    )
      return refuse('conflict', `task ${other.id} was built on it`);
  }
  return null;
}

function outOfPlace(board: BoardModel, current: Task, restored: Task): Refused | null {
  if (restored.workstream !== current.workstream || (isClosed(current) && !isClosed(restored))) {
    const home = openWorkstream(board, restored.workstream);
    if (isRefused(home)) return home;
  }
  if (isDeepStrictEqual(restored.depends_on, current.depends_on) && restored.parent === current.parent) return null;
  const named = [...restored.depends_on, ...(restored.parent === null ? [] : [restored.parent])];
  if (named.some((id) => !board.tasks.has(id)))
    return refuse('unknown-dependency', 'a task that it would name is gone');
  return leadsBack(board, restored) ? refuse('dependency-cycle', `task ${restored.id} leads back to itself`) : null;
}

export const undoOperations: Readonly<Record<string, Decide>> = { undo };
