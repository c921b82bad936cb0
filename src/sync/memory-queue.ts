/** The queue in memory: for boards without a disk and for simulated worlds. */
import type { Liveness, Owner, Queue, QueueRecord, RejectedRecord } from './queue.ts';

export function createMemoryQueue(liveness: (owner: Owner) => Liveness): Queue {
  const records = new Map<string, QueueRecord>();
  const rejected = new Map<string, RejectedRecord>();
  return {
    liveness,
    async add(added) {
      for (const record of added) records.set(record.operation.id, record);
    },
    async list() {
      return [...records.values()].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    },
    async get(id) {
      return records.get(id) ?? null;
    },
    async update(record) {
      if (records.has(record.operation.id)) records.set(record.operation.id, record);
    },
    async remove(ids) {
      for (const id of ids) records.delete(id);
    },
    async reject(added) {
      for (const record of added) rejected.set(record.operation.id, record);
    },
    async listRejected() {
      return [...rejected.values()];
    },
    async removeRejected(ids) {
      for (const id of ids) rejected.delete(id);
    },
  };
}
