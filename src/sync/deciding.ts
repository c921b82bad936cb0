/** What a replay needs of the ports of whoever decides. */
import type { ClockOptions } from '../git/transport.ts';
import { clockOff } from './clock-off.ts';
import type { PublisherPorts } from './publisher.ts';
import { type QueueRecord, unitsOf } from './queue.ts';
import { type Decided, type Replayed, type ReplayOptions, replay } from './replay.ts';

/** Decides the queue without an upstream: what the local head and tentative answers are made of. */
export async function decideTentatively(ports: PublisherPorts, records: readonly QueueRecord[]): Promise<Replayed> {
  return replay(await ports.view.head(), unitsOf(records), await replayOptions(ports, {}));
}

export async function replayOptions(
  ports: PublisherPorts & Pick<ReplayOptions, 'onArchiveRead'>,
  clock: ClockOptions,
): Promise<ReplayOptions> {
  return {
    store: ports.store,
    committer: await ports.committer(),
    now: ports.clock.now(),
    sharesClock: ports.sharesClock,
    clockOff: () => clockOff(ports.transport, clock),
    ...(ports.onDecided === undefined ? {} : { onDecided: ports.onDecided }),
    ...(ports.onArchiveRead === undefined ? {} : { onArchiveRead: ports.onArchiveRead }),
  };
}

/** Whether the operation is in the chain that was decided. */
export function isIn({ outcome }: Decided['decision']): boolean {
  return outcome === 'accepted' || outcome === 'proven';
}
