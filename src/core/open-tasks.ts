/**
 * The open tasks of a board: by id, and by workstream and status in the order of `next`.
 *
 * The orders are made when they are first asked for and then kept up, so that a mutation on a board with thousands of open tasks
 * does not sort or search them all.
 */
import type { Task, TaskStatus } from './records.ts';
import { compareTasks } from './task-order.ts';

interface Group {
  readonly tasks: Task[];
  isSorted: boolean;
}

type Groups = Map<string, Group>;

export class OpenTasks {
  readonly #byId: Map<string, Task>;
  /** By status, then by workstream; of a status that nobody has asked for there is nothing. */
  readonly #groups: Map<TaskStatus, Groups>;

  constructor(byId?: ReadonlyMap<string, Task>, groups: ReadonlyMap<TaskStatus, Groups> = new Map()) {
    this.#byId = new Map(byId);
    this.#groups = new Map([...groups].map(([status, of]) => [status, copyOf(of)]));
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** In no order that two machines share. */
  values(): IterableIterator<Task> {
    return this.#byId.values();
  }

  set(task: Task): void {
    this.delete(task.id);
    this.#byId.set(task.id, task);
    const groups = this.#groups.get(task.status);
    if (groups === undefined) return;
    const group = groups.get(task.workstream);
    if (group === undefined) groups.set(task.workstream, { tasks: [task], isSorted: true });
    else if (group.isSorted) group.tasks.splice(placeOf(group.tasks, task), 0, task);
    else group.tasks.push(task);
  }

  delete(id: string): void {
    const task = this.#byId.get(id);
    if (task === undefined) return;
    this.#byId.delete(id);
    const group = this.#groups.get(task.status)?.get(task.workstream);
    if (group !== undefined)
      group.tasks.splice(group.isSorted ? placeOf(group.tasks, task) : group.tasks.indexOf(task), 1);
  }

  /** Those of one status in one workstream, in the order of `next`. Valid until the next change. */
  inOrder(status: TaskStatus, workstream: string): readonly Task[] {
    const group = this.#groupsOf(status).get(workstream);
    if (group === undefined) return [];
    if (!group.isSorted) {
      group.tasks.sort(compareTasks);
      group.isSorted = true;
    }
    return group.tasks;
  }

  /** Those of one status, in no order that two machines share. */
  withStatus(status: TaskStatus): Task[] {
    return [...this.#groupsOf(status).values()].flatMap(({ tasks }) => tasks);
  }

  clone(): OpenTasks {
    return new OpenTasks(this.#byId, this.#groups);
  }

  #groupsOf(status: TaskStatus): Groups {
    const known = this.#groups.get(status);
    if (known !== undefined) return known;
    const groups: Groups = new Map();
    for (const task of this.#byId.values()) {
      if (task.status !== status) continue;
      const group = groups.get(task.workstream);
      if (group === undefined) groups.set(task.workstream, { tasks: [task], isSorted: false });
      else group.tasks.push(task);
    }
    this.#groups.set(status, groups);
    return groups;
  }
}

function copyOf(groups: Groups): Groups {
  return new Map([...groups].map(([name, { tasks, isSorted }]) => [name, { tasks: tasks.slice(), isSorted }]));
}

/** Where the task stands, or belongs: ids make the order total. */
function placeOf(tasks: readonly Task[], task: Task): number {
  let low = 0;
  let high = tasks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareTasks(tasks[middle] as Task, task) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
