import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashObject } from '../../src/git/hash.ts';
import { encodeAsDelta, encodePackHeader } from '../../src/git/packs/entry.ts';
import { readPack } from '../../src/git/portable/read-pack.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';

type Named = GitObject & { readonly oid: Oid };

const made = ['', ' and more', ' and more, and more'].map((end): Named => {
  const bytes = Buffer.from(`${'a line that they share\n'.repeat(20)}${end}`);
  return { type: 'blob', bytes, oid: hashObject('sha1', 'blob', bytes) };
});
const [base, middle, top] = made as [Named, Named, Named];

function packOf(...entries: readonly (readonly [Named, Named])[]): Buffer {
  const parts = entries.map(([on, object]) => encodeAsDelta(on, object) as Buffer);
  const body = Buffer.concat([encodePackHeader(entries.length), ...parts]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

async function read(pack: Buffer, known: readonly Named[]): Promise<Oid[]> {
  const found = new Map<Oid, string>();
  const packed = await readPack(pack, {
    readBase: async (oid) => known.find((each) => each.oid === oid),
    onObject: (oid, { bytes }) => found.set(oid, Buffer.from(bytes).toString()),
  });
  for (const { oid, bytes } of [middle, top]) expect(found.get(oid)).toBe(Buffer.from(bytes).toString());
  return packed.map(({ oid }) => oid).sort();
}

test('a delta may name a base that is a delta itself, on one that the store has, in any order', async () => {
  const both = [middle.oid, top.oid].sort();
  expect(await read(packOf([base, middle], [middle, top]), [base])).toEqual(both);
  expect(await read(packOf([middle, top], [base, middle]), [base])).toEqual(both);
});

test('where the first base is missing, it is named', async () => {
  await expect(read(packOf([middle, top], [base, middle]), [])).rejects.toThrow(/the base [0-9a-f]{40} of a delta/);
});
