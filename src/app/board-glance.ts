/** Looking at the board as this clone knows it: what the status needs, without what changing a board needs. */
import type { BoardEvent } from '../core/records.ts';
import type { GitStore } from '../git/store.ts';
import type { Transport } from '../git/transport.ts';
import type { Head } from '../sync/head.ts';
import type { Queue } from '../sync/queue.ts';
import type { EventFilter } from './reading.ts';
import type { StoreConfig } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import type { World } from './world.ts';

/** As much of an `OrcCore` as a look at the board needs. */
export interface BoardGlance {
  readonly connection: {
    readonly config: StoreConfig;
    readonly session: { readonly queue: Queue };
    readonly store: Pick<GitStore, 'path'>;
    readonly transport: Pick<Transport, 'label' | 'clockDifference'>;
  };
  readonly past: Head | null;
  readonly surroundings: Surroundings;
  readonly world: World;
  head(): Promise<Head>;
  events(filter: EventFilter, head: Head): Promise<BoardEvent[]>;
  onlooker(): Promise<string>;
}

/** Who looks, as far as that is known without asking anybody. Starts no process. */
export async function onlookerIn({ env, host, plainConfig }: Surroundings, named?: string): Promise<string> {
  const given = named ?? (env.ORC_AGENT || null);
  return given ?? (await plainConfig()).get('orc.agent') ?? host?.worktreeName ?? 'system';
}
