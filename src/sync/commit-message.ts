/**
 * What a commit says of the operation that it is: a subject in words, free text, and in the last paragraph trailers for
 * programs. `git log` is the audit; this is its form.
 */
import { isOperationId } from '../core/ids.ts';
import type { Accepted, Operation, ResultRef } from '../core/operation.ts';
import { findOperation } from '../core/operations/index.ts';
import type { Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';

/** Longer texts stand in the tree; the message names them by the object id that git would give the text. */
const maxQuotedLength = 1024;
/** So do lists and documents whose JSON is longer than this. */
const maxQuotedJson = 8 * maxQuotedLength;
const maxBodyLength = 4096;

export interface Trailers {
  readonly version: number;
  readonly base: number;
  readonly at: string;
  readonly op: Operation;
  readonly result: ResultRef | null;
}

/** `hashText` gives the id of a text as a git blob. */
export function formatCommitMessage(accepted: Accepted, base: number, hashText: (text: string) => string): string {
  const { operation } = accepted;
  const { id, kind, agent, batch } = operation;
  const args = quoteArguments(operation, hashText);
  const lines = [
    `Orc-Version: ${accepted.version}`,
    `Orc-Base: ${base}`,
    `Orc-At: ${toIso(accepted.at)}`,
    `Orc-Op: ${JSON.stringify({ id, kind, agent, args })}`,
  ];
  const event = accepted.events.at(-1);
  if (event?.task_id !== undefined) lines.push(`Orc-Task: ${event.task_id}`);
  const token = tokenOf(accepted);
  if (token !== null) lines.push(`Orc-Token: ${token}`);
  lines.push(`Orc-Result: ${JSON.stringify(accepted.result)}`);
  if (batch !== undefined) lines.push(`Orc-Batch: ${batch.id} ${batch.k}/${batch.n}`);
  const body = accepted.body === undefined ? '' : `${bodyText(accepted.body)}\n\n`;
  return `${oneLine(accepted.subject)}\n\n${body}${lines.join('\n')}\n`;
}

/** Reads the trailers of the last paragraph; `null` for a commit that orc did not make (a manual edit). */
export function parseTrailers(message: string): Trailers | null {
  const paragraph =
    message
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? '';
  const values = new Map<string, string>();
  for (const line of paragraph.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const version = Number(values.get('Orc-Version'));
  const op = parseJson(values.get('Orc-Op')) as Operation | null;
  if (!Number.isSafeInteger(version) || version < 1 || op === null || typeof op !== 'object') return null;
  const { id, kind, agent, args } = op;
  // Whoever reads trailers relies on their kinds; what the values may be is for deciding to say.
  if (typeof id !== 'string' || !isOperationId(id) || typeof kind !== 'string' || typeof agent !== 'string')
    return null;
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return null;
  return {
    version,
    base: Number(values.get('Orc-Base') ?? 0),
    at: values.get('Orc-At') ?? '',
    op: { id, kind, agent, args, ...batchOf(values.get('Orc-Batch')) },
    result: parseJson(values.get('Orc-Result')) as ResultRef | null,
  };
}

function batchOf(text: string | undefined): Pick<Operation, 'batch'> {
  const [, id, k, n] = /^(\S+) (\d+)\/(\d+)$/.exec(text ?? '') ?? [];
  return id === undefined ? {} : { batch: { id, k: Number(k), n: Number(n) } };
}

/** The fencing token that a commit hands out, if it makes a claim or a hold. */
function tokenOf(accepted: Accepted): number | null {
  for (const change of accepted.changes) {
    if (change.collection === 'tasks' && (change.after as Task | null)?.claim?.id === accepted.operation.id)
      return accepted.version;
    if (change.collection === 'locks' && change.after?.holders.some((hold) => hold.id === accepted.operation.id))
      return accepted.version;
  }
  return null;
}

/** Arguments as a message has them: what is long, as a digest. */
export function quoteArguments(
  { kind, args }: Pick<Operation, 'kind' | 'args'>,
  hashText: (text: string) => string,
): object {
  const documents = findOperation(kind)?.bulk ?? [];
  const entries = Object.entries(args).map(([name, value]) => {
    if (!documents.includes(name)) return [name, quote(value, hashText)];
    const text = JSON.stringify(value);
    return [name, text.length > maxQuotedJson ? { $blob: hashText(text), length: text.length } : value];
  });
  return Object.fromEntries(entries);
}

function quote(value: unknown, hashText: (text: string) => string): unknown {
  if (typeof value === 'string') {
    return value.length <= maxQuotedLength ? value : { $blob: hashText(value), length: value.length };
  }
  if (Array.isArray(value)) {
    // A list as long as an import's is a digest as a whole.
    const text = JSON.stringify(value);
    return text.length > maxQuotedJson
      ? { $blob: hashText(text), length: text.length }
      : value.map((each) => quote(each, hashText));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, quote(inner, hashText)]));
}

/** A text's lines must not pass for trailers or end the message: they are kept apart from the last paragraph and cut to size. */
function bodyText(text: string): string {
  const clean = text.replaceAll('\0', '').replace(/\r\n?/g, '\n').trim();
  return clean.length <= maxBodyLength ? clean : `${clean.slice(0, maxBodyLength - 1)}…`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
