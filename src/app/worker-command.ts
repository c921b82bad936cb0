/**
 * A command as a worker's job: the brief on its standard input and in a file, the task in its environment, the result in a file
 * that it may write. Nothing else of what it does or says is published, unless that is asked for.
 */
import { constants, mkdtempSync } from 'node:fs';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isLongerThan, maxTextLength } from '../core/arguments.ts';
import type { CheckRun } from '../core/records.ts';
import { findSecret } from '../core/secrets.ts';
import { OutputTail } from './output-tail.ts';
import type { ProcessEnd, RunningProcess, StartProcess } from './process-group.ts';
import { keepWithheld } from './withheld.ts';
import type { JobEnd } from './worker-decisions.ts';
import type { ClaimedTask, Job } from './worker-ports.ts';

export interface CommandOptions {
  /** The program and its arguments; no shell sees them. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly agent: string;
  /** What makes `orc` within the command act on the same board, as the same session. */
  readonly place: Readonly<Record<string, string>>;
  /** So many lines of output go into the result or the reason. */
  readonly tailLines: number;
  readonly allowSecret: boolean;
  /** The folder for results that must not be published. */
  readonly withheldFolder: string;
  readonly startProcess: StartProcess;
  /** What the command writes, for whoever watches. */
  readonly onOutput: (claimed: ClaimedTask, chunk: Buffer) => void;
  /** After the command has succeeded: `null` when there is nothing to check here. */
  readonly check?: CheckTask | undefined;
}

/** Runs the checks of a task; `onStart` hears of every process, so that it can be ended. */
export type CheckTask = (
  claimed: ClaimedTask,
  onStart: (running: RunningProcess) => void,
) => Promise<readonly CheckRun[] | undefined>;

/** Bytes of a tail. */
const maxTail = 16 * 1024;
const cutNote = '\n… (cut: it was longer than a result may be)';

/** @throws OrcError when the program cannot be started */
export async function startCommand(options: CommandOptions, claimed: ClaimedTask, brief: string): Promise<Job> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'orc-task-'));
  const briefFile = path.join(folder, 'brief.md');
  const resultFile = path.join(folder, 'result');
  const tail = new OutputTail();
  let running: RunningProcess | null = null;
  let stopped: 'ask' | 'force' | null = null;
  const stop = (how: 'ask' | 'force'): void => {
    stopped = how;
    running?.signal(how === 'ask' ? 'SIGTERM' : 'SIGKILL');
  };
  // What begins after it was told to end is told as well.
  const begun = (started: RunningProcess): void => {
    running = started;
    if (stopped !== null) stop(stopped);
  };
  try {
    await writeFile(briefFile, brief, { mode: 0o600 });
    const [file = '', ...args] = options.command;
    const started = await options.startProcess({
      file,
      args,
      cwd: options.cwd,
      env: environmentFor(options, claimed, { briefFile, resultFile }),
      stdin: brief,
      onOutput: (chunk) => {
        tail.add(chunk);
        options.onOutput(claimed, chunk);
      },
    });
    begun(started);
    const ended = started.ended
      .then((end) => conclude(options, claimed, { end, resultFile, tail }, begun))
      .catch((error: unknown): JobEnd => ({ how: 'failed', reason: messageOf(error) }))
      .finally(() => rm(folder, { recursive: true, force: true }).catch(() => undefined));
    return { ended, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The environment of this process as it is, with the task in it. */
function environmentFor(
  { env, agent, place }: CommandOptions,
  { task, token }: ClaimedTask,
  { briefFile, resultFile }: { readonly briefFile: string; readonly resultFile: string },
): NodeJS.ProcessEnv {
  return {
    ...env,
    ...place,
    ORC_AGENT: agent,
    ORC_TASK: task.id,
    ORC_WORKSTREAM: task.workstream,
    ORC_CLAIM_TOKEN: String(token),
    ORC_BRIEF_FILE: briefFile,
    ORC_RESULT_FILE: resultFile,
  };
}

interface Ended {
  readonly end: ProcessEnd;
  readonly resultFile: string;
  readonly tail: OutputTail;
}

async function conclude(
  options: CommandOptions,
  claimed: ClaimedTask,
  { end, resultFile, tail }: Ended,
  begun: (running: RunningProcess) => void,
): Promise<JobEnd> {
  const { tailLines, env } = options;
  const said = tailLines === 0 ? '' : tail.text(env, { lines: tailLines, maxBytes: maxTail });
  if (end.how === 'signal') return { how: 'killed', signal: end.signal };
  if (end.code !== 0) return { how: 'failed', reason: withTail(`exit code ${end.code}`, said) };
  const { result, withheld } = await resultOf(options, claimed, resultFile);
  const checks = await options.check?.(claimed, begun);
  const whole = result === null ? said || null : withTail(result, said);
  return { how: 'done', result: whole, checks, withheld };
}

function withTail(text: string, said: string): string {
  return said === '' ? text : `${text}\n\nThe end of its output:\n${said}`;
}

/** What the command wrote as its result; kept here, and not published, when it looks like a credential. */
async function resultOf(
  { allowSecret, withheldFolder, tailLines }: CommandOptions,
  claimed: ClaimedTask,
  file: string,
): Promise<{ readonly result: string | null; readonly withheld: string | undefined }> {
  const text = await readResult(file, maxTextLength - (tailLines === 0 ? 0 : maxTail + 256));
  const secret = text === null || allowSecret ? null : findSecret(text);
  if (secret === null) return { result: text, withheld: undefined };
  const kept = await keepWithheld(withheldFolder, claimed, () => readFile(file));
  return { result: `(The result is not published: it holds what looks like ${secret}.)`, withheld: kept };
}

/** `null` when nothing was written. A result that is too long is cut, and says so. */
async function readResult(file: string, maxBytes: number): Promise<string | null> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Opening a pipe would wait for whoever writes into it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    return null; // it was not written
  }
  try {
    // Not a device, nor a pipe without an end.
    if (!(await handle.stat()).isFile()) return null;
    const buffer = Buffer.alloc(maxBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    // Bytes that are no UTF-8 take more room as replacement characters.
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    const whole =
      bytesRead > maxBytes || isLongerThan(text, maxBytes) ? cutTo(text, maxBytes) : text.replace(/\n$/, '');
    return whole === '' ? null : whole;
  } finally {
    await handle.close();
  }
}

function cutTo(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8').subarray(0, maxBytes - Buffer.byteLength(cutNote));
  // A character that was cut in two becomes a replacement character, which is longer than what it replaces.
  return `${bytes.toString('utf8').replace(/\ufffd+$/, '')}${cutNote}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
