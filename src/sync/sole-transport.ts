/** The upstream of a board that stands alone: the store's own tracking ref, moved under the store's lock. */
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import type { PushOutcome, Transport } from '../git/transport.ts';
import type { Exclusion } from './ports.ts';
import { trackingRef } from './refs.ts';

export function soleTransport(store: GitStore, storeLock: Exclusion): Transport {
  return {
    label: 'this store',
    readHead: async () => ({ outcome: 'read', head: await store.readRef(trackingRef) }),
    fetch: async () => ({ outcome: 'fetched', head: await store.readRef(trackingRef) }),
    async push(oid, { added } = {}) {
      await added?.store();
      const lock = await storeLock.take(10_000);
      try {
        const from = await store.readRef(trackingRef);
        if (from === oid) return { outcome: 'taken' };
        if (from !== null && !(await store.isAncestor(from, oid)))
          return { outcome: 'rejected', reason: 'not a fast-forward' };
        const moved = await store.updateRefs([{ ref: trackingRef, from, to: oid }]).catch(moveFailed);
        if (typeof moved === 'object') return moved;
        return moved === 'updated' ? { outcome: 'taken' } : { outcome: 'rejected', reason: 'the ref has moved' };
      } finally {
        await lock.release();
      }
    },
  };
}

/** The ref may have moved before something failed. */
function moveFailed(error: unknown): PushOutcome {
  if (!(error instanceof OrcError)) throw error;
  return { outcome: 'unknown', reason: error.message };
}
