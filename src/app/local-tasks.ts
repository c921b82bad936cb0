/** Which tasks come to somebody's mind first, for what they are about to do. Pure. */

/**
 * `held`: something is done about a claim; `claim`: one is made; `known`: tasks are looked at, those that were closed lately too.
 */
export type TaskPurpose = 'any' | 'claim' | 'held' | 'blocked' | 'closed' | 'known';

/** As much of a task as choosing one needs. */
export interface LocalTask {
  readonly id: string;
  readonly title: string;
  readonly workstream: string;
  readonly status: string;
  readonly priority: number;
  readonly version: number;
  readonly assignedTo: string | null;
  readonly dependsOn: readonly string[];
  readonly labels: readonly string[];
}

/** `null` for what is no task. */
export function toLocalTask(record: Readonly<Record<string, unknown>>): LocalTask | null {
  const { id, title, workstream, status, priority, created_version: version, assigned_to: assignedTo } = record;
  if (typeof id !== 'string' || typeof title !== 'string' || typeof workstream !== 'string') return null;
  return {
    id,
    title,
    workstream,
    status: String(status),
    priority: Number(priority),
    version: Number(version),
    assignedTo: typeof assignedTo === 'string' ? assignedTo : null,
    dependsOn: textsIn(record.depends_on),
    labels: textsIn(record.labels),
  };
}

export interface OrderOptions {
  readonly purpose: TaskPurpose;
  /** Who acts; `null` where that is not known. */
  readonly agent: string | null;
  readonly isOpen: (id: string) => boolean;
  /** Whether a workstream gives out no tasks at present. */
  readonly isResting: (workstream: string) => boolean;
}

/** Those that fit the purpose, the likeliest first; what is as likely goes by priority and age. */
export function orderTasks(tasks: readonly LocalTask[], options: OrderOptions): LocalTask[] {
  return tasks
    .map((task) => ({ task, rank: rankOf(task, options) }))
    .filter(({ rank }) => rank !== null)
    .sort(
      (a, b) =>
        Number(a.rank) - Number(b.rank) ||
        a.task.priority - b.task.priority ||
        a.task.version - b.task.version ||
        (a.task.id < b.task.id ? -1 : 1),
    )
    .map(({ task }) => task);
}

/** Smaller is likelier; `null`: it does not fit. */
function rankOf(task: LocalTask, { purpose, agent, isOpen, isResting }: OrderOptions): number | null {
  const { status } = task;
  const isMine = status === 'in_progress' && task.assignedTo === agent && agent !== null;
  const begun = isMine ? 0 : status === 'in_progress' ? 1 : 2;
  switch (purpose) {
    case 'claim':
      // What a dependency that is closed came to is not looked up: whether it can begin, the claim itself says.
      if (status === 'pending') return task.dependsOn.some(isOpen) || isResting(task.workstream) ? 1 : 0;
      return status === 'in_progress' ? 2 : null;
    case 'held':
      return status === 'blocked' ? 3 : begun;
    case 'blocked':
      return status === 'blocked' ? 0 : null;
    case 'closed':
      return 0;
    default:
      return status === 'pending' || status === 'in_progress' || status === 'blocked' ? begun : 3;
  }
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
