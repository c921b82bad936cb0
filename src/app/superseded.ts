/** What those who hold something for long share: which refusals say that it is over, and what becomes of a renewal nobody answered. */
import type { ErrorCode } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';

/** The board does not take whoever asked for the holder any more. */
export const superseded: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'stale-token',
  'not-holder',
  'closed',
  'not-found',
]);

/** An operation that waits here is taken back. `false`: it may be in. */
export async function takeBack(orc: OrcCore, op: string): Promise<boolean> {
  const { session } = orc.connection;
  if ((await session.queue.withdraw([op])) !== 'done') return false;
  await session.rebuildLocal();
  return true;
}

/**
 * It must not be published, or be refused, when nobody waits for it any more. What was sent may still arrive: so much the better
 * for a renewal.
 */
export async function dropUnanswered(orc: OrcCore, op: string): Promise<void> {
  if (!(await takeBack(orc, op))) await orc.connection.session.queue.forget([op]);
}
