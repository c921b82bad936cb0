/** The objects of a branch, read from a repository with one `git` process each for the list and the contents. */
import { spawnSync } from 'node:child_process';
import { readChain } from './chain.ts';
import type { Chain, GitObject } from './types.ts';

const limit = 2 ** 31 - 1;

/** Reads a branch whole into memory. Throws where there is none. */
export function readRepository(repository: string, branch = 'orc'): Chain {
  const ref = branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
  const head = git(repository, ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`])
    .toString()
    .trim();
  const ids = git(repository, ['rev-list', '--objects', '--no-object-names', head]);
  const objects = parseBatch(git(repository, ['cat-file', '--batch', '--buffer'], ids));
  return readChain({ read: (oid) => objects.get(oid) ?? null }, head);
}

function git(repository: string, args: readonly string[], input: Uint8Array = new Uint8Array()): Buffer {
  const { status, stdout, stderr, error } = spawnSync('git', ['-C', repository, ...args], { input, maxBuffer: limit });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr.toString().trim()}`);
  return stdout;
}

/** `<oid> SP <type> SP <size> LF <content> LF`, again and again. */
function parseBatch(output: Buffer): Map<string, GitObject> {
  const objects = new Map<string, GitObject>();
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at);
    const [oid = '', type, size] = output.toString('latin1', at, end).split(' ');
    if (type !== 'blob' && type !== 'tree' && type !== 'commit') throw new Error(`git has no object ${oid}`);
    const start = end + 1;
    const stop = start + Number(size);
    objects.set(oid, { type, bytes: output.subarray(start, stop) });
    at = stop + 1;
  }
  return objects;
}
