/** What `next` reads from the store: no more on a board with many closed tasks than on one with few. */
import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';

const at = '2025-12-01T12:00:00.000Z';

/** One closed task in each of the folders that closed tasks lie in, so that only their number differs. */
function closedTasks(perFolder: number) {
  return Array.from({ length: 256 * perFolder }, (_, n) => {
    const id = `${(n % 256).toString(16).padStart(2, '0')}${n.toString(16).padStart(6, '0')}`;
    return { id, title: `done ${n}`, status: 'done', created_at: at, updated_at: at };
  });
}

async function readFor(perFolder: number): Promise<{ readonly objects: number; readonly claimed: unknown }> {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const first = memoryClient({ name: 'alpha', upstream, clock });
  await first.ask('board.init', { board: boardId, settings: 'format: 1\n' });
  const closed = closedTasks(perFolder);
  const open = [0, 1, 2].map((n) => ({
    id: `ffff000${n}`,
    title: `open ${n}`,
    created_at: at,
    updated_at: at,
    depends_on: [closed[n]?.id],
  }));
  const workstreams = [{ name: 'w', created_at: at, tasks: [...closed, ...open] }];
  await first.ask('board.import', {
    version: 1,
    updated_at: at,
    workstreams,
    agents: [],
    locks: [],
    events: [],
    knowledge: [],
  });
  // What one import or one event more adds to the log is not what is compared.
  await first.ask('event.log', { action: 'ready' });

  const { store, count } = counting(createMemoryStore({ label: 'beta' }));
  const second = memoryClient({ name: 'beta', upstream, clock, store });
  const answer = await second.ask('task.next', { workstream: null });
  return { objects: count(), claimed: 'result' in answer.outcome ? answer.outcome.result : answer.outcome };
}

function counting(store: MemoryStore): { readonly store: MemoryStore; count(): number } {
  let objects = 0;
  const counted: MemoryStore = {
    ...store,
    readObjects: (oids) => {
      objects += oids.length;
      return store.readObjects(oids);
    },
  };
  return { store: counted, count: () => objects };
}

test('next reads as many objects with 1280 closed tasks as with 256', async () => {
  const few = await readFor(1);
  expect(few.claimed).toEqual({ task: 'ffff0000' });
  expect(few.objects).toBeGreaterThan(10);
  expect(await readFor(5)).toEqual(few);
});
