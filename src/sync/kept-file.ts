/**
 * Files that hold what could be worked out again: caches, safe to delete at any time. What is read is what was written, by its
 * checksum; whatever is wrong with a file, it is as if it were not there.
 */
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { removeTemporaries, writeFileAtomically } from '../git/atomic-file.ts';
import { checksum } from './checksum.ts';

/** In bytes: a larger one is neither kept nor read. */
const maxBytes = 64 * 1024 * 1024;
/** In milliseconds: a temporary file that is older was left behind by a process that was killed. */
const leftoverAfter = 60 * 60_000;
/** Characters of a checksum, which the file begins with, and a line break. */
const checksumLength = 17;

/** @throws whatever reading throws; `null`: there is none, or it is not as it was written */
export function readKeptFile(file: string): Buffer | null {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isFile() || facts.size > maxBytes) return null;
  const bytes = readFileSync(file);
  const content = bytes.subarray(checksumLength);
  return bytes.toString('latin1', 0, checksumLength) === `${checksum(content)}\n` ? content : null;
}

/**
 * Its folder is made when it is needed. What fails is nobody's concern: who asks next works it out once more.
 * @param like a folder: whoever may read and write in it, may do so here; only the file's owner by default
 */
export async function writeKeptFile(file: string, text: string, like?: string): Promise<void> {
  try {
    const content = Buffer.from(text);
    if (content.length > maxBytes) return;
    const mode = like === undefined ? undefined : statSync(like).mode;
    const folder = path.dirname(file);
    makeFolder(folder, mode);
    await removeTemporaries(folder, leftoverAfter);
    const bytes = Buffer.concat([Buffer.from(`${checksum(content)}\n`), content]);
    // A power cut may leave half of it: the checksum tells.
    await writeFileAtomically(file, bytes, { mode: (mode ?? 0o600) & 0o666, isDurable: false });
  } catch {
    // There is none then.
  }
}

/** One step: a recursive mkdir never ends in some places, such as below /proc. */
function makeFolder(folder: string, mode: number | undefined): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(folder);
  if (mode !== undefined) chmodSync(folder, mode & 0o7777);
}
