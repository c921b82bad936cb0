/** The entry of the small program that answers `orc status` from the snapshot; see scripts/build/front.cjs. */
import { isTerminal, writerTo } from '../cli/process-io.ts';
import { quickStatus } from '../cli/quick-status.ts';

/** Whether it answered; else nothing was printed, and the whole command has its turn. */
export async function answer(words: readonly string[]): Promise<boolean> {
  const text = await quickStatus(words, { cwd: process.cwd(), env: process.env, isTty: await isTerminal(1) });
  if (text !== null) writerTo(1)(text);
  return text !== null;
}
