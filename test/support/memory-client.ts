/** Sessions over in-memory git: as many clients as wanted, one upstream, a clock that only moves when somebody sleeps. */
import type { Operation } from '../../src/core/operation.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import type { Intercept, MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import type { Transport } from '../../src/git/transport.ts';
import type { CarryMemory } from '../../src/sync/carrying.ts';
import { createMemoryQueue, createMemoryQueueStorage } from '../../src/sync/memory-queue.ts';
import type { Chance, Clock, Exclusion } from '../../src/sync/ports.ts';
import type { Liveness, Owner, Queue } from '../../src/sync/queue.ts';
import { Session, type SubmitOptions } from '../../src/sync/session.ts';
import type { QueueStorage } from '../../src/sync/stored-queue.ts';
import type { Answer } from '../../src/sync/tentative.ts';
import { UpstreamView } from '../../src/sync/upstream-view.ts';

export const boardId = 'b0a2d1d0b0a2d1d0';

/** Time passes by sleeping, and by a millisecond for every look at the clock. */
export function fakeClock(start = Date.parse('2026-01-01T00:00:00.000Z')): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now++,
    monotonic: () => now - start,
    sleep: async (ms) => {
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

export function fakeChance(seed: string): Chance {
  let count = 0;
  return {
    id: () =>
      `${[...seed].map((c) => c.charCodeAt(0).toString(16)).join('')}${(count++).toString(16).padStart(4, '0')}`
        .padStart(32, '0')
        .slice(-32)
        .split('')
        .reverse()
        .join(''),
    fraction: () => 0.5,
  };
}

const alwaysFree: Exclusion = {
  isTaken: () => false,
  tryTake: async () => ({ release: async () => {} }),
  take: async () => ({ release: async () => {} }),
};

export interface MemoryClient {
  readonly session: Session;
  readonly store: MemoryStore;
  readonly queue: Queue;
  readonly queueStorage: QueueStorage;
  /** One operation, published; the whole answer. */
  ask(kind: string, args: Record<string, unknown>, agent?: string, options?: Partial<SubmitOptions>): Promise<Answer>;
}

export interface MemoryClientOptions {
  readonly name: string;
  readonly upstream: MemoryUpstream;
  readonly clock: Clock;
  readonly intercept?: Intercept;
  /** Those of a process that was killed, to be found by its successor. */
  readonly store?: MemoryStore;
  readonly queueStorage?: QueueStorage;
  readonly liveness?: (owner: Owner) => Liveness;
  /** The head that this client is shown: a replica that lags. */
  readonly shownHead?: () => Oid | null;
  /** The upstream's clock, as this client hears of it, to half a second; without it nobody tells the time. */
  readonly upstreamClock?: () => number;
  /** Whether all clients have one clock; default: unless the upstream has one. */
  readonly sharesClock?: boolean;
  /** What is known of the upstream's inbox; without it nothing is deposited or carried. */
  readonly carrying?: CarryMemory;
}

export function memoryClient(options: MemoryClientOptions): MemoryClient {
  const { name, upstream, clock } = options;
  const store = options.store ?? createMemoryStore({ label: name });
  const chance = fakeChance(name);
  const owner: Owner = { session: name, process: name, seen_at: 0 };
  const queueStorage = options.queueStorage ?? createMemoryQueueStorage();
  const liveness = options.liveness ?? ((other: Owner) => (other.session === name ? 'own' : 'alive'));
  const queue = createMemoryQueue({ storage: queueStorage, owner, liveness, now: () => clock.now() });
  const { upstreamClock, carrying } = options;
  const transport: Transport = {
    ...upstream.transport(store, {
      label: name,
      ...(options.intercept ? { intercept: options.intercept } : {}),
      ...(options.shownHead ? { shownHead: options.shownHead } : {}),
    }),
    ...(upstreamClock && { clockDifference: async () => ({ ms: upstreamClock() - clock.now(), errorMs: 500 }) }),
  };
  const view = new UpstreamView({ store, transport, storeLock: alwaysFree, clock, boardId: null });
  const session = new Session({
    store,
    transport,
    queue,
    clock,
    chance,
    committer: async () => ({ name, email: `${name}@example.com` }),
    view,
    sharesClock: options.sharesClock ?? upstreamClock === undefined,
    owner,
    publisherRole: alwaysFree,
    ...(carrying === undefined ? {} : { carrying: async () => carrying }),
  });
  return {
    session,
    store,
    queue,
    queueStorage,
    async ask(kind, args, agent = name, more = {}) {
      const operation: Operation = { id: chance.id(), kind, agent, args };
      const [answer] = await session.submit([operation], { publish: true, timeoutMs: 30_000, ...more });
      return answer as Answer;
    },
  };
}

/** Begins a board with one workstream, `w`. */
export async function beginBoard(client: MemoryClient): Promise<void> {
  await client.ask('board.init', { board: boardId, settings: 'format: 1\n' });
  await client.ask('workstream.create', { name: 'w' });
}
