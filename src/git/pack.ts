/** Many objects as one pack, in git's pack format version 2; those that tell their basis as deltas. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { encodeDelta } from './pack-delta.ts';
import type { NewObject, ObjectFormat, ObjectType, Oid } from './store.ts';

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };
const deltaType = 7;
/** As git's own packs: whoever reads an object has to put so many deltas together at most. */
const maxDepth = 50;
/** In bytes: below that a delta saves nothing. */
const minDeltaSize = 64;
const minCompressed = 1024;

export interface EncodedPack {
  /** The hash at the pack's end, by which its files are named. */
  readonly name: string;
  readonly pack: Uint8Array;
  /** Its index, version 2. */
  readonly index: Uint8Array;
}

/** Every object must stand in the list only once; bases outside of it are not used. */
export function encodePack(format: ObjectFormat, objects: readonly NewObject[]): EncodedPack {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  const written = new Map<Oid, { readonly object: NewObject; readonly depth: number }>();
  const entries: PackEntry[] = [];
  const pieces: Uint8Array[] = [header];
  let offset = header.length;
  for (const object of objects) {
    const base = object.basis === undefined ? undefined : written.get(object.basis);
    const isDelta = base !== undefined && base.object.type === object.type && base.depth < maxDepth;
    const delta = isDelta ? encodeAsDelta(base.object, object) : null;
    written.set(object.oid, { object, depth: delta === null ? 0 : (base?.depth ?? 0) + 1 });
    const piece = delta ?? encodeWhole(object);
    entries.push({ oid: object.oid, offset, crc: crc32(piece) });
    pieces.push(piece);
    offset += piece.length;
  }
  const content = Buffer.concat(pieces);
  const hash = createHash(format).update(content).digest();
  const index = encodeIndex(format, entries, hash);
  return { name: hash.toString('hex'), pack: Buffer.concat([content, hash]), index };
}

interface PackEntry {
  readonly oid: Oid;
  readonly offset: number;
  readonly crc: number;
}

/** Names, checksums and offsets, sorted by name, behind a table of how many names begin with each byte or a lower one. */
function encodeIndex(format: ObjectFormat, entries: readonly PackEntry[], packHash: Uint8Array): Uint8Array {
  const sorted = entries.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
  const fields = Buffer.alloc(8 + 256 * 4 + sorted.length * 8);
  fields.writeUInt32BE(0xff744f63, 0);
  fields.writeUInt32BE(2, 4);
  const firstBytes = sorted.map(({ oid }) => Number.parseInt(oid.slice(0, 2), 16));
  for (let byte = 0, total = 0; byte < 256; byte++) {
    while (total < firstBytes.length && (firstBytes[total] as number) <= byte) total++;
    fields.writeUInt32BE(total, 8 + byte * 4);
  }
  const tables = 8 + 256 * 4;
  for (const [at, { offset, crc }] of sorted.entries()) {
    fields.writeUInt32BE(crc, tables + at * 4);
    fields.writeUInt32BE(offset, tables + (sorted.length + at) * 4);
  }
  const names = Buffer.concat(sorted.map(({ oid }) => Buffer.from(oid, 'hex')));
  const content = Buffer.concat([fields.subarray(0, tables), names, fields.subarray(tables), packHash]);
  return Buffer.concat([content, createHash(format).update(content).digest()]);
}

function encodeWhole({ type, bytes }: NewObject): Uint8Array {
  return Buffer.concat([encodeEntryHeader(typeNumbers[type], bytes.length), compress(bytes)]);
}

/** `null` where the whole is no larger. */
function encodeAsDelta(base: NewObject, { bytes }: NewObject): Uint8Array | null {
  if (bytes.length < minDeltaSize) return null;
  const delta = encodeDelta(base.bytes, bytes);
  if (delta.length > bytes.length / 2) return null;
  const header = encodeEntryHeader(deltaType, delta.length);
  return Buffer.concat([header, Buffer.from(base.oid, 'hex'), compress(delta)]);
}

/** What is short is stored as it is: compressing it costs more than it saves. */
function compress(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= minCompressed) return deflateSync(bytes, { level: 1 });
  const stored = Buffer.alloc(bytes.length + 11);
  stored.writeUInt16BE(0x7801, 0);
  stored.writeUInt8(1, 2); // the last block, and a stored one
  stored.writeUInt16LE(bytes.length, 3);
  stored.writeUInt16LE(~bytes.length & 0xffff, 5);
  stored.set(bytes, 7);
  stored.writeUInt32BE(adler32(bytes), bytes.length + 7);
  return stored;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

/** Four bits of size beside the type, then seven bits at a time, the lowest first. */
function encodeEntryHeader(type: number, size: number): Uint8Array {
  const bytes: number[] = [];
  let byte = (type << 4) | (size % 16);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
  }
  bytes.push(byte);
  return Uint8Array.from(bytes);
}
