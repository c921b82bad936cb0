/** Walking over an encoded tree without taking it apart: most edits change one entry among many. Pure. */
import type { EntryMode, TreeEntry } from './objects.ts';
import type { Oid } from './store.ts';

const space = 0x20;
const slash = 0x2f;

/** Stands before the first entry until `next` is called. The numbers are offsets of the entry at hand. */
export class TreeCursor {
  start = 0;
  nameStart = 0;
  nameEnd = 0;
  end = 0;
  readonly bytes: Uint8Array;
  readonly #oidBytes: number;

  /** `oidLength`: hexadecimal digits. */
  constructor(bytes: Uint8Array, oidLength: number) {
    this.bytes = bytes;
    this.#oidBytes = oidLength / 2;
  }

  /** `false` behind the last entry. @throws Error where the tree is malformed */
  next(): boolean {
    const { bytes } = this;
    if (this.end >= bytes.length) return false;
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
    const { bytes, nameStart, nameEnd } = this;
    const length = nameEnd - nameStart;
    for (let i = 0; ; i++) {
      const own = i < length ? (bytes[nameStart + i] as number) : i === length && this.isFolder ? slash : -1;
      const other = i < name.length ? (name[i] as number) : i === name.length && isFolder ? slash : -1;
      if (own !== other) return own > other;
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

/** Whether git itself would have written the tree like this: in its order, with modes of five or six digits. */
export function isCanonicalTree(bytes: Uint8Array, oidLength: number): boolean {
  const cursor = new TreeCursor(bytes, oidLength);
  let before: { readonly name: Uint8Array; readonly isFolder: boolean } | null = null;
  while (cursor.next()) {
    const digits = cursor.nameStart - cursor.start - 1;
    if (bytes[cursor.start] === 0x30 || digits < 5 || digits > 6) return false;
    if (before !== null && !cursor.isBehind(before.name, before.isFolder)) return false;
    before = { name: bytes.subarray(cursor.nameStart, cursor.nameEnd), isFolder: cursor.isFolder };
  }
  return true;
}
