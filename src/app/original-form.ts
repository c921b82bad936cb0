/**
 * How the original single-file tool writes knowledge and events. What it did not have travels in comments and fields
 * that it takes for text, so that an export can be imported again without loss, and the other way round.
 */
import { faultInName } from '../core/names.ts';
import type { BoardEvent, Knowledge } from '../core/records.ts';
import { fromIso, toIso } from '../core/time.ts';

export interface OriginalKnowledge extends Pick<Knowledge, 'title' | 'tags' | 'paths' | 'content'> {
  readonly updated_by: string | null;
  readonly updated_at: string | null;
  /** Whether the file begins with the original's comment, letter for letter. Otherwise all of it is content. */
  readonly isHeaded: boolean;
}

const header = /^<!-- Updated by (.+) at (\S+) -->(\r?\n|$)/;
/** Title, tags and paths, which the original did not have: a second comment. */
const extras = /^<!-- orc: (\{.*\}) -->\n/;

export function readOriginalKnowledge(text: string): OriginalKnowledge {
  const [line = '', by = '', at = '', end] = header.exec(text) ?? [];
  const updated_by = faultInName(by) === null ? by : null;
  const updated_at = isTime(at) ? at : null;
  const isHeaded = updated_by !== null && isCanonicalTime(at) && end === '\n';
  if (!isHeaded) return { updated_by, updated_at, ...noExtras, content: text, isHeaded };
  const body = text.slice(line.length);
  const found = readExtras(body);
  if (found === null) return { updated_by, updated_at, ...noExtras, content: body, isHeaded };
  return { updated_by, updated_at, ...found.extras, content: body.slice(found.length), isHeaded };
}

export function writeOriginalKnowledge(knowledge: Knowledge): string {
  const { title, tags, paths, content, updated_by, updated_at } = knowledge;
  // Content that begins like our second comment must not be taken for it when it is read again.
  const hasExtras = title !== null || tags.length > 0 || paths.length > 0 || extras.test(content);
  const second = hasExtras ? extrasLine({ title, tags, paths }) : '';
  return `<!-- Updated by ${updated_by} at ${updated_at} -->\n${second}${content}`;
}

type Extras = Pick<Knowledge, 'title' | 'tags' | 'paths'>;
const noExtras: Extras = { title: null, tags: [], paths: [] };

function extrasLine({ title, tags, paths }: Extras): string {
  const fields = {
    ...(title === null ? {} : { title }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(paths.length === 0 ? {} : { paths }),
  };
  return `<!-- orc: ${JSON.stringify(fields).replaceAll('>', '\\u003e')} -->\n`;
}

function readExtras(text: string): { readonly extras: Extras; readonly length: number } | null {
  const match = extras.exec(text);
  if (match === null) return null;
  try {
    const { title, tags, paths } = { ...noExtras, ...(JSON.parse(match[1] as string) as Partial<Extras>) };
    const found = { title, tags, paths };
    if (![tags, paths].every((list) => Array.isArray(list))) return null;
    return extrasLine(found) === match[0] ? { extras: found, length: match[0].length } : null;
  } catch {
    return null;
  }
}

/** Fields that orc numbers and proves events with; an event of the original may have its own of that name. */
const numbering: ReadonlySet<string> = new Set(['n', 'v', 'op', 'imported_line']);
const references: ReadonlySet<string> = new Set(['workstream', 'task_id']);

/**
 * An event as the board keeps it. Where it would not come out again letter for letter (a field of the same name as one of
 * ours, a time in another form, a number that JavaScript rounds), its line is kept with it.
 */
export function readOriginalEvent(line: string, event: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isSafe = !/__proto__/.test(line);
  const kept = Object.entries(event).filter(([key, value]) => {
    if (numbering.has(key)) return false;
    return (!references.has(key) || typeof value === 'string') && (isSafe || ['ts', 'agent', 'action'].includes(key));
  });
  const { ts, agent, action, ...rest } = Object.fromEntries(kept);
  const stored = { ts, agent, action, ...rest };
  const comesOut = JSON.stringify({ ...stored, ts: canonicalTime(ts) }) === withoutSpace(line);
  return comesOut ? stored : { ...stored, imported_line: line.trim() };
}

export function writeOriginalEvent(event: BoardEvent): string {
  const { n: _n, v: _v, op, ...fields } = event;
  return op === undefined && typeof fields.imported_line === 'string' ? fields.imported_line : JSON.stringify(fields);
}

/** JSON without the white space between its words. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:[^"\\]+|\\.)*")|\s+/g, '$1');
}

function canonicalTime(value: unknown): unknown {
  return typeof value === 'string' && isTime(value) ? toIso(fromIso(value)) : value;
}

function isTime(text: string): boolean {
  return !Number.isNaN(fromIso(text));
}

function isCanonicalTime(text: string): boolean {
  return isTime(text) && toIso(fromIso(text)) === text;
}
