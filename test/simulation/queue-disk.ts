/**
 * The queue of a machine as files that survive its processes, as `src/sync/file-queue.ts` lays them out. Every write is a step at
 * which a process may die, and a power cut takes back what was not written durably.
 */
import type { Exclusion } from '../../src/sync/ports.ts';
import { type Outcome, type QueueRecord, type RejectedRecord, unitIdOf } from '../../src/sync/queue.ts';
import type { QueueStorage, TakingRecord } from '../../src/sync/stored-queue.ts';
import type { ProcessLife } from './process-life.ts';
import type { Random } from './random.ts';

interface FileState {
  /** As JSON brings it back; nobody changes it. `null`: it is gone. */
  now: unknown;
  /** What a power cut may bring back. */
  durable: unknown;
}

export class Disk {
  readonly #files = new Map<string, FileState>();

  read<T>(name: string): T | null {
    return (this.#files.get(name)?.now ?? null) as T | null;
  }

  has(name: string): boolean {
    return (this.#files.get(name)?.now ?? null) !== null;
  }

  list(folder: string): string[] {
    return [...this.#files.keys()].filter((name) => name.startsWith(`${folder}/`) && this.has(name)).sort();
  }

  write(name: string, value: unknown, isDurable: boolean): void {
    const now: unknown = JSON.parse(JSON.stringify(value));
    if (name.startsWith('queue/')) for (const record of now as QueueRecord[]) this.#note(record);
    this.#files.set(name, { now, durable: isDurable ? now : (this.#files.get(name)?.durable ?? null) });
  }

  remove(name: string, isDurable: boolean): void {
    const file = this.#files.get(name);
    if (isDurable || file === undefined) this.#files.delete(name);
    else file.now = null;
  }

  /** Operations whose callers were told, or were about to be. */
  readonly told = new Set<string>();
  /** All operations that ever were in the queue. */
  readonly known = new Set<string>();
  /** Operations whose callers were told what will become of them, though somebody else may decide that. */
  readonly toldTooSoon = new Set<string>();

  #note(record: QueueRecord): void {
    this.known.add(idOf(record));
    if (record.told !== null) this.told.add(idOf(record));
    if (record.told?.state === 'queued' && (record.deposit ?? null) !== null) this.toldTooSoon.add(idOf(record));
  }

  /** Each file is as it was last, or as it was last made durable. */
  cutPower(random: Random): void {
    for (const [name, file] of this.#files) {
      const left = random.happens(0.5) ? file.now : file.durable;
      if (left === null) this.#files.delete(name);
      else this.#files.set(name, { now: left, durable: left });
    }
  }

  /** Ids of the operations that wait, and of those that were rejected. */
  get queued(): string[] {
    return this.list('queue').flatMap((name) => (this.read<QueueRecord[]>(name) ?? []).map(idOf));
  }

  get rejected(): RejectedRecord[] {
    return this.list('rejected').map((name) => this.read<RejectedRecord>(name) as RejectedRecord);
  }
}

/** A process's way to the queue on its machine's disk. */
export function openQueueDisk(disk: Disk, life: ProcessLife, lock: Exclusion): QueueStorage {
  const write = (name: string, value: unknown, isDurable: boolean): Promise<void> =>
    life.step('disk.write', () => disk.write(name, value, isDurable), name);
  const remove = (name: string, isDurable: boolean): Promise<void> =>
    life.step('disk.remove', () => disk.remove(name, isDurable), name);
  const files = new Map<string, string>();
  const recordsIn = (name: string): QueueRecord[] => {
    const records = disk.read<QueueRecord[]>(name) ?? [];
    for (const record of records) files.set(idOf(record), name);
    return records.map((record) => ({ ...record, outcome: outcomesOf(record)?.[idOf(record)] ?? null }));
  };
  const outcomesOf = ({ operation }: QueueRecord): Readonly<Record<string, Outcome>> | null =>
    disk.read(`outcomes/${unitIdOf(operation)}`);
  const fileOf = (id: string): string | null => {
    const known = files.get(id);
    if (known !== undefined && recordsIn(known).some((record) => idOf(record) === id)) return known;
    files.delete(id);
    for (const name of disk.list('queue')) recordsIn(name);
    return files.get(id) ?? null;
  };
  const rewrite = async (
    ids: readonly string[],
    isDurable: boolean,
    change: (present: QueueRecord[]) => QueueRecord[],
  ): Promise<void> => {
    for (const name of new Set(ids.map(fileOf))) {
      const present = name === null ? [] : recordsIn(name);
      if (name === null || present.length === 0) continue;
      const changed = change(present);
      if (changed.length === 0) await remove(name, isDurable);
      else
        await write(
          name,
          changed.map((record) => ({ ...record, outcome: null })),
          true,
        );
    }
  };
  return {
    async exclusively(work) {
      const taken = await lock.take(10_000);
      try {
        return await work();
      } finally {
        await taken.release();
      }
    },
    add: togetherWith(async (records) => {
      const [first] = records;
      if (first === undefined) return;
      const name = `queue/${first.order}-${idOf(first)}`;
      await write(name, records, false);
      for (const record of records) files.set(idOf(record), name);
    }),
    records: () => life.step('disk.records', () => disk.list('queue').flatMap(recordsIn)),
    record: (id) =>
      life.step('disk.record', () => recordsIn(fileOf(id) ?? '').find((record) => idOf(record) === id) ?? null),
    newestOrder: () => disk.list('queue').at(-1)?.replace('queue/', '') ?? null,
    put: (records) => {
      const changed = new Map(records.map((record) => [idOf(record), record]));
      return rewrite([...changed.keys()], true, (present) =>
        present.map((record) => changed.get(idOf(record)) ?? record),
      );
    },
    async remove(ids, { isDurable }) {
      const units = new Set<string>();
      await rewrite(ids, isDurable, (present) => {
        for (const record of present) if (ids.includes(idOf(record))) units.add(unitIdOf(record.operation));
        return present.filter((record) => !ids.includes(idOf(record)));
      });
      for (const id of ids) files.delete(id);
      for (const unit of units) if (disk.has(`outcomes/${unit}`)) await remove(`outcomes/${unit}`, false);
    },
    putOutcomes: (unit, outcomes) => write(`outcomes/${unit}`, Object.fromEntries(outcomes), false),
    hasOutcome: (unit) => disk.has(`outcomes/${unit}`),
    removeOutcomes: (unit) => remove(`outcomes/${unit}`, true),
    takings: () =>
      life.step('disk.takings', () => disk.list('takings').flatMap((name) => disk.read<TakingRecord>(name) ?? [])),
    putTaking: (taking) => write(`takings/${taking.id}`, taking, false),
    removeTaking: (id) => remove(`takings/${id}`, false),
    putRejected: (record) => write(`rejected/${record.operation.id}`, record, true),
    isRejected: (id) => disk.has(`rejected/${id}`),
    rejected: () => life.step('disk.rejected', () => disk.rejected),
    async removeRejected(ids) {
      for (const id of ids) await remove(`rejected/${id}`, true);
    },
  };
}

/** Those that are asked while others are being written share the next file. */
function togetherWith(write: (records: readonly QueueRecord[]) => Promise<void>): QueueStorage['add'] {
  let waiting: { readonly records: readonly QueueRecord[]; readonly resolve: () => void }[] = [];
  let isAdding = false;
  return async (records) => {
    const added = new Promise<void>((resolve) => waiting.push({ records, resolve }));
    if (isAdding) return added;
    isAdding = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const together = waiting;
      waiting = [];
      await write(together.flatMap((each) => each.records));
      for (const { resolve } of together) resolve();
    }
    isAdding = false;
    return added;
  };
}

const idOf = ({ operation }: Pick<QueueRecord, 'operation'>): string => operation.id;
