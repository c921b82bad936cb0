/** `runCli` on the real process: arguments, streams, signals, exit code. */
import { fstatSync, readFileSync, writeSync } from 'node:fs';
import { readBounded } from './bounded-input.ts';
import { decodeInput } from './decode-input.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io, Surfaces } from './io.ts';
import { runCli } from './run.ts';

export async function runOnProcess(surfaces: Surfaces = {}): Promise<void> {
  const stop = new AbortController();
  const gone = new AbortController();
  let isLeaving = false;
  let isServed = false;
  const isTty = await isTerminal(1);
  const io: Io = {
    cwd: process.cwd(),
    env: process.env,
    stdout: writerTo(1, () => gone.abort()),
    stderr: writerTo(2),
    stdin: async () => decodeInput(await readStdin(), 'standard input'),
    boundedStdin: async (bounds) => (hasInput() ? readBounded(process.stdin, bounds) : ''),
    leave: () => {
      isLeaving = true;
    },
    isTty,
    columns: isTty ? process.stdout.columns : undefined,
    ask: isTty && (await isTerminal(0)) ? ask : undefined,
    signal: stop.signal,
    gone: gone.signal,
    surfaces: {
      ...surfaces,
      async mcp(options) {
        await surfaces.mcp?.(options);
        isServed = true;
      },
    },
  };
  const interrupt = (): void => {
    // The second time it ends at once, whatever it is about.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.exitCode = await runCli(process.argv.slice(2), io);
  // What was given up may still be under way; a server that has ended has said what there was to say.
  if (isLeaving || isServed || stop.signal.aborted || gone.signal.aborted) process.exit();
}

/** Nobody waits for what a terminal, or nothing at all, might say. */
function hasInput(): boolean {
  try {
    return !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}

/** Node's terminals bring its whole network code along: that is loaded only where there may be one. */
async function isTerminal(fd: number): Promise<boolean> {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  const { isatty } = await import('node:tty');
  return isatty(fd);
}

/**
 * Writes all of a text before it returns, so that nothing is lost at the end of the process. A reader that has gone
 * (`orc events | head -1`) is no error: nobody wants the rest.
 */
function writerTo(fd: number, onGone: () => void = () => {}): (text: string) => void {
  let isGone = false;
  return (text) => {
    let rest = Buffer.from(text, 'utf8');
    while (rest.length > 0 && !isGone) {
      try {
        rest = rest.subarray(writeSync(fd, rest));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') pause();
        else if (code !== 'EPIPE' && code !== 'EBADF') throw error;
        else {
          isGone = true;
          onGone();
        }
      }
    }
  };
}

/** A pipe that is full, and was made non-blocking by somebody else: wait a little for its reader. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}

async function readStdin(): Promise<Buffer> {
  try {
    return readFileSync(0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}
