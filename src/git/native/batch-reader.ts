/**
 * One long-lived `git cat-file --batch` for objects that are in packs. Started when it is first needed; it never
 * keeps the process alive, and ends with it.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrcError } from '../../errors.ts';
import { cleanServerText, summarizeServerText } from '../clean-text.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import type { GitObject, Oid } from '../store.ts';
import { createAnswerParser } from './batch-answers.ts';
import { explainStartError, type GitCall, type GitSettings, startGit } from './run-git.ts';

export interface BatchReader {
  /** `null` stands for an id that the repository does not know. @throws OrcError `store-corrupt`, `git-failed`, `git-missing` */
  read(oids: readonly Oid[]): Promise<(GitObject | null)[]>;
  close(): Promise<void>;
}

/** Requests are written in pieces, so that git begins to answer while the rest is under way. */
const requestsPerWrite = 1000;

export function createBatchReader(storePath: string, settings: GitSettings): BatchReader {
  let process: BatchProcess | null = null;
  const readOnce = (oids: readonly Oid[]) => {
    if (process === null || process.ended) process = startBatchProcess(storePath, settings);
    return process.read(oids);
  };
  return {
    async read(oids) {
      if (oids.length === 0) return [];
      try {
        return await readOnce(oids);
      } catch (error) {
        // Killed from outside, or its packs were repacked away beneath it: a fresh one knows.
        if (error instanceof OrcError && error.code === 'git-missing') throw error;
        return readOnce(oids);
      }
    },
    async close() {
      const closing = process;
      process = null;
      await closing?.close();
    },
  };
}

interface BatchProcess {
  readonly ended: boolean;
  read(oids: readonly Oid[]): Promise<(GitObject | null)[]>;
  close(): Promise<void>;
}

interface PendingBatch {
  readonly oids: readonly Oid[];
  readonly answers: (GitObject | null)[];
  readonly resolve: (answers: (GitObject | null)[]) => void;
  readonly reject: (error: Error) => void;
}

function startBatchProcess(storePath: string, settings: GitSettings): BatchProcess {
  const call: GitCall = { ...settings, gitDir: storePath, args: ['cat-file', '--batch'], stdin: [] };
  const child = startGit(call);
  const pending: PendingBatch[] = [];
  let complaint = '';
  let ended = false;
  const parser = createAnswerParser(takeAnswer, { copies: true });
  function takeAnswer(answer: GitObject | null) {
    const batch = pending[0];
    if (batch === undefined) return;
    batch.answers.push(answer);
    if (batch.answers.length < batch.oids.length) return;
    pending.shift();
    void settle(batch);
  }
  // Git says `missing` of a damaged object too, and complains beside it: the complaint was sent before the answer.
  const settle = async (batch: PendingBatch) => {
    if (batch.answers.includes(null)) await nextTurn().then(nextTurn);
    if (pending.length === 0) holdProcess(child, false);
    if (complaint === '' || !batch.answers.includes(null)) return batch.resolve(batch.answers);
    const text = `objects are damaged: ${summarizeServerText(complaint, '')}`;
    batch.reject(new OrcError('store-corrupt', text, { hint: damagedStoreHint }));
    // It complains once only, and answers `missing` from then on.
    child.kill('SIGKILL');
    ended = true;
  };
  const fail = (error: Error) => {
    ended = true;
    holdProcess(child, false);
    for (const batch of pending.splice(0)) batch.reject(error);
  };
  const failAsOrc = (reason: string) => {
    const oid = pending[0]?.oids[pending[0].answers.length];
    const damaged = /corrupt|unable to unpack|bad object|could not read|cannot be read|unpack/i.test(
      complaint + reason,
    );
    const text = `git cat-file ended at object ${oid ?? '?'}: ${cleanServerText(complaint) || reason}`;
    fail(new OrcError(damaged ? 'store-corrupt' : 'git-failed', text, { hint: damagedStoreHint }));
  };
  child.stdin?.on('error', () => {}); // 'close' tells
  child.stdout?.on('data', (chunk: Buffer) => {
    try {
      parser.push(chunk);
    } catch (error) {
      complaint += String(error instanceof Error ? error.message : error);
      child.kill('SIGKILL');
      failAsOrc('it answered something else');
    }
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-4000);
  });
  child.once('error', (error) => fail(explainStartError(error, call)));
  child.once('close', (code, signal) => failAsOrc(signal ?? `exit code ${code}`));
  holdProcess(child, false);

  return {
    get ended() {
      return ended;
    },
    read(oids) {
      return new Promise((resolve, reject) => {
        pending.push({ oids, answers: [], resolve, reject });
        holdProcess(child, true);
        for (let at = 0; at < oids.length; at += requestsPerWrite) {
          child.stdin?.write(`${oids.slice(at, at + requestsPerWrite).join('\n')}\n`);
        }
      });
    },
    close() {
      return new Promise((resolve) => {
        if (ended || child.exitCode !== null) return resolve();
        holdProcess(child, true);
        child.once('close', () => resolve());
        child.stdin?.end();
      });
    },
  };
}

/** Whether node waits for the child before it exits. Only while an answer is due. */
function holdProcess(child: ChildProcess, hold: boolean): void {
  for (const handle of [child, child.stdin, child.stdout, child.stderr] as (ChildProcess | Socket | null)[]) {
    if (hold) handle?.ref();
    else handle?.unref();
  }
}
