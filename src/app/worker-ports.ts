/** What a worker needs, and what it tells: the board, commands or handlers, and events for whoever watches it. */
import type { Outlook } from '../core/outlook.ts';
import type { Task } from '../core/records.ts';
import type { Clock } from '../sync/ports.ts';
import type { EndReason, JobEnd, Verdict, WorkMode } from './worker-decisions.ts';
import type { Waiter } from './worker-waiter.ts';

/** A task that this worker holds, with the token of its own claim. */
export interface ClaimedTask {
  readonly task: Task;
  readonly token: number;
  /** How long the claim holds without a renewal, ms. */
  readonly leaseMs: number;
  readonly version: number;
}

export type ClaimAnswer =
  | { readonly found: 'task'; readonly claimed: ClaimedTask }
  | { readonly found: 'none' }
  /** Whether there is work is not known. */
  | { readonly found: 'nobody'; readonly reason: string };

/** `own`: the claim was ended by its own agent with the token, such as by `orc t complete` within the command. */
export type RenewAnswer =
  | { readonly outcome: 'renewed' }
  | { readonly outcome: 'own' }
  | { readonly outcome: 'lost'; readonly code: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly reason: string };

export type ReportAnswer =
  | {
      readonly outcome: 'reported';
      readonly published: boolean;
      readonly version: number;
      /** As it stands now: a failed task may be pending again. */
      readonly status: Task['status'];
    }
  | { readonly outcome: 'own'; readonly status: Task['status'] }
  | { readonly outcome: 'lost'; readonly code: string }
  /** The text cannot be published as it is: it looks like a credential, or the board says no to it. */
  | { readonly outcome: 'unfit'; readonly code: string; readonly reason: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly reason: string };

/** The board as a worker sees it. */
export interface WorkBoard {
  /** @throws OrcError what asking again cannot mend, such as `not-found` for the workstream */
  claim(): Promise<ClaimAnswer>;
  renew(claimed: ClaimedTask): Promise<RenewAnswer>;
  report(claimed: ClaimedTask, verdict: Exclude<Verdict, { report: 'lost' }>): Promise<ReportAnswer>;
  outlook(): Promise<Outlook>;
}

/** A command or a handler at work on one task. */
export interface Job {
  readonly ended: Promise<JobEnd>;
  /** Tells it to end, or ends it. */
  stop(how: 'ask' | 'force'): void;
}

export interface WorkPorts {
  readonly clock: Clock;
  readonly board: WorkBoard;
  readonly waiter: Waiter;
  /** @throws what makes it useless to take further tasks */
  readonly start: (claimed: ClaimedTask) => Promise<Job>;
  /** Keeps a result that cannot be published, and gives the file. @throws OrcError `io` */
  readonly keep: (claimed: ClaimedTask, result: string) => Promise<string>;
  readonly tell: (event: WorkEvent) => void;
}

export interface WorkSettings {
  readonly agent: string;
  readonly mode: WorkMode;
  readonly parallel: number;
  readonly taskTimeoutMs: number | null;
  readonly graceMs: number;
  /** With `drain`: how long the upstream may stay out of reach, ms. */
  readonly patienceMs: number;
  readonly signal: AbortSignal | undefined;
}

interface AboutTask {
  readonly task: string;
  readonly workstream: string;
  readonly title: string;
}

/** Where an event is about a change of the board: what became of that change. */
interface Told {
  readonly published: boolean | null;
  readonly version: number | null;
}

interface Ended extends AboutTask, Told {
  /** How long the command ran, ms. */
  readonly ms: number;
  /** The command reported by itself. */
  readonly itself: boolean;
}

export type WorkEvent =
  | ({ readonly event: 'claimed'; readonly token: number; readonly attempts: number } & AboutTask & Told)
  /** `withheld`: the file that keeps a result which was not published. */
  | ({ readonly event: 'completed'; readonly withheld: string | null } & Ended)
  | ({ readonly event: 'failed'; readonly reason: string; readonly status: Task['status'] } & Ended)
  | ({ readonly event: 'released'; readonly reason: string | null } & Ended)
  /** It is somebody else's by now, or could not be reported. */
  | ({
      readonly event: 'lost';
      readonly code: string;
      readonly withheld: string | null;
      readonly ms: number;
    } & AboutTask)
  | { readonly event: 'trouble'; readonly task: string | null; readonly code: string; readonly message: string }
  /** Told once when it begins. */
  | { readonly event: 'waiting'; readonly why: 'nothing-ready' | 'unreachable'; readonly message: string | null }
  | { readonly event: 'stopping'; readonly running: number };

/** What a worker did. */
export interface WorkSummary {
  readonly event: 'done';
  readonly because: EndReason;
  readonly agent: string;
  readonly claimed: number;
  readonly completed: number;
  readonly failed: number;
  readonly released: number;
  readonly lost: number;
  /** Reports that wait in the queue, or whose fate is not known. */
  readonly unpublished: number;
  /** Tasks that it took, and that were not completed by it in the end. */
  readonly unfinished: readonly string[];
}
