/** The building blocks of operations' argument schemas, and how a fault in arguments is told. */
import * as z from 'zod/mini';
import { faultInGlob, faultInName, faultInPath, faultInResource } from './names.ts';
import type { Check } from './records.ts';

export const maxTitleLength = 512;
export const maxTextLength = 256 * 1024;
export const maxKnowledgeLength = 1024 * 1024;
export const maxListLength = 256;
/** A year: longer leases and TTLs are mistakes. */
const maxDurationMs = 366 * 86_400_000;

/** Marks faults that are a matter of size: they get the code `too-large`. */
const tooLarge = 'too-large:';

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

export const name = () => checked(faultInName);
export const topic = () => checked((text) => faultInPath(text) ?? (text.endsWith('.md') ? 'must not end in .md (it is added)' : null));
export const resource = () => checked(faultInResource);
export const title = () => {
  const schema = upTo(maxTitleLength);
  return schema.check((context) => {
    if (context.value.trim() === '') context.issues.push({ code: 'custom', input: context.value, message: 'must not be empty' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a title is one line
    if (/[\n\r\u0000]/.test(context.value)) {
      context.issues.push({ code: 'custom', input: context.value, message: 'must be one line' });
    }
  });
};
export const text = () => upTo(maxTextLength);
export const knowledgeText = () => upTo(maxKnowledgeLength);
export const reason = () => upTo(maxTextLength);
export const priority = () => z.int().check(z.gte(1), z.lte(9));
export const durationMs = () => z.int().check(z.gte(1), z.lte(maxDurationMs));
export const taskId = () => z.string().check(z.regex(/^[0-9a-f]{8,32}$/));
export const estimate = () => z.nullable(z.union([upTo(64), z.number().check(z.gte(0))]));
export const names = () => z.array(name()).check(z.maxLength(maxListLength));
export const taskIds = () => z.array(taskId()).check(z.maxLength(maxListLength));
export const globs = () => z.array(checked(faultInGlob)).check(z.maxLength(maxListLength));
export const checks = () =>
  z
    .array(z.union([z.strictObject({ command: upTo(4096) }), z.strictObject({ criterion: upTo(4096) })]))
    .check(z.maxLength(32)) as z.ZodMiniType<Check[]>;

/** How a holder proves that it is the one: the fencing token, or the id of the operation that made the claim. */
export const proof = () => ({
  token: z.optional(z.int().check(z.gte(1))),
  claim: z.optional(z.string()),
});

export interface ArgumentFault {
  readonly code: 'invalid-argument' | 'too-large';
  readonly message: string;
}

/** Tells the first fault of a failed parse in words that name the argument and say what is allowed. */
export function describeFault(error: { readonly issues: readonly z.core.$ZodIssue[] }): ArgumentFault {
  const issue = error.issues[0];
  if (issue === undefined) return { code: 'invalid-argument', message: 'invalid arguments' };
  const path = issue.path.map(String).join('.');
  const words = describeIssue(issue);
  if (words.startsWith(tooLarge)) return { code: 'too-large', message: `${path} ${words.slice(tooLarge.length)}` };
  return { code: 'invalid-argument', message: path === '' ? words : `${path} ${words}` };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'custom':
      return issue.message;
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array' ? `must not hold more than ${issue.maximum}` : `must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    case 'invalid_format':
      return issue.pattern === '/^[0-9a-f]{8,32}$/' ? 'must be a task id (8 or more hexadecimal digits)' : 'has a wrong form';
    case 'invalid_union':
      return 'has none of the forms that are allowed';
    default:
      return 'is invalid';
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
