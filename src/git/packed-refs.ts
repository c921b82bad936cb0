/** The `packed-refs` file: refs that git gathered into one file. A loose ref of the same name goes before it. */
import fs from 'node:fs';
import { join } from 'node:path';
import { createSyncedFile, discardFile, errorCodeOf, syncFolders, toIoError } from './durable-files.ts';
import { lockFile } from './ref-lock.ts';
import type { Oid } from './store.ts';

/** @throws OrcError `io` */
export function readPackedRefs(storePath: string): Map<string, Oid> {
  const refs = new Map<string, Oid>();
  for (const line of readText(storePath).split('\n')) {
    const match = /^([0-9a-f]{40,64}) (\S.*)$/.exec(line); // not `# pack-refs with:`, not a tag's `^<peeled>`
    if (match) refs.set(match[2] as string, match[1] as Oid);
  }
  return refs;
}

/** Removes refs from the file, durably, before their loose files go: else the packed value would show again. */
export async function removePackedRefs(storePath: string, names: ReadonlySet<string>): Promise<void> {
  if (names.size === 0 || ![...readPackedRefs(storePath).keys()].some((ref) => names.has(ref))) return;
  const path = join(storePath, 'packed-refs');
  // The text is read only under the lock.
  await lockFile(`${path}.lock`, (lock) => createSyncedFile(lock, new Uint8Array()));
  const temporary = `${path}.new`; // git's name for it
  try {
    fs.rmSync(temporary, { force: true });
    await createSyncedFile(temporary, Buffer.from(withoutRefs(readText(storePath), names)));
    fs.renameSync(temporary, path);
    await syncFolders([storePath]);
  } finally {
    discardFile(temporary);
    discardFile(`${path}.lock`); // one that stays is a leftover in a second
  }
}

function withoutRefs(text: string, names: ReadonlySet<string>): string {
  let dropping = false;
  const kept = text.split('\n').filter((line) => {
    if (line.startsWith('^')) return !dropping;
    dropping = names.has(line.slice(line.indexOf(' ') + 1));
    return !dropping;
  });
  return kept.join('\n');
}

function readText(storePath: string): string {
  const path = join(storePath, 'packed-refs');
  try {
    // Mostly there is none, and an exception costs more than a question.
    return fs.statSync(path, { throwIfNoEntry: false }) === undefined ? '' : fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return '';
    throw toIoError('read packed-refs', error);
  }
}
