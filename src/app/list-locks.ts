/** The locks that are held, as all surfaces show them. */
import type { Board } from '../core/board.ts';
import type { Moment } from '../core/operation.ts';
import { isClockOff, isHoldExpired } from '../core/readiness.ts';
import type { Hold, Lock } from '../core/records.ts';
import { fromIso, toIso } from '../core/time.ts';
import { clockOff } from '../sync/clock-off.ts';
import type { BoardGlance } from './board-glance.ts';
import type { OrcCore } from './orc-core.ts';
import { skewOf } from './skew.ts';
import { showHolds, waitingOperations } from './tentative-claims.ts';

/** A hold as lists show it. */
export interface ListedHold extends Hold {
  /** How long it still holds by this machine's clock, ms; 0 or less: it is running out, and others are refused all the same. */
  readonly expires_in_ms: number;
  /** From when others may have it if it is not released before; `null`: this machine's clock is too far off to tell. */
  readonly free_from: string | null;
}

export interface ListedLock extends Lock {
  readonly holders: readonly ListedHold[];
}

/** Those that somebody would be refused for now, by resource; shared holders in the order of their tokens. */
export async function listLocks(orc: OrcCore): Promise<ListedLock[]> {
  const waiting = await waitingOperations(orc);
  const moment = await lockMoment(orc);
  const held = await orc.ask((board) => heldLocks(board, moment(board)));
  return held.map((lock) => ({ ...lock, holders: showHolds(lock.holders, waiting) }));
}

/** What tells whether a hold is over now: this machine's clock, and how far it is known to be off. */
export async function lockMoment(orc: Pick<BoardGlance, 'connection' | 'world'>): Promise<(board: Board) => Moment> {
  const clockOffMs = await clockOff(orc.connection.transport, {});
  const at = orc.world.clock.now();
  return (board) => ({ at, clockSkewMs: skewOf(orc, board), clockOffMs });
}

/** The locks of a board without the holds that others may take. */
export function heldLocks(board: Board, moment: Moment): ListedLock[] {
  const { at, clockSkewMs } = moment;
  const isOff = isClockOff(moment);
  const listed = (hold: Hold): ListedHold => {
    const end = fromIso(hold.expires_at);
    return {
      ...hold,
      expires_in_ms: end - at,
      free_from: isOff && end + clockSkewMs <= at ? null : toIso(end + clockSkewMs),
    };
  };
  return [...board.locks.loaded()]
    .map((lock) => ({ ...lock, holders: lock.holders.filter((hold) => !isHoldExpired(hold, moment)).map(listed) }))
    .filter(({ holders }) => holders.length > 0)
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
}
