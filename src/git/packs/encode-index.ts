/** Git's index of a pack, version 2. Pure. */
import { createHash } from 'node:crypto';
import type { ObjectFormat, Oid } from '../store.ts';

export interface IndexEntry {
  readonly oid: Oid;
  /** In bytes from the pack's beginning. */
  readonly offset: number;
  /** Of the entry as it stands in the pack. */
  readonly crc: number;
}

/** From here on an offset stands in a table of its own, in eight bytes. */
const wideFrom = 0x8000_0000;

/** How many names begin with each byte or a lower one, then names, checksums and offsets, sorted by name. */
export function encodeIndex(format: ObjectFormat, entries: readonly IndexEntry[], packHash: Uint8Array): Uint8Array {
  const unique = [...new Map(entries.map((entry) => [entry.oid, entry])).values()];
  const sorted = unique.sort((a, b) => (a.oid < b.oid ? -1 : 1));
  const fanout = Buffer.alloc(256 * 4);
  const sums = Buffer.alloc(sorted.length * 4);
  const offsets = Buffer.alloc(sorted.length * 4);
  const wide: Buffer[] = [];
  for (const [at, { offset, crc }] of sorted.entries()) {
    sums.writeUInt32BE(crc, at * 4);
    offsets.writeUInt32BE(offset < wideFrom ? offset : wideFrom + wide.length, at * 4);
    if (offset < wideFrom) continue;
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(BigInt(offset));
    wide.push(eight);
  }
  for (let byte = 0, total = 0; byte < 256; byte++) {
    while (total < sorted.length && firstByte(sorted[total]) <= byte) total++;
    fanout.writeUInt32BE(total, byte * 4);
  }
  const names = sorted.map(({ oid }) => Buffer.from(oid, 'hex'));
  const magic = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);
  const content = Buffer.concat([magic, fanout, ...names, sums, offsets, ...wide, packHash]);
  return Buffer.concat([content, createHash(format).update(content).digest()]);
}

function firstByte(entry: IndexEntry | undefined): number {
  return entry === undefined ? 256 : Number.parseInt(entry.oid.slice(0, 2), 16);
}
