/** Many objects as one pack with its index; those that tell their basis as deltas. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { NewObject, ObjectFormat, Oid } from '../store.ts';
import { encodeIndex, type IndexEntry } from './encode-index.ts';
import { encodeAsDelta, encodePackHeader, encodeWhole } from './entry.ts';

/** As git's own packs: whoever reads an object has to put so many deltas together at most. */
const maxDepth = 50;
/** In bytes: compressing what is shorter costs more than it saves. */
const compressFrom = 1024;

export interface PackFiles {
  /** The hash at the pack's end, by which its files are named. */
  readonly name: string;
  readonly pack: Uint8Array;
  readonly index: Uint8Array;
}

/** One list is stored and then sent. */
const encoded = new WeakMap<readonly NewObject[], PackFiles>();

/** Every object must stand in the list only once, and the list must not change; bases outside of it are not used. */
export function encodePack(format: ObjectFormat, objects: readonly NewObject[]): PackFiles {
  const known = encoded.get(objects);
  if (known !== undefined) return known;
  const files = encode(format, objects);
  encoded.set(objects, files);
  return files;
}

function encode(format: ObjectFormat, objects: readonly NewObject[]): PackFiles {
  const written = new Map<Oid, { readonly object: NewObject; readonly depth: number; readonly offset: number }>();
  const entries: IndexEntry[] = [];
  const pieces: Uint8Array[] = [encodePackHeader(objects.length)];
  let offset = 12;
  for (const object of objects) {
    const base = object.basis === undefined ? undefined : written.get(object.basis);
    const isUsable = base !== undefined && base.depth < maxDepth;
    const delta = isUsable
      ? encodeAsDelta(base.object, object, { compressFrom, distance: offset - base.offset })
      : null;
    written.set(object.oid, { object, depth: delta === null ? 0 : (base?.depth ?? 0) + 1, offset });
    const piece = delta ?? encodeWhole(object, compressFrom);
    entries.push({ oid: object.oid, offset, crc: crc32(piece) });
    pieces.push(piece);
    offset += piece.length;
  }
  const content = Buffer.concat(pieces);
  const hash = createHash(format).update(content).digest();
  const pack = Buffer.concat([content, hash]);
  return { name: hash.toString('hex'), pack, index: encodeIndex(format, entries, hash) };
}
