/**
 * The state of one coordination effort, as deciding an operation sees it.
 *
 * Workstreams, open tasks, agents, locks and mail are always in memory. Closed tasks, cycles, knowledge texts and other files come
 * when they are asked for (see shelf.ts). A board is changed by `put` alone, with the changes of an accepted operation.
 */

import type { Dropped } from './archive.ts';
import { OpenTasks } from './open-tasks.ts';
import {
  type Agent,
  type Cycle,
  defaultSettings,
  isOpen,
  type Knowledge,
  type Lock,
  type Message,
  noTasks,
  type Settings,
  type Task,
  type TaskCounts,
  type TaskStatus,
  type TextFile,
  type Workstream,
} from './records.ts';
import { type CollectionName, Shelf } from './shelf.ts';

export interface Records {
  readonly workstreams: Workstream;
  readonly tasks: Task;
  readonly agents: Agent;
  readonly locks: Lock;
  readonly messages: Message;
  readonly cycles: Cycle;
  readonly knowledge: Knowledge;
  readonly files: TextFile;
}

/** One record made, replaced or removed. `before` lets layout find the old path and keeps the counts right. */
export type Change = {
  [Name in CollectionName]: {
    readonly collection: Name;
    readonly key: string;
    readonly before: Records[Name] | null;
    readonly after: Records[Name] | null;
  };
}[CollectionName];

export interface BoardMeta {
  /** The board's random id; empty only before `board.init`. */
  readonly id: string;
  readonly format: number;
  /** Mutations since the board began: the logical clock, and the source of tokens. */
  readonly version: number;
  readonly updated_at: string | null;
  /** Number of the newest event. */
  readonly events: number;
}

export interface BoardContents {
  readonly meta: BoardMeta;
  readonly settings: Settings;
  /** `orc.yaml` as it stands, comments included. */
  readonly settingsText: string;
  readonly counts: ReadonlyMap<string, TaskCounts>;
  /** Numbers of all cycles, loaded or not. */
  readonly cycleNumbers: Iterable<number>;
  /** All topics, loaded or not. */
  readonly topics: Iterable<string>;
  readonly workstreams: Shelf<Workstream>;
  readonly tasks: Shelf<Task>;
  readonly agents: Shelf<Agent>;
  readonly locks: Shelf<Lock>;
  /** By recipient and id: see `messageKey`. */
  readonly messages: Shelf<Message>;
  /** By number, as text. */
  readonly cycles: Shelf<Cycle>;
  readonly knowledge: Shelf<Knowledge>;
  readonly files: Shelf<TextFile>;
}

export const emptyMeta: BoardMeta = { id: '', format: 1, version: 0, updated_at: null, events: 0 };

export class Board {
  meta: BoardMeta;
  settings: Settings;
  settingsText: string;
  readonly workstreams: Shelf<Workstream>;
  readonly tasks: Shelf<Task>;
  readonly agents: Shelf<Agent>;
  readonly locks: Shelf<Lock>;
  readonly messages: Shelf<Message>;
  readonly cycles: Shelf<Cycle>;
  readonly knowledge: Shelf<Knowledge>;
  readonly files: Shelf<TextFile>;
  readonly cycleNumbers: Set<number>;
  readonly topics: Set<string>;
  readonly #openTasks: OpenTasks;
  readonly #counts: Map<string, TaskCounts>;

  constructor(contents: BoardContents, openTasks?: OpenTasks) {
    this.meta = contents.meta;
    this.settings = contents.settings;
    this.settingsText = contents.settingsText;
    this.workstreams = contents.workstreams;
    this.tasks = contents.tasks;
    this.agents = contents.agents;
    this.locks = contents.locks;
    this.messages = contents.messages;
    this.cycles = contents.cycles;
    this.knowledge = contents.knowledge;
    this.files = contents.files;
    this.cycleNumbers = new Set(contents.cycleNumbers);
    this.topics = new Set(contents.topics);
    this.#counts = new Map(contents.counts);
    this.#openTasks = openTasks ?? new OpenTasks();
    if (openTasks === undefined) for (const task of this.tasks.loaded()) if (isOpen(task)) this.#openTasks.set(task);
  }

  /** A board before its first operation: complete, nothing to load. */
  static empty(): Board {
    return new Board({
      meta: emptyMeta,
      settings: defaultSettings,
      settingsText: '',
      counts: new Map(),
      cycleNumbers: [],
      topics: [],
      workstreams: new Shelf('workstreams', true),
      tasks: new Shelf('tasks', true),
      agents: new Shelf('agents', true),
      locks: new Shelf('locks', true),
      messages: new Shelf('messages', true),
      cycles: new Shelf('cycles', true),
      knowledge: new Shelf('knowledge', true),
      files: new Shelf('files', true),
    });
  }

  /** In no order that two machines share: sort what is written. */
  openTasks(): IterableIterator<Task> {
    return this.#openTasks.values();
  }

  /** Open tasks are always in memory: this never needs one that is not loaded. */
  isOpenTask(id: string): boolean {
    return this.#openTasks.has(id);
  }

  /** In the order of `next`. Valid until the next change. */
  openTasksInOrder(status: TaskStatus, workstream: string): readonly Task[] {
    return this.#openTasks.inOrder(status, workstream);
  }

  /** In no order that two machines share. */
  openTasksWith(status: TaskStatus): Task[] {
    return this.#openTasks.withStatus(status);
  }

  countsOf(workstream: string): TaskCounts {
    return this.#counts.get(workstream) ?? noTasks;
  }

  /** Counts of tasks by workstream, as far as `state.json` or an operation told any. */
  counts(): IterableIterator<[string, TaskCounts]> {
    return this.#counts.entries();
  }

  /** Counts after a hand edit, taken anew from the files. */
  setCounts(workstream: string, counts: TaskCounts): void {
    this.#counts.set(workstream, counts);
  }

  /** Carries out the changes of an accepted operation. */
  put(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.collection) {
        case 'tasks':
          this.#putTask(change.key, change.before, change.after);
          break;
        case 'workstreams':
          this.workstreams.set(change.key, change.after);
          // Of one of this name that was taken away by hand, `state.json` may have left counts.
          if (change.before === null || change.after === null) this.#counts.delete(change.key);
          if (change.before === null) this.#countOpen(change.key);
          break;
        case 'agents':
          this.agents.set(change.key, change.after);
          break;
        case 'locks':
          this.locks.set(change.key, change.after);
          break;
        case 'messages':
          this.messages.set(change.key, change.after);
          break;
        case 'cycles':
          this.cycles.set(change.key, change.after);
          if (change.after === null) this.cycleNumbers.delete(Number(change.key));
          else this.cycleNumbers.add(Number(change.key));
          break;
        case 'knowledge':
          this.knowledge.set(change.key, change.after);
          if (change.after === null) this.topics.delete(change.key);
          else this.topics.add(change.key);
          break;
        case 'files':
          this.files.set(change.key, change.after);
          break;
      }
    }
  }

  /** Takes closed tasks and cycles off: whoever asks for one of them hears that there is none. */
  drop({ tasks, cycles }: Pick<Dropped, 'tasks' | 'cycles'>): void {
    for (const { id, workstream, status } of tasks) {
      this.tasks.forget(id);
      this.#count(workstream, status, -1);
    }
    for (const number of cycles) {
      this.cycles.forget(String(number));
      this.cycleNumbers.delete(number);
    }
  }

  /** Learns what the branch holds under a key that was not loaded; changes nothing on the board. */
  provide(collection: CollectionName, key: string, value: Records[CollectionName] | null): void {
    if (collection === 'tasks') {
      if (value !== null && isOpen(value as Task)) this.#openTasks.set(value as Task);
      else this.#openTasks.delete(key);
    }
    (this[collection] as Shelf<Records[CollectionName]>).set(key, value);
  }

  /** Drops what is loaded under a key: it changed on the branch. */
  forget(collection: CollectionName, key: string): void {
    if (collection === 'tasks') this.#openTasks.delete(key);
    this[collection].forget(key);
  }

  /** A board of its own with the same contents, except for those given. */
  clone(other: Partial<BoardContents> = {}): Board {
    const contents: BoardContents = {
      meta: this.meta,
      settings: this.settings,
      settingsText: this.settingsText,
      counts: this.#counts,
      cycleNumbers: this.cycleNumbers,
      topics: this.topics,
      workstreams: this.workstreams.clone(),
      tasks: this.tasks.clone(),
      agents: this.agents.clone(),
      locks: this.locks.clone(),
      messages: this.messages.clone(),
      cycles: this.cycles.clone(),
      knowledge: this.knowledge.clone(),
      files: this.files.clone(),
      ...other,
    };
    return new Board(contents, this.#openTasks.clone());
  }

  #putTask(key: string, before: Task | null, after: Task | null): void {
    this.tasks.set(key, after);
    if (after !== null && isOpen(after)) this.#openTasks.set(after);
    else this.#openTasks.delete(key);
    if (before !== null) this.#count(before.workstream, before.status, -1);
    if (after !== null) this.#count(after.workstream, after.status, 1);
  }

  /** Of a workstream that begins again under its name. Closed tasks are not in memory: the next edit by hand counts them. */
  #countOpen(workstream: string): void {
    for (const task of this.openTasks()) if (task.workstream === workstream) this.#count(workstream, task.status, 1);
  }

  #count(workstream: string, status: TaskStatus, by: number): void {
    const counts = this.countsOf(workstream);
    this.#counts.set(workstream, { ...counts, [status]: Math.max(0, counts[status] + by) });
  }
}
