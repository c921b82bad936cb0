/** The entries of a pack, in git's format version 2. Pure. */
import { deflateSync } from 'node:zlib';
import type { GitObject, ObjectType, Oid } from '../store.ts';
import { encodeDelta } from './delta.ts';

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };
const deltaOnId = 7;
const deltaOnOffset = 6;
/** In bytes: a delta of something smaller gains nothing. */
const deltaFrom = 64;
/** In bytes: with something larger, looking for what is shared takes longer than storing it. */
const deltaTo = 4 * 1024 * 1024;
/** Level 1: the default takes five times as long and gains a few bytes until the next repack. */
const compression = { level: 1 } as const;

/** `PACK`, the version, and how many entries follow. */
export function encodePackHeader(entries: number): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(entries, 8);
  return header;
}

/** An object as it stands in a pack, whole. `compressFrom`, in bytes: what is shorter is stored as it is. */
export function encodeWhole({ type, bytes }: GitObject, compressFrom = 0): Buffer {
  return join(encodeHeader(typeNumbers[type], bytes.length), bytes, compressFrom);
}

/**
 * An object by what it shares with another one; `null` where that is not shorter by half. `distance`: where that other one
 * begins, in bytes before this entry, when it stands in the same pack.
 */
export function encodeAsDelta(
  base: GitObject & { readonly oid: Oid },
  { type, bytes }: GitObject,
  { compressFrom = 0, distance }: { readonly compressFrom?: number; readonly distance?: number } = {},
): Buffer | null {
  if (base.type !== type || bytes.length < deltaFrom) return null;
  if (Math.max(bytes.length, base.bytes.length) > deltaTo) return null;
  const delta = encodeDelta(toBuffer(base.bytes), toBuffer(bytes));
  if (delta.length * 2 >= bytes.length) return null;
  const head =
    distance === undefined
      ? [...encodeHeader(deltaOnId, delta.length), ...Buffer.from(base.oid, 'hex')]
      : [...encodeHeader(deltaOnOffset, delta.length), ...encodeDistance(distance)];
  return join(head, delta, compressFrom);
}

/** Seven bits at a time, the highest first; each byte but the last stands for one more than it says. */
function encodeDistance(distance: number): number[] {
  const bytes = [distance & 0x7f];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift(0x80 | (rest & 0x7f));
  }
  return bytes;
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Four bits of size beside the type, then seven bits at a time, the lowest first. */
function encodeHeader(type: number, size: number): number[] {
  const bytes: number[] = [];
  let byte = (type << 4) | (size % 16);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
  }
  bytes.push(byte);
  return bytes;
}

/** An entry in one piece: thousands of small pieces take longer to put together than to fill. */
function join(head: readonly number[], bytes: Uint8Array, compressFrom: number): Buffer {
  if (bytes.length >= compressFrom) return Buffer.concat([Buffer.from(head), deflateSync(bytes, compression)]);
  const entry = Buffer.allocUnsafe(head.length + bytes.length + 11);
  let at = 0;
  for (const byte of head) entry[at++] = byte;
  entry.writeUInt16BE(0x7801, at);
  entry[at + 2] = 1; // the last block, and a stored one
  entry.writeUInt16LE(bytes.length, at + 3);
  entry.writeUInt16LE(~bytes.length & 0xffff, at + 5);
  entry.set(bytes, at + 7);
  entry.writeUInt32BE(adler32(bytes), at + 7 + bytes.length);
  return entry;
}

/** How many bytes can be added up before a sum has to be cut down to stay exact. */
const adlerRun = 2048;

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < bytes.length; start += adlerRun) {
    const end = Math.min(start + adlerRun, bytes.length);
    for (let at = start; at < end; at++) {
      a += bytes[at] as number;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}
