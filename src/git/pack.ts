/** Many objects as one pack, in git's pack format version 2, without deltas. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { NewObject, ObjectFormat, ObjectType } from '../store.ts';

const typeNumbers: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };

/** Yields the pack piece by piece. Every object must stand in the list only once. */
export function* encodePack(format: ObjectFormat, objects: readonly NewObject[]): Generator<Uint8Array> {
  const hash = createHash(format);
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  hash.update(header);
  yield header;
  for (const { type, bytes } of objects) {
    const piece = Buffer.concat([encodeEntryHeader(typeNumbers[type], bytes.length), deflateSync(bytes, { level: 1 })]);
    hash.update(piece);
    yield piece;
  }
  yield hash.digest();
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
