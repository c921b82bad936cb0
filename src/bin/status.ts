/** The entry of the small program that answers `orc status` from the snapshot; see scripts/build/front.cjs. */
import { glanceAtKept } from '../app/kept-board.ts';
import { currentFolder, isTerminal, writerTo } from '../cli/process-io.ts';
import { quickStatus } from '../cli/quick-status.ts';

/** Whether it answered; else nothing was printed, and another program has its turn. */
export async function answer(words: readonly string[]): Promise<boolean> {
  const io = { cwd: currentFolder(), env: process.env, isTty: await isTerminal(1) };
  const text = await quickStatus(words, io, glanceAtKept);
  if (text !== null) writerTo(1)(text);
  return text !== null;
}
