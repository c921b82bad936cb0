/** Taking back what was done to a task. No claim comes back: what was held before is pending afterwards. */
import type { Board, Change } from '../board.ts';
import { isSame } from '../is-same.ts';
import { type Call, type Refusal, type ResultRef, refuse } from '../operation.ts';
import { isOpen, type Task } from '../records.ts';
import { agentWord, shellWord } from '../shell-word.ts';
import { isRefusal, type Proof, refuseUnlessHolder, taskChange } from './support.ts';
import { findActiveWorkstream, refuseCycle } from './task.ts';

interface UndoAsked extends Proof {
  /** That of the mutation that is taken back. */
  readonly version: number;
}

type TaskChange = Extract<Change, { readonly collection: 'tasks' }>;

export function takeBackTask(
  board: Board,
  { key, before, after }: TaskChange,
  asked: UndoAsked,
  call: Call,
): { readonly change: Change; readonly result: ResultRef } | Refusal {
  const current = board.tasks.get(key);
  if (current === undefined) {
    const hint = `\`orc history task ${key}\` shows what became of it`;
    return refuse('not-found', `task ${key} is not on the board any more`, hint);
  }
  if (!isSame(current, after)) {
    const message = `task ${key} has changed since version ${asked.version}`;
    return refuse('conflict', message, `\`orc history task ${key}\` shows what was built on it`);
  }
  const restored: Task = {
    ...(before === null ? withdrawn(current) : asBefore(before, current)),
    updated_at: call.iso,
  };
  if (isSame({ ...restored, updated_at: current.updated_at }, current)) {
    const hint = `claim it again with \`orc t claim ${shellWord(current.workstream)} ${key}${agentWord(call.agent)}\``;
    return refuse('not-undoable', `nothing of task ${key} would come back: a claim never does`, hint);
  }
  const refusal =
    refuseLostClaim(current, restored, asked, call) ??
    refuseBuiltOn(board, before, current, restored) ??
    refuseOutOfPlace(board, current, restored);
  return refusal ?? { change: taskChange(current, restored), result: { task: key } };
}

/** A task that was added by mistake: its id was told to somebody, so it stays, closed. */
function withdrawn(task: Task): Task {
  return { ...task, status: 'cancelled', assigned_to: null, claim: null };
}

function asBefore(before: Task, current: Task): Task {
  const { status, assigned_to, claim, attempts } = current;
  const isHeld = status === 'in_progress';
  // The claim is as it was but for its lease: editing or noting took nothing from its holder, nor does taking that back.
  if (isHeld && before.status === 'in_progress' && before.claim?.id === claim?.id)
    return { ...before, status, assigned_to, claim, attempts };
  // A takeover counts as an attempt of whoever let the lease run out: that stays.
  const isClaimed = isHeld || before.status === 'in_progress';
  const tried = isHeld ? attempts : before.attempts;
  return isClaimed
    ? { ...before, status: 'pending', assigned_to: null, claim: null, attempts: tried }
    : { ...before, claim: null };
}

/** Taking a claim back hands the task back: only its holder may, with the same proof as for releasing it. */
function refuseLostClaim(current: Task, restored: Task, proof: UndoAsked, call: Call): Refusal | null {
  const isLost = current.status === 'in_progress' && restored.status !== 'in_progress';
  return isLost ? refuseUnlessHolder(current, proof, call) : null;
}

/** Others began, or were planned, because this one was there or done. Closed tasks say nothing any more. */
function refuseBuiltOn(board: Board, before: Task | null, current: Task, restored: Task): Refusal | null {
  if (before !== null && (current.status !== 'done' || restored.status === 'done')) return null;
  const isBuiltOn = ({ depends_on, parent, status }: Task): boolean =>
    before === null
      ? depends_on.includes(current.id) || parent === current.id
      : depends_on.includes(current.id) && status === 'in_progress';
  const others = [...board.openTasks()]
    .filter(isBuiltOn)
    .map(({ id }) => id)
    .sort();
  if (others.length === 0) return null;
  const why = before === null ? 'refer to it' : 'depend on it and are in progress';
  return refuse(
    'conflict',
    `task ${current.id} cannot be taken back: ${others.join(', ')} ${why}`,
    `\`orc t show ${others[0]}\``,
    { tasks: others },
  );
}

/** The place that it goes back to has to be there, and its dependencies must not lead back to it. */
function refuseOutOfPlace(board: Board, current: Task, restored: Task): Refusal | null {
  const isMoved = restored.workstream !== current.workstream;
  if (isMoved || (isOpen(restored) && !isOpen(current))) {
    const home = findActiveWorkstream(board, restored.workstream);
    if (isRefusal(home)) return home;
  }
  const isRelated = isSame(restored.depends_on, current.depends_on) && restored.parent === current.parent;
  return isRelated ? null : (refuseUnknown(board, restored) ?? refuseCycle(board, restored));
}

/** What nothing named any more may have been taken off the board since. */
function refuseUnknown(board: Board, { id, depends_on, parent }: Task): Refusal | null {
  const named = parent === null ? depends_on : [...depends_on, parent];
  board.tasks.require(named);
  const gone = named.find((each) => board.tasks.get(each) === undefined);
  if (gone === undefined) return null;
  const message = `task ${id} would refer to task ${gone}, which is not on the board any more`;
  return refuse('unknown-dependency', message, `\`orc history task ${gone}\` shows what became of it`, { id: gone });
}
