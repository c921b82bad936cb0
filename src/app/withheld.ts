/** Results that a worker could not publish: kept beside the store, for the people who look after it. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toIoError } from '../git/durable-files.ts';
import type { ClaimedTask } from './worker-ports.ts';

/** Gives the file. @throws OrcError `io` */
export async function keepWithheld(
  folder: string,
  { task, token }: ClaimedTask,
  result: string | (() => Promise<Uint8Array>),
): Promise<string> {
  const file = path.join(folder, `${task.id}-${token}.txt`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, typeof result === 'string' ? result : await result(), { mode: 0o600 });
  } catch (error) {
    throw toIoError(`keep the result of task ${task.id} in ${file}`, error);
  }
  return file;
}

export function withheldFolder(storePath: string): string {
  return path.join(storePath, 'withheld');
}
