import type { BatchAnswer } from '../../app/batch.ts';
import type { Look } from '../look.ts';

export function batchLines(answers: readonly BatchAnswer[], look: Look): string[] {
  const count = answers.length === 1 ? '1 operation' : `${answers.length} operations`;
  return [
    `Batch accepted: ${count}`,
    ...answers.map((answer, index) => look.line(`  ${index + 1}. ${answer.kind}${about(answer)}`)),
  ];
}

/** The record's own name, whichever kind it is of. */
function about({ data, name }: BatchAnswer): string {
  const record = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const own = record.id ?? record.name ?? record.topic ?? record.resource ?? record.action;
  const title = typeof record.title === 'string' ? `: ${record.title}` : '';
  return `${own === undefined ? '' : ` ${String(own)}${title}`}${name === null ? '' : ` (${name})`}`;
}
