/** A world before the checker that knows nothing of orc's code: test/support/checker. */
import { objectsOf, readChain } from '../support/checker/chain.ts';
import { checkBoard } from '../support/checker/check.ts';
import type { CallRecord, CheckReport, FinalFacts } from '../support/checker/types.ts';
import { type Beginning, clockSkewMs } from './beginning.ts';
import type { PastWorld } from './world.ts';

export function checkThoroughly(world: PastWorld, beginning: Beginning): CheckReport {
  const { upstream, head, machines, log, climate, counts } = world;
  const hasJumpedClock = machines.some((machine) => machine.hasJumpedClock);
  return checkBoard({
    chain: readChain(objectsOf(upstream.objects), head ?? ''),
    logs: log.calls.map(({ record }) => asSeen(record, climate.lags)),
    finals: machines.map(
      ({ name, disk }): FinalFacts => ({
        client: name,
        rejected: disk.rejected.map(({ operation, refusal }) => ({ op: operation.id, code: refusal.code })),
        queued: disk.queued,
      }),
    ),
    options: {
      unlogged: beginning.operations,
      allowManualEdits: counts.handEdits > 0,
      // Times on the board may follow those of others, as far as the skew.
      clockError: hasJumpedClock ? Number.POSITIVE_INFINITY : clockSkewMs,
    },
  });
}

/** Who reads from a replica that lags is told what was true when the replica last heard. */
function asSeen(record: CallRecord, lags: readonly { readonly lagMs: number }[]): CallRecord {
  const isYes = record.answer === 'ok' || record.answer === 'queued';
  return isYes ? record : { ...record, start: record.start - Math.max(0, ...lags.map(({ lagMs }) => lagMs)) };
}
