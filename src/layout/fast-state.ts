/**
 * A quick test whether a value is a well-formed `state.json`, which every process reads: the schema takes milliseconds to set up.
 *
 * As with tasks (fast-task.ts) it may say no to what is fine, but never yes to what is not.
 */
import type * as z from 'zod/mini';
import { isName, isTime, type stateSchema } from './record-schemas.ts';

type Fields = Readonly<Record<string, unknown>>;
type StateFields = z.infer<ReturnType<typeof stateSchema>>;

const boardIdPattern = /^[0-9a-f]{16,64}$/;
const stateFieldCount = 8;
const workstreamFieldCount = 8;

export function isPlainState(value: unknown): value is StateFields {
  if (!hasFields(value, stateFieldCount)) return false;
  const { board, format, updated_at, workstreams } = value;
  return (
    typeof board === 'string' &&
    boardIdPattern.test(board) &&
    isCount(format) &&
    format >= 1 &&
    isCount(value.version) &&
    (updated_at === null || (typeof updated_at === 'string' && isTime(updated_at))) &&
    isCount(value.events) &&
    isCount(value.agents) &&
    isCount(value.locks) &&
    typeof workstreams === 'object' &&
    workstreams !== null &&
    !Array.isArray(workstreams) &&
    Object.entries(workstreams).every(([name, of]) => isName(name) && isWorkstream(of))
  );
}

function isWorkstream(value: unknown): boolean {
  return (
    hasFields(value, workstreamFieldCount) &&
    typeof value.status === 'string' &&
    Number.isFinite(value.priority) &&
    isCount(value.pending) &&
    isCount(value.in_progress) &&
    isCount(value.blocked) &&
    isCount(value.done) &&
    isCount(value.failed) &&
    isCount(value.cancelled)
  );
}

function hasFields(value: unknown, count: number): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === count;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
