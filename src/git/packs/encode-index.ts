/** Git's index of a pack, version 2. Pure. */
import { createHash } from 'node:crypto';
import { oidLengths } from '../hash.ts';
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
  const sorted = sortByName(entries);
  const nameBytes = oidLengths[format] / 2;
  const fanout = Buffer.alloc(256 * 4);
  const names = Buffer.alloc(sorted.length * nameBytes);
  const sums = Buffer.alloc(sorted.length * 4);
  const offsets = Buffer.alloc(sorted.length * 4);
  const wide: Buffer[] = [];
  for (const [at, { oid, offset, crc }] of sorted.entries()) {
    names.write(oid, at * nameBytes, 'hex');
    sums.writeUInt32BE(crc, at * 4);
    offsets.writeUInt32BE(offset < wideFrom ? offset : wideFrom + wide.length, at * 4);
    if (offset < wideFrom) continue;
    const eight = Buffer.alloc(8);
    eight.writeBigUInt64BE(BigInt(offset));
    wide.push(eight);
  }
  for (let byte = 0, total = 0; byte < 256; byte++) {
    while (total < sorted.length && (names[total * nameBytes] as number) <= byte) total++;
    fanout.writeUInt32BE(total, byte * 4);
  }
  const magic = Buffer.from([0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]);
  const content = Buffer.concat([magic, fanout, names, sums, offsets, ...wide, packHash]);
  return Buffer.concat([content, createHash(format).update(content).digest()]);
}

const sortedDigits = 4;

/**
 * A name that stands in the pack twice stands here twice: git reads no pack that holds more than its index. Names are hashes: counted
 * out by their first digits they are all but sorted, and comparing a hundred thousand of them with one another would take ten times as
 * long.
 */
function sortByName(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  const prefixes = Uint16Array.from(entries, ({ oid }) => Number.parseInt(oid.slice(0, sortedDigits), 16));
  const places = new Uint32Array(16 ** sortedDigits + 1);
  for (const prefix of prefixes) (places[prefix + 1] as number)++;
  for (let prefix = 1; prefix < places.length; prefix++) (places[prefix] as number) += places[prefix - 1] as number;
  const sorted = new Array<IndexEntry>(entries.length);
  for (const [at, entry] of entries.entries()) sorted[(places[prefixes[at] as number] as number)++] = entry;
  for (let end = 1; end < sorted.length; end++) {
    const entry = sorted[end] as IndexEntry;
    let at = end;
    for (; at > 0 && (sorted[at - 1] as IndexEntry).oid > entry.oid; at--) sorted[at] = sorted[at - 1] as IndexEntry;
    sorted[at] = entry;
  }
  return sorted;
}
