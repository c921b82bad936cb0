/** Git's lock files: held while they exist, left behind when their owner is killed. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrcError } from '../errors.ts';
import { errorCodeOf } from './durable-files.ts';

/** In milliseconds. A ref update takes a few; a lock this old has no owner any more. */
const leftoverAfter = 1000;
const retryEvery = 5;
const giveUpAfter = 10_000;

/**
 * Creates a lock file through `create`, which must create it exclusively, and its folder if need be. Waits while
 * somebody else holds it, and removes it when it turns out to be a leftover: older than a second by its own time, or
 * watched for a second without a change (clocks jump).
 * @throws OrcError `store-busy` when the lock changed hands for ten seconds
 */
export async function lockFile(lock: string, create: (lock: string) => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  let seen = { identity: '', since: startedAt };
  for (;;) {
    try {
      await create(lock);
      return;
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'ENOENT') {
        fs.mkdirSync(dirname(lock), { recursive: true });
        continue;
      }
      if (code !== 'EEXIST') throw error;
    }
    const found = fs.statSync(lock, { throwIfNoEntry: false });
    if (found === undefined) continue;
    const now = performance.now();
    const identity = `${found.ino} ${found.mtimeMs}`;
    if (seen.identity !== identity) seen = { identity, since: now };
    if (Date.now() - found.mtimeMs > leftoverAfter || now - seen.since > leftoverAfter) {
      removeIfSame(lock, identity);
      continue;
    }
    if (now - startedAt > giveUpAfter) {
      throw new OrcError('store-busy', `somebody else keeps ${lock}`, { hint: 'try again' });
    }
    await sleep(retryEvery);
  }
}

/** Another process may have removed the leftover and taken the lock since it was looked at. */
function removeIfSame(lock: string, identity: string): void {
  const now = fs.statSync(lock, { throwIfNoEntry: false });
  if (now !== undefined && `${now.ino} ${now.mtimeMs}` === identity) fs.rmSync(lock, { force: true });
}
