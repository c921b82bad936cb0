import type { RejectedOperation } from '../../app/rejected.ts';
import type { Task } from '../../core/records.ts';
import { escapeText } from '../escape.ts';
import type { Look } from '../look.ts';
import { claimedLines, taskLine } from './task.ts';

export function rejectedLines(operations: readonly RejectedOperation[], look: Look): string[] {
  if (operations.length === 0) return ['Nothing was rejected.'];
  return [
    ...operations.map(({ op, kind, agent, code, message, rejected_at }) =>
      look.line(`[${rejected_at}] ${op.slice(0, 12)} ${kind} by ${agent}: ${message} (${code})`),
    ),
    look.style('dim', 'orc rejected show <id> tells more; retry <id> asks again, drop <id> forgets it'),
  ];
}

export function rejectedDetails(operation: RejectedOperation, look: Look): string[] {
  const { op, kind, agent, batch, asked_at, rejected_at, code, message, hint, args } = operation;
  return [
    look.line(`${kind} by ${agent}`),
    look.line(`Operation: ${op}${batch === null ? '' : ` | Batch: ${batch}`}`),
    `Asked: ${asked_at} | Rejected: ${rejected_at}`,
    look.line(`Why: ${message} (${code})`),
    ...(hint === null ? [] : [look.line(`Hint: ${hint}`)]),
    'Arguments:',
    // Texts in it, such as a result that is not to be lost, as they were given.
    ...Object.entries(args).map(
      ([key, value]) => `  ${look.line(key)}: ${escapeText(typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
  ];
}

/** With the task that it is about: after a `next` nobody could know otherwise which one it gave. */
export function retriedLines(op: string, data: unknown, look: Look): string[] {
  const first = look.line(`Accepted this time: ${op}`);
  if (!isTask(data)) return [first];
  return [first, taskLine(data, look), ...(data.claim === null ? [] : claimedLines(data, look))];
}

function isTask(data: unknown): data is Task {
  return typeof data === 'object' && data !== null && 'assigned_to' in data && 'claim' in data;
}
