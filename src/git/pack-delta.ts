/**
 * Deltas in git's pack format, for objects of which one was made from the other by changing one place: an event log that
 * grew, a folder with one other entry. Pure.
 */

/** How a delta begins and ends: everything between the common beginning and the common end is new. */
export function encodeDelta(base: Uint8Array, target: Uint8Array): Uint8Array {
  const most = Math.min(base.length, target.length);
  let before = 0;
  while (before < most && base[before] === target[before]) before++;
  let after = 0;
  while (after < most - before && base[base.length - 1 - after] === target[target.length - 1 - after]) after++;
  const parts = [encodeSize(base.length), encodeSize(target.length)];
  pushCopies(parts, 0, before);
  for (let at = before; at < target.length - after; at += maxInsert) {
    const piece = target.subarray(at, Math.min(at + maxInsert, target.length - after));
    parts.push(Uint8Array.of(piece.length), piece);
  }
  pushCopies(parts, base.length - after, after);
  return Buffer.concat(parts);
}

const maxInsert = 127;
/** Of the three size bytes that the format has, git itself writes two. */
const maxCopy = 0xffff;

function pushCopies(parts: Uint8Array[], from: number, length: number): void {
  for (let at = from; at < from + length; at += maxCopy)
    parts.push(encodeCopy(at, Math.min(maxCopy, from + length - at)));
}

/** The bits of the first byte say which bytes of offset and size follow: those that are not zero. */
function encodeCopy(offset: number, size: number): Uint8Array {
  const fields = [
    offset & 0xff,
    (offset >>> 8) & 0xff,
    (offset >>> 16) & 0xff,
    (offset >>> 24) & 0xff,
    size & 0xff,
    size >>> 8,
  ];
  const present = fields.map((value, index) => ({ value, bit: 1 << index })).filter(({ value }) => value !== 0);
  return Uint8Array.from([present.reduce((bits, { bit }) => bits | bit, 0x80), ...present.map(({ value }) => value)]);
}

/** Seven bits at a time, the lowest first. */
function encodeSize(size: number): Uint8Array {
  const bytes: number[] = [];
  let rest = size;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
