/** Claims and holds of operations that still wait in the queue: they are shown, but have no token before they are published. */
import type { Hold, Task } from '../core/records.ts';
import { openRecords } from '../sync/queue.ts';
import type { BoardGlance } from './board-glance.ts';

/** Ids of the operations that wait in this store's queue. */
export async function waitingOperations(orc: Pick<BoardGlance, 'connection' | 'past'>): Promise<ReadonlySet<string>> {
  // What is looked at is published history.
  if (orc.past !== null) return new Set();
  const records = await openRecords(orc.connection.session.queue);
  return new Set(records.map(({ operation }) => operation.id));
}

/** The task with `claim.token: null` when its claim is tentative. */
export function showTask(task: Task, waiting: ReadonlySet<string>): Task {
  if (task.claim === null || !waiting.has(task.claim.id)) return task;
  return { ...task, claim: withoutToken(task.claim) };
}

/** Holds, with `token: null` in those that are tentative. */
export function showHolds<Held extends Hold>(holders: readonly Held[], waiting: ReadonlySet<string>): Held[] {
  return holders.map((hold) => (waiting.has(hold.id) ? withoutToken(hold) : hold));
}

/** What is tentative has a token in the local head's files, but not one that anybody may rely on. */
function withoutToken<Held extends { readonly token: number }>(held: Held): Held {
  return { ...held, token: null as unknown as number };
}
