/** The queue of a store, and who this process is in it. */
import { judgeLiveness, ownIdentity, type ProcessIdentity } from '../git/process-identity.ts';
import { openFileQueueStorage } from '../sync/file-queue.ts';
import type { Owner, Queue } from '../sync/queue.ts';
import { createQueue } from '../sync/stored-queue.ts';
import type { World } from './world.ts';

/** How long the owner of a queue record in another container is taken for alive without a sign. */
const foreignOwnerMs = 10 * 60_000;

/** @param session who only looks needs no name of its own */
export function openQueue(
  storePath: string,
  world: World,
  session: string = world.chance.id(),
): { readonly queue: Queue; readonly owner: Owner } {
  const owner: Owner = { session, process: ownIdentity(), seen_at: world.clock.now() };
  const queue = createQueue({
    storage: openFileQueueStorage(storePath),
    owner,
    now: () => world.clock.now(),
    liveness: (other) => {
      if (other.session === owner.session) return 'own';
      const judged = judgeLiveness(other.process as ProcessIdentity, other.seen_at);
      if (judged === 'foreign') return world.clock.now() - other.seen_at > foreignOwnerMs ? 'dead' : 'alive';
      return judged;
    },
  });
  return { queue, owner };
}
