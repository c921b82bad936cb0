import { expect, test } from 'vitest';
import { archiveHint } from '../../src/app/status.ts';

const counts = (done: number, failed = 0, cancelled = 0) => ({ done, failed, cancelled });

test('an archive is worth a word when it makes changes slow', () => {
  expect(archiveHint([])).toBeNull();
  expect(archiveHint([counts(9_000, 900, 99), counts(10_000)])).toBeNull();
  const hint = archiveHint([counts(9_000, 900, 100), counts(10_000)]);
  expect(hint).toMatch(/^20000 closed tasks .*`orc compact --before 90d --dry-run`/);
});
