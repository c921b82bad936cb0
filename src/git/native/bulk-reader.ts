/**
 * Hundreds of objects and more in one go: a `git cat-file` of its own, which may buffer, writing to a file. Through a
 * pipe every few objects wake this process up, and reading a whole board takes half as long again.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { OrcError } from '../../errors.ts';
import { summarizeServerText } from '../clean-text.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import { closeQuietly, discardFile, type NameSource, randomName, toIoError } from '../durable-files.ts';
import type { GitObject, Oid } from '../store.ts';
import { createAnswerParser } from './batch-answers.ts';
import { type GitSettings, runGit } from './run-git.ts';

/** So many objects at a time: their contents are in memory together with the file's. */
const objectsPerRun = 50_000;

/**
 * The objects in the order of the ids, `null` for unknown ones. Objects of one run share one buffer.
 * @throws OrcError `store-corrupt`, `io`, `git-missing`, `git-failed`
 */
export async function readBulk(
  storePath: string,
  oids: readonly Oid[],
  settings: GitSettings & { readonly nameTemporary?: NameSource },
): Promise<(GitObject | null)[]> {
  const answers: (GitObject | null)[] = [];
  for (let at = 0; at < oids.length; at += objectsPerRun) {
    await readRun(storePath, oids.slice(at, at + objectsPerRun), settings, answers);
  }
  return answers;
}

async function readRun(
  storePath: string,
  oids: readonly Oid[],
  settings: GitSettings & { readonly nameTemporary?: NameSource },
  answers: (GitObject | null)[],
): Promise<void> {
  const expected = answers.length + oids.length;
  const path = join(storePath, 'objects', `tmp_obj_${(settings.nameTemporary ?? randomName)()}`);
  const fd = openNameless(path);
  try {
    const result = await runGit({
      ...settings,
      gitDir: storePath,
      args: ['cat-file', '--batch', '--buffer'],
      stdin: [Buffer.from(`${oids.join('\n')}\n`)],
      stdoutFd: fd,
    });
    createAnswerParser((answer) => answers.push(answer), { copies: false }).push(readWhole(fd));
    const damaged = result.stderr !== '' && answers.includes(null);
    if (result.exitCode === 0 && answers.length === expected && !damaged) return;
    const reason = summarizeServerText(result.stderr, `git cat-file ended with ${result.exitCode ?? 'a signal'}`);
    throw new OrcError(
      damaged || result.stderr !== '' ? 'store-corrupt' : 'git-failed',
      `objects are damaged: ${reason}`,
      {
        hint: damagedStoreHint,
      },
    );
  } catch (error) {
    throw toIoError(`read objects from ${storePath}`, error);
  } finally {
    closeQuietly(fd);
    if (process.platform === 'win32') discardFile(path);
  }
}

/** The name goes at once, so that nothing stays behind when this process is killed. */
function openNameless(path: string): number {
  try {
    const fd = fs.openSync(path, 'wx+', 0o600);
    if (process.platform !== 'win32') discardFile(path);
    return fd;
  } catch (error) {
    throw toIoError(`create ${path}`, error);
  }
}

function readWhole(fd: number): Buffer {
  const data = Buffer.allocUnsafe(fs.fstatSync(fd).size);
  for (let at = 0; at < data.length; ) {
    const read = fs.readSync(fd, data, at, data.length - at, at);
    if (read === 0) return data.subarray(0, at);
    at += read;
  }
  return data;
}
