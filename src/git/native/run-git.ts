/**
 * The one place that starts git: an argument array, no shell, a cleaned environment, a time limit that kills the
 * whole process group, output that is safe to show.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { OrcError } from '../../errors.ts';
import { cleanServerText } from '../clean-text.ts';
import type { ConfigEntry } from '../config-syntax.ts';
import { longestTimerMs } from '../timing.ts';
import { buildGitEnvironment } from './git-environment.ts';

/** How git is started, the same for many calls. */
export interface GitSettings {
  /** Configuration above all files; the last of equal keys counts. */
  readonly config?: readonly ConfigEntry[];
  /** Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Lets git and ssh ask on the terminal. Then a time limit reaches git itself, not its children. */
  readonly interactive?: boolean;
  /** In a hook on the server (`GitEnvironmentOptions`). */
  readonly readsIncoming?: boolean;
  /** Hears of every process that is started. For tests and `--trace`. */
  readonly onStart?: (args: readonly string[]) => void;
}

export interface GitCall extends GitSettings {
  readonly args: readonly string[];
  /** The repository; without it git looks for none to speak of. */
  readonly gitDir?: string;
  readonly cwd?: string;
  /** The receiving side of a push (`GitEnvironmentOptions`). */
  readonly isReceiver?: boolean;
  /** What git reads; chunks are produced only as fast as git takes them. */
  readonly stdin?: Iterable<Uint8Array>;
  /** What another git prints, instead of `stdin`: nobody else may read it, and the caller lets go of it at once. */
  readonly stdinFrom?: Readable;
  /** An open file that takes the output; `stdout` is empty then. */
  readonly stdoutFd?: number;
  /** In milliseconds. */
  readonly timeoutMs?: number;
  /** Strings to hide in what git says, beside the credentials in URLs. */
  readonly secrets?: readonly string[];
  /** Hears what git says while it runs, as it comes: not cleaned. */
  readonly onStderr?: (text: string) => void;
  /** Hears, line by line and as they come, the headers that git sends and receives over HTTP. */
  readonly onHttpTrace?: (line: string) => void;
}

export interface GitResult {
  /** `null` when git was killed. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  /** Cleaned; see `cleanServerText`. */
  readonly stderr: string;
}

/** In milliseconds: between asking git to end (it removes its lock files then) and killing it. */
export const graceBeforeKill = 2000;
/** In milliseconds: how long to wait for the end of the output after git has ended. */
export const graceForOutput = 250;
/** Git's files 0 to 2 are the usual ones. */
const traceFd = 3;
/** What these bring is for this process alone: without it, nobody waits for an upstream that does not answer. */
const asking: ReadonlySet<string> = new Set(['fetch', 'ls-remote']);
const endingWithUs = new Map<ChildProcess, GitCall>();
/** In bytes; of more than that only the end is kept, where git says what went wrong. */
const maxStderr = 256 * 1024;

/**
 * Runs git to its end. A failure of git itself is a result, not an error.
 * @throws OrcError `git-missing` when there is no git, `git-failed` when it cannot be started
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  const child = startGit(call);
  const isAsking = asking.has(call.args[0] ?? '');
  if (isAsking) endWithUs(child, call);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let stderrSize = 0;
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    call.onStderr?.(chunk.toString('latin1'));
    stderrSize += chunk.length;
    while (stderrSize > maxStderr && stderr.length > 1) stderrSize -= stderr.shift()?.length ?? 0;
  });
  if (call.onHttpTrace !== undefined)
    readHeaders(child.stdio?.[traceFd] as Readable | null | undefined, call.onHttpTrace);
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;
  const limit =
    call.timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => {
            timedOut = true;
            killGroup(child, 'SIGTERM', call.interactive);
            killTimer = setTimeout(() => killGroup(child, 'SIGKILL', call.interactive), graceBeforeKill);
          },
          Math.min(call.timeoutMs, longestTimerMs),
        );
  try {
    const ended = waitForEnd(child, call);
    if (call.stdin !== undefined) feed(child, call.stdin);
    const exitCode = await ended;
    const text = Buffer.concat(stderr).toString('utf8');
    return {
      exitCode,
      timedOut,
      stdout: Buffer.concat(stdout),
      stderr: cleanServerText(text, { secrets: call.secrets ?? [], maxLength: maxStderr }),
    };
  } finally {
    clearTimeout(limit);
    if (isAsking) endingWithUs.delete(child);
    // Git ended; what it started may not have, when it had to be killed.
    if (timedOut) killGroup(child, 'SIGKILL', call.interactive);
    clearTimeout(killTimer);
  }
}

/**
 * Starts git with pipes, and leaves the rest to the caller. An `error` event passes through `explainStartError`; without
 * descriptors left, such a child has no pipes.
 * @throws OrcError `git-failed`, `git-missing`: Node tells some errors at once
 */
export function startGit(call: GitCall): ChildProcess {
  const args = call.gitDir === undefined ? [...call.args] : [`--git-dir=${call.gitDir}`, ...call.args];
  call.onStart?.(args);
  // Elsewhere programs inherit no open files beyond the first three.
  const isTraced = call.onHttpTrace !== undefined && process.platform !== 'win32';
  try {
    return spawn('git', args, {
      cwd: call.cwd ?? call.gitDir,
      env: buildGitEnvironment(call.env ?? process.env, { ...call, ...(isTraced ? { traceHttpTo: traceFd } : {}) }),
      stdio: [
        call.stdinFrom ?? (call.stdin === undefined ? 'ignore' : 'pipe'),
        call.stdoutFd ?? 'pipe',
        'pipe',
        ...(isTraced ? (['pipe'] as const) : []),
      ],
      // A session of its own: no terminal to ask on, and a group that can be killed as a whole.
      detached: !call.interactive && process.platform !== 'win32',
      windowsHide: true,
    });
  } catch (error) {
    // ENOMEM, or E2BIG from an endless configuration.
    throw error instanceof Error ? explainStartError(error, call) : error;
  }
}

/** What a failed start means. */
export function explainStartError(error: Error, call: GitCall): OrcError {
  const cwd = call.cwd ?? call.gitDir;
  if ('code' in error && error.code === 'ENOENT') {
    // Node reports a missing folder in the same way.
    if (cwd !== undefined && !fs.existsSync(cwd)) {
      return new OrcError('no-board', `no such folder: ${cwd}`, { hint: 'run `orc init`', cause: error });
    }
    return new OrcError('git-missing', 'git was not found on the PATH', {
      hint: 'install git (2.31 or newer)',
      cause: error,
    });
  }
  return new OrcError('git-failed', `git could not be started: ${error.message}`, { cause: error });
}

function waitForEnd(child: ChildProcess, call: GitCall): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (child.pid === undefined) reject(explainStartError(error, call));
    });
    child.once('exit', (exitCode) => {
      // A helper that git left running (ssh's shared connection) may keep the pipes open for hours.
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        (child.stdio[traceFd] as Readable | null | undefined)?.destroy();
        resolve(exitCode);
      }, graceForOutput);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(exitCode);
      });
    });
  });
}

/** What else git tells may have the URL in it, with its credentials: that goes no further. */
function readHeaders(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (/(?:=> Send|<= Recv) header: /.test(line)) onLine(line);
  });
}

function feed(child: ChildProcess, chunks: Iterable<Uint8Array>): void {
  const stdin = child.stdin as Writable | null | undefined;
  if (!stdin) return;
  stdin.on('error', () => {}); // git ended early: its exit code tells
  const iterator = chunks[Symbol.iterator]();
  const pump = () => {
    for (;;) {
      if (stdin.destroyed) return;
      const { done, value } = iterator.next();
      if (done) {
        stdin.end();
        return;
      }
      if (!stdin.write(value)) {
        stdin.once('drain', pump);
        return;
      }
    }
  };
  pump();
}

/** Their groups are their own: neither Ctrl-C nor the end of this process reaches them. */
function endWithUs(child: ChildProcess, call: GitCall): void {
  if (endingWithUs.size === 0 && !process.listeners('exit').includes(endAll)) process.on('exit', endAll);
  endingWithUs.set(child, call);
}

function endAll(): void {
  for (const [child, { interactive }] of endingWithUs) killGroup(child, 'SIGTERM', interactive);
}

export function killGroup(child: ChildProcess, signal: NodeJS.Signals, interactive = false): void {
  if (child.pid === undefined) return;
  try {
    if (interactive || process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // it has ended meanwhile
  }
}
