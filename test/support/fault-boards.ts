/** Boards for the fault loops, and the calls that they make. */
import fs from 'node:fs';
import { type Orc, openOrc } from '../../src/app/orc.ts';
import type { BatchRequest } from '../../src/app/orc-core.ts';
import type { Performed } from '../../src/app/performed.ts';
import { OrcError } from '../../src/errors.ts';
import { type FaultLoop, type FaultPlace, toldBy } from './fault-loop.ts';
import { git, makeBareRemote, makeClone } from './git-fixtures.ts';
import { makeTempDir } from './temp-dir.ts';

/**
 * Puts the folders of the running tests into memory, where there is room: what is tested is what we do when a disk fails, not the
 * disk, and thousands of runs would wait for its syncs.
 */
export function useMemory(): void {
  const folder = '/dev/shm';
  if (!fs.existsSync(folder)) return;
  const { bavail, bsize } = fs.statfsSync(folder);
  if (bavail * bsize > 1e9) process.env.TMPDIR = folder;
}

/** A clone of a bare remote that holds the board. */
export async function makeSharedPlace(): Promise<FaultPlace> {
  const upstream = makeBareRemote();
  const cwd = makeClone(upstream);
  await using orc = await openOrc({ cwd, create: true });
  await orc.createWorkstream('w');
  return { cwd, upstream, ref: 'refs/heads/orc', store: `${cwd}/.git/orc/board.git`, host: cwd };
}

/** A board that stands alone: its store is its upstream. */
export async function makeLonePlace(adapter: 'native' | 'portable'): Promise<FaultPlace> {
  const cwd = makeTempDir();
  git(cwd, 'init', '--quiet');
  const env = { ORC_GIT: adapter };
  await using orc = await openOrc({ cwd, create: { upstream: 'none' }, env: { ...process.env, ...env } });
  await orc.createWorkstream('w');
  const store = `${cwd}/.git/orc/board.git`;
  return { cwd, upstream: store, ref: 'refs/remotes/upstream/orc', store, host: cwd, env };
}

type Act = (orc: Orc, run: number) => Promise<Performed>;

/** A mutation of one operation. */
export const says =
  (act: Act): FaultLoop['act'] =>
  async (orc, say, run) =>
    say(toldBy(await act(orc, run)));

/** The next ordinary call. Leaves no open task behind, so that all runs see a board of the same size. */
export async function tidy(orc: Orc, run: number, ...more: readonly BatchRequest[]): Promise<Performed[]> {
  const open = await orc.ask((board) => [...board.openTasks()].map(({ id }) => id));
  const cancels = open.map((id): BatchRequest => ({ kind: 'task.cancel', args: { id } }));
  const rest: BatchRequest[] = [{ kind: 'event.log', args: { action: 'looked', data: { run } } }, ...more];
  try {
    return await orc.batch([...cancels, ...rest]);
  } catch (error) {
    // The last run's answer came through, its bookkeeping did not: this clone did not know yet that the task is closed, or gone.
    const isOutdated = error instanceof OrcError && (error.code === 'closed' || error.code === 'not-found');
    if (cancels.length > 0 && isOutdated) return orc.batch(rest);
    throw error;
  }
}

export const newTask = (title: string): BatchRequest => ({ kind: 'task.add', args: { workstream: 'w', title } });

export const addTask: Act = (orc, run) => orc.perform('task.add', newTask(`task ${run}`).args);
