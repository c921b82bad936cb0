/**
 * `knowledge/<topic>.md`: front matter and Markdown.
 *
 * People may drop a plain Markdown file there: what its front matter does not say gets defaults. Fields that orc does
 * not know are tolerated, and gone at orc's next write of the topic (the history has them): a record has no place
 * for them, and every machine must write the same bytes.
 */
import { maxTitleLength } from '../core/arguments.ts';
import { faultInGlob } from '../core/names.ts';
import type { Knowledge } from '../core/records.ts';
import { decodeText, type Fault, maxKnowledgeBytes } from './faults.ts';
import { joinFrontMatter, splitFrontMatter } from './front-matter.ts';
import { isName, isTime } from './record-schemas.ts';

/** Who wrote a file that does not say. */
export const unknownAuthor = 'system';
/** When a file was written that does not say. Its commit knows. */
export const unknownTime = '1970-01-01T00:00:00.000Z';

/** `paths` came later than the other fields: where a topic binds no files, nothing is written of them. */
export function encodeKnowledge(knowledge: Knowledge): Promise<string> {
  const { title, tags, paths, updated_by, updated_at, version, content } = knowledge;
  const binding = paths.length === 0 ? {} : { paths };
  return joinFrontMatter({ fields: { title, tags, ...binding, updated_by, updated_at, version }, body: content });
}

export async function decodeKnowledge(topic: string, path: string, bytes: Uint8Array): Promise<Knowledge | Fault> {
  const decoded = decodeText(bytes, maxKnowledgeBytes);
  if ('fault' in decoded) return { path, reason: decoded.fault };
  const split = await splitFrontMatter(decoded.text);
  if ('fault' in split) return { path, reason: split.fault };
  const { fields, body } = split;
  const title = readTitle(fields.title);
  const tags = readList(fields.tags, isName);
  const paths = readList(fields.paths, isGlob);
  const by = fields.updated_by ?? unknownAuthor;
  const at = fields.updated_at ?? unknownTime;
  const version = fields.version ?? 0;
  const fault = (field: string, allowed: string): Fault => ({
    path,
    reason: `has front matter in which ${field} must be ${allowed}`,
  });
  if (title === undefined) return fault('title', 'a line of text');
  if (tags === undefined) return fault('tags', 'a list of names');
  if (paths === undefined) return fault('paths', 'a list of globs, made of literals, ?, * and ** only');
  if (typeof by !== 'string' || !isName(by)) return fault('updated_by', 'the name of an agent');
  if (typeof at !== 'string' || !isTime(at)) return fault('updated_at', 'a time such as 2026-01-01T00:00:00.000Z');
  if (!Number.isSafeInteger(version) || (version as number) < 0) return fault('version', 'a whole number');
  return { topic, title, tags, paths, updated_by: by, updated_at: at, version: version as number, content: body };
}

function readTitle(value: unknown): string | null | undefined {
  if (value === null || value === undefined) return null;
  const text = readScalar(value);
  return text === undefined || text.length > maxTitleLength || /[\n\r\0]/.test(text) ? undefined : text;
}

function readList(value: unknown, isFine: (item: string) => boolean): string[] | undefined {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const items = value.map(readScalar);
  return items.every((item) => item !== undefined && isFine(item)) ? (items as string[]) : undefined;
}

function isGlob(text: string): boolean {
  return faultInGlob(text) === null;
}

/** People write `title: 2026` and mean text. */
function readScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
