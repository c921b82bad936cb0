/**
 * What is said when nothing could be published: the local head with the queue on top, and answers that hold on it until
 * the upstream has spoken.
 */
import type { Accepted, Operation } from '../core/operation.ts';
import type { LastRound } from './driver.ts';
import type { Head } from './head.ts';
import { acceptedOutcome, decideTentatively, type PublisherPorts } from './publisher.ts';
import { type Outcome, openRecords, type QueueRecord, tentativeRecords } from './queue.ts';
import type { Decided } from './replay.ts';

/** `published`: true: in the upstream's history. false: not (yet), `state` says how. null: nothing to publish. */
export interface Answer {
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly published: boolean | null;
  readonly state: 'published' | 'queued' | 'unknown' | 'none';
  /** The head on which the outcome holds: the upstream's, or the local one for tentative answers. */
  readonly head: Head;
  /** Why it is not published, for people. */
  readonly reason: string | null;
}

/** Makes the local head the upstream's with all that was told as queued on top. */
export async function rebuildLocal(ports: PublisherPorts): Promise<Head> {
  const { queue, view, store } = ports;
  const { tip, objects } = await decideTentatively(ports, await tentativeRecords(queue));
  if (tip.commit === null) return tip;
  if (objects.length > 0) await store.writeObjects(objects);
  await view.moveLocal(tip);
  return tip;
}

/** 3, 4, 6. The deadline: say what is known, and pin what was said. */
export async function tellUnpublished(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
  last: LastRound | null,
): Promise<Answer[]> {
  const { queue, view } = ports;
  if (last?.outcome === 'refused') return tellRefused(ports, records, last.reason);
  // A record that is gone was settled by another process, and its answer lost: whoever asks again by its id hears it.
  const fresh = await Promise.all(
    records.map(async (record) => (await queue.get(record.operation.id)) ?? { ...record, sent: true }),
  );
  const reason = last?.reason ?? 'the deadline passed while others were publishing';
  if (!fresh.some((record) => record.sent)) return tellTentatively(ports, fresh, reason);
  await Promise.all(fresh.map((record) => queue.update({ ...record, told: { state: 'unknown' } }, true)));
  const head = await view.local();
  const outcome: Outcome = { outcome: 'unchanged', result: { value: null } };
  return fresh.map(({ operation }) => ({ operation, outcome, published: false, state: 'unknown', head, reason }));
}

/** Decides on top of the local head, keeps what was accepted in the queue, and pins it to what is told. */
export async function tellTentatively(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
  reason: string | null,
): Promise<Answer[]> {
  const { queue, store, view } = ports;
  const ids = new Set(records.map(({ operation }) => operation.id));
  const open = (await openRecords(queue)).filter(
    ({ told, operation }) => told?.state === 'queued' || ids.has(operation.id),
  );
  const { decided, tip, objects } = await decideTentatively(ports, open);
  const answers: Answer[] = [];
  const gone: string[] = [];
  for (const each of decided.filter(({ record }) => ids.has(record.operation.id))) {
    const { record, decision } = each;
    if (decision.outcome === 'accepted') {
      await queue.update(
        { ...record, told: { state: 'queued', result: decision.result, ...baseOf(record, decision) } },
        true,
      );
    } else {
      gone.push(record.operation.id);
    }
    answers.push(tentativeAnswer(each, tip, reason));
  }
  await queue.remove(gone);
  if (objects.length > 0) await store.writeObjects(objects);
  if (tip.commit !== null) await view.moveLocal(tip);
  return answers;
}

function tentativeAnswer({ record, decision, commit }: Decided, head: Head, reason: string | null): Answer {
  const { operation } = record;
  switch (decision.outcome) {
    case 'accepted':
      return { operation, outcome: acceptedOutcome(decision, commit), published: false, state: 'queued', head, reason };
    case 'proven': {
      const { v: version, n } = decision.event;
      const outcome: Outcome = { outcome: 'accepted', version, commit, result: { event: n }, record: decision.event };
      return { operation, outcome, published: true, state: 'published', head, reason };
    }
    default:
      return { operation, outcome: decision, published: null, state: 'none', head, reason };
  }
}

/**
 * The published text that a tentative write replaces. A text of this queue's own needs no base: it is replayed before.
 */
function baseOf(record: QueueRecord, decision: Accepted): { base?: number } {
  if (record.operation.kind !== 'knowledge.write') return {};
  const change = decision.changes.find(({ collection }) => collection === 'knowledge');
  const version = change?.collection === 'knowledge' ? (change.before?.version ?? 0) : 0;
  return version <= record.base ? { base: version } : {};
}

/** 4. The upstream says no to these: they are not kept, and the caller hears the server's words. */
async function tellRefused(ports: PublisherPorts, records: readonly QueueRecord[], reason: string): Promise<Answer[]> {
  await ports.queue.remove(records.map(({ operation }) => operation.id));
  const outcome: Outcome = {
    outcome: 'refused',
    code: 'upstream-refused',
    message: `the upstream refused the push: ${reason}`,
    hint: "ask whoever runs the remote to let pushes to the board's branch through",
  };
  const head = await ports.view.head();
  return records.map(({ operation }) => ({ operation, outcome, published: null, state: 'none', head, reason }));
}
