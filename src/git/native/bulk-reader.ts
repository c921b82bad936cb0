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
import { type GitCall, type GitSettings, runGit, startGit } from './run-git.ts';

/** So many objects at a time: their contents are in memory together with the file's. */
const objectsPerRun = 50_000;
/** In milliseconds: how often what git has written so far is read, while it goes on. */
const lookEvery = 5;
/** In bytes: what is read goes into buffers of this size, where no object is larger. */
const piece = 1024 * 1024;

type Settings = GitSettings & { readonly nameTemporary?: NameSource };
/** Hears of a file below a tree; `object` is `null` where the store lacks it. Objects share buffers. */
export type OnFile = (file: {
  readonly path: string;
  readonly mode: string;
  readonly object: GitObject | null;
}) => void;

/**
 * The objects in the order of the ids, `null` for unknown ones. Objects that were read together share a buffer.
 * @throws OrcError `store-corrupt`, `io`, `git-missing`, `git-failed`
 */
export async function readBulk(
  storePath: string,
  oids: readonly Oid[],
  settings: Settings,
): Promise<(GitObject | null)[]> {
  const answers: (GitObject | null)[] = [];
  for (let at = 0; at < oids.length; at += objectsPerRun) {
    const ids = oids.slice(at, at + objectsPerRun);
    const call = { args: ['--batch'], stdin: [Buffer.from(`${ids.join('\n')}\n`)] };
    await readAnswers(storePath, { ...settings, ...call }, (answer) => answers.push(answer));
    if (answers.length !== at + ids.length) throw incomplete('git cat-file ended early');
  }
  return answers;
}

/**
 * All files below a tree, in the order of their paths, while git is at it: one git lists them, and hands on to another one.
 * What was told before an error is as good as not told. A path with unusual characters is quoted, as git does it.
 * @throws OrcError as `readBulk`; `git-failed` also where git is older than 2.36
 */
export async function readFilesBelow(storePath: string, tree: Oid, settings: Settings, onFile: OnFile): Promise<void> {
  const args = ['ls-tree', '-r', '--format=%(objectname) %(objectmode)/%(path)', tree];
  const lister = startGit({ ...settings, gitDir: storePath, args });
  const listed = new Promise<number | null>((resolve) => {
    lister.once('error', () => resolve(null));
    lister.once('exit', resolve);
  });
  lister.stderr?.resume();
  const call = {
    args: ['--batch=%(objectname) %(objecttype) %(objectsize) %(rest)'],
    ...(lister.stdout === null ? {} : { stdinFrom: lister.stdout }),
  };
  const reading = readAnswers(storePath, { ...settings, ...call }, (object, rest) => {
    const end = rest.indexOf('/');
    onFile({ path: rest.slice(end + 1), mode: rest.slice(0, end), object });
  });
  // Before anything of it is read here: it is the other git's.
  lister.stdout?.destroy();
  await reading;
  if ((await listed) !== 0) throw incomplete('git ls-tree failed');
}

async function readAnswers(
  storePath: string,
  call: Settings & Pick<GitCall, 'args' | 'stdin' | 'stdinFrom'>,
  onAnswer: (object: GitObject | null, rest: string) => void,
): Promise<void> {
  const path = join(storePath, 'objects', `tmp_obj_${(call.nameTemporary ?? randomName)()}`);
  const fd = openNameless(path);
  let isMissing = false;
  const parser = createAnswerParser(
    (object, rest) => {
      isMissing ||= object === null;
      onAnswer(object, rest);
    },
    { copies: false },
  );
  try {
    const args = ['cat-file', ...call.args, '--buffer'];
    const running = runGit({ ...call, gitDir: storePath, args, stdoutFd: fd });
    const result = await readMeanwhile(fd, running, (data) => parser.take(data));
    const damaged = result.stderr !== '' && isMissing;
    if (result.exitCode === 0 && !damaged) return;
    const reason = summarizeServerText(result.stderr, `git cat-file ended with ${result.exitCode ?? 'a signal'}`);
    throw incomplete(reason, damaged || result.stderr !== '' ? 'store-corrupt' : 'git-failed');
  } catch (error) {
    throw toIoError(`read objects from ${storePath}`, error);
  } finally {
    closeQuietly(fd);
    if (process.platform === 'win32') discardFile(path);
  }
}

function incomplete(reason: string, code: 'store-corrupt' | 'git-failed' = 'git-failed'): OrcError {
  return new OrcError(code, `objects are damaged: ${reason}`, { hint: damagedStoreHint });
}

/**
 * Reads what is being written to a file until its writer has ended. An error in between is told when that is so.
 * @param take takes what it can use at the beginning of what there is, and gives its length
 */
async function readMeanwhile<T>(fd: number, running: Promise<T>, take: (data: Buffer) => number): Promise<T> {
  let at = 0;
  let chunk = Buffer.alloc(0);
  let [taken, filled] = [0, 0];
  const readOn = (): void => {
    for (;;) {
      if (filled === chunk.length) {
        const rest = chunk.subarray(taken);
        chunk = Buffer.allocUnsafeSlow(Math.max(piece, 2 * rest.length));
        [taken, filled] = [0, rest.copy(chunk)];
      }
      const length = fs.readSync(fd, chunk, filled, chunk.length - filled, at);
      if (length === 0) return;
      at += length;
      filled += length;
      taken += take(chunk.subarray(taken, filled));
    }
  };
  let failure: { readonly error: unknown } | null = null;
  const timer = setInterval(() => {
    try {
      if (failure === null) readOn();
    } catch (error) {
      failure = { error };
    }
  }, lookEvery);
  try {
    const result = await running;
    if (failure !== null) throw (failure as { readonly error: unknown }).error;
    readOn();
    return result;
  } finally {
    clearInterval(timer);
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
