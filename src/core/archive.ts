/**
 * The part of a board that is not in memory, as compacting it needs to know it: closed tasks, cycles, the event log; not the records,
 * only what decides whether they stay. And which of it goes.
 */
import type { Board } from './board.ts';
import { isOpen, type Task } from './records.ts';
import { fromIso } from './time.ts';

export type ArchivedTask = Pick<Task, 'id' | 'workstream' | 'status' | 'updated_at' | 'depends_on' | 'parent'>;

export interface ArchivedCycle {
  readonly number: number;
  readonly opened_at: string;
  readonly opened_version: number;
  /** `null` while it is open. */
  readonly collected_at: string | null;
}

/** A segment of the event log that is full, by its last line. */
export interface ArchivedSegment {
  /** Number of its first event. */
  readonly first: number;
  /** `null`: its last line cannot be read. */
  readonly last: { readonly v: number; readonly ts: string } | null;
}

/** In no order that two machines share, but for the segments: oldest first. */
export interface Archive {
  /** The closed ones that can be read. */
  readonly tasks: readonly ArchivedTask[];
  readonly cycles: readonly ArchivedCycle[];
  /** Without the newest one. */
  readonly segments: readonly ArchivedSegment[];
  /** Number of the first event of the newest segment. */
  readonly newest: number;
}

/** "What is in the archive?": caught by whoever can read it, as `MissingRecord` is by whoever can load a record. */
export class MissingArchive extends Error {
  override readonly name = 'MissingArchive';

  constructor() {
    super('the archive has not been read');
  }
}

/** What compacting takes off a board: of tasks as much as their paths and the counts need. */
export interface Dropped {
  readonly tasks: readonly Pick<Task, 'id' | 'workstream' | 'status'>[];
  /** Their numbers. */
  readonly cycles: readonly number[];
  /** Numbers of their first events. */
  readonly segments: readonly number[];
}

export interface Compaction {
  readonly dropped: Dropped;
  /** How many events are in the segments that go. */
  readonly events: number;
  /** Number of the oldest event that stays. */
  readonly oldestEvent: number;
  /** Closed tasks that are old enough, and stay because a task that stays waits for them, or is a part of them. */
  readonly needed: number;
}

/**
 * What of a board is older than `before` (ms since the epoch), and can go. While a cycle is open, what happened since it was opened
 * stays whatever its age: its results are yet to be made of it.
 *
 * A task that stays keeps those that it names, whether it is open or closed: so no task on the board ever names one that is gone.
 */
export function planCompaction(board: Board, archive: Archive, before: number): Compaction {
  const newestCycle = archive.cycles.reduce<ArchivedCycle | null>(
    (newest, cycle) => (newest === null || cycle.number > newest.number ? cycle : newest),
    null,
  );
  const open = newestCycle?.collected_at === null ? newestCycle : null;
  const until = open === null ? before : Math.min(before, fromIso(open.opened_at));
  const isOld = (time: string): boolean => fromIso(time) < until;

  const old = new Map(archive.tasks.filter((task) => isOld(task.updated_at)).map((task) => [task.id, task]));
  const oldCount = old.size;
  const staying = [...board.openTasks(), ...archive.tasks.filter(({ id }) => !old.has(id))].flatMap(referencesOf);
  for (let id = staying.pop(); id !== undefined; id = staying.pop()) {
    const needed = old.get(id);
    if (needed === undefined) continue;
    old.delete(id);
    staying.push(...referencesOf(needed));
  }

  const cycles = archive.cycles.filter(
    ({ number, collected_at }) =>
      // The newest one gives the next its number.
      number !== newestCycle?.number && collected_at !== null && isOld(collected_at),
  );
  // Only the oldest: the log has no gaps.
  const stays = archive.segments.findIndex(
    ({ last }) => last === null || !isOld(last.ts) || (open !== null && last.v >= open.opened_version),
  );
  const segments = stays === -1 ? archive.segments : archive.segments.slice(0, stays);
  const oldestEvent = archive.segments[segments.length]?.first ?? archive.newest;
  return {
    dropped: {
      tasks: [...old.values()],
      cycles: cycles.map(({ number }) => number),
      segments: segments.map(({ first }) => first),
    },
    events: oldestEvent - (segments[0]?.first ?? oldestEvent),
    oldestEvent,
    needed: oldCount - old.size,
  };
}

function referencesOf({ depends_on, parent }: Pick<Task, 'depends_on' | 'parent'>): readonly string[] {
  return parent === null ? depends_on : [...depends_on, parent];
}

/** The archive of a board that knows all its records: one that was begun in this process. Its log has one segment. */
export function archiveOf(board: Board): Archive {
  const cycles = [...board.cycles.loaded()];
  return {
    tasks: [...board.tasks.loaded()].filter((task) => !isOpen(task)),
    cycles: cycles.map(({ number, opened_at, opened_version, collected }) => ({
      number,
      opened_at,
      opened_version,
      collected_at: collected?.at ?? null,
    })),
    segments: [],
    newest: 1,
  };
}
