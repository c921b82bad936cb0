/**
 * Boards for tests, made of operations and nothing else. Deterministic: ids come from a counter (the board's version) and a
 * seed, time from the caller.
 */
import { expect } from 'vitest';
import { advance, apply } from '../../src/core/apply.ts';
import { Board } from '../../src/core/board.ts';
import { messageKey } from '../../src/core/messages.ts';
import type { Accepted, Context, Decision, Operation, PastMutation, Refusal } from '../../src/core/operation.ts';
import { isOpen, type Settings, type Task } from '../../src/core/records.ts';
import { type CollectionName, MissingRecord, Shelf } from '../../src/core/shelf.ts';
import type { ErrorCode } from '../../src/errors.ts';

export const startTime = Date.parse('2026-01-01T00:00:00.000Z');
export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** How many ms after the beginning of all test boards. */
export function afterStart(ms: number): number {
  return startTime + ms;
}

/** The same, as it stands in records. */
export function isoAfter(ms: number): string {
  return new Date(afterStart(ms)).toISOString();
}

/** 32 hexadecimal digits, different for each number, and in the first 8 already (a task's id). */
export function operationId(number: number, seed = 0): string {
  let state = (number * 0x9e3779b1 + seed * 0x85ebca77 + 0x165667b1) >>> 0;
  const words = [state];
  for (let i = 1; i < 4; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    words.push(state);
  }
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

export interface RunOptions {
  /** Default: `agent-1`. */
  readonly agent?: string;
  /** Default: the time of the board's last mutation. */
  readonly at?: number;
  /** Default: derived from the version that the operation would get. */
  readonly id?: string;
  readonly clockSkewMs?: number;
  readonly clockOffMs?: Context['clockOffMs'];
  /** What an `undo` is told of history. */
  readonly past?: Context['past'];
  /** What compacting is told of the archive. */
  readonly archive?: Context['archive'];
}

export type Args = Readonly<Record<string, unknown>>;

export function operationFor(board: Board, kind: string, args: Args = {}, options: RunOptions = {}): Operation {
  return { id: options.id ?? operationId(board.meta.version + 1), kind, agent: options.agent ?? 'agent-1', args };
}

export function contextFor(board: Board, options: RunOptions = {}): Context {
  const last = board.meta.updated_at === null ? startTime : Date.parse(board.meta.updated_at);
  return {
    at: options.at ?? last,
    version: board.meta.version + 1,
    clockSkewMs: options.clockSkewMs ?? 0,
    clockOffMs: options.clockOffMs ?? null,
    ...(options.past === undefined ? {} : { past: options.past }),
    ...(options.archive === undefined ? {} : { archive: options.archive }),
  };
}

/** Decides an operation and leaves the board as it is. */
export function decide(board: Board, kind: string, args: Args = {}, options: RunOptions = {}): Decision {
  return apply(board, operationFor(board, kind, args, options), contextFor(board, options));
}

/** Decides an operation and, when it is accepted, carries it out on this board. */
export function run(board: Board, kind: string, args: Args = {}, options: RunOptions = {}): Decision {
  const decision = decide(board, kind, args, options);
  if (decision.outcome === 'accepted') advance(board, decision);
  return decision;
}

/** What the commit of an accepted operation tells of it. */
export function pastOf({ version, operation, changes }: Accepted): PastMutation {
  const { id: op, kind, agent } = operation;
  return { version, op, kind, agent, changes };
}

/** As `run`, for operations that have to be accepted. */
export function runAccepted(board: Board, kind: string, args: Args = {}, options: RunOptions = {}): Accepted {
  const decision = run(board, kind, args, options);
  if (decision.outcome === 'accepted') return decision;
  throw new Error(`${kind} was ${decision.outcome}: ${'message' in decision ? decision.message : 'nothing to do'}`);
}

/** As `run`, for operations that have to be refused with this code; also sees to it that the board stays as it is. */
export function runRefused(
  board: Board,
  code: ErrorCode,
  kind: string,
  args: Args = {},
  options: RunOptions = {},
): Refusal {
  const before = snapshot(board);
  const decision = run(board, kind, args, options);
  expect(decision).toMatchObject({ outcome: 'refused', code });
  expect(snapshot(board)).toEqual(before);
  return decision as Refusal;
}

export interface BoardPlan {
  readonly settings?: Partial<Settings>;
  /** Names, or arguments of `workstream.create`. Default: one, `build`, unless `[]` is given. */
  readonly workstreams?: readonly (string | Args)[];
  readonly agents?: readonly (string | Args)[];
  /** Titles, or arguments of `task.add`; dependencies and parents may be given by title. Workstream: the first one. */
  readonly tasks?: readonly (string | Args)[];
}

/** A board after `board.init` and what the plan asks for, each an operation of `system` at the start time. */
export function boardWith(plan: BoardPlan = {}): Board {
  const board = Board.empty();
  const options: RunOptions = { agent: 'system', at: startTime };
  runAccepted(board, 'board.init', { board: 'b0a4d000b0a4d000', settings: 'format: 1\n' }, options);
  board.settings = { ...board.settings, ...plan.settings };
  const workstreams = (plan.workstreams ?? ['build']).map((each) => (typeof each === 'string' ? { name: each } : each));
  for (const args of workstreams) runAccepted(board, 'workstream.create', args, options);
  for (const each of plan.agents ?? []) {
    runAccepted(board, 'agent.register', typeof each === 'string' ? { id: each } : each, options);
  }
  for (const each of plan.tasks ?? []) {
    const { depends_on: dependencies, parent, ...args }: Args = typeof each === 'string' ? { title: each } : each;
    const byTitle = (title: unknown): string => taskTitled(board, String(title)).id;
    runAccepted(
      board,
      'task.add',
      {
        workstream: workstreams[0]?.name,
        ...(dependencies === undefined ? {} : { depends_on: (dependencies as unknown[]).map(byTitle) }),
        ...(parent === undefined ? {} : { parent: byTitle(parent) }),
        ...args,
      },
      options,
    );
  }
  return board;
}

/** The task of this title, as it is now. */
export function taskTitled(board: Board, title: string): Task {
  for (const task of board.tasks.loaded()) if (task.title === title) return task;
  throw new Error(`no task "${title}" on the board`);
}

export function taskOf(board: Board, id: string): Task {
  const task = board.tasks.get(id);
  if (task === undefined) throw new Error(`no task ${id} on the board`);
  return task;
}

/** Claims a task and gives what proves it. */
export function claimTask(
  board: Board,
  id: string,
  options: RunOptions & { readonly lease_ms?: number } = {},
): { token: number } {
  const { lease_ms, ...rest } = options;
  const accepted = runAccepted(board, 'task.claim', { id, ...(lease_ms === undefined ? {} : { lease_ms }) }, rest);
  return { token: accepted.version };
}

const collections: readonly CollectionName[] = [
  'workstreams',
  'tasks',
  'agents',
  'locks',
  'messages',
  'cycles',
  'knowledge',
  'files',
];

/** All that is on a board, as plain data that can be compared; records in the order of their keys. */
export function snapshot(board: Board): unknown {
  const keyOf = (record: object): string => {
    const { id, to, number, name, resource, topic, path } = record as Record<string, string | undefined>;
    return to === undefined ? String(id ?? number ?? name ?? resource ?? topic ?? path) : `${to}/${id}`;
  };
  const byKey = (a: object, b: object): number => (keyOf(a) < keyOf(b) ? -1 : 1);
  const records = collections.map((name) => [name, [...(board[name] as Shelf<object>).loaded()].sort(byKey)]);
  const workstreams = [...board.workstreams.loaded()].map(({ name }) => name).sort();
  return structuredClone({
    meta: board.meta,
    settingsText: board.settingsText,
    cycleNumbers: [...board.cycleNumbers].sort(),
    topics: [...board.topics].sort(),
    counts: workstreams.map((name) => [name, board.countsOf(name)]),
    openTasks: [...board.openTasks()].map((task) => task.id).sort(),
    records,
  });
}

/** The same board as somebody sees it who has loaded what is always loaded, and in another order. */
export function partly(board: Board): Board {
  const reversed = <Value>(name: CollectionName, shelf: Shelf<Value>, key: (value: Value) => string) =>
    new Shelf(
      name,
      true,
      [...shelf.loaded()].reverse().map((value) => [key(value), value] as const),
    );
  const open = [...board.openTasks()].reverse().map((task) => [task.id, task] as const);
  return new Board({
    meta: board.meta,
    settings: board.settings,
    settingsText: board.settingsText,
    counts: new Map([...board.workstreams.loaded()].map(({ name }) => [name, board.countsOf(name)])),
    cycleNumbers: [...board.cycleNumbers].reverse(),
    topics: [...board.topics].reverse(),
    workstreams: reversed('workstreams', board.workstreams, (each) => each.name),
    agents: reversed('agents', board.agents, (each) => each.id),
    locks: reversed('locks', board.locks, (each) => each.resource),
    messages: reversed('messages', board.messages, messageKey),
    tasks: new Shelf('tasks', false, open),
    cycles: new Shelf('cycles', false),
    knowledge: new Shelf('knowledge', false),
    files: new Shelf('files', false),
  });
}

/** Decides on a partly loaded board as its driver does: loads from `whole` what is missing, and decides again. */
export function decideLoading(
  board: Board,
  whole: Board,
  operation: Operation,
  context: Context,
): { readonly decision: Decision; readonly rounds: number } {
  for (let rounds = 1; rounds < 1000; rounds++) {
    try {
      return { decision: apply(board, operation, context), rounds };
    } catch (error) {
      if (!(error instanceof MissingRecord)) throw error;
      for (const key of error.keys) board.provide(error.collection, key, whole[error.collection].get(key) ?? null);
    }
  }
  throw new Error('deciding asks for records without end');
}

/** Whether nothing in a value can be changed any more; so that a test notices who tries. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

export function openTaskCount(board: Board): number {
  return [...board.tasks.loaded()].filter(isOpen).length;
}
