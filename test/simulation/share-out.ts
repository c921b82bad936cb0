/** Many worlds in several processes: each lives through a row of seeds of its own, and tells what it has counted. */
import { fork } from 'node:child_process';
import type { Tally } from './tally.ts';

/** What one process says at its end. */
export interface Share {
  readonly worlds: number;
  readonly counts: readonly (readonly [string, number])[];
  readonly broken: number;
}

interface Work {
  readonly jobs: number;
  readonly first: number;
  readonly count: number;
  readonly isQuick: boolean;
  readonly tally: Tally;
}

/** How many worlds are broken. What is wrong with them is printed by the processes. */
export async function shareOut({ jobs, first, count, isQuick, tally }: Work): Promise<number> {
  const starts = Array.from({ length: jobs + 1 }, (_, n) => first + Math.floor((count * n) / jobs));
  const shares = await Promise.all(
    starts.slice(0, -1).map((seed, n) => {
      const worlds = (starts[n + 1] as number) - seed;
      return live(['--seed', `${seed}`, '--worlds', `${worlds}`, '--jobs', '1', ...(isQuick ? ['--quick'] : [])]);
    }),
  );
  for (const { worlds, counts } of shares) tally.addCounts(worlds, counts);
  return shares.reduce((sum, { broken }) => sum + broken, 0);
}

function live(args: readonly string[]): Promise<Share> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1] as string, args);
    let share: Share | undefined;
    child.on('message', (message) => {
      share = message as Share;
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (share !== undefined) resolve(share);
      else reject(new Error(`the worlds of ${args.join(' ')} ended with ${signal ?? code}`));
    });
  });
}
