/**
 * A quick test whether a value is a well-formed task, for opening boards with thousands of them.
 *
 * It may say no to a task that is fine (the schema then decides, and says why not), but never yes to one that is not;
 * a property test holds it against the schema. Measured on 10 000 tasks: see test/layout/fast-task.test.ts.
 */
import type { Task } from '../core/records.ts';
import { isGlob, isName, isTime } from './record-schemas.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Without those that few tasks have, such as `check_results` and `commits`: the schema reads these. */
const fieldCount = 23;
const taskIdPattern = /^[0-9a-f]{8,32}$/;
const operationIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;
const statuses: ReadonlySet<unknown> = new Set<Task['status']>([
  'pending',
  'in_progress',
  'blocked',
  'done',
  'failed',
  'cancelled',
]);

export function isPlainTask(value: unknown): value is Task {
  if (!isFields(value) || Object.keys(value).length !== fieldCount) return false;
  return (
    isTaskId(value.id) &&
    isNameText(value.workstream) &&
    typeof value.title === 'string' &&
    typeof value.description === 'string' &&
    statuses.has(value.status) &&
    isWhole(value.priority, 1) &&
    value.priority <= 9 &&
    isEstimate(value.estimate) &&
    (value.assigned_to === null || isNameText(value.assigned_to)) &&
    (value.claim === null || isClaim(value.claim)) &&
    isWhole(value.attempts, 0) &&
    isListOf(value.depends_on, isTaskId) &&
    (value.parent === null || isTaskId(value.parent)) &&
    isListOf(value.labels, isNameText) &&
    isListOf(value.needs, isNameText) &&
    isListOf(value.paths, isGlobText) &&
    isListOf(value.notes, isNote) &&
    (value.result === null || typeof value.result === 'string') &&
    isListOf(value.checks, isCheck) &&
    isNameText(value.created_by) &&
    isWhole(value.created_version, 0) &&
    isWhole(value.created_index, 0) &&
    isTimeText(value.created_at) &&
    isTimeText(value.updated_at)
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isTaskId(value: unknown): boolean {
  return typeof value === 'string' && taskIdPattern.test(value);
}

function isNameText(value: unknown): boolean {
  return typeof value === 'string' && isName(value);
}

function isTimeText(value: unknown): boolean {
  return typeof value === 'string' && isTime(value);
}

function isGlobText(value: unknown): boolean {
  return typeof value === 'string' && isGlob(value);
}

function isEstimate(value: unknown): boolean {
  return (
    value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value) && value >= 0)
  );
}

function isClaim(value: unknown): boolean {
  return (
    isFields(value) &&
    Object.keys(value).length === 4 &&
    typeof value.id === 'string' &&
    operationIdPattern.test(value.id) &&
    isWhole(value.token, 1) &&
    isTimeText(value.claimed_at) &&
    isTimeText(value.lease_until)
  );
}

function isNote(value: unknown): boolean {
  return (
    isFields(value) &&
    Object.keys(value).length === 3 &&
    isTimeText(value.at) &&
    isNameText(value.by) &&
    typeof value.text === 'string'
  );
}

function isCheck(value: unknown): boolean {
  return (
    isFields(value) &&
    Object.keys(value).length === 1 &&
    (typeof value.command === 'string' || typeof value.criterion === 'string')
  );
}
