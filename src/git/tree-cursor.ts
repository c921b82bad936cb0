/** Walking over an encoded tree without taking it apart: most edits change one entry among many. Pure. */
import type { EntryMode, TreeEntry } from './objects.ts';
import type { Oid } from './store.ts';

const space = 0x20;
const slash = 0x2f;
const zeroDigit = 0x30;

/** Stands before the first entry until `next` is called. The numbers are offsets of the entry at hand. */
export class TreeCursor {
  start = 0;
  nameStart = 0;
  nameEnd = 0;
  end = 0;
  readonly bytes: Uint8Array;
  readonly #oidBytes: number;
  /** Of the entry before: where its name stands. 0: there is none. */
  #lastStart = 0;
  #lastEnd = 0;
  #lastIsFolder = false;

  /** `oidLength`: hexadecimal digits. */
  constructor(bytes: Uint8Array, oidLength: number) {
    this.bytes = bytes;
    this.#oidBytes = oidLength / 2;
  }

  /** `false` behind the last entry. @throws Error where the tree is malformed */
  next(): boolean {
    const { bytes } = this;
    if (this.end >= bytes.length) return false;
    if (this.end > 0) {
      this.#lastIsFolder = this.isFolder;
      this.#lastStart = this.nameStart;
      this.#lastEnd = this.nameEnd;
    }
    this.start = this.end;
    let at = this.start;
    while (at < bytes.length && bytes[at] !== space) at++;
    this.nameStart = ++at;
    while (at < bytes.length && bytes[at] !== 0) at++;
    this.nameEnd = at;
    this.end = at + 1 + this.#oidBytes;
    if (this.end > bytes.length) throw new Error('malformed tree object');
    return true;
  }

  get isFolder(): boolean {
    return this.nameStart - this.start === 6;
  }

  isNamed(name: Uint8Array): boolean {
    const { bytes, nameStart } = this;
    if (this.nameEnd - nameStart !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (bytes[nameStart + i] !== name[i]) return false;
    return true;
  }

  /** Whether it stands behind an entry of this name in git's order, where a folder's name ends in a slash. */
  isBehind(name: Uint8Array, isFolder: boolean): boolean {
    return this.#isBehind(name, 0, name.length, isFolder);
  }

  /** Whether git itself would have written the entry like this, behind the one before: in its order, with a mode of five or six digits. */
  get isCanonical(): boolean {
    const digits = this.nameStart - this.start - 1;
    if (this.bytes[this.start] === zeroDigit || digits < 5 || digits > 6) return false;
    return this.#lastEnd === 0 || this.#isBehind(this.bytes, this.#lastStart, this.#lastEnd, this.#lastIsFolder);
  }

  #isBehind(other: Uint8Array, from: number, until: number, isFolder: boolean): boolean {
    const { bytes, nameStart } = this;
    const length = this.nameEnd - nameStart;
    const otherLength = until - from;
    for (let i = 0; ; i++) {
      const own = i < length ? (bytes[nameStart + i] as number) : i === length && this.isFolder ? slash : -1;
      const its = i < otherLength ? (other[from + i] as number) : i === otherLength && isFolder ? slash : -1;
      if (own !== its) return own > its;
      if (own === -1) return false;
    }
  }

  /** Of an entry whose name is known. */
  entry(name: string): TreeEntry {
    const { bytes } = this;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const mode = buffer.toString('latin1', this.start, this.nameStart - 1) as EntryMode;
    return { mode, name, oid: buffer.toString('hex', this.nameEnd + 1, this.end) as Oid };
  }
}

/** Whether git itself would have written the tree like this. */
export function isCanonicalTree(bytes: Uint8Array, oidLength: number): boolean {
  const cursor = new TreeCursor(bytes, oidLength);
  while (cursor.next()) if (!cursor.isCanonical) return false;
  return true;
}
