/** The entry of the program that answers `orc status` from the board's files, where the snapshot alone does not; see scripts/build/front.cjs. */
import { glanceAtFiles } from '../app/read-board-glance.ts';
import { currentFolder, isTerminal, writerTo } from '../cli/process-io.ts';
import { quickStatus } from '../cli/quick-status.ts';

/** Whether it answered; else nothing was printed, and the whole command has its turn. */
export async function answer(words: readonly string[]): Promise<boolean> {
  let keep = async (): Promise<void> => undefined;
  const io = { cwd: currentFolder(), env: process.env, isTty: await isTerminal(1) };
  const text = await quickStatus(words, io, async (surroundings, world) => {
    const read = await glanceAtFiles(surroundings, world);
    if (read !== null) keep = read.keep;
    return read?.glance ?? null;
  });
  if (text === null) return false;
  writerTo(1)(text);
  await keep();
  return true;
}
