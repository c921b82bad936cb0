/**
 * Starts the commands of others, each in a process group of its own, so that a signal reaches whatever it has started. Nothing
 * but the three streams is handed on: Node closes all other files of this process in the child.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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
  /** Where it was told to end: when all of its group has. What it leaves running when it ends by itself is its own affair. */
  readonly ended: Promise<ProcessEnd>;
  /** To the whole group; nothing happens when it has ended. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts a process. @throws OrcError `invalid-argument` when there is no such program, or its words cannot be given to one */
export type StartProcess = (options: StartOptions) => Promise<RunningProcess>;

/** ms; something that the command left running may keep its output open for hours. */
const graceForOutput = 250;

/** How often it is looked whether a group that was told to end is still there, ms. */
const glanceMs = 20;
/** Not even SIGKILL ends what hangs in the kernel: nobody waits for that longer, ms. */
const patienceMs = 2_000;

const groups = new Set<ChildProcess>();
let isGuarded = false;

export const startProcess: StartProcess = async (options) => {
  const { file, args, cwd, env, stdin, onOutput } = options;
  // The board may hold a check that no program can be given: a NUL would end its word.
  if ([file, ...args].some((word) => word.includes('\0')))
    throw new OrcError('invalid-argument', `"${file}" cannot be started: its words hold a NUL character`);
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
  const group: Group = { child, told: null, isOver: false };
  return { ended: waitForEnd(group), signal: (signal) => tell(group, signal) };
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

interface Group {
  readonly child: ChildProcess;
  /** The last signal to it. */
  told: 'SIGTERM' | 'SIGKILL' | null;
  /** Its id may be another group's by now. */
  isOver: boolean;
}

function tell(group: Group, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (group.isOver) return;
  group.told = signal;
  kill(group.child, signal);
}

function waitForEnd(group: Group): Promise<ProcessEnd> {
  const { child } = group;
  return new Promise((resolve) => {
    let isClosed = false;
    child.once('close', () => {
      isClosed = true;
    });
    child.once('exit', async (code, signal) => {
      const end: ProcessEnd = signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal };
      // A shell is gone at once; what it has started may want its time, or not listen.
      if (group.told !== null) await untilGroupEnds(group);
      group.isOver = true;
      groups.delete(child);
      if (isClosed) return resolve(end);
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

/** Whoever told it to end tells it again, with SIGKILL, when the time is over. */
async function untilGroupEnds(group: Group): Promise<void> {
  for (let left = patienceMs; left > 0 && isGroupThere(group.child.pid); ) {
    await new Promise((resolve) => setTimeout(resolve, glanceMs));
    if (group.told === 'SIGKILL') left -= glanceMs;
  }
}

function isGroupThere(id: number | undefined): boolean {
  if (id === undefined || process.platform === 'win32') return false;
  try {
    process.kill(-id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return hasLivingMember(id);
}

/** In a container whose first process asks after nobody, those that have ended stay listed. */
function hasLivingMember(group: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isLivingMember(name, group));
  } catch {
    return true;
  }
}

function isLivingMember(pid: string, group: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Its name may hold anything: `1234 (name) S 1 1234 …`.
    const [state, , pgrp] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(pgrp) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false; // it ended meanwhile
  }
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
