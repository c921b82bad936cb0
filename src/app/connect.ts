/** Puts a session together: store, upstream, queue, locks, identity. The only place that knows all the parts. */
import path from 'node:path';
import { createNativeStore, openNativeStore } from '../git/native/native-store.ts';
import type { GitStore, ObjectFormat } from '../git/store.ts';
import type { Transport } from '../git/transport.ts';
import type { CarryMemory } from '../sync/carrying.ts';
import { machineExclusion } from '../sync/machine-exclusion.ts';
import type { Clock, Committer } from '../sync/ports.ts';
import { Session } from '../sync/session.ts';
import { fileSnapshots, snapshotFile } from '../sync/snapshot.ts';
import { UpstreamView } from '../sync/upstream-view.ts';
import { fileCarryMemory, isCarryingWanted } from './carry-file.ts';
import { noteForHooks } from './clone-notes.ts';
import { rememberContact } from './contact.ts';
import { isPortable } from './environment.ts';
import { openQueue } from './open-queue.ts';
import { ownVersion } from './package-info.ts';
import type { Progress } from './progress.ts';
import type { StoreConfig } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import { transportTo } from './upstream.ts';
import type { World } from './world.ts';

// Found here by whoever puts a session together.
export { realWorld, type World } from './world.ts';

export interface Connection {
  readonly session: Session;
  readonly store: GitStore;
  readonly transport: Transport;
  readonly config: StoreConfig;
  readonly progress: Progress;
}

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
  const version = ownVersion();
  const view = new UpstreamView({
    store,
    transport,
    storeLock,
    clock: world.clock,
    boardId: config.boardId,
    // What cannot say which orc it is keeps none: another one might read it otherwise.
    ...(version === null ? {} : { snapshots: fileSnapshots(snapshotFile(store.path), version) }),
    // Hooks run in clones alone.
    onLocal: surroundings.board !== null ? undefined : ({ read }) => noteForHooks(store.path, read.board),
  });
  const { queue, owner } = openQueue(store.path, world);
  const progress: Progress = { listener: null };
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
    onDecided: (done, of) => progress.listener?.({ stage: 'decided', done, of }),
  });
  return { session, store, transport, config, progress };
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
