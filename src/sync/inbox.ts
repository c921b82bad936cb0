/** What lies in the upstream's inbox, as the carrier sees it: what to carry in, and what to clear away. */
import type { Oid } from '../git/store.ts';
import type { ObjectReader } from '../git/trees.ts';
import { depositLapsesMs, readDeposit } from './deposit.ts';
import type { Head } from './head.ts';
import type { Unit } from './queue.ts';
import { type Replayed, type ReplayOptions, replay } from './replay.ts';
import type { Deposits } from './upstream-view.ts';

export interface Foreign {
  /** To be decided after one's own, whole or not at all. */
  readonly units: readonly Unit[];
  /** Deposits that go with the push: carried, or of no use to anybody any more. */
  readonly done: ReadonlyMap<string, Oid>;
}

export const nothingForeign: Foreign = { units: [], done: new Map() };

export interface InboxOptions {
  /** The board's id. */
  readonly board: string;
  /** ms since the epoch. */
  readonly now: number;
  /** Deposits of those who look: they decide them as their own. */
  readonly own: ReadonlySet<string>;
  /** Operations that are decided anyway. */
  readonly decided: ReadonlySet<string>;
}

/** In operations: the rest is left to the next push. */
const maxCarried = 256;

/** Oldest first. What cannot be read, has lapsed, or came from a clock that is far off, is cleared away undecided: its author has it still. */
export async function readInbox(reader: ObjectReader, deposits: Deposits, options: InboxOptions): Promise<Foreign> {
  const names = [...deposits].filter(([name]) => !options.own.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const read = await Promise.all(
    names.map(async ([name, oid]) => ({ name, oid, contents: await readDeposit(reader, oid) })),
  );
  const units: Unit[] = [];
  const done = new Map<string, Oid>();
  let count = 0;
  for (const { name, oid, contents } of read.sort((a, b) => (a.contents?.at ?? 0) - (b.contents?.at ?? 0))) {
    const isCarried =
      contents !== null && contents.board === options.board && Math.abs(options.now - contents.at) < depositLapsesMs;
    if (isCarried) {
      const size = contents.units.reduce((sum, { records }) => sum + records.length, 0);
      if (count > 0 && count + size > maxCarried) continue;
      count += size;
      // Whoever decides an operation twice in one chain could tell one answer and publish another.
      const isFree = ({ records }: Unit): boolean =>
        records.every(({ operation }) => !options.decided.has(operation.id));
      units.push(...contents.units.filter(isFree));
    }
    done.set(name, oid);
  }
  return { units, done };
}

/** What others deposited was written by whoever may push: where it cannot be decided, one's own is decided without it. */
export async function replayWith(
  base: Head,
  units: readonly Unit[],
  foreign: Foreign,
  options: ReplayOptions,
): Promise<{ readonly replayed: Replayed; readonly foreign: Foreign }> {
  try {
    return { replayed: await replay(base, [...units, ...foreign.units], options), foreign };
  } catch (error) {
    if (foreign.units.length === 0) throw error;
    return { replayed: await replay(base, units, options), foreign: nothingForeign };
  }
}
