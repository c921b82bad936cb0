/** The queue in memory: for boards without a disk and for simulated worlds. */
import {
  type Liveness,
  type Outcome,
  type Owner,
  type Queue,
  type QueueRecord,
  type RejectedRecord,
  unitIdOf,
} from './queue.ts';
import { createQueue, type QueueStorage, type TakingRecord } from './stored-queue.ts';

/** Records in memory, which several queues (of several processes of one machine) may share. */
export function createMemoryQueueStorage(): QueueStorage {
  const records = new Map<string, QueueRecord>();
  const outcomes = new Map<string, ReadonlyMap<string, Outcome>>();
  const takings = new Map<string, TakingRecord>();
  const rejected = new Map<string, RejectedRecord>();
  let turn: Promise<unknown> = Promise.resolve();
  const read = (id: string): QueueRecord | null => {
    const record = records.get(id);
    return record === undefined
      ? null
      : { ...record, outcome: outcomes.get(unitIdOf(record.operation))?.get(id) ?? null };
  };
  return {
    exclusively(work) {
      const result = turn.then(work);
      turn = result.catch(() => undefined);
      return result;
    },
    async add(added) {
      for (const record of added) records.set(record.operation.id, record);
    },
    records: async () => [...records.keys()].map((id) => read(id) as QueueRecord),
    record: async (id) => read(id),
    newestOrder: () =>
      [...records.values()]
        .map(({ order }) => order)
        .sort()
        .at(-1) ?? null,
    async put(changed) {
      for (const record of changed) if (records.has(record.operation.id)) records.set(record.operation.id, record);
    },
    async remove(ids) {
      for (const id of ids) {
        const record = records.get(id);
        records.delete(id);
        if (record !== undefined) outcomes.delete(unitIdOf(record.operation));
      }
    },
    async putOutcomes(unit, added) {
      outcomes.set(unit, added);
    },
    hasOutcome: (unit) => outcomes.has(unit),
    async removeOutcomes(unit) {
      outcomes.delete(unit);
    },
    takings: async () => [...takings.values()],
    async putTaking(taking) {
      takings.set(taking.id, taking);
    },
    async removeTaking(id) {
      takings.delete(id);
    },
    async putRejected(record) {
      rejected.set(record.operation.id, record);
    },
    rejected: async () => [...rejected.values()],
    isRejected: (id) => rejected.has(id),
    async removeRejected(ids) {
      for (const id of ids) rejected.delete(id);
    },
  };
}

export interface MemoryQueueOptions {
  readonly owner: Owner;
  readonly liveness: (owner: Owner) => Liveness;
  readonly now: () => number;
  /** That of a process that was killed, or of another one on the same machine. */
  readonly storage?: QueueStorage;
}

export function createMemoryQueue({ storage = createMemoryQueueStorage(), ...options }: MemoryQueueOptions): Queue {
  return createQueue({ storage, ...options });
}
