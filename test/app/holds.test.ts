/** What this session obtained is remembered apart from other sessions, whatever they are called. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Holds, holdsFolderOf } from '../../src/app/holds.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const hold = { kind: 'task', key: 'aabbccdd', agent: 'a', claim: 'one' } as const;

describe('a session of any name', () => {
  test.each([['..'], ['.'], ['../../outside'], ['a/b'], ['x'.repeat(300)], ['日'.repeat(100)]])(
    '%s remembers and forgets, in a folder of its own among those of sessions',
    async (session) => {
      const store = makeTempDir();
      const other = new Holds(store, 'main');
      await other.remember({ ...hold, claim: 'of another' });
      const holds = new Holds(store, session);
      expect(await holds.find('task', hold.key)).toBe(null);
      expect(await holds.remember(hold)).toBe(true);
      expect(await holds.list()).toEqual([hold]);
      expect(readdirSync(store)).toEqual(['holds']);
      expect(readdirSync(path.join(store, 'holds'))).toHaveLength(2);
      await holds.discard();
      expect(existsSync(holdsFolderOf(store, session))).toBe(false);
      expect(await other.list()).toEqual([{ ...hold, claim: 'of another' }]);
    },
  );

  test('two long names that begin alike are two sessions', () => {
    const long = 'x'.repeat(300);
    expect(holdsFolderOf('/store', `${long}1`)).not.toBe(holdsFolderOf('/store', `${long}2`));
  });
});
