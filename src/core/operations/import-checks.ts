/** What an import must not bring: names that are taken, references to nowhere, tasks that wait for themselves. */
import type { Board } from '../board.ts';
import { foldName } from '../names.ts';
import { type Refusal, refuse } from '../operation.ts';

interface Imported {
  readonly workstreams: readonly { readonly name: string; readonly tasks: readonly ImportedTask[] }[];
  readonly agents: readonly { readonly id: string }[];
  readonly locks: readonly {
    readonly resource: string;
    readonly shared: boolean;
    readonly others: readonly unknown[];
  }[];
  readonly knowledge: readonly { readonly topic: string }[];
}

interface ImportedTask {
  readonly id: string;
  readonly depends_on: readonly string[];
  readonly parent: string | null;
}

/** Refuses (`already-exists`) what is on the board already, or twice in the import. `givesWay`: a topic may be replaced. */
export function findClash(board: Board, imported: Imported, givesWay: (topic: string) => boolean): Refusal | null {
  const tasks = tasksOf(imported);
  board.tasks.require(tasks.map(({ id }) => id));
  const taken = tasks.find(({ id }) => board.tasks.get(id) !== undefined);
  return (
    twin(
      'workstream',
      [...board.workstreams.loaded()].map(({ name }) => name),
      imported.workstreams.map(({ name }) => name),
    ) ??
    (taken === undefined ? null : clash(`task ${taken.id}`)) ??
    twin(
      'task',
      [],
      tasks.map(({ id }) => id),
    ) ??
    twin(
      'agent',
      [...board.agents.loaded()].map(({ id }) => id),
      imported.agents.map(({ id }) => id),
    ) ??
    twin(
      'lock',
      [...board.locks.loaded()].map(({ resource }) => resource),
      imported.locks.map(({ resource }) => resource),
    ) ??
    twin(
      'knowledge',
      [...board.topics].filter((topic) => !givesWay(topic)),
      imported.knowledge.map(({ topic }) => topic),
    )
  );
}

/** Refuses references to tasks that do not exist, and circles; and exclusive locks with several holders. */
export function refuseLooseEnds(board: Board, imported: Imported): Refusal | null {
  const crowded = imported.locks.find(({ shared, others }) => !shared && others.length > 0);
  if (crowded !== undefined)
    return refuse('invalid-argument', `lock "${crowded.resource}" has several holders and is not shared`);
  const tasks = tasksOf(imported);
  const tasksById = new Map(tasks.map((task) => [task.id, task]));
  const outside = tasks.flatMap(referencesOf).filter((id) => !tasksById.has(id));
  board.tasks.require(outside);
  for (const task of tasks) {
    const unknown = referencesOf(task).find((id) => !tasksById.has(id) && board.tasks.get(id) === undefined);
    if (unknown !== undefined) {
      return refuse(
        'unknown-dependency',
        `task ${task.id} refers to task ${unknown}, which does not exist`,
        undefined,
        { id: task.id },
      );
    }
  }
  const waiting =
    findCircle(tasksById, ({ depends_on }) => depends_on) ??
    findCircle(tasksById, ({ parent }) => (parent === null ? [] : [parent]));
  if (waiting === null) return null;
  return refuse('dependency-cycle', `task ${waiting} waits for itself, or is its own ancestor`, undefined, {
    id: waiting,
  });
}

function tasksOf({ workstreams }: Imported): ImportedTask[] {
  return workstreams.flatMap(({ tasks }) => tasks);
}

function referencesOf({ depends_on, parent }: ImportedTask): readonly string[] {
  return parent === null ? depends_on : [...depends_on, parent];
}

function twin(what: string, present: readonly string[], added: readonly string[]): Refusal | null {
  const nameByFold = new Map(present.map((name) => [foldName(name), name]));
  const own = new Set<string>();
  for (const name of added) {
    const folded = foldName(name);
    if (nameByFold.has(folded)) return clash(`${what} "${nameByFold.get(folded)}"`);
    if (own.has(folded)) return refuse('already-exists', `${what} "${name}" is there twice, maybe in another case`);
    own.add(folded);
  }
  return null;
}

function clash(what: string): Refusal {
  return refuse('already-exists', `${what} is on the board already`, 'import into a board that does not have it');
}

/** A task that is on a circle or leads to one: what is left when all that lead nowhere are taken away, again and again. */
function findCircle(
  tasksById: ReadonlyMap<string, ImportedTask>,
  next: (task: ImportedTask) => readonly string[],
): string | null {
  const before = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const task of tasksById.values()) {
    const ahead = [...new Set(next(task))].filter((id) => tasksById.has(id));
    open.set(task.id, ahead.length);
    for (const id of ahead) before.set(id, [...(before.get(id) ?? []), task.id]);
  }
  const ends = [...open].flatMap(([id, count]) => (count === 0 ? [id] : []));
  for (let id = ends.pop(); id !== undefined; id = ends.pop()) {
    open.delete(id);
    for (const waiting of before.get(id) ?? []) {
      const left = (open.get(waiting) ?? 0) - 1;
      open.set(waiting, left);
      if (left === 0) ends.push(waiting);
    }
  }
  return open.keys().next().value ?? null;
}
