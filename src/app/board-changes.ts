/** What of a board is not as it was: for those who show it and are told when to look again. */
import type { Task } from '../core/records.ts';
import { listFiles } from '../git/trees.ts';
import { type FollowOptions, followHeads } from './follow.ts';
import type { OrcCore } from './orc-core.ts';
import { watchPortsOf } from './watch.ts';

export interface BoardChanges {
  readonly tasks: readonly { readonly id: string; readonly workstream: string }[];
  readonly topics: readonly string[];
  /** An open task or a topic came or went. */
  readonly isListChanged: boolean;
}

/** What is compared. */
export interface BoardPrint {
  /** Of the published board. */
  readonly version: number;
  readonly tasks: ReadonlyMap<string, Task>;
  /** Topic → object of its text. */
  readonly topics: ReadonlyMap<string, string>;
}

const folder = 'knowledge/';

export async function takePrint(orc: OrcCore): Promise<BoardPrint> {
  const published = await orc.connection.session.view.head();
  const head = await orc.head();
  const files = await listFiles(orc.connection.store, head.tree, { under: folder });
  const topics = [...files].map(([path, { oid }]) => [path.slice(folder.length).replace(/\.md$/, ''), oid] as const);
  return {
    version: published.read.board.meta.version,
    tasks: new Map([...head.read.board.openTasks()].map((task) => [task.id, task])),
    topics: new Map(topics.filter(([topic]) => head.read.board.topics.has(topic))),
  };
}

/** Closed tasks are not listed to open a board: that one was touched is known from the log. */
export async function compareWith(orc: OrcCore, before: BoardPrint, after: BoardPrint): Promise<BoardChanges> {
  const tasks = new Map<string, string>();
  for (const [id, task] of [...before.tasks, ...after.tasks]) {
    if (!isSame(before.tasks.get(id), after.tasks.get(id))) tasks.set(id, task.workstream);
  }
  for (const { task_id: id, workstream } of await orc.events({ afterVersion: before.version })) {
    if (id !== undefined && workstream !== undefined) tasks.set(id, tasks.get(id) ?? workstream);
  }
  const topics = [...new Set([...before.topics.keys(), ...after.topics.keys()])].filter(
    (topic) => before.topics.get(topic) !== after.topics.get(topic),
  );
  return {
    tasks: [...tasks].map(([id, workstream]) => ({ id, workstream })),
    topics,
    isListChanged: hasOtherKeys(before.tasks, after.tasks) || hasOtherKeys(before.topics, after.topics),
  };
}

/** Each time that the board moved, here or upstream, what is different. Ends with the signal. @throws OrcError as `followHeads` */
export async function* watchChanges(
  orc: OrcCore,
  options: FollowOptions = {},
): AsyncGenerator<BoardChanges, void, void> {
  let before: BoardPrint | null = null;
  for await (const _head of followHeads(watchPortsOf(orc), options)) {
    const after = await takePrint(orc);
    if (before !== null) yield await compareWith(orc, before, after);
    before = after;
  }
}

/** Records that did not change are often the very same. */
function isSame(before: Task | undefined, after: Task | undefined): boolean {
  if (before === after) return true;
  return before !== undefined && after !== undefined && JSON.stringify(before) === JSON.stringify(after);
}

function hasOtherKeys(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): boolean {
  return before.size !== after.size || [...before.keys()].some((key) => !after.has(key));
}
