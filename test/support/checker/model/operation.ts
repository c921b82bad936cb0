/** What deciding an operation is given, and what it gives. */
import type { BoardModel, Change } from './board.ts';
import type { Json } from './records.ts';

export type Arguments = Readonly<Record<string, unknown>>;

export interface Call {
  readonly id: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Arguments;
  /** ms since 1970; `iso` is the same time. */
  readonly at: number;
  readonly iso: string;
  readonly version: number;
  /** How long after its end a lease or a lock still holds, ms. */
  readonly skewMs: number;
  /** The id of a task to be added, where the operation's id does not say it. */
  readonly newTask: string | null;
  /** The same of a message to be sent. */
  readonly newMessage?: string | null;
}

export interface Refused {
  readonly outcome: 'refused';
  readonly code: string;
  readonly why: string;
}

/** No commit. */
export interface Unchanged {
  readonly outcome: 'unchanged';
}

export interface EventWords {
  readonly action: string;
  /** Who acts, unless it says otherwise. */
  readonly agent?: string;
  readonly workstream?: string;
  readonly task_id?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Accepted {
  readonly outcome: 'accepted';
  readonly changes: readonly Change[];
  readonly event: EventWords;
  readonly result: Readonly<Record<string, Json>>;
  readonly body?: string | undefined;
  /** What an import brings along, before the operation's own line. */
  readonly imported?: readonly Readonly<Record<string, unknown>>[];
  readonly board?: string;
  readonly settingsText?: string;
  /** Segments of the log that go, by their first events. */
  readonly withoutSegments?: readonly number[];
}

export type Verdict = Accepted | Refused | Unchanged;
export type Decide = (board: BoardModel, call: Call) => Verdict;

export function refuse(code: string, why: string): Refused {
  return { outcome: 'refused', code, why };
}

export function isRefused(value: object): value is Refused {
  return 'outcome' in value && value.outcome === 'refused';
}

export function text(args: Arguments, name: string): string {
  const value = args[name];
  return typeof value === 'string' ? value : '';
}

/** `null` where it is missing, or `null`. */
export function optionalText(args: Arguments, name: string): string | null {
  const value = args[name];
  return typeof value === 'string' ? value : null;
}

export function optionalNumber(args: Arguments, name: string): number | null {
  const value = args[name];
  return typeof value === 'number' ? value : null;
}

/** The texts of a list, each once. */
export function texts(args: Arguments, name: string): string[] {
  const value = args[name];
  return Array.isArray(value) ? [...new Set(value.filter((each) => typeof each === 'string'))] : [];
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
