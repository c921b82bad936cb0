/** Adding, editing, noting, and moving tasks that nobody has to hold. */
import type { BoardModel } from './board.ts';
import { mayActAsHolder, proofOf, proves, renewed } from './holding.ts';
import {
  type Accepted,
  type Call,
  type Decide,
  isRefused,
  optionalText,
  type Refused,
  refuse,
  text,
  texts,
} from './operation.ts';
import { isClosed, type Note, type Task, type TaskStatus, type Workstream } from './records.ts';
import { findWorkstream } from './workstreams.ts';

const newestNotes = 50;
const newestCommits = 50;
/** What `task.edit` may change, in the order in which its event names them. */
const editable = [
  'title',
  'description',
  'priority',
  'estimate',
  'depends_on',
  'parent',
  'labels',
  'needs',
  'paths',
  'checks',
] as const;
const lists: readonly string[] = ['depends_on', 'labels', 'needs', 'paths'];

export function findTask(board: BoardModel, call: Call): Task | Refused {
  const id = text(call.args, 'id');
  const workstream = optionalText(call.args, 'workstream');
  const task = board.tasks.get(id);
  return task === undefined || (workstream !== null && task.workstream !== workstream)
    ? refuse('not-found', `there is no task ${id}`)
    : task;
}

export function findOpenTask(board: BoardModel, call: Call): Task | Refused {
  const task = findTask(board, call);
  return isRefused(task) || !isClosed(task) ? task : refuse('closed', `task ${task.id} is ${task.status}`);
}

export function withNote(task: Task, call: Call, words: string): readonly Note[] {
  return [...task.notes, { at: call.iso, by: call.agent, text: words }].slice(-newestNotes);
}

export function changeTask(
  task: Task,
  call: Call,
  words: { readonly action: string; readonly data?: Readonly<Record<string, unknown>>; readonly body?: string },
): Accepted {
  const { action, data, body } = words;
  return {
    outcome: 'accepted',
    changes: [{ what: 'task', key: task.id, after: { ...task, updated_at: call.iso } }],
    event: { action, workstream: task.workstream, task_id: task.id, ...(data === undefined ? {} : { data }) },
    result: { task: task.id },
    body,
  };
}

/** Docs: the first 8 digits of the operation's id, more when they are taken. */
function newTaskId(board: BoardModel, call: Call): string {
  if (/^[0-9a-f]{32,}$/.test(call.id)) {
    for (let length = 8; length <= 32; length += 4) {
      const id = call.id.slice(0, length);
      if (!board.tasks.has(id)) return id;
    }
  }
  // An id of another kind gives a task's id by a hash that the documents do not name: the commit says which.
  return call.newTask ?? 'unknown';
}

export function openWorkstream(board: BoardModel, name: string): Workstream | Refused {
  const found = findWorkstream(board, name);
  if (isRefused(found) || found.status !== 'archived') return found;
  return refuse('archived', `${name} is archived`);
}

const add: Decide = (board, call) => {
  const { args } = call;
  const workstream = openWorkstream(board, text(args, 'workstream'));
  if (isRefused(workstream)) return workstream;
  const task: Task = {
    id: newTaskId(board, call),
    workstream: workstream.name,
    title: text(args, 'title'),
    description: text(args, 'description'),
    status: 'pending',
    priority: (args.priority as number | undefined) ?? 5,
    estimate: (args.estimate as Task['estimate'] | undefined) ?? null,
    assigned_to: null,
    claim: null,
    attempts: 0,
    depends_on: texts(args, 'depends_on'),
    parent: optionalText(args, 'parent'),
    labels: texts(args, 'labels'),
    needs: texts(args, 'needs'),
    paths: texts(args, 'paths'),
    notes: [],
    result: null,
    checks: (args.checks as Task['checks'] | undefined) ?? [],
    created_by: call.agent,
    created_version: call.version,
    created_index: 0,
    created_at: call.iso,
    updated_at: call.iso,
  };
  const wrong = wrongReferences(board, task);
  if (wrong !== null) return wrong;
  return changeTask(task, call, { action: 'task_created', data: { title: task.title } });
};

const edit: Decide = (board, call) => {
  const { args } = call;
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  const changed: string[] = editable.filter((name) => args[name] !== undefined);
  const target = optionalText(args, 'move_to');
  if (target !== null) {
    const workstream = openWorkstream(board, target);
    if (isRefused(workstream)) return workstream;
  }
  if (changed.length === 0 && target === null) return refuse('invalid-argument', 'nothing to change');
  const changes = Object.fromEntries(
    changed.map((name) => [name, lists.includes(name) ? texts(args, name) : args[name]]),
  );
  const after: Task = {
    ...task,
    ...changes,
    workstream: target ?? task.workstream,
    claim: renewedByHolder(board, task, call),
  };
  if (changed.includes('depends_on') || changed.includes('parent')) {
    const wrong = wrongReferences(board, after);
    if (wrong !== null) return wrong;
  }
  return changeTask(after, call, {
    action: 'task_edited',
    data: { changed: [...changed, ...(target === null ? [] : ['workstream'])] },
  });
};

/** Work of the holder shows that it lives. Others may edit and note as well, and extend nothing. */
function renewedByHolder(board: BoardModel, task: Task, call: Call): Task['claim'] {
  const isHolder = task.assigned_to === call.agent && task.claim !== null && proves(proofOf(call.args), task.claim);
  return isHolder ? renewed(board, task, call, null) : task.claim;
}

/** All that it names must be there, and neither dependencies nor parents may lead back to it. */
function wrongReferences(board: BoardModel, task: Task): Refused | null {
  for (const id of [...task.depends_on, ...(task.parent === null ? [] : [task.parent])])
    if (id !== task.id && !board.tasks.has(id)) return refuse('unknown-dependency', `there is no task ${id}`);
  return leadsBack(board, task) ? refuse('dependency-cycle', `task ${task.id} leads back to itself`) : null;
}

/** Whether the task's dependencies, or its parents, lead back to it. */
export function leadsBack(board: BoardModel, task: Task): boolean {
  const waits = (id: string): readonly string[] => (id === task.id ? task : board.tasks.get(id))?.depends_on ?? [];
  const above = (id: string): readonly string[] => {
    const parent = (id === task.id ? task : board.tasks.get(id))?.parent ?? null;
    return parent === null ? [] : [parent];
  };
  return returns(task.id, waits) || returns(task.id, above);
}

function returns(start: string, next: (id: string) => readonly string[]): boolean {
  const seen = new Set<string>();
  const todo = [...next(start)];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (id === start) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    todo.push(...next(id));
  }
  return false;
}

const note: Decide = (board, call) => {
  const task = findTask(board, call);
  if (isRefused(task)) return task;
  const words = text(call.args, 'text');
  const after = { ...task, claim: renewedByHolder(board, task, call), notes: withNote(task, call, words) };
  return changeTask(after, call, { action: 'task_noted', data: { text: words }, body: words });
};

/** Once: the same commit a second time changes nothing. The newest 50 stay; the claim is left alone. */
const link: Decide = (board, call) => {
  const task = findTask(board, call);
  if (isRefused(task)) return task;
  const commit = text(call.args, 'commit');
  const linked = task.commits ?? [];
  if (linked.some((each) => each.commit === commit)) return { outcome: 'unchanged' };
  const commits = [...linked, { at: call.iso, by: call.agent, commit }].slice(-newestCommits);
  return changeTask({ ...task, commits }, call, { action: 'commit_linked', data: { commit } });
};

/** To a status in which nobody holds it; a reason becomes a note. */
function move(task: Task, status: TaskStatus, call: Call, word: string): Accepted {
  const reason = optionalText(call.args, 'reason') || null;
  const after: Task = {
    ...task,
    status,
    assigned_to: null,
    claim: null,
    notes: reason === null ? task.notes : withNote(task, call, `${word}: ${reason}`),
  };
  return changeTask(after, call, {
    action: `task_${word}`,
    ...(reason === null ? {} : { data: { reason }, body: reason }),
  });
}

const block: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  return mayActAsHolder(task, call) ?? move(task, 'blocked', call, 'blocked');
};

const unblock: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  if (isRefused(task)) return task;
  if (task.status !== 'blocked') return refuse('conflict', `task ${task.id} is ${task.status}`);
  return move(task, 'pending', call, 'unblocked');
};

const cancel: Decide = (board, call) => {
  const task = findOpenTask(board, call);
  return isRefused(task) ? task : move(task, 'cancelled', call, 'cancelled');
};

const reopen: Decide = (board, call) => {
  const task = findTask(board, call);
  if (isRefused(task)) return task;
  if (!isClosed(task)) return refuse('not-closed', `task ${task.id} is ${task.status}`);
  const workstream = openWorkstream(board, task.workstream);
  if (isRefused(workstream)) return workstream;
  const { check_results: _forgotten, ...kept } = task;
  return move({ ...kept, attempts: 0, result: null }, 'pending', call, 'reopened');
};

export const taskOperations: Readonly<Record<string, Decide>> = {
  'task.add': add,
  'task.edit': edit,
  'task.note': note,
  'task.link': link,
  'task.block': block,
  'task.unblock': unblock,
  'task.cancel': cancel,
  'task.reopen': reopen,
};
