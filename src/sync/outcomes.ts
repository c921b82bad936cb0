/** From decisions to what is told of them. */
import type { Accepted, ResultRef } from '../core/operation.ts';
import type { BoardEvent } from '../core/records.ts';
import type { CollectionName } from '../core/shelf.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { Head } from './head.ts';
import { findCommit } from './proof.ts';
import type { Outcome, Settled } from './queue.ts';
import type { Decided } from './replay.ts';
import type { UpstreamView } from './upstream-view.ts';

interface OutcomePorts {
  readonly store: GitStore;
  readonly view: UpstreamView;
}

export async function outcomesOf(ports: OutcomePorts, decided: readonly Decided[]): Promise<Settled[]> {
  return Promise.all(
    decided.map(async (each): Promise<Settled> => ({ record: each.record, outcome: await outcomeOf(ports, each) })),
  );
}

async function outcomeOf(ports: OutcomePorts, { decision, commit }: Decided): Promise<Outcome> {
  switch (decision.outcome) {
    case 'accepted':
      return acceptedOutcome(decision, commit);
    case 'unchanged':
      return decision;
    case 'refused':
      return decision;
    case 'proven':
      return provenOutcome(ports.store, await ports.view.head(), decision.event);
  }
}

export function acceptedOutcome(accepted: Accepted, commit: Oid | null): Outcome {
  const { version, result, changes } = accepted;
  const key = Object.values(result)[0];
  const collection = collectionOf[Object.keys(result)[0] ?? ''];
  const record =
    changes.find((change) => change.collection === collection && change.key === String(key))?.after ?? null;
  return {
    outcome: 'accepted',
    version,
    commit,
    result,
    // Of a value there is no record: it is the answer itself, also where it is `null`.
    record: 'event' in result ? accepted.events.at(-1) : record,
  };
}

/** Which collection each kind of result reference names. */
const collectionOf: Readonly<Record<string, CollectionName>> = {
  task: 'tasks',
  workstream: 'workstreams',
  agent: 'agents',
  lock: 'locks',
  knowledge: 'knowledge',
  cycle: 'cycles',
};

/** The recorded outcome of an operation that is in. */
export async function provenOutcome(store: GitStore, head: Head, event: BoardEvent): Promise<Outcome> {
  const found = await findCommit(store, head, event);
  const byEvent: ResultRef = event.task_id === undefined ? { event: event.n } : { task: event.task_id };
  return {
    outcome: 'accepted',
    version: event.v,
    commit: found?.commit ?? null,
    result: found?.result ?? byEvent,
    record: null,
  };
}
