/** Loads a process's heads, the first one from the snapshot, and knows when keeping another one is worth the while. */
import { OrcError } from '../errors.ts';
import type { Oid } from '../git/store.ts';
import type { ObjectReader } from '../git/trees.ts';
import { type Head, loadHead } from './head.ts';
import type { Snapshots } from './snapshot.ts';

/** In files read: how much has to differ, as a part of what a snapshot holds, before a new one pays. Writing takes a thirtieth of reading. */
const worthFrom = 1 / 30;
/** About as many files as an operation changes that are read to open a board. */
const filesOfOperation = 3;

export class SnapshotKeeper {
  readonly #store: ObjectReader;
  readonly #snapshots: Snapshots | undefined;
  #isRecalled = false;
  /** The commit that is kept, as far as that is known. */
  #kept: Oid | null = null;
  /** How many files the next process would read to get from there to here. */
  #drift = 0;

  constructor(store: ObjectReader, snapshots: Snapshots | undefined) {
    this.#store = store;
    this.#snapshots = snapshots;
  }

  async load(commit: Oid, previous: Head | null): Promise<Head> {
    const note = (files: number): void => {
      this.#drift += files;
    };
    const recalled = previous === null ? await this.#recall() : null;
    if (recalled === null) return loadHead(this.#store, commit, previous, note);
    try {
      return await loadHead(this.#store, commit, recalled, note);
    } catch (error) {
      // The store may have lost what leads from there to here.
      if (!(error instanceof OrcError)) throw error;
      return loadHead(this.#store, commit, null, note);
    }
  }

  /** An operation of this process is in. */
  changed(): void {
    this.#drift += filesOfOperation;
  }

  async keep(head: Head): Promise<void> {
    if (this.#snapshots === undefined || head.commit === null || head.commit === this.#kept) return;
    if (this.#drift < sizeOf(head) * worthFrom) return;
    await this.#snapshots.keep(head);
    this.#kept = head.commit;
    this.#drift = 0;
  }

  async #recall(): Promise<Head | null> {
    if (this.#snapshots === undefined || this.#isRecalled) return null;
    this.#isRecalled = true;
    const head = await this.#snapshots.recall(this.#store);
    this.#kept = head?.commit ?? null;
    return head;
  }
}

/** In files, about. */
function sizeOf({ read: { board } }: Head): number {
  const { workstreams, tasks, agents, locks, messages } = board;
  return [workstreams, tasks, agents, locks, messages].reduce((sum, { size }) => sum + size, 0);
}
