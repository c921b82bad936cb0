/** Puts a session together: store, upstream, queue, locks, identity. The only place that knows all the parts. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createNativeStore, openNativeStore } from '../git/native/native-store.ts';
import { judgeLiveness, ownIdentity, type ProcessIdentity } from '../git/process-identity.ts';
import type { GitStore, ObjectFormat } from '../git/store.ts';
import type { Transport } from '../git/transport.ts';
import type { CarryMemory } from '../sync/carrying.ts';
import { openFileQueueStorage } from '../sync/file-queue.ts';
import { machineExclusion } from '../sync/machine-exclusion.ts';
import { type Chance, type Clock, type Committer, realClock } from '../sync/ports.ts';
import type { Owner } from '../sync/queue.ts';
import { Session } from '../sync/session.ts';
import { createQueue } from '../sync/stored-queue.ts';
import { UpstreamView } from '../sync/upstream-view.ts';
import { fileCarryMemory, isCarryingWanted } from './carry-file.ts';
import { noteForHooks } from './clone-notes.ts';
import { rememberContact } from './contact.ts';
import { isPortable } from './environment.ts';
import { holdsFolderOf } from './holds.ts';
import type { StoreConfig } from './store-config.ts';
import { type Surroundings, sessionOf } from './surroundings.ts';
import { transportTo } from './upstream.ts';

/** What tests and simulations put in the place of the real world. */
export interface World {
  readonly clock: Clock;
  readonly chance: Chance;
  /** Hears of every process that is started. */
  readonly onStart?: (args: readonly string[]) => void;
}

export const realWorld: World = {
  clock: realClock,
  chance: { id: () => randomBytes(16).toString('hex'), fraction: Math.random },
};

export interface Connection {
  readonly session: Session;
  readonly store: GitStore;
  readonly transport: Transport;
  readonly config: StoreConfig;
}

/** How long the owner of a queue record in another container is taken for alive without a sign. */
const foreignOwnerMs = 10 * 60_000;

export async function openStore(surroundings: Surroundings, world: World): Promise<GitStore> {
  const { storePath, env } = surroundings;
  if (isPortable(env)) return (await import('../git/portable/portable-store.ts')).openPortableStore(storePath);
  return openNativeStore(storePath, { env, ...(world.onStart ? { onStart: world.onStart } : {}) });
}

/** Makes the store's folder; one that another process made first is used as it is. */
export async function createStore(
  surroundings: Surroundings,
  objectFormat: ObjectFormat,
  world: World,
): Promise<GitStore> {
  const { storePath, env } = surroundings;
  if (isPortable(env))
    return (await import('../git/portable/portable-store.ts')).createPortableStore(storePath, { objectFormat });
  return createNativeStore(storePath, { env, objectFormat, ...(world.onStart ? { onStart: world.onStart } : {}) });
}

export async function connect(
  surroundings: Surroundings,
  store: GitStore,
  config: StoreConfig,
  world: World,
): Promise<Connection> {
  const storeLock = machineExclusion(path.join(store.path, 'orc.lock'));
  const { kind } = config.upstream;
  const isHere = kind === 'host' || kind === 'none';
  const reached = transportTo(config.upstream, {
    surroundings,
    store,
    storeLock,
    branch: config.branch,
    clock: world.clock,
    isJoined: config.boardId !== null,
    isPortable: isPortable(surroundings.env),
    onStart: world.onStart,
  });
  const transport = isHere ? reached : rememberContact(reached, store.path, () => world.clock.now());
  const holdsFolder = holdsFolderOf(store.path, sessionOf(surroundings));
  const view = new UpstreamView({
    store,
    transport,
    storeLock,
    clock: world.clock,
    boardId: config.boardId,
    // Hooks run in clones alone.
    onLocal: surroundings.board !== null ? undefined : ({ read }) => noteForHooks(store.path, holdsFolder, read.board),
  });
  const owner: Owner = { session: world.chance.id(), process: ownIdentity(), seen_at: world.clock.now() };
  const queue = createQueue({
    storage: openFileQueueStorage(store.path),
    owner,
    now: () => world.clock.now(),
    liveness: (other) => {
      if (other.session === owner.session) return 'own';
      const judged = judgeLiveness(other.process as ProcessIdentity, other.seen_at);
      if (judged === 'foreign') return world.clock.now() - other.seen_at > foreignOwnerMs ? 'dead' : 'alive';
      return judged;
    },
  });
  const session = new Session({
    ...(isHere ? {} : { carrying: () => carryMemory(surroundings, store, world.clock) }),
    store,
    transport,
    queue,
    clock: world.clock,
    chance: world.chance,
    committer: () => committerOf(surroundings),
    view,
    // Boards of one machine have one clock; elsewhere clocks may differ.
    sharesClock: isHere,
    branch: config.branch,
    owner,
    publisherRole: machineExclusion(path.join(store.path, 'publisher.lock')),
  });
  return { session, store, transport, config };
}

async function carryMemory({ env, config }: Surroundings, store: GitStore, clock: Clock): Promise<CarryMemory | null> {
  // Read only where nothing above it decides.
  const configured = env.ORC_CARRY ? null : (await config()).get('orc.carry');
  return isCarryingWanted(env.ORC_CARRY, configured) ? fileCarryMemory(store.path, () => clock.now()) : null;
}

/** The person or runner whose machine it is, as git would name them. */
async function committerOf(surroundings: Surroundings): Promise<Committer> {
  const { env } = surroundings;
  const config = await surroundings.config();
  return {
    name: env.GIT_COMMITTER_NAME || config.get('committer.name') || config.get('user.name') || env.USER || 'orc',
    email: env.GIT_COMMITTER_EMAIL || config.get('committer.email') || config.get('user.email') || 'orc@localhost',
  };
}
