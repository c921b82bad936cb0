/**
 * A look at an open task's file that makes no record of it: a board of ten thousand tasks is looked at in a fraction of the time that
 * parsing all of them takes.
 *
 * What it recognises is a well-formed record, in the form that orc writes, which `decodeJsonRecord` accepts too; what it does not
 * (a form of somebody else's, rare fields, names in other scripts) may still be one. A property test holds the two against each other.
 */
import type { Task } from '../core/records.ts';
import { isGlob } from './record-schemas.ts';

export interface PlainTask {
  readonly id: string;
  readonly status: Task['status'];
}

const text = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`;
const taskId = '[0-9a-f]{8,32}';
/** Names of ASCII letters and digits: of those that a board refuses only reserved words are among them. */
const reserved = [
  ...['con', 'prn', 'aux', 'nul', 'com[0-9]', 'lpt[0-9]', 'constructor', 'prototype'].map((word) =>
    word.replace(/[a-z](?![^[]*\])/g, (letter) => `[${letter}${letter.toUpperCase()}]`),
  ),
].join('|');
const name = `"(?!(?:${reserved})")[A-Za-z0-9][A-Za-z0-9_-]{0,127}"`;
/** As `isTime` has it at its quickest. */
const time = String.raw`"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"`;
const count = String.raw`(?:0|[1-9]\d{0,14})`;
const orNull = (pattern: string): string => `(?:null|${pattern})`;
/** An empty list, or items that stand two blanks further in. */
const listOf = (item: string): string => `(?:\\[\\]|\\[\\n    ${item}(?:,\\n    ${item})*\\n  \\])`;
const objectOf = (fields: Readonly<Record<string, string>>, indent: string): string =>
  `\\{\\n${Object.entries(fields)
    .map(([key, value]) => `${indent}  "${key}": ${value}`)
    .join(',\\n')}\\n${indent}\\}`;

const claim = { id: '"[A-Za-z0-9][A-Za-z0-9._-]{7,63}"', token: String.raw`[1-9]\d{0,14}`, claimed_at: time };
const pattern = `${objectOf(
  {
    id: `"(${taskId})"`,
    workstream: name,
    title: text,
    description: text,
    status: '"(pending|in_progress|blocked)"',
    priority: '[1-9]',
    estimate: `(?:null|${text}|${count})`,
    assigned_to: orNull(name),
    claim: orNull(objectOf({ ...claim, lease_until: time }, '  ')),
    attempts: count,
    depends_on: listOf(`"${taskId}"`),
    parent: orNull(`"${taskId}"`),
    labels: listOf(name),
    needs: listOf(name),
    // What may stand in a glob is looked at afterwards.
    paths: `(${listOf(String.raw`"[^"\\\x00-\x1f\x7f-\xff]+"`)})`,
    notes: listOf(objectOf({ at: time, by: name, text }, '    ')),
    result: orNull(text),
    checks: listOf(`(?:${objectOf({ command: text }, '    ')}|${objectOf({ criterion: text }, '    ')})`),
    created_by: name,
    created_version: count,
    created_index: count,
    created_at: time,
    updated_at: time,
  },
  '',
)}\\n`;

let compiled: RegExp | null = null;

/**
 * The task of a file; `null` where this cannot tell, and the file has to be read as any other.
 * @param content one character for each byte (`latin1`); that the bytes are UTF-8 is for the caller to see to
 */
export function glanceAtTask(content: string): PlainTask | null {
  compiled ??= new RegExp(`^${pattern}$`);
  const [, id, status, paths] = compiled.exec(content) ?? [];
  if (id === undefined || status === undefined) return null;
  if (paths !== '[]' && !(JSON.parse(paths ?? '') as string[]).every(isGlob)) return null;
  return { id, status: status as Task['status'] };
}
