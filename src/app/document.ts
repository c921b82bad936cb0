/** Plans and results as a board keeps them: as JSON within its bounds. */
import { maxDocumentLength } from '../core/arguments.ts';
import type { Json, JsonDocument } from '../core/records.ts';

/** Lengths of texts and of lists, tried one after the other until the document is small enough. */
const limits: readonly { readonly text: number; readonly list: number }[] = [
  { text: 4000, list: Number.POSITIVE_INFINITY },
  { text: 500, list: Number.POSITIVE_INFINITY },
  { text: 200, list: 400 },
  { text: 100, list: 100 },
  { text: 60, list: 20 },
];

/** `last`: of a list that is too long the end is kept, else the beginning. */
export type KeptEnd = 'first' | 'last';

/**
 * A value as a document, without briefs: they are made anew for whoever works. Where it is too long, texts and lists are
 * cut, and `cut: true` says so.
 */
export function asDocument(value: object, kept: KeptEnd): JsonDocument {
  const whole = withoutBriefs(JSON.parse(JSON.stringify(value)) as Json) as JsonDocument;
  if (isShort(whole)) return whole;
  let cut = whole;
  for (const limit of limits) {
    cut = { ...(cutTo(whole, limit, kept) as JsonDocument), cut: true };
    if (isShort(cut)) return cut;
  }
  return cut;
}

function isShort(document: JsonDocument): boolean {
  return Buffer.byteLength(JSON.stringify(document, null, 2)) <= maxDocumentLength;
}

function withoutBriefs(value: Json): Json {
  return mapped(value, withoutBriefs, (field) => field !== 'brief' && field !== 'briefs' && field !== '__proto__');
}

function cutTo(value: Json, limit: (typeof limits)[number], kept: KeptEnd): Json {
  if (typeof value === 'string') {
    return value.length <= limit.text ? value : `${value.slice(0, limit.text - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  }
  const short = Array.isArray(value)
    ? kept === 'first'
      ? value.slice(0, limit.list)
      : value.slice(-limit.list)
    : value;
  return mapped(short, (inner) => cutTo(inner, limit, kept));
}

function mapped(value: Json, change: (inner: Json) => Json, isKept: (field: string) => boolean = () => true): Json {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value as JsonDocument).filter(([field]) => isKept(field));
  return Object.fromEntries(fields.map(([field, inner]) => [field, change(inner)]));
}

/** A document for people, in lines: any fields, set in by depth; a task in one line. */
export function documentLines(document: JsonDocument): string[] {
  return Object.entries(document).flatMap(([field, value]) => fieldLines(field, value, ''));
}

function fieldLines(field: string, value: Json, indent: string): string[] {
  const head = `${indent}${field}:`;
  const word = wordFor(value);
  if (word !== null) return [`${head} ${word}`];
  const inner = `${indent}  `;
  if (Array.isArray(value)) return [`${head} ${value.length}`, ...value.flatMap((each) => itemLines(each, inner))];
  return [head, ...Object.entries(value as JsonDocument).flatMap(([name, each]) => fieldLines(name, each, inner))];
}

function itemLines(value: Json, indent: string): string[] {
  const word = wordFor(value);
  if (word !== null) return [`${indent}- ${word}`];
  const fields = Array.isArray(value)
    ? value.flatMap((each) => itemLines(each, `${indent}  `))
    : Object.entries(value as JsonDocument).flatMap(([name, each]) => fieldLines(name, each, `${indent}  `));
  const [first = '', ...others] = fields;
  return [`${indent}- ${first.trimStart()}`, ...others];
}

/** What fits into a line; `null` for what does not. */
function wordFor(value: Json): string | null {
  if (typeof value === 'string') return value.replace(/\s+/g, ' ').trim();
  if (typeof value !== 'object' || value === null) return String(value ?? '–');
  if (Array.isArray(value)) {
    const words = value.filter((each) => typeof each !== 'object' || each === null);
    return words.length === value.length ? words.map(String).join(', ') || '–' : null;
  }
  const { id, title, workstream } = value as JsonDocument;
  if (typeof id !== 'string' || typeof title !== 'string') return null;
  return `${typeof workstream === 'string' ? `${workstream}/` : ''}${id} ${title}`.replace(/\s+/g, ' ').trim();
}
