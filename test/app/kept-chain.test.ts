import { expect, test } from 'vitest';
import { putBackHint } from '../../src/app/kept-chain.ts';
import type { StoreConfig } from '../../src/app/store-config.ts';

const config = { branch: 'orc', upstream: { kind: 'remote', remote: 'origin' } } as StoreConfig;
const store = { kept: 'refs/orc/rewritten/1', storePath: '/a b/store', isShallow: false };

test('the command that puts a board back names the store and the upstream', () => {
  expect(putBackHint(store, config)).toContain(
    "`git fetch '/a b/store' refs/orc/rewritten/1 && git push origin FETCH_HEAD:refs/heads/orc`",
  );
});

test('a shallow store names none: git would refuse the chain that was cut', () => {
  const hint = putBackHint({ ...store, isShallow: true }, config);
  expect(hint).not.toContain('git push');
  expect(hint).toContain('a clone with all of them');
});
