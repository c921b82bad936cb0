/** Which operations are in, as a hook on the server finds out: from the log, and from what it kept of the log. */
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { decodeCommit } from '../../src/git/objects.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';
import type { ObjectReader } from '../../src/git/trees.ts';
import { type Head, loadHead } from '../../src/sync/head.ts';
import { readKeptFile, writeKeptFile } from '../../src/sync/kept-file.ts';
import { fileIds, SeenOperations, type SegmentIds } from '../../src/sync/seen-operations.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const upstream = new MemoryUpstream();
/** The oldest first; the log of all of them has a dozen segments. */
const asked: string[] = [];
let head: Head;
let file: string;

/** A reader that counts the blobs that it was asked for. */
function reader(): ObjectReader & { blobs: () => number } {
  let blobs = 0;
  return {
    objectFormat: 'sha1',
    async readObjects(oids: readonly Oid[]) {
      const found = oids.flatMap((oid): [Oid, GitObject][] => {
        const object = upstream.objects.get(oid);
        return object === undefined ? [] : [[oid, object]];
      });
      blobs += found.filter(([, { type }]) => type === 'blob').length;
      return new Map(found);
    },
    blobs: () => blobs,
  };
}

beforeAll(async () => {
  const client = memoryClient({ name: 'one', upstream, clock: fakeClock() });
  await client.ask('board.init', { board: boardId, settings: '' });
  for (let n = 0; n < 1400; n++) await client.ask('event.log', { action: 'seen', data: { text: 'x'.repeat(400) } });
  for (let oid = upstream.head; oid !== null && oid !== undefined; ) {
    const { message, parents } = decodeCommit(upstream.objects.get(oid)?.bytes ?? new Uint8Array());
    const id = /"id":"([0-9a-f]{32})"/.exec(message)?.[1];
    if (id !== undefined) asked.unshift(id);
    oid = parents[0] ?? null;
  }
  head = await loadHead(reader(), upstream.head as Oid, null);
}, 60_000);

beforeEach(() => {
  file = path.join(makeTempDir(), 'kept', 'ids');
});

const kept = () => fileIds(file, makeTempDir());

test('what was looked through is not read again, and known as before', async () => {
  const first = reader();
  const seen = new SeenOperations(first, head, kept());
  expect(await seen.has('f'.repeat(32), asked.length)).toBe(false);
  await seen.keep();
  expect(first.blobs()).toBeGreaterThan(3);
  const second = reader();
  const again = new SeenOperations(second, head, kept());
  for (const id of asked.slice(-700)) expect(await again.has(id, asked.length)).toBe(true);
  expect(await again.has('f'.repeat(32), asked.length)).toBe(false);
  expect(second.blobs()).toBe(0);
  const { mtimeMs } = fs.statSync(file);
  await again.keep();
  expect(fs.statSync(file).mtimeMs).toBe(mtimeMs);
});

test('what agents log cannot pass for an older version: the log is read as far back as is asked', async () => {
  const line = { 0: { v: 0 }, n: 9999, v: 9999, action: 'seen', op: 'e'.repeat(32) };
  const misleading = { ...head, tail: { ...head.tail, text: `${JSON.stringify(line)}\n${head.tail.text}` } };
  expect(await new SeenOperations(reader(), misleading).has(asked[1] as string, 1)).toBe(true);
});

test.each([
  ['missing', () => fs.rmSync(file)],
  ['empty', () => fs.writeFileSync(file, '')],
  ['changed', () => fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/ [0-9a-f]{32} /g, '  '))],
  [
    'a folder',
    () => {
      fs.rmSync(file);
      fs.mkdirSync(file);
    },
  ],
])('what is kept, %s, counts for nothing', async (_, spoil) => {
  const seen = new SeenOperations(reader(), head, kept());
  await seen.has('none', asked.length);
  await seen.keep();
  spoil();
  const again = new SeenOperations(reader(), head, kept());
  expect(await again.has(asked.at(-600) ?? '', asked.length)).toBe(true);
});

test('what an earlier orc found in segments, whose versions it may have taken from what agents logged, counts for nothing', async () => {
  const seen = new SeenOperations(reader(), head, kept());
  await seen.has('none', asked.length);
  await seen.keep();
  const { segments } = JSON.parse(String(readKeptFile(file))) as { segments: [Oid, SegmentIds][] };
  const wrong = segments.map(([oid, { ids }]) => [oid, { since: 0, ids }]);
  await writeKeptFile(file, JSON.stringify({ form: 1, segments: wrong }));
  expect(await new SeenOperations(reader(), head, kept()).has(asked[1] as string, 1)).toBe(true);
});

test('an old one is found as far back as the base says', async () => {
  const oldest = asked[1] ?? '';
  for (const ids of [undefined, kept()]) {
    const seen = new SeenOperations(reader(), head, ids);
    expect(await seen.has(oldest, 1)).toBe(true);
    await seen.keep();
  }
  const again = new SeenOperations(reader(), head, kept());
  expect(await again.has(oldest, 1)).toBe(true);
});
