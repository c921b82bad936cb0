/** Ctrl-C: a command gets a moment to end what it is about; after that it is given up, and nothing is left behind. */
import type { Call } from './call.ts';
import type { CommandResult } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';

/** ms */
const grace = 1_000;

/** The command's answer, or `null` when it was stopped. */
export async function untilStopped(io: Io, running: Promise<CommandResult>): Promise<CommandResult | null> {
  if (io.signal === undefined) return running;
  const winner = await Promise.race([running, stopped(io.signal)]);
  // Nobody waits for it any more; the process ends soon.
  if (winner === null) running.catch(() => {});
  return winner;
}

/** @returns the exit code */
export async function reportStop(call: Call): Promise<number> {
  const { io, globals, orc } = call;
  const { abandon } = await import('../app/abandon.ts');
  const ops = orc === null ? [] : await abandon(orc);
  const hint = ops.length === 0 ? undefined : `it may have arrived: --op ${ops[0]} asks what became of it`;
  if (globals.json)
    io.stderr(
      `${JSON.stringify({ error: { code: 'interrupted', message: 'interrupted', hint, details: { ops } } })}\n`,
    );
  else io.stderr(`interrupted\n${hint === undefined ? '' : `hint: ${hint}\n`}`);
  return exitCodes.interrupted;
}

function stopped(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const wait = (): void => void setTimeout(() => resolve(null), grace).unref();
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
}
