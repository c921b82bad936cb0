/** Git's object formats: trees and commits as bytes, both ways. Pure. */
import type { Oid } from './store.ts';

export type EntryMode = '40000' | '100644' | '100755' | '120000' | '160000';

export interface TreeEntry {
  readonly mode: EntryMode;
  readonly name: string;
  readonly oid: Oid;
  /** Only where `name` could not hold it: the name is not UTF-8, is empty or contains a slash. Written back as it was. */
  readonly rawName?: Uint8Array;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Milliseconds since the epoch; written in UTC, in whole seconds. */
  readonly at: number;
}

export interface Commit {
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const slash = encoder.encode('/');
const zeroByte = new Uint8Array(1);

/** Encodes a tree. Entries may come in any order; git's own order (folders as if they ended in `/`) is applied. */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array {
  const sortable = entries.map((entry) => {
    const name = entry.rawName ?? encoder.encode(entry.name);
    return { entry, name, key: entry.mode === '40000' ? concatBytes([name, slash]) : name };
  });
  sortable.sort((a, b) => compareBytes(a.key, b.key));
  const parts: Uint8Array[] = [];
  for (const { entry, name } of sortable) {
    parts.push(encoder.encode(`${entry.mode} `), name, zeroByte, bytesFromHex(entry.oid));
  }
  return concatBytes(parts);
}

/**
 * Decodes a tree. A name that is not UTF-8, is empty or contains a slash comes back with U+FFFD in place of what is
 * wrong (so that no path can be mistaken for another) and with its bytes in `rawName`.
 */
export function decodeTree(bytes: Uint8Array, oidLength: number): TreeEntry[] {
  const rawLength = oidLength / 2;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < buffer.length) {
    const space = buffer.indexOf(0x20, at);
    const zero = buffer.indexOf(0, space);
    const end = zero + 1 + rawLength;
    if (space < 0 || zero < 0 || end > buffer.length) throw new Error('malformed tree object');
    // `040000` was written by some old tools.
    const mode = buffer.toString('latin1', at, space).replace(/^0+/, '') as EntryMode;
    const name = buffer.toString('utf8', space + 1, zero);
    const oid = buffer.toString('hex', zero + 1, end) as Oid;
    if (name === '' || name.includes('\uFFFD') || name.includes('/')) {
      const rawName = Uint8Array.prototype.slice.call(buffer, space + 1, zero);
      entries.push({ mode, name: name.replaceAll('/', '\uFFFD') || '\uFFFD', oid, rawName });
    } else {
      entries.push({ mode, name, oid });
    }
    at = end;
  }
  return entries;
}

export function encodeCommit(commit: Commit): Uint8Array {
  const lines = [`tree ${commit.tree}`];
  for (const parent of commit.parents) lines.push(`parent ${parent}`);
  lines.push(`author ${formatSignature(commit.author)}`, `committer ${formatSignature(commit.committer)}`);
  return Buffer.from(`${lines.join('\n')}\n\n${commit.message}`);
}

export function decodeCommit(bytes: Uint8Array): Commit {
  const text = decoder.decode(bytes);
  const split = text.indexOf('\n\n');
  const head = split < 0 ? text : text.slice(0, split);
  const fields = new Map<string, string[]>();
  let last = '';
  for (const line of head.split('\n')) {
    if (line.startsWith(' ')) {
      const values = fields.get(last);
      if (values) values[values.length - 1] += `\n${line.slice(1)}`;
      continue;
    }
    const space = line.indexOf(' ');
    last = line.slice(0, space);
    fields.set(last, [...(fields.get(last) ?? []), line.slice(space + 1)]);
  }
  const tree = fields.get('tree')?.[0];
  const author = fields.get('author')?.[0];
  const committer = fields.get('committer')?.[0];
  if (tree === undefined || author === undefined || committer === undefined) throw new Error('malformed commit object');
  return {
    tree: tree as Oid,
    parents: (fields.get('parent') ?? []) as Oid[],
    author: parseSignature(author),
    committer: parseSignature(committer),
    message: split < 0 ? '' : text.slice(split + 2),
  };
}

function formatSignature({ name, email, at }: Signature): string {
  return `${identityOf(name, email)} ${Math.floor(at / 1000)} +0000`;
}

function parseSignature(text: string): Signature {
  const match = /^(.*?) ?<([^>]*)> (-?\d+)/.exec(text);
  if (!match) return { name: text, email: '', at: 0 };
  return { name: match[1] ?? '', email: match[2] ?? '', at: Number(match[3]) * 1000 };
}

/** The same few people stand in thousands of commits. */
const identities = new Map<string, string>();
const maxIdentities = 256;

function identityOf(name: string, email: string): string {
  const key = `${name}\0${email}`;
  let identity = identities.get(key);
  if (identity === undefined) {
    identity = `${cleanIdentity(name) || 'unknown'} <${cleanIdentity(email)}>`;
    if (identities.size >= maxIdentities) identities.clear();
    identities.set(key, identity);
  }
  return identity;
}

/** What git itself drops from names and addresses: control characters, angle brackets, crud at both ends. */
function cleanIdentity(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u001f\u007f<>]/g, '').replace(/^[\s.,:;"']+|[\s.,:;"']+$/g, '');
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function bytesFromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}
