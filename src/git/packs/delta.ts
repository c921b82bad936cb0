/** Git's deltas: a text as copies from a base and insertions. Pure. */

/** In bytes: shorter copies cost as much as they save. Also the size of the blocks by which the base is indexed. */
const blockSize = 16;
/** In bytes: what is shorter is inserted as it is, for an index of the base costs more than it saves. */
const searchFrom = 4 * blockSize;
/** In bytes: how far from where the two begin to differ, and cease to, the base is looked through. */
const reach = 2048;
const longestCopy = 0xffff;
const longestInsert = 127;
/** The hash of a block is a polynomial in this, so that the next one follows from it in two steps. */
const factor = 0x2c9277b5;
/** `factor` to the power of `blockSize - 1`. */
const leading = Array.from({ length: blockSize - 1 }).reduce<number>((power) => Math.imul(power, factor), 1);

/**
 * Encodes `target` by what it shares with `base`: what stands at both ends, then whatever blocks of the base turn up in
 * between. Made for what orc writes again and again: a tree with one entry changed, a log with a line more.
 */
export function encodeDelta(base: Buffer, target: Buffer): Buffer {
  const shorter = Math.min(base.length, target.length);
  // A log that grew is told apart at once; else byte by byte.
  let head = target.subarray(0, shorter).equals(base.subarray(0, shorter)) ? shorter : 0;
  while (head < shorter && base[head] === target[head]) head++;
  let tail = 0;
  while (tail < shorter - head && base[base.length - 1 - tail] === target[target.length - 1 - tail]) tail++;

  const steps = new Steps(target.length);
  steps.size(base.length);
  steps.size(target.length);
  steps.copy(0, head);
  encodeMiddle(steps, base, target, head, target.length - tail);
  steps.copy(base.length - tail, tail);
  return steps.taken();
}

function encodeMiddle(steps: Steps, base: Buffer, target: Buffer, start: number, end: number): void {
  let pending = start;
  if (end - start >= searchFrom) {
    const tail = target.length - end;
    const index = indexBlocks(base, Math.max(0, start - reach), Math.min(base.length, base.length - tail + reach));
    let hash = hashBlock(target, start);
    for (let at = start; at + blockSize <= end; ) {
      let from = index.find(hash, target, at);
      if (from < 0) {
        hash = Math.imul((hash - Math.imul(target[at] as number, leading)) | 0, factor);
        hash = (hash + (target[at + blockSize] ?? 0)) | 0;
        at++;
        continue;
      }
      let length = blockSize;
      while (at + length < end && from + length < base.length && base[from + length] === target[at + length]) length++;
      while (at > pending && from > 0 && base[from - 1] === target[at - 1]) {
        at--;
        from--;
        length++;
      }
      steps.insert(target, pending, at);
      steps.copy(from, length);
      at += length;
      pending = at;
      if (at + blockSize <= end) hash = hashBlock(target, at);
    }
  }
  steps.insert(target, pending, end);
}

function hashBlock(bytes: Buffer, at: number): number {
  let hash = 0;
  for (let i = at; i < at + blockSize; i++) hash = (Math.imul(hash, factor) + (bytes[i] as number)) | 0;
  return hash;
}

interface BlockIndex {
  /** Where in the base the block stands that begins at `at` in the target; -1 where none does. */
  find(hash: number, target: Buffer, at: number): number;
}

/** The blocks that begin from `first` on and end by `last`, by their hashes, in a table with open addressing. */
function indexBlocks(base: Buffer, first: number, last: number): BlockIndex {
  const bits = Math.max(4, 32 - Math.clz32(Math.ceil((2 * (last - first)) / blockSize)));
  const mask = (1 << bits) - 1;
  /** One more than where the block stands; 0: a free place. */
  const places = new Int32Array(1 << bits);
  const slotOf = (hash: number): number => (hash ^ (hash >>> bits)) & mask;
  const isSame = (place: number, other: Buffer, at: number): boolean => {
    for (let i = 0; i < blockSize; i++) if (base[place + i] !== other[at + i]) return false;
    return true;
  };
  const find = (hash: number, target: Buffer, at: number): number => {
    for (let slot = slotOf(hash); ; slot = (slot + 1) & mask) {
      const place = (places[slot] as number) - 1;
      if (place < 0 || isSame(place, target, at)) return place;
    }
  };
  for (let at = first; at + blockSize <= last; at += blockSize) {
    const hash = hashBlock(base, at);
    if (find(hash, base, at) >= 0) continue;
    let slot = slotOf(hash);
    while (places[slot] !== 0) slot = (slot + 1) & mask;
    places[slot] = at + 1;
  }
  return { find };
}

/** The steps of a delta, one behind the other in one piece of memory: thousands of small ones would take longer to put together. */
class Steps {
  #bytes: Buffer;
  #length = 0;

  /** `about`: more is rarely needed. */
  constructor(about: number) {
    this.#bytes = Buffer.allocUnsafe(256 + Math.min(about, 4096));
  }

  taken(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  size(size: number): void {
    this.#makeRoom(8);
    let rest = size;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  insert(source: Buffer, from: number, until: number): void {
    for (let at = from; at < until; at += longestInsert) {
      const end = Math.min(at + longestInsert, until);
      this.#makeRoom(1 + end - at);
      this.#bytes[this.#length++] = end - at;
      this.#length += source.copy(this.#bytes, this.#length, at, end);
    }
  }

  /** One bit for each byte of offset and size that is not zero. */
  copy(offset: number, length: number): void {
    for (let done = 0; done < length; done += longestCopy) {
      this.#makeRoom(8);
      const flagsAt = this.#length++;
      const offsetFlags = this.#number(offset + done, 4);
      this.#bytes[flagsAt] = 0x80 | offsetFlags | (this.#number(Math.min(longestCopy, length - done), 2) << 4);
    }
  }

  /** Writes the bytes that are not zero, the lowest first, and says which those are. */
  #number(value: number, most: number): number {
    let flags = 0;
    for (let byte = 0; byte < most; byte++) {
      const part = (value >>> (byte * 8)) & 0xff;
      if (part === 0) continue;
      flags |= 1 << byte;
      this.#bytes[this.#length++] = part;
    }
    return flags;
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** @throws Error for a delta that does not fit its base, or makes more than `maxBytes` of it */
export function applyDelta(base: Uint8Array, delta: Uint8Array, maxBytes = Number.POSITIVE_INFINITY): Buffer {
  let at = 0;
  const next = (): number => {
    const byte = delta[at++];
    if (byte === undefined) throw new Error('the delta ends too early');
    return byte;
  };
  const readSize = (): number => {
    let [size, factor] = [0, 1];
    for (;;) {
      const byte = next();
      size += (byte & 0x7f) * factor;
      factor *= 0x80;
      if (byte < 0x80) return size;
    }
  };
  if (readSize() !== base.length) throw new Error('the delta is for another base');
  const size = readSize();
  if (size > maxBytes) throw new Error(`an object of ${size} bytes`);
  const target = Buffer.allocUnsafe(size);
  let filled = 0;
  const append = (source: Uint8Array, from: number, size: number): void => {
    if (from + size > source.length || filled + size > target.length) throw new Error('the delta is too long');
    target.set(source.subarray(from, from + size), filled);
    filled += size;
  };
  while (at < delta.length) {
    const flags = next();
    if (flags === 0) throw new Error('an unknown step in a delta');
    if (flags < 0x80) {
      append(delta, at, flags);
      at += flags;
      continue;
    }
    let [from, length] = [0, 0];
    for (let byte = 0; byte < 4; byte++) if (flags & (1 << byte)) from += next() * 256 ** byte;
    for (let byte = 0; byte < 3; byte++) if (flags & (0x10 << byte)) length += next() * 256 ** byte;
    append(base, from, length === 0 ? 0x10000 : length);
  }
  if (filled !== target.length) throw new Error('the delta is too short');
  return target;
}
