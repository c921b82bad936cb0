/** What a round of publishing is told, and what comes of it. */
import type { Settled, Unit } from './queue.ts';
import type { Deposits } from './upstream-view.ts';

/** What a round has to do with the upstream's inbox. */
export type CarryingMode =
  /** Nothing, but that one's own deposits are taken back in the push that makes them needless. */
  | 'plain'
  /** As `plain`, and one's own deposits stay where they are: the upstream refuses to remove them. */
  | 'bare'
  /** Deposits what may be deposited. */
  | 'deposit'
  /** Looks whether it was carried; carries the others when it is one's turn. */
  | 'wait'
  /** Carries whatever lies there. */
  | 'carry';

/** What every round may have settled on its way. */
interface RoundCommon {
  readonly settled: readonly Settled[];
}

export type RoundResult =
  /** 1. Taken, or nothing was left to push: every record of the round has its outcome. */
  | ({
      readonly outcome: 'settled';
      readonly isPushed: boolean;
      /** Ids of what can neither be published nor dropped now: nobody waits for it, and a push of it may still arrive. */
      readonly left: readonly string[];
      /** Others were carried. */
      readonly hasCarried: boolean;
      /** Whether others' deposits are left, as the upstream told; `null`: it does not tell. */
      readonly isAwaited: boolean | null;
    } & RoundCommon)
  /** 2. The upstream moved. What was found to be in already is settled. `looked`: what lies in its inbox, if that was asked just now. */
  | ({
      readonly outcome: 'raced';
      /** Whether others were quicker; or there was no answer, and the next round finds out. */
      readonly hasLost: boolean;
      readonly looked: Deposits | null;
    } & RoundCommon)
  /**
   * It lies in the inbox, or could not be laid there (`isDeposited: false`). `isFirst`: whether nothing else lay there before it;
   * `null`: nobody knows.
   */
  | ({
      readonly outcome: 'waiting';
      readonly isDeposited: boolean;
      readonly isFirst: boolean | null;
      /** The race that was lost just now is why it was deposited. */
      readonly hasLost: boolean;
      /** What lies in the inbox, if that was asked just now: with what was deposited. */
      readonly looked: Deposits | null;
      /** How long the last call took. */
      readonly tripMs: number;
    } & RoundCommon)
  /** 4. A clear no although the upstream has not moved. `removed`: whose deposits the push would have removed. */
  | ({
      readonly outcome: 'refused';
      readonly reason: string;
      readonly units: readonly Unit[];
      readonly removed: 'none' | 'own' | 'others';
    } & RoundCommon)
  /** 3. No answer. */
  | ({ readonly outcome: 'unreachable'; readonly reason: string; readonly units: readonly Unit[] } & RoundCommon);

export interface RoundOptions {
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly carrying: CarryingMode;
  /** Whether what loses a race may be deposited at once. */
  readonly mayDeposit: boolean;
  /** What lies in the inbox, if the upstream was asked just now. */
  readonly looked: Deposits | null;
  /** Whether it is for us to carry, of those who wait. */
  readonly isTurn: (deposits: Deposits) => boolean;
  /** The upstream takes no deposits. `isCertain`: it said so itself, or cannot take them at all. */
  readonly onUnable: (reason: string, isCertain: boolean) => void;
  /** Whether a caller of this process waits for the operation. */
  readonly isWaitedFor: (id: string) => boolean;
  /** Which of the open units to take; for setting apart one that the upstream refuses. */
  readonly select: (units: readonly Unit[]) => readonly Unit[];
  /** Called when the upstream has spoken, before anybody is told. */
  readonly onSettled: () => Promise<void>;
  /** Hears what was settled; those whom this process waits for hear it from here alone. */
  readonly onTold: (told: readonly Settled[]) => void;
}
