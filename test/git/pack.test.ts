import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashObject } from '../../src/git/hash.ts';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import { encodeDelta } from '../../src/git/packs/delta.ts';
import { encodePack } from '../../src/git/packs/encode-pack.ts';
import type { NewObject, ObjectFormat } from '../../src/git/store.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function blob(format: ObjectFormat, text: string | Uint8Array, basis?: NewObject): NewObject {
  const bytes = Buffer.from(text as string);
  return { type: 'blob', bytes, oid: hashObject(format, 'blob', bytes), ...(basis ? { basis: basis.oid } : {}) };
}

function writePack(format: ObjectFormat, objects: readonly NewObject[]): string {
  const repository = join(makeTempDir(), 'packed.git');
  git('/', 'init', '--quiet', '--bare', `--object-format=${format}`, repository);
  const { name, pack, index } = encodePack(format, objects);
  fs.writeFileSync(join(repository, `objects/pack/pack-${name}.pack`), pack);
  fs.writeFileSync(join(repository, `objects/pack/pack-${name}.idx`), index);
  return repository;
}

for (const format of ['sha1', 'sha256'] as const) {
  test(`${format}: git verifies the pack and its index, and reads every object`, () => {
    const log = ['{"n":1}\n'.repeat(40)];
    for (let i = 1; i < 120; i++) log.push(`${log[i - 1]}{"n":${i},"data":"${'x'.repeat(i)}"}\n`);
    const objects: NewObject[] = [];
    for (const text of log) objects.push(blob(format, text, objects.at(-1)));
    const noise = Array.from({ length: 300 }, (_, i) => blob(format, randomBytes(i * 3)));
    const repository = writePack(format, [...objects, ...noise]);
    const [file] = fs.readdirSync(join(repository, 'objects/pack')).filter((name) => name.endsWith('.idx'));
    const verified = git(repository, 'verify-pack', '-v', `objects/pack/${file}`);
    expect(verified).toMatch(/: ok$/m);
    // Deltas, but never more than 50 on top of one another.
    const depths = [...verified.matchAll(/^\S+ blob +\d+ \d+ \d+ (\d+) /gm)].map((match) => Number(match[1]));
    expect(depths.length).toBeGreaterThan(100);
    expect(Math.max(...depths)).toBe(50);
    for (const { oid, bytes } of [...objects, ...noise])
      expect(git(repository, 'cat-file', '-s', oid)).toBe(String(bytes.length));
    git(repository, 'fsck', '--strict', '--no-dangling');
  });
}

test('a store that writes many objects keeps them in one small pack', async () => {
  const path = join(makeTempDir(), 'board.git');
  const store = await createNativeStore(path, { objectFormat: 'sha1' });
  const objects: NewObject[] = [];
  for (let i = 0; i < 150; i++) objects.push(blob('sha1', `${'line\n'.repeat(2_000)}${i}`, objects.at(-1)));
  await store.writeObjects(objects);
  const read = await store.readObjects(objects.map(({ oid }) => oid));
  expect(read.size).toBe(150);
  const files = fs.readdirSync(join(path, 'objects/pack'));
  expect(files.map((name) => name.replace(/^.*\./, '')).sort()).toEqual(['idx', 'pack']);
  const [pack] = files.filter((name) => name.endsWith('.pack'));
  expect(fs.statSync(join(path, 'objects/pack', pack as string)).size).toBeLessThan(20_000);
  git(path, 'fsck', '--strict', '--no-dangling');
  await store.close();
});

test('any two texts: git makes the second from the first and the delta', () => {
  const repository = join(makeTempDir(), 'delta.git');
  git('/', 'init', '--quiet', '--bare', repository);
  const text = fc.string({ maxLength: 400, unit: fc.constantFrom('a', 'b', '\n') });
  const pairs = fc.sample(fc.tuple(text, text, text, text), { numRuns: 60, seed: 7 });
  const objects: NewObject[] = [];
  const seen = new Set<string>();
  for (const [before, old, changed, after] of pairs) {
    const base = blob('sha1', `${before.repeat(200)}${old}${after}`);
    const target = blob('sha1', `${before.repeat(200)}${changed}${after}`, base);
    for (const object of [base, target]) {
      if (seen.has(object.oid)) continue;
      seen.add(object.oid);
      objects.push(object);
    }
  }
  const { name, pack, index } = encodePack('sha1', objects);
  fs.writeFileSync(join(repository, `objects/pack/pack-${name}.pack`), pack);
  fs.writeFileSync(join(repository, `objects/pack/pack-${name}.idx`), index);
  expect(git(repository, 'verify-pack', '-v', `objects/pack/pack-${name}.idx`)).toMatch(
    /^chain length = 1: \d+ objects?$/m,
  );
});

test('who sends a pack hears it in parts, the same bytes as who has it whole', () => {
  const objects = Array.from({ length: 40 }, (_, i) => blob('sha1', randomBytes(5_000 + i)));
  const hear = (list: readonly NewObject[]): Uint8Array[] => {
    const parts: Uint8Array[] = [];
    const { pack } = encodePack('sha1', list, (part) => parts.push(part));
    expect(Buffer.concat(parts).equals(pack)).toBe(true);
    return parts;
  };
  expect(hear(objects).length).toBeGreaterThan(4);
  // It is made once.
  expect(hear(objects)).toHaveLength(1);
  hear([]);
});

test('a delta of equal objects copies, one of unlike objects inserts', () => {
  const bytes = Buffer.from('x'.repeat(70_000));
  expect(encodeDelta(bytes, bytes).length).toBeLessThan(20);
  expect(encodeDelta(Buffer.from('aaaa'), Buffer.from('bbbb'))).toEqual(
    Buffer.concat([Uint8Array.of(4, 4, 4), Buffer.from('bbbb')]),
  );
});
