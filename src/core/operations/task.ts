/** Operations on what a task is: add, edit, note, block, cancel, reopen. Who works on it: task-claim.ts. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board } from '../board.ts';
import { taskIdFrom } from '../ids.ts';
import { accept, type Call, defineOperation, lazily, type Refusal, refuse } from '../operation.ts';
import { isOpen, type Task, type Workstream } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import {
  findOpenTask,
  findTask,
  findWorkstream,
  isRefusal,
  leaseAfterWork,
  refuseUnlessHolder,
  taskChange,
  withNote,
} from './support.ts';

const descriptive = () => ({
  title: arg.title(),
  description: arg.text(),
  priority: arg.priority(),
  estimate: arg.estimate(),
  depends_on: arg.taskIds(),
  parent: z.nullable(arg.taskId()),
  labels: arg.names(),
  needs: arg.names(),
  paths: arg.globs(),
  checks: arg.checks(),
});

const addArguments = lazily(() => {
  const fields = descriptive();
  return z.strictObject({
    workstream: arg.name(),
    title: fields.title,
    description: z._default(fields.description, ''),
    priority: z._default(fields.priority, 5),
    estimate: z._default(fields.estimate, null),
    depends_on: z._default(fields.depends_on, []),
    parent: z._default(fields.parent, null),
    labels: z._default(fields.labels, []),
    needs: z._default(fields.needs, []),
    paths: z._default(fields.paths, []),
    checks: z._default(fields.checks, []),
  });
});

export const taskAdd = defineOperation({
  kind: 'task.add',
  summary: 'Add a task to a workstream',
  arguments: addArguments,
  actions: ['task_created'],
  decide(board, args, call) {
    const workstream = findActiveWorkstream(board, args.workstream);
    if (isRefusal(workstream)) return workstream;
    const id = taskIdFrom(call.id, (candidate) => board.tasks.get(candidate) !== undefined);
    const task: Task = {
      id,
      workstream: workstream.name,
      title: args.title,
      description: args.description,
      status: 'pending',
      priority: args.priority,
      estimate: args.estimate,
      assigned_to: null,
      claim: null,
      attempts: 0,
      depends_on: unique(args.depends_on),
      parent: args.parent,
      labels: unique(args.labels),
      needs: unique(args.needs),
      paths: unique(args.paths),
      notes: [],
      result: null,
      checks: args.checks,
      created_by: call.agent,
      created_version: call.version,
      created_index: 0,
      created_at: call.iso,
      updated_at: call.iso,
    };
    const fault = refuseUnknownReferences(board, task) ?? refuseSelfReference(task);
    if (fault !== null) return fault;
    return accept({
      changes: [taskChange(null, task)],
      event: { action: 'task_created', workstream: workstream.name, task_id: id, data: { title: task.title } },
      result: { task: id },
    });
  },
});

const editArguments = lazily(() => {
  const fields = descriptive();
  return z.strictObject({
    id: arg.taskId(),
    workstream: z.optional(z.nullable(arg.name())),
    move_to: z.optional(arg.name()),
    title: z.optional(fields.title),
    description: z.optional(fields.description),
    priority: z.optional(fields.priority),
    estimate: z.optional(fields.estimate),
    depends_on: z.optional(fields.depends_on),
    parent: z.optional(fields.parent),
    labels: z.optional(fields.labels),
    needs: z.optional(fields.needs),
    paths: z.optional(fields.paths),
    checks: z.optional(fields.checks),
    ...arg.proof(),
  });
});

export const taskEdit = defineOperation({
  kind: 'task.edit',
  summary: 'Change a task: texts, priority, dependencies, parent, labels, or move it to another workstream',
  arguments: editArguments,
  actions: ['task_edited'],
  decide(board, { id, workstream, move_to: moveTo, token, claim, ...changes }, call) {
    const before = findOpenTask(board, id, workstream);
    if (isRefusal(before)) return before;
    const changed = Object.keys(changes);
    if (moveTo !== undefined) {
      const target = findActiveWorkstream(board, moveTo);
      if (isRefusal(target)) return target;
      changed.push('workstream');
    }
    if (changed.length === 0)
      return refuse('invalid-argument', 'nothing to change', 'name at least one field, such as --priority 1');
    const after: Task = {
      ...before,
      ...changes,
      depends_on: unique(changes.depends_on ?? before.depends_on),
      labels: unique(changes.labels ?? before.labels),
      needs: unique(changes.needs ?? before.needs),
      paths: unique(changes.paths ?? before.paths),
      workstream: moveTo ?? before.workstream,
      claim: leaseAfterWork(board, before, { token, claim }, call),
      updated_at: call.iso,
    };
    if (changes.depends_on !== undefined || changes.parent !== undefined) {
      const fault = refuseUnknownReferences(board, after) ?? refuseCycle(board, after);
      if (fault !== null) return fault;
    }
    return accept({
      changes: [taskChange(before, after)],
      event: { action: 'task_edited', workstream: after.workstream, task_id: id, data: { changed } },
      result: { task: id },
    });
  },
});

const noteArguments = lazily(() =>
  z.strictObject({
    id: arg.taskId(),
    workstream: z.optional(z.nullable(arg.name())),
    text: arg.text().check(z.minLength(1)),
    ...arg.proof(),
  }),
);

export const taskNote = defineOperation({
  kind: 'task.note',
  summary: 'Add a note to a task',
  arguments: noteArguments,
  actions: ['task_noted'],
  decide(board, { id, workstream, text, ...proof }, call) {
    const before = findTask(board, id, workstream);
    if (isRefusal(before)) return before;
    const claim = leaseAfterWork(board, before, proof, call);
    return accept({
      changes: [taskChange(before, { ...before, claim, notes: withNote(before, call, text), updated_at: call.iso })],
      event: { action: 'task_noted', workstream: before.workstream, task_id: id, data: { text } },
      result: { task: id },
      body: text,
    });
  },
});

const blockArguments = lazily(() =>
  z.strictObject({
    id: arg.taskId(),
    workstream: z.optional(z.nullable(arg.name())),
    reason: z.optional(z.nullable(arg.reason())),
    ...arg.proof(),
  }),
);

export const taskBlock = defineOperation({
  kind: 'task.block',
  summary: 'Mark a task as blocked: nobody is given it until it is unblocked',
  arguments: blockArguments,
  actions: ['task_blocked'],
  decide(board, { id, workstream, reason, ...proof }, call) {
    const before = findOpenTask(board, id, workstream);
    if (isRefusal(before)) return before;
    const notHolder = refuseUnlessHolder(before, proof, call);
    if (notHolder !== null) return notHolder;
    return move(before, 'blocked', 'task_blocked', reason, call);
  },
});

const reasonArguments = lazily(() =>
  z.strictObject({
    id: arg.taskId(),
    workstream: z.optional(z.nullable(arg.name())),
    reason: z.optional(z.nullable(arg.reason())),
  }),
);

export const taskUnblock = defineOperation({
  kind: 'task.unblock',
  summary: 'Make a blocked task pending again',
  arguments: reasonArguments,
  actions: ['task_unblocked'],
  decide(board, { id, workstream, reason }, call) {
    const before = findOpenTask(board, id, workstream);
    if (isRefusal(before)) return before;
    if (before.status !== 'blocked') return refuse('conflict', `task ${id} is ${before.status}, not blocked`);
    return move(before, 'pending', 'task_unblocked', reason, call);
  },
});

export const taskCancel = defineOperation({
  kind: 'task.cancel',
  summary: 'Close a task without doing it',
  arguments: reasonArguments,
  actions: ['task_cancelled'],
  decide(board, { id, workstream, reason }, call) {
    const before = findOpenTask(board, id, workstream);
    if (isRefusal(before)) return before;
    return move(before, 'cancelled', 'task_cancelled', reason, call);
  },
});

export const taskReopen = defineOperation({
  kind: 'task.reopen',
  summary: 'Make a closed task pending again',
  arguments: reasonArguments,
  actions: ['task_reopened'],
  decide(board, { id, workstream, reason }, call) {
    const before = findTask(board, id, workstream);
    if (isRefusal(before)) return before;
    if (isOpen(before))
      return refuse('not-closed', `task ${id} is ${before.status}: it is open`, undefined, { status: before.status });
    const home = findActiveWorkstream(board, before.workstream);
    if (isRefusal(home)) return home;
    const { check_results: _old, ...kept } = before;
    return move({ ...kept, attempts: 0, result: null }, 'pending', 'task_reopened', reason, call, before);
  },
});

/** Moves a task to a status in which nobody holds it; the reason becomes a note. */
function move(
  task: Task,
  status: Task['status'],
  action: string,
  reason: string | null | undefined,
  call: Call,
  before: Task = task,
) {
  const after: Task = {
    ...task,
    status,
    assigned_to: null,
    claim: null,
    notes: reason ? withNote(task, call, `${action.replace('task_', '')}: ${reason}`) : task.notes,
    updated_at: call.iso,
  };
  return accept({
    changes: [taskChange(before, after)],
    event: { action, workstream: task.workstream, task_id: task.id, ...(reason ? { data: { reason } } : {}) },
    result: { task: task.id },
    ...(reason ? { body: reason } : {}),
  });
}

export function findActiveWorkstream(board: Board, name: string): Workstream | Refusal {
  const found = findWorkstream(board, name);
  if (isRefusal(found) || found.status !== 'archived') return found;
  return refuse(
    'archived',
    `workstream "${name}" is archived`,
    `\`orc ws resume ${shellWord(name)}\` makes it active again`,
  );
}

function refuseUnknownReferences(board: Board, task: Task): Refusal | null {
  for (const id of task.parent === null ? task.depends_on : [...task.depends_on, task.parent]) {
    if (id !== task.id && board.tasks.get(id) === undefined) {
      return refuse('unknown-dependency', `task "${id}" does not exist`, 'see `orc t list`', { id });
    }
  }
  return null;
}

/** A new task can only be named by itself: who chooses the operation's id knows the task's id beforehand. */
function refuseSelfReference(task: Task): Refusal | null {
  return task.depends_on.includes(task.id) || task.parent === task.id
    ? dependencyCycle(task, [task.id, task.id])
    : null;
}

/** Neither dependencies nor parents may lead back to the task. */
export function refuseCycle(board: Board, task: Task): Refusal | null {
  const cycle =
    findCycle(board, task, (each) => each.depends_on) ??
    findCycle(board, task, (each) => (each.parent === null ? [] : [each.parent]));
  return cycle === null ? null : dependencyCycle(task, cycle);
}

function dependencyCycle(task: Task, cycle: readonly string[]): Refusal {
  const message = `task ${task.id} would wait for itself: ${cycle.join(' → ')}`;
  return refuse('dependency-cycle', message, 'leave one of these dependencies out', { cycle });
}

/** Closed tasks are followed as well: they can be reopened. */
function findCycle(board: Board, task: Task, next: (each: Task) => readonly string[]): string[] | null {
  const cameFrom = new Map<string, string>();
  const stack: string[] = [];
  const visit = (from: Task): void => {
    for (const id of next(from)) {
      if (cameFrom.has(id)) continue;
      cameFrom.set(id, from.id);
      stack.push(id);
    }
  };
  visit(task);
  for (let id = stack.pop(); id !== undefined && !cameFrom.has(task.id); id = stack.pop()) {
    const follows = board.tasks.get(id);
    if (follows !== undefined) visit(follows);
  }
  return cameFrom.has(task.id) ? pathTo(task.id, cameFrom) : null;
}

/** Back from a task to itself, along the way that was found. */
function pathTo(id: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const path = [id];
  for (let from = cameFrom.get(id); from !== undefined && from !== id; from = cameFrom.get(from)) path.unshift(from);
  return [id, ...path];
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
