/** A board in memory: its records, its log's newest segment, and how changes are made and taken back. */
import {
  type Agent,
  type Cycle,
  isClosed,
  type Json,
  type Knowledge,
  type Lock,
  type Message,
  type Task,
  type TaskStatus,
  type Workstream,
} from './records.ts';
import { defaultSettings, type Settings } from './settings.ts';

export type Change =
  | { readonly what: 'workstream'; readonly key: string; readonly after: Workstream | null }
  | { readonly what: 'task'; readonly key: string; readonly after: Task | null }
  | { readonly what: 'agent'; readonly key: string; readonly after: Agent | null }
  | { readonly what: 'lock'; readonly key: string; readonly after: Lock | null }
  | { readonly what: 'message'; readonly key: string; readonly after: Message | null }
  | { readonly what: 'cycle'; readonly key: string; readonly after: Cycle | null }
  | { readonly what: 'knowledge'; readonly key: string; readonly after: Knowledge | null }
  | { readonly what: 'file'; readonly key: string; readonly after: string | null };

/** A record that a mutation changed, before and after. */
export interface PastChange {
  readonly what: 'workstream' | 'task' | 'knowledge';
  readonly key: string;
  readonly before: Workstream | Task | Knowledge | null;
  readonly after: Workstream | Task | Knowledge | null;
}

export interface PastMutation {
  readonly op: string;
  readonly kind: string;
  readonly agent: string;
  readonly changes: readonly PastChange[];
}

export type Counts = Record<TaskStatus, number>;

/** The newest segment of the event log. */
export interface Segment {
  readonly first: number;
  readonly lines: number;
  readonly text: string;
}

/** What is not a record, and is replaced as a whole. */
export interface Meta {
  readonly board: string;
  readonly format: number;
  readonly version: number;
  readonly updatedAt: string | null;
  readonly events: number;
  readonly settings: Settings;
  readonly settingsText: string | null;
  readonly segment: Segment;
}

const noCounts: Readonly<Counts> = { pending: 0, in_progress: 0, blocked: 0, done: 0, failed: 0, cancelled: 0 };

export const emptyMeta: Meta = {
  board: '',
  format: 1,
  version: 0,
  updatedAt: null,
  events: 0,
  settings: defaultSettings,
  settingsText: null,
  segment: { first: 1, lines: 0, text: '' },
};

/** A segment of the log that is full, by its last line; `null`: no event. */
export interface FullSegment {
  readonly first: number;
  readonly last: { readonly v: number; readonly ts: string } | null;
}

export class BoardModel {
  meta: Meta = emptyMeta;
  /** All segments but the newest, oldest first: asked for by whoever compacts. */
  fullSegments: () => readonly FullSegment[] = () => [];
  readonly workstreams = new Map<string, Workstream>();
  /** All that are known, closed ones too. */
  readonly tasks = new Map<string, Task>();
  readonly openTasks = new Map<string, Task>();
  readonly agents = new Map<string, Agent>();
  readonly locks = new Map<string, Lock>();
  /** By recipient and id. */
  readonly messages = new Map<string, Message>();
  /** By number. */
  readonly cycles = new Map<string, Cycle>();
  readonly knowledge = new Map<string, Knowledge>();
  /** By version: what the published mutations did. */
  readonly past = new Map<number, PastMutation>();
  private readonly countsByWorkstream = new Map<string, Counts>();

  countsOf(workstream: string): Readonly<Counts> {
    return this.countsByWorkstream.get(workstream) ?? noCounts;
  }

  /** Applies changes; gives the changes that take them back. */
  apply(changes: readonly Change[]): Change[] {
    const back = changes.map((change) => this.applyOne(change));
    return back.reverse();
  }

  private applyOne(change: Change): Change {
    switch (change.what) {
      case 'workstream':
        return { ...change, after: replace(this.workstreams, change.key, change.after) };
      case 'task':
        return { ...change, after: this.replaceTask(change.key, change.after) };
      case 'agent':
        return { ...change, after: replace(this.agents, change.key, change.after) };
      case 'lock':
        return { ...change, after: replace(this.locks, change.key, change.after) };
      case 'message':
        return { ...change, after: replace(this.messages, change.key, change.after) };
      case 'cycle':
        return { ...change, after: replace(this.cycles, change.key, change.after) };
      case 'knowledge':
        return { ...change, after: replace(this.knowledge, change.key, change.after) };
      default:
        return change;
    }
  }

  private replaceTask(id: string, after: Task | null): Task | null {
    const before = replace(this.tasks, id, after);
    if (after !== null && !isClosed(after)) this.openTasks.set(id, after);
    else this.openTasks.delete(id);
    this.count(before, -1);
    this.count(after, 1);
    return before;
  }

  private count(task: Task | null, by: number): void {
    if (task === null) return;
    const counts = this.countsByWorkstream.get(task.workstream) ?? { ...noCounts };
    counts[task.status] += by;
    this.countsByWorkstream.set(task.workstream, counts);
  }
}

function replace<Value>(values: Map<string, Value>, key: string, after: Value | null): Value | null {
  const before = values.get(key) ?? null;
  if (after === null) values.delete(key);
  else values.set(key, after);
  return before;
}

/** By code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function inOrderOfCreation(workstreams: Iterable<Workstream>): Workstream[] {
  return [...workstreams].sort(
    (a, b) => a.created_version - b.created_version || a.created_index - b.created_index || compareText(a.name, b.name),
  );
}

export function activeAgents(board: BoardModel): number {
  let count = 0;
  for (const agent of board.agents.values()) if (agent.status === 'active') count += 1;
  return count;
}

/** `state.json`. Written by hand: an object would put a workstream named `2026` first. */
export function encodeState(board: BoardModel): string {
  const { meta } = board;
  const field = (name: string, value: Json): string => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const entries = inOrderOfCreation(board.workstreams.values()).map((workstream) => {
    const counts = board.countsOf(workstream.name);
    const numbers: [string, Json][] = [
      ['status', workstream.status],
      ['priority', workstream.priority],
      ['pending', counts.pending],
      ['in_progress', counts.in_progress],
      ['blocked', counts.blocked],
      ['done', counts.done],
      ['failed', counts.failed],
      ['cancelled', counts.cancelled],
    ];
    const lines = numbers.map(([name, value]) => `    ${field(name, value)}`).join(',\n');
    return `    ${JSON.stringify(workstream.name)}: {\n${lines}\n    }`;
  });
  const workstreams = entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n  }`;
  return `{\n${[
    field('board', meta.board),
    field('format', meta.format),
    field('version', meta.version),
    field('updated_at', meta.updatedAt),
    field('events', meta.events),
    `  "workstreams": ${workstreams}`,
    field('agents', activeAgents(board)),
    field('locks', board.locks.size),
  ].join(',\n')}\n}\n`;
}
