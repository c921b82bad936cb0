/**
 * A pack that arrived: every object inflated, put together from its deltas, and named by its content. Whatever is not
 * right about it is an error: nothing of a damaged pack is kept. (isomorphic-git's indexer leaves out what it cannot
 * read and does not compare the checksum, so that a pack cut off on the way would pass.)
 */
import { createHash } from 'node:crypto';
import { crc32, inflateSync } from 'node:zlib';
import { hashObject } from '../hash.ts';
import { applyDelta } from '../packs/delta.ts';
import type { GitObject, ObjectType, Oid } from '../store.ts';

export interface PackedObject {
  readonly oid: Oid;
  /** Where its entry begins, in bytes. */
  readonly offset: number;
  /** Of the entry as it stands in the pack. */
  readonly crc: number;
}

export interface ReadPackOptions {
  /** Reads bases that are not in the pack. Absent: the pack must be complete in itself. */
  readonly readBase?: (oid: Oid) => Promise<GitObject | undefined>;
  /** Gets each object once, in no particular order; the bytes may be kept. */
  readonly onObject: (oid: Oid, object: GitObject) => void;
  /** In bytes, of one object. Default 256 MiB. */
  readonly maxObjectBytes?: number;
}

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob' };
const [tagType, ofsDelta, refDelta] = [4, 6, 7];

interface Entry {
  readonly offset: number;
  readonly type: number;
  readonly size: number;
  /** Where the compressed bytes begin. */
  readonly dataAt: number;
  readonly crc: number;
}

/** How many objects a pack claims to hold; `null` for what is no pack of version 2. */
export function countPacked(pack: Buffer): number | null {
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2) return null;
  return pack.readUInt32BE(8);
}

/** @throws Error for a pack that is damaged, is cut off, or lacks a base */
export async function readPack(pack: Buffer, options: ReadPackOptions): Promise<PackedObject[]> {
  const { readBase, onObject, maxObjectBytes = 256 * 1024 * 1024 } = options;
  const count = countPacked(pack);
  const end = pack.length - 20;
  if (count === null) throw new Error('no pack');
  if (!createHash('sha1').update(pack.subarray(0, end)).digest().equals(pack.subarray(end))) {
    throw new Error('the pack does not match its checksum');
  }
  const roots: Entry[] = [];
  const onOffset = new Map<number, Entry[]>();
  const onOid = new Map<Oid, Entry[]>();
  let at = 12;
  for (let index = 0; index < count; index++) {
    const { entry, base, next } = readEntry(pack, at, end, maxObjectBytes);
    if (typeof base === 'number') append(onOffset, base, entry);
    else if (typeof base === 'string') append(onOid, base, entry);
    else roots.push(entry);
    at = next;
  }
  if (at !== end) throw new Error('the pack holds more than it says');

  const found: PackedObject[] = [];
  /** Deltas on deltas: only the line that is being put together is in memory. */
  const settle = (entry: Entry, object: GitObject): void => {
    const stack = [{ entry, object }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const { type, bytes } = top.object;
      const oid = hashObject('sha1', type, bytes);
      found.push({ oid, offset: top.entry.offset, crc: top.entry.crc });
      onObject(oid, top.object);
      const children = [...(onOffset.get(top.entry.offset) ?? []), ...(onOid.get(oid) ?? [])];
      onOffset.delete(top.entry.offset);
      onOid.delete(oid);
      for (const child of children) {
        stack.push({ entry: child, object: { type, bytes: resolve(pack, child, bytes, maxObjectBytes) } });
      }
    }
  };
  for (const entry of roots) {
    const type = types[entry.type];
    if (type === undefined) throw new Error(`an object of type ${entry.type}`);
    settle(entry, { type, bytes: inflate(pack, entry) });
  }
  for (const [oid, children] of onOid) {
    const base = await readBase?.(oid);
    // It may be in the pack, as a delta whose own base comes later.
    if (base === undefined) continue;
    onOid.delete(oid);
    for (const child of children) {
      settle(child, { type: base.type, bytes: resolve(pack, child, base.bytes, maxObjectBytes) });
    }
  }
  const missing = onOid.keys().next().value;
  if (missing !== undefined) throw new Error(`the base ${missing} of a delta is missing`);
  if (found.length !== count) throw new Error(`${count - found.length} objects have no base`);
  return found;
}

interface ReadEntry {
  readonly entry: Entry;
  /** Of a delta: the base's offset, or its id. */
  readonly base: number | Oid | null;
  readonly next: number;
}

function readEntry(pack: Buffer, offset: number, end: number, maxObjectBytes: number): ReadEntry {
  let at = offset;
  const byteAt = (index: number): number => {
    if (index >= end) throw new Error('the pack ends too early');
    return pack[index] as number;
  };
  let byte = byteAt(at++);
  const type = (byte >> 4) & 7;
  let [size, factor] = [byte & 15, 16];
  while (byte >= 0x80) {
    byte = byteAt(at++);
    size += (byte & 0x7f) * factor;
    factor *= 0x80;
  }
  if (size > maxObjectBytes) throw new Error(`an object of ${size} bytes`);
  if (type === tagType) throw new Error('a tag');
  let base: number | Oid | null = null;
  if (type === ofsDelta) {
    byte = byteAt(at++);
    let distance = byte & 0x7f;
    while (byte >= 0x80) {
      byte = byteAt(at++);
      distance = (distance + 1) * 0x80 + (byte & 0x7f);
    }
    base = offset - distance;
  } else if (type === refDelta) {
    base = pack.toString('hex', at, at + 20) as Oid;
    at += 20;
  }
  const { used, length } = inflateAt(pack, at, end, size);
  if (length !== size) throw new Error('an object has another size than it says');
  const next = at + used;
  const crc = crc32(pack.subarray(offset, next));
  return { entry: { offset, type, size, dataAt: at, crc }, base, next };
}

/** Node tells how much it read, though its types do not know. */
interface InflateInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function inflateAt(
  pack: Buffer,
  at: number,
  end: number,
  size: number,
): { used: number; length: number; data: Buffer } {
  const options = { info: true, maxOutputLength: Math.max(1, size), chunkSize: Math.min(size + 64, 65_536) };
  const { buffer, engine } = inflateSync(pack.subarray(at, end), options) as unknown as InflateInfo;
  return { used: engine.bytesWritten, length: buffer.length, data: buffer };
}

const inflate = (pack: Buffer, { dataAt, size }: Entry): Buffer => inflateAt(pack, dataAt, pack.length - 20, size).data;

function resolve(pack: Buffer, child: Entry, base: Uint8Array, maxObjectBytes: number): Buffer {
  return applyDelta(base, inflate(pack, child), maxObjectBytes);
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
