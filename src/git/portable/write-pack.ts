/** A pack to be sent: new objects, as deltas on what the other side has where that is shorter. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { OrcError } from '../../errors.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import type { GitObject, ObjectType, Oid } from '../store.ts';
import type { ObjectReader } from '../trees.ts';
import { encodeDelta } from './delta.ts';
import type { NewEntry } from './new-objects.ts';

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };
const deltaOnId = 7;

/** A longer line of deltas makes the other side slow for good. */
const maxDepth = 20;
/** In bytes: a delta of something smaller gains nothing. */
const deltaFrom = 128;
/** In bytes: with something larger, looking for what is shared takes longer than sending it. */
const deltaTo = 4 * 1024 * 1024;
/** Objects that are read at once. */
const batchSize = 200;

export interface PackOptions {
  /** Deltas on objects that are not in the pack. Default true; some servers want none. */
  readonly isThin?: boolean;
}

/** @throws OrcError `store-corrupt` when an object is not there */
export async function writePack(
  reader: ObjectReader,
  entries: readonly NewEntry[],
  options: PackOptions = {},
): Promise<Buffer> {
  const { isThin = true } = options;
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(entries.length, 8);
  const parts: Buffer[] = [header];
  const depths = new Map<Oid, number>();
  for (let at = 0; at < entries.length; at += batchSize) {
    const batch = entries.slice(at, at + batchSize);
    const usable = (base: Oid | null): base is Oid =>
      base !== null && (isThin || depths.has(base)) && (depths.get(base) ?? 0) < maxDepth;
    const wanted = batch.flatMap(({ oid, base }) => (usable(base) ? [oid, base] : [oid]));
    const objects = await reader.readObjects(wanted);
    for (const { oid, base } of batch) {
      const object = objects.get(oid);
      if (object === undefined) {
        throw new OrcError('store-corrupt', `object ${oid} is missing`, { hint: damagedStoreHint });
      }
      const delta = usable(base) ? deltaOf(objects.get(base), object) : null;
      depths.set(oid, delta === null ? 0 : (depths.get(base as Oid) ?? 0) + 1);
      if (delta === null) {
        parts.push(encodeEntry(object));
      } else {
        parts.push(encodeHeader(deltaOnId, delta.length), Buffer.from(base as Oid, 'hex'), deflateSync(delta));
      }
    }
  }
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return Buffer.concat([...parts, hash.digest()]);
}

/** `null` where it would not be shorter by half. */
function deltaOf(base: GitObject | undefined, object: GitObject): Buffer | null {
  const size = object.bytes.length;
  if (base === undefined || base.type !== object.type || size < deltaFrom || size > deltaTo) return null;
  if (base.bytes.length > deltaTo) return null;
  const delta = encodeDelta(toBuffer(base.bytes), toBuffer(object.bytes));
  return delta.length * 2 < size ? delta : null;
}

/** An object as it stands in a pack, whole. */
export function encodeEntry({ type, bytes }: GitObject): Buffer {
  return Buffer.concat([encodeHeader(typeNumbers[type], bytes.length), deflateSync(bytes)]);
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Four bits of size beside the type, then seven bits at a time, the lowest first. */
function encodeHeader(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (type << 4) | (size % 16);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}
