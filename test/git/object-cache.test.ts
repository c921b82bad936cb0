import { describe, expect, test } from 'vitest';
import { createObjectCache } from '../../src/git/object-cache.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';

const oidOf = (n: number): Oid => n.toString(16).padStart(40, '0') as Oid;
const blob = (size: number): GitObject => ({ type: 'blob', bytes: new Uint8Array(size) });

describe('the objects that were used lately', () => {
  test('are kept, up to so many bytes', () => {
    const cache = createObjectCache(100_000);
    for (let n = 0; n < 1000; n++) cache.add(oidOf(n), blob(700));
    for (let n = 0; n < 900; n++) expect(cache.get(oidOf(n)), `${n}`).toBeUndefined();
    for (let n = 950; n < 1000; n++) expect(cache.get(oidOf(n)), `${n}`).toBeDefined();
  });

  test('stay as long as they are asked for', () => {
    const cache = createObjectCache(100_000);
    const used = blob(700);
    cache.add(oidOf(0), used);
    for (let n = 1; n < 1000; n++) {
      cache.add(oidOf(n), blob(700));
      if (n % 20 === 0) expect(cache.get(oidOf(0)), `after ${n}`).toBe(used);
    }
  });

  test('a large one pushes nothing out, and what was cleared is gone', () => {
    const cache = createObjectCache(100_000);
    cache.add(oidOf(0), blob(100));
    cache.add(oidOf(1), blob(20_000));
    expect(cache.get(oidOf(1))).toBeUndefined();
    expect(cache.get(oidOf(0))).toBeDefined();
    cache.clear();
    expect(cache.get(oidOf(0))).toBeUndefined();
  });
});
