/** Taking deposits back, so that it is certain that nobody will carry them in any more. */
import { isLockHeld } from '../git/held-lock.ts';
import type { Oid } from '../git/store.ts';
import type { PushOutcome } from '../git/transport.ts';
import type { OwnDeposits } from './own-deposits.ts';
import type { QueueRecord } from './queue.ts';
import type { Fetched, Moment } from './upstream-view.ts';

export type Withdrawn =
  | { readonly outcome: 'done' | 'raced' }
  | { readonly outcome: 'unreachable'; readonly reason: string };

export interface WithdrawOptions {
  readonly own: OwnDeposits;
  /** The upstream refuses to remove deposits. */
  readonly isBare: boolean;
  /** Pushes the head once more, and removes these with that. */
  readonly push: (remove: ReadonlyMap<string, Oid>) => Promise<PushOutcome>;
  /** That was taken. `began`: the moment before it was pushed. */
  readonly onTaken: (began: Moment) => Promise<void>;
  readonly fetch: () => Promise<Fetched>;
  readonly moment: () => Moment;
  readonly onUnable: (reason: string, isCertain: boolean) => void;
}

/**
 * Makes certain that deposits of these, which are not in the head that `push` pushes, will not be carried in: the upstream is at that head at some moment
 * after they were removed, or were found to be gone. Those of which nobody can be certain keep their marks.
 */
export async function withdraw(
  deposited: readonly QueueRecord[],
  { own, isBare, push, onTaken, fetch, moment, onUnable }: WithdrawOptions,
): Promise<Withdrawn> {
  let records = deposited.filter((record) => own.markOf(record) !== null);
  // Where nothing can be removed, nobody can carry either: every carrier's push removes.
  if (isBare) await own.clear(records.filter((record) => own.isOver(record)));
  while (records.length > 0 && !isBare) {
    const began = moment();
    const pushed = await push(own.toRemove(records));
    if (pushed.outcome === 'unreachable') return pushed;
    if (pushed.outcome === 'taken') {
      await onTaken(began);
      await own.clear(records);
      break;
    }
    const absent = new Set(pushed.outcome === 'rejected' ? pushed.absent : []);
    await own.noteAbsent([...absent]);
    const fetched = await fetch();
    if (fetched.outcome === 'unreachable') return fetched;
    // A replica that lags may not show yet that the branch has moved.
    const hasMoved = fetched.outcome === 'moved' || (pushed.outcome === 'rejected' && pushed.isBehind === true);
    if (hasMoved || pushed.outcome === 'unknown') return { outcome: 'raced' };
    if (pushed.outcome === 'rejected' && isLockHeld(pushed.reason))
      return { outcome: 'unreachable', reason: pushed.reason };
    if (absent.size === 0) {
      onUnable(pushed.reason, pushed.isUnable === true);
      break;
    }
    // One that was never seen there may be on its way.
    const isUncertain = (record: QueueRecord): boolean => {
      const mark = own.markOf(record);
      return mark !== null && mark.state !== 'gone' && absent.has(mark.name);
    };
    records = records.filter((record) => !isUncertain(record));
  }
  return { outcome: 'done' };
}
