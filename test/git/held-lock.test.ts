import { expect, test } from 'vitest';
import { isLockHeld } from '../../src/git/held-lock.ts';

const failed = '[remote rejected] (failed to update ref): ';

test.each([
  ["cannot lock ref 'refs/heads/orc': Unable to create '/r/./refs/heads/orc.lock': File exists.", true],
  ["cannot lock ref 'refs/heads/team/orc': Unable to create '/r/./refs/heads/team/orc.lock': File exists.", true],
  // Another push was quicker.
  ["cannot lock ref 'refs/heads/orc': is at 0a1b2c3d but expected 4e5f6071", false],
  // A branch stands in its way, for good.
  ["cannot lock ref 'refs/heads/orc': 'refs/heads/orc/x' exists; cannot create 'refs/heads/orc'", false],
  // Of a deposit, without which publishing goes on.
  ["cannot lock ref 'refs/orc/inbox/orc/1': Unable to create '/r/./refs/orc/inbox/orc/1.lock': File exists.", false],
  ['pre-receive hook declined', false],
])('%s: %s', (reason, isHeld) => {
  expect(isLockHeld(failed + reason)).toBe(isHeld);
});
