/** Operations whose owners died before they were told anything. */
import { findOperation } from '../core/operations/index.ts';
import type { Head } from './head.ts';
import { provenOutcome } from './outcomes.ts';
import { findProofs } from './proof.ts';
import type { PublisherPorts } from './publisher.ts';
import { type Outcome, type QueueRecord, type Settled, sentLapsesMs, unitIdOf } from './queue.ts';

export const droppedOutcome: Outcome = {
  outcome: 'refused',
  code: 'dropped',
  message: 'its process died before it was answered',
};

/** 3. Whether a push of it that got no answer could still be taken: only on top of the head for which it was made. */
export function mayStillArrive({ sent }: QueueRecord, head: Head, now: number): boolean {
  return sent !== null && sent.head === (head.commit ?? '') && Math.abs(now - sent.at) < sentLapsesMs;
}

/**
 * Its owner died before it was told anything: claims and lock acquisitions are dropped, for nobody would work on them.
 * But first they are looked for: one that is in already is simply done. `left`: it may still arrive.
 */
export async function sortOut(ports: PublisherPorts, records: readonly QueueRecord[]) {
  const isOrphan = (record: QueueRecord): boolean =>
    ports.queue.liveness(record.owner) === 'dead' &&
    record.told?.state !== 'queued' &&
    findOperation(record.operation.kind)?.outlivesOwner === false;
  // A batch of which one part is dropped goes as a whole. Asked once: an owner may die while this goes on.
  const unwantedUnits = new Set(records.filter(isOrphan).map(({ operation }) => unitIdOf(operation)));
  const isUnwanted = ({ operation }: QueueRecord): boolean => unwantedUnits.has(unitIdOf(operation));
  const wanted = records.filter((record) => !isUnwanted(record));
  const head = await ports.view.head();
  const orphans = records.filter(isUnwanted);
  const since = Math.min(...orphans.map(({ base }) => base));
  const ids = new Set(orphans.map(({ operation }) => operation.id));
  const proofs = await findProofs(ports.store, head, ids, since);
  // Dropped only when it cannot arrive any more.
  // A batch is in whole: a line of it that is not in the log had nothing to do.
  const provenUnits = new Set(
    orphans.filter(({ operation }) => proofs.has(operation.id)).map(({ operation }) => unitIdOf(operation)),
  );
  const mayArrive = (record: QueueRecord): boolean =>
    !provenUnits.has(unitIdOf(record.operation)) &&
    ((record.deposit ?? null) !== null || mayStillArrive(record, head, ports.clock.now()));
  const left = orphans.filter(mayArrive);
  const dropped = await Promise.all(
    orphans
      .filter((record) => !left.includes(record))
      .map(async (record): Promise<Settled> => {
        const event = proofs.get(record.operation.id);
        if (event === undefined) return { record, outcome: droppedOutcome };
        return { record, outcome: await provenOutcome(ports.store, head, event) };
      }),
  );
  return { head, wanted, dropped, left };
}
