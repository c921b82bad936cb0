/** How much work tasks are. An estimate is any text or number: what is no number and no length of time does not count. */
import type { Task } from './records.ts';
import { parseDuration } from './time.ts';

/** `hours` where some estimate is a length of time; plain numbers count as hours beside it. `tasks`: nobody estimated. */
export type WorkUnit = 'hours' | 'points' | 'tasks';

type Estimated = Pick<Task, 'estimate'>;

const hour = 3_600_000;

/** In which unit the work of these tasks is measured. */
export function unitOf(tasks: Iterable<Estimated>): WorkUnit {
  let unit: WorkUnit = 'tasks';
  for (const { estimate } of tasks) {
    if (readEstimate(estimate) === null) continue;
    if (typeof estimate === 'string' && !isNumber(estimate)) return 'hours';
    unit = 'points';
  }
  return unit;
}

/** `3`, `"3"`, `"2h"`, `"1.5 d"`: a number, lengths of time in hours; `null` for none, for other texts, and for what is no work. */
export function readEstimate(estimate: Task['estimate']): number | null {
  if (estimate === null) return null;
  const value = typeof estimate === 'number' || isNumber(estimate) ? Number(estimate) : hoursOf(estimate);
  return value !== null && Number.isFinite(value) && value > 0 ? value : null;
}

/** A task without an estimate weighs one. */
export function weightOf({ estimate }: Estimated): number {
  return readEstimate(estimate) ?? 1;
}

/** Sums of fractions would differ in their last digits with the order of the tasks. */
export function roundWork(amount: number): number {
  return Math.round(amount * 1000) / 1000;
}

/** `3 tasks`, `1 point`, `4.5h`. */
export function formatWork(amount: number, unit: WorkUnit): string {
  const rounded = roundWork(amount);
  if (unit === 'hours') return `${rounded}h`;
  return `${rounded} ${rounded === 1 ? unit.slice(0, -1) : unit}`;
}

function isNumber(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text.trim());
}

function hoursOf(text: string): number | null {
  const ms = parseDuration(text.replace(/\s+/g, ''));
  return ms === null ? null : ms / hour;
}
