/** The building blocks of operations' argument schemas, and how a fault in arguments is told. */
import * as z from 'zod/mini';
import { faultInGlob, faultInName, faultInPath, faultInResource, foldName, utf8Length } from './names.ts';
import type { Check, CheckRun, JsonDocument } from './records.ts';
import { fromIso } from './time.ts';

/** Bytes as UTF-8. All mail is read to open a board, so long texts belong into the knowledge base. */
export const maxMessageLength = 16 * 1024;
/** Bytes of a plan or of results, as indented JSON: both of them fit into the record of a cycle. */
export const maxDocumentLength = 256 * 1024;
/** How deep values in a document may lie. */
const maxDocumentDepth = 32;
/** Characters. */
export const maxTitleLength = 512;
/** Bytes as UTF-8, as the length of everything that is kept in a file of its own or close to it. */
export const maxTextLength = 256 * 1024;
/** Bytes as UTF-8. */
export const maxKnowledgeLength = 1024 * 1024;
export const maxListLength = 256;
/** A year: longer leases and TTLs are mistakes. */
const maxDurationMs = 366 * 86_400_000;

/** Marks faults that are a matter of size: they get the code `too-large`. */
const tooLarge = 'too-large:';
/** Marks words of ours: whatever else a schema says is zod's, in the language that the process set there. */
const told = 'told:';

function checked(fault: (text: string) => string | null) {
  return z.string().check((context) => {
    const found = fault(context.value);
    if (found !== null) context.issues.push({ code: 'custom', input: context.value, message: found });
  });
}

function upTo(length: number) {
  return z.string().check((context) => {
    if (context.value.length > length) {
      const message = `${tooLarge}must not be longer than ${length} characters (it has ${context.value.length})`;
      context.issues.push({ code: 'custom', input: context.value, message });
    }
  });
}

function upToBytes(bytes: number) {
  return z.string().check((context) => {
    if (isLongerThan(context.value, bytes)) {
      const message = `${tooLarge}must not be longer than ${bytes / 1024} KiB`;
      context.issues.push({ code: 'custom', input: context.value, message });
    }
  });
}

/** Whether a text takes more than so many bytes as UTF-8; counts only where its length leaves that open. */
export function isLongerThan(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && utf8Length(text) > bytes);
}

function wholeNumber(least: number, most: number, what = `a whole number from ${least} to ${most}`) {
  const message = `${told}must be ${what}`;
  return z.int(message).check(z.gte(least, message), z.lte(most, message));
}

export const name = () => checked(faultInName);
export const topic = () => checked(faultInTopic);
/** Why a topic is refused, as in names.ts. `a.md/b` would need a folder where topic `a` has its file. */
export function faultInTopic(text: string): string | null {
  const inPath = faultInPath(text);
  if (inPath !== null) return inPath;
  const isMarkdown = (component: string): boolean => foldName(component).endsWith('.md');
  return text.split('/').some(isMarkdown) ? 'must not end in .md (it is added), nor may a folder of it' : null;
}
export const resource = () => checked(faultInResource);
export const title = () => {
  const schema = upTo(maxTitleLength);
  return schema.check((context) => {
    if (context.value.trim() === '')
      context.issues.push({ code: 'custom', input: context.value, message: 'must not be empty' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a title is one line
    if (/[\n\r\u0000]/.test(context.value)) {
      context.issues.push({ code: 'custom', input: context.value, message: 'must be one line' });
    }
  });
};
/** A text of one line for the event log: an identifier, a value. */
export const word = () => upTo(1024);
export const text = () => upToBytes(maxTextLength);
export const knowledgeText = () => upToBytes(maxKnowledgeLength);
/** Whom a message is for: `all`, `ws:NAME`, `agent:NAME`, or a name alone. A colon stands in no name. */
export const mailTarget = () =>
  checked((text) => (text === 'all' ? null : faultInName(text.replace(/^(?:ws|agent):/, ''))));
/** Bytes as UTF-8. */
export const mailText = () =>
  upToBytes(maxMessageLength).check((context) => {
    if (context.value.trim() === '')
      context.issues.push({ code: 'custom', input: context.value, message: 'must not be empty' });
  });
export const reason = () => upToBytes(maxTextLength);
export const priority = () => wholeNumber(1, 9, 'a whole number from 1 (most urgent) to 9');
export const durationMs = () =>
  wholeNumber(1, maxDurationMs, `a whole number of milliseconds from 1 to ${maxDurationMs}`);
export const count = () => wholeNumber(0, Number.MAX_SAFE_INTEGER, 'a whole number, 0 or more');
export const version = () => wholeNumber(1, Number.MAX_SAFE_INTEGER, 'a board version: a whole number from 1');
export const flag = () => z.boolean(`${told}must be true or false`);
export const taskId = () =>
  z.string().check(z.regex(/^[0-9a-f]{8,32}$/, `${told}must be a task id (8 to 32 hexadecimal digits)`));
export const boardId = () =>
  z.string().check(z.regex(/^[0-9a-f]{16,64}$/, `${told}must be 16 to 64 hexadecimal digits`));
export const estimate = () =>
  z.nullable(
    z.union(
      [upTo(64), z.number().check(z.gte(0))],
      `${told}must be a number from 0, a text of at most 64 characters, or null`,
    ),
  );
/** A time as orc writes it, or with another zone; never in the words of a locale. */
export const time = () =>
  checked((text) =>
    /^\d/.test(text) && !Number.isNaN(fromIso(text)) ? null : 'must be a time such as 2026-01-31T12:00:00Z',
  );
export const names = () => z.array(name()).check(z.maxLength(maxListLength));
export const taskIds = () => z.array(taskId()).check(z.maxLength(maxListLength));
export const globs = () => z.array(checked(faultInGlob)).check(z.maxLength(maxListLength));
export const checks = () =>
  z
    .array(
      z.union(
        [z.strictObject({ command: upTo(4096) }), z.strictObject({ criterion: upTo(4096) })],
        `${told}must be { command } or { criterion }, of at most 4096 characters`,
      ),
    )
    .check(z.maxLength(32)) as z.ZodMiniType<Check[]>;

/** A commit's whole name. */
export const commit = () =>
  z.string().check(z.regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, `${told}must be a commit (40 or 64 hexadecimal digits)`));

/** Bytes as UTF-8 of the end of a check's output. */
const maxOutputTail = 2048;

/** What came of a task's checks; see `CheckRun`. */
export const checkRuns = () => {
  const command = z.strictObject({
    command: upTo(4096),
    exit_code: z.nullable(wholeNumber(0, 0xffff_ffff)),
    duration_ms: count(),
    commit: z.nullable(commit()),
    dirty: z.nullable(flag()),
    output_tail: upToBytes(maxOutputTail),
  });
  const criterion = z.strictObject({ criterion: upTo(4096), confirmed: flag() });
  const what = `${told}must be { command, exit_code, duration_ms, commit, dirty, output_tail } or { criterion, confirmed }`;
  return z.array(z.union([command, criterion], what)).check(z.maxLength(32)) as z.ZodMiniType<CheckRun[]>;
};

/** A JSON object of any fields, which is kept as it comes. */
export const document = () =>
  z.unknown().check((context) => {
    const { value } = context;
    const fault = value === undefined ? 'is required' : faultInDocument(value);
    const isTooLong = fault === null && isLongerThan(JSON.stringify(value, null, 2), maxDocumentLength);
    const message = isTooLong ? `${tooLarge}must not be longer than ${maxDocumentLength / 1024} KiB` : fault;
    if (message !== null) context.issues.push({ code: 'custom', input: value, message });
  }) as unknown as z.ZodMiniType<JsonDocument>;

/** Why a value is no JSON object that can be kept, as the end of a sentence; goes no deeper than it allows. */
export function faultInDocument(value: unknown): string | null {
  if (!isPlainObject(value)) return 'must be a JSON object';
  return faultInJson(value, maxDocumentDepth);
}

function faultInJson(value: unknown, depth: number): string | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'must hold JSON values only';
  if (!Array.isArray(value) && !isPlainObject(value)) return 'must hold JSON values only';
  if (depth === 0) return `must not be nested deeper than ${maxDocumentDepth}`;
  // Assigning to it would change the object's nature instead of setting a field.
  if (Object.hasOwn(value, '__proto__')) return 'must not have a field __proto__';
  for (const inner of Object.values(value)) {
    const fault = faultInJson(inner, depth - 1);
    if (fault !== null) return fault;
  }
  return null;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How a holder proves that it is the one: the fencing token, or the id of the operation that made the claim. */
export const proof = () => ({
  token: z.optional(wholeNumber(1, Number.MAX_SAFE_INTEGER, 'a whole number from 1')),
  claim: z.optional(upTo(64)),
});

export interface ArgumentFault {
  readonly code: 'invalid-argument' | 'too-large';
  readonly message: string;
}

/**
 * Tells the first fault of a failed parse in words that name the argument and say what is allowed.
 * The parse has to keep its inputs (`reportInput`): what is missing and what is of a wrong type differ in them alone.
 */
export function describeFault(error: { readonly issues: readonly z.core.$ZodIssue[] }): ArgumentFault {
  const issue = error.issues[0];
  if (issue === undefined) return { code: 'invalid-argument', message: 'invalid arguments' };
  const path = issue.path.map(String).join('.');
  const words = describeIssue(issue, path);
  if (words.startsWith(tooLarge)) return { code: 'too-large', message: `${path} ${words.slice(tooLarge.length)}` };
  return { code: 'invalid-argument', message: path === '' ? words : `${path} ${words}` };
}

function describeIssue(issue: z.core.$ZodIssue, path: string): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is required';
  if (issue.message.startsWith(told)) return issue.message.slice(told.length);
  switch (issue.code) {
    case 'custom':
      return issue.message;
    case 'invalid_type':
      return `must be ${article(issue.expected)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array' ? `must not hold more than ${issue.maximum}` : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `${path === '' ? 'unknown arguments' : 'has unknown fields'}: ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return 'has a wrong form';
    case 'invalid_union':
      return 'must be a JSON value';
    default:
      return 'is invalid';
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** What somebody writes about a topic of the knowledge base. */
export const knowledgeFields = () => ({
  topic: topic(),
  content: knowledgeText(),
  title: z.optional(z.nullable(title())),
  tags: z.optional(names()),
  /** Globs of the files that it binds. */
  paths: z.optional(globs()),
});
