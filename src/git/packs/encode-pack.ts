/** Many objects as one pack with its index; those that tell their basis as deltas. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { NewObject, ObjectFormat, Oid } from '../store.ts';
import { encodeIndex, type IndexEntry } from './encode-index.ts';
import { encodeAsDelta, encodePackHeader, encodeWhole } from './entry.ts';

/** As git's own packs: whoever reads an object has to put so many deltas together at most. */
const maxDepth = 50;
/** In bytes: compressing what is shorter costs more than it saves. */
const compressFrom = 1024;
/** In bytes: as much as is handed out at a time. */
const partSize = 32 * 1024;

export interface PackFiles {
  /** The hash at the pack's end, by which its files are named. */
  readonly name: string;
  readonly pack: Uint8Array;
  readonly index: Uint8Array;
}

/** One list is sent and then stored. */
const encoded = new WeakMap<readonly NewObject[], PackFiles>();

/**
 * Every object must stand in the list only once, and the list must not change; bases outside of it are not used. `onPart` hears
 * each part of the pack, in turn, as soon as it is made.
 */
export function encodePack(
  format: ObjectFormat,
  objects: readonly NewObject[],
  onPart: (part: Uint8Array) => void = () => {},
): PackFiles {
  const known = encoded.get(objects);
  if (known !== undefined) {
    onPart(known.pack);
    return known;
  }
  const files = encode(format, objects, onPart);
  encoded.set(objects, files);
  return files;
}

/** Whether a pack was made of this very list, so that every object stands in it only once. */
export function wasEncoded(objects: readonly NewObject[]): boolean {
  return encoded.has(objects);
}

function encode(format: ObjectFormat, objects: readonly NewObject[], onPart: (part: Uint8Array) => void): PackFiles {
  const written = new Map<Oid, { readonly object: NewObject; readonly depth: number; readonly offset: number }>();
  const entries: IndexEntry[] = [];
  const parts = new Parts(format, onPart);
  parts.add(encodePackHeader(objects.length));
  for (const object of objects) {
    const base = object.basis === undefined ? undefined : written.get(object.basis);
    const isUsable = base !== undefined && base.depth < maxDepth;
    const offset = parts.length;
    const delta = isUsable
      ? encodeAsDelta(base.object, object, { compressFrom, distance: offset - base.offset })
      : null;
    written.set(object.oid, { object, depth: delta === null ? 0 : (base?.depth ?? 0) + 1, offset });
    const piece = delta ?? encodeWhole(object, compressFrom);
    entries.push({ oid: object.oid, offset, crc: crc32(piece) });
    parts.add(piece);
  }
  const { pack, hash } = parts.end();
  let index: Uint8Array | undefined;
  return {
    name: hash.toString('hex'),
    pack,
    // Whoever sends a pack needs none for that.
    get index() {
      index ??= encodeIndex(format, entries, hash);
      return index;
    },
  };
}

/** A pack as it grows. */
class Parts {
  readonly #onPart: (part: Uint8Array) => void;
  readonly #hash: Hash;
  readonly #parts: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** In bytes, of all that was added. */
  length = 0;

  constructor(format: ObjectFormat, onPart: (part: Uint8Array) => void) {
    this.#hash = createHash(format);
    this.#onPart = onPart;
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    this.length += piece.length;
    if (this.#size >= partSize) this.#handOut();
  }

  /** `hash`: that of all before it, with which a pack ends. */
  end(): { readonly pack: Uint8Array; readonly hash: Buffer } {
    this.#handOut();
    const hash = this.#hash.digest();
    this.#parts.push(hash);
    this.#onPart(hash);
    return { pack: Buffer.concat(this.#parts), hash };
  }

  #handOut(): void {
    const part = Buffer.concat(this.#pieces);
    this.#hash.update(part);
    this.#parts.push(part);
    this.#onPart(part);
    this.#pieces = [];
    this.#size = 0;
  }
}
