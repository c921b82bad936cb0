/**
 * Starts the commands of others, each in a process group of its own, so that a signal reaches whatever it has started. Nothing
 * but the three streams is handed on: Node closes all other files of this process in the child.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';

export interface StartOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it reads; without it, nothing. */
  readonly stdin?: string | undefined;
  readonly onOutput: (chunk: Buffer) => void;
}

export type ProcessEnd =
  | { readonly how: 'exit'; readonly code: number }
  | { readonly how: 'signal'; readonly signal: string };

export interface RunningProcess {
  readonly ended: Promise<ProcessEnd>;
  /** To the whole group; nothing happens when it has ended. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts a process. @throws OrcError `invalid-argument` when there is no such program */
export type StartProcess = (options: StartOptions) => Promise<RunningProcess>;

/** ms; something that the command left running may keep its output open for hours. */
const graceForOutput = 250;

const groups = new Set<ChildProcess>();
let isGuarded = false;

export const startProcess: StartProcess = async (options) => {
  const { file, args, cwd, env, stdin, onOutput } = options;
  const child = spawn(file, args, {
    cwd,
    env,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(startError(error, options)));
  });
  child.on('error', () => {}); // a signal that could not be sent: it has ended
  guard();
  groups.add(child);
  child.stdout?.on('data', onOutput);
  child.stderr?.on('data', onOutput);
  child.stdin?.on('error', () => {}); // it does not read all of it, which is its own affair
  child.stdin?.end(stdin);
  return { ended: waitForEnd(child), signal: (signal) => kill(child, signal) };
};

/** Whether a program can be found, as starting it would look for it: so that a slip is told before a task is claimed. */
export function isProgramThere(file: string, cwd: string, env: NodeJS.ProcessEnv): boolean {
  // Elsewhere endings such as `.cmd` are tried too.
  if (process.platform === 'win32') return true;
  if (file.includes('/')) return existsSync(path.resolve(cwd, file));
  return (env.PATH ?? '/bin:/usr/bin')
    .split(path.delimiter)
    .some((folder) => statSync(path.join(folder || '.', file), { throwIfNoEntry: false })?.isFile() === true);
}

export function noSuchProgram(file: string): OrcError {
  return new OrcError('invalid-argument', `"${file}" cannot be started: there is no such program`, {
    hint: "what follows -- is a program and its arguments; for a shell's words: -- sh -c '…'",
  });
}

function startError(error: NodeJS.ErrnoException, { file, cwd, env }: StartOptions): OrcError {
  if (error.code === 'ENOENT' && existsSync(cwd) && !isProgramThere(file, cwd, env)) return noSuchProgram(file);
  return new OrcError('io', `"${file}" cannot be started: ${error.message}`, { cause: error });
}

function waitForEnd(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      groups.delete(child);
      const end: ProcessEnd = signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal };
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve(end);
      }, graceForOutput);
      child.once('close', () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // the whole group has ended
  }
}

/** When this process ends at once (a second Ctrl-C), nothing that it started goes on. */
function guard(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.on('exit', () => {
    for (const child of groups) kill(child, 'SIGKILL');
  });
}
