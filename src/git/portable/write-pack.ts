/** A pack to be sent: new objects, as deltas on what the other side has where that is shorter. */
import { createHash } from 'node:crypto';
import { OrcError } from '../../errors.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import { encodeAsDelta, encodePackHeader, encodeWhole } from '../packs/entry.ts';
import type { Oid } from '../store.ts';
import type { ObjectReader } from '../trees.ts';
import type { NewEntry } from './new-objects.ts';

/** A longer line of deltas makes the other side slow for good. */
const maxDepth = 20;
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
  const parts: Buffer[] = [encodePackHeader(entries.length)];
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
      const basis = usable(base) ? objects.get(base) : undefined;
      const delta = basis === undefined ? null : encodeAsDelta({ ...basis, oid: base as Oid }, object);
      depths.set(oid, delta === null ? 0 : (depths.get(base as Oid) ?? 0) + 1);
      parts.push(delta ?? encodeWhole(object));
    }
  }
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return Buffer.concat([...parts, hash.digest()]);
}
