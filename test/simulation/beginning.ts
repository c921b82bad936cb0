/** The board that every world begins with: made once, shared by all. On the way, everything is loaded that is loaded late. */

import { createMemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';

export interface Beginning {
  readonly head: Oid;
  readonly objects: ReadonlyMap<Oid, GitObject>;
  /** Ids of the operations that made it. */
  readonly operations: ReadonlySet<string>;
  readonly version: number;
}

export const worldStart = Date.parse('2026-01-01T00:00:00.000Z');
export { boardId };

/** Short leases and locks, so that they run out while a world lasts. */
export const leaseMs = 12_000;
export const lockTtlMs = 6_000;
export const clockSkewMs = 1_000;
const settings = ['format: 1', 'board_md: false', 'lease: 12s', 'lock_ttl: 6s', 'clock_skew: 1s', ''].join('\n');

export async function makeBeginning(): Promise<Beginning> {
  const upstream = new MemoryUpstream();
  const clock = fakeClock(worldStart - 600_000);
  const first = memoryClient({ name: 'first', upstream, clock });
  const operations = new Set<string>();
  const ask = async (kind: string, args: Record<string, unknown>): Promise<void> => {
    const answer = await first.ask(kind, args);
    if (answer.published !== true) throw new Error(`${kind}: ${JSON.stringify(answer.outcome)}`);
    operations.add(answer.operation.id);
  };
  await ask('board.init', { board: boardId, settings });
  await ask('workstream.create', { name: 'main' });
  await ask('workstream.create', { name: 'side', priority: 3 });
  for (const [index, workstream] of ['main', 'main', 'main', 'side'].entries())
    await ask('task.add', { workstream, title: `Task ${index}`, priority: 1 + index });
  await ask('knowledge.write', { topic: 'notes', content: 'In the beginning.\n' });
  // Who reads the board from nothing loads the rest.
  const reader = memoryClient({ name: 'reader', upstream, clock, store: createMemoryStore() });
  const { head } = await reader.session.sync({ timeoutMs: 1000 });
  await reader.ask('knowledge.append', { topic: 'notes', content: 'warm' }, 'reader', { publish: false });
  if (upstream.head === null) throw new Error('the beginning was not published');
  return { head: upstream.head, objects: upstream.objects, operations, version: head.read.board.meta.version };
}
