/** Whether a resource may be used now. Asks the upstream each time, and says nothing when it does not answer. */
import { globOf, globsOverlap } from '../core/globs.ts';
import { faultInResource } from '../core/names.ts';
import { isHoldExpired } from '../core/readiness.ts';
import { OrcError } from '../errors.ts';
import { clockOff } from '../sync/clock-off.ts';
import type { OrcCore } from './orc-core.ts';
import { skewOf } from './skew.ts';

export interface LockCheck {
  readonly resource: string;
  readonly state: 'free' | 'mine' | 'held';
  /** Holders of it, or of paths that overlap it, oneself among them. `mine`: held by oneself, and by others at most shared. */
  readonly holders: readonly {
    readonly resource: string;
    readonly agent: string;
    readonly shared: boolean;
    readonly expires_at: string;
  }[];
}

/**
 * @param options.agent whose lock is "mine", if this session acquired it, `token` is the lock's, or it came with an import
 * @throws OrcError `unreachable`, `history-rewritten`, `invalid-argument`
 */
export async function checkLock(
  orc: OrcCore,
  resource: string,
  options: { readonly agent?: string | undefined; readonly token?: number | undefined } = {},
): Promise<LockCheck> {
  const fault = faultInResource(resource);
  if (fault !== null) throw new OrcError('invalid-argument', `resource ${fault}`);
  await orc.head({ fresh: true });
  // The upstream's head: what is queued here is no arbiter of anything.
  const head = await orc.connection.session.view.head();
  const { board } = head.read;
  const clockOffMs = await clockOff(orc.connection.transport, {});
  const moment = { at: orc.world.clock.now(), clockSkewMs: skewOf(orc, board), clockOffMs };
  const glob = globOf(resource);
  const holders: LockCheck['holders'][number][] = [];
  // Whoever shares a lock has it, as long as all others share it too.
  let [isMine, isShared] = [false, true];
  for (const lock of board.locks.loaded()) {
    const other = globOf(lock.resource);
    const overlaps = lock.resource === resource || (glob !== null && other !== null && globsOverlap(glob, other));
    if (!overlaps) continue;
    for (const hold of lock.holders) {
      if (isHoldExpired(hold, moment)) continue;
      const remembered = await orc.holds.find('lock', lock.resource, hold.agent);
      const isProven =
        hold.token === options.token ||
        remembered?.claim === hold.id ||
        (hold.imported === true && options.token === undefined && remembered === null);
      if (hold.agent === options.agent && isProven) isMine = true;
      else isShared &&= lock.shared;
      holders.push({ resource: lock.resource, agent: hold.agent, shared: lock.shared, expires_at: hold.expires_at });
    }
  }
  return { resource, state: holders.length === 0 ? 'free' : isMine && isShared ? 'mine' : 'held', holders };
}
