/** `orc hooks receive REF OLD NEW`: what the hook on a server calls (hooks/update, hooks/pre-receive). */
import { receivePush } from '../app/server-check.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';

/** As much of an `Io` as it needs. */
export type ReceiveIo = Pick<Io, 'cwd' | 'env' | 'stderr' | 'world'>;

/** @returns 0: let it in; 3: refused, and said why; anything else: the hook's shell decides */
export async function receive([ref = '', from = '', to = '']: readonly string[], io: ReceiveIo): Promise<number> {
  if (!ref.startsWith('refs/')) {
    io.stderr('orc: `orc hooks receive` is for git hooks: REF OLD NEW\n');
    return exitCodes.usage;
  }
  const { cwd, env } = io;
  const { outcome, line } = await receivePush({ cwd, env, ref, from, to, now: io.world?.clock.now() ?? Date.now() });
  if (line !== null) io.stderr(`${line}\n`);
  return { 'let-in': exitCodes.done, refused: exitCodes.refused, failed: exitCodes.failed }[outcome];
}
