/** A clone as CI's checkout makes it, of a server that wants a token. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { isolatedEnv } from './git-fixtures.ts';
import { makeTempDir } from './temp-dir.ts';

export const ciCredentials = 'x-access-token:s3cret-t0ken';
const run = promisify(execFile);

/** The URL without credentials, the token as a header in the clone's own configuration. */
export async function checkOut(url: string, ...flags: string[]): Promise<string> {
  const clone = path.join(makeTempDir(), 'checkout');
  const header = `AUTHORIZATION: basic ${Buffer.from(ciCredentials).toString('base64')}`;
  const key = `http.${new URL(url).origin}/.extraheader`;
  await run('git', ['clone', '--quiet', '--config', `${key}=${header}`, ...flags, url, clone], { env: isolatedEnv });
  return clone;
}
