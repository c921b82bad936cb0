/** `runCli` on the real process: arguments, streams, signals, exit code. */
import { fstatSync, readSync } from 'node:fs';
import { readBounded } from './bounded-input.ts';
import { decodeInput } from './decode-input.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io, Surfaces } from './io.ts';
import { currentFolder, isTerminal, writerTo } from './process-io.ts';
import { readToEnd } from './read-to-end.ts';
import { runCli } from './run.ts';

const standardInput = { read: (into: Buffer) => readSync(0, into), rest: () => process.stdin };

export async function runOnProcess(surfaces: Surfaces = {}): Promise<void> {
  const stop = new AbortController();
  const gone = new AbortController();
  let isLeaving = false;
  let isServed = false;
  let isLent = false;
  const isTty = await isTerminal(1);
  const io: Io = {
    cwd: currentFolder(),
    env: process.env,
    stdout: writerTo(1, () => gone.abort()),
    stderr: writerTo(2),
    stdin: async () => decodeInput(await readToEnd(standardInput), 'standard input'),
    boundedStdin: async (bounds) => (hasInput() ? readBounded(process.stdin, bounds) : ''),
    leave: () => {
      isLeaving = true;
    },
    isTty,
    columns: isTty ? process.stdout.columns : undefined,
    ask: isTty && (await isTerminal(0)) ? ask : undefined,
    async lendTerminal(work) {
      isLent = true;
      try {
        return await work();
      } finally {
        isLent = false;
      }
    },
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
  process.on('SIGINT', () => {
    if (!isLent) interrupt();
  });
  process.on('SIGTERM', interrupt);
  // A terminal that is closed; it may come twice, from the shell and from the kernel. Nohup is no protection: Node undoes it.
  process.on('SIGHUP', () => stop.abort());
  process.exitCode = await runCli(process.argv.slice(2), io);
  // What was given up may still be under way; a server that has ended has said what there was to say.
  const isOver = isLeaving || isServed || stop.signal.aborted || gone.signal.aborted;
  // Where nothing is, it ends at once: taking an engine's memory apart piece by piece takes milliseconds.
  if (isOver || process.getActiveResourcesInfo().length === 0) process.exit();
}

/** Nobody waits for what a terminal, or nothing at all, might say. */
function hasInput(): boolean {
  try {
    return !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
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
