/** How a worker waits for news of the board: by asking the upstream at a polite pace. */
import type { Asked, Pace } from '../sync/pace.ts';
import type { Clock } from '../sync/ports.ts';

export interface Waiter {
  /**
   * Waits, no longer than `atMostMs`, and looks whether the board has changed. Ends early, with `quiet`, when `signal` is aborted.
   * @throws OrcError `history-rewritten` and the like: what asking again cannot mend
   */
  news(options: { readonly atMostMs: number | null; readonly signal: AbortSignal }): Promise<Asked>;
  /** Something was done here: what comes of it may come soon. */
  hurry(): void;
}

export interface PollingOptions {
  readonly clock: Clock;
  readonly fraction: () => number;
  readonly pace: Pace;
  /** Asks the upstream whether its head has moved, and brings it here. */
  readonly confirm: () => Promise<Asked>;
}

export function pollingWaiter({ clock, fraction, pace, confirm }: PollingOptions): Waiter {
  let last: Asked = 'moved';
  return {
    async news({ atMostMs, signal }) {
      const pause = pace.next(last, fraction());
      await clock.sleep(atMostMs === null ? pause : Math.min(pause, Math.max(1, atMostMs)), signal);
      if (signal.aborted) return 'quiet';
      last = await confirm();
      return last;
    },
    hurry() {
      pace.hurry();
      last = 'moved';
    },
  };
}
