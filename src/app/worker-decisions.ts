/**
 * What a worker decides, as values: what the loop does next, what becomes of a task while its command runs. Pure; worker.ts
 * and worker-task.ts carry it out.
 */
import type { CheckRun } from '../core/records.ts';

// — the loop —

/** `once`: one task. `drain`: until nothing is ready and nothing that runs can make something ready. `forever`: until it is stopped. */
export type WorkMode = 'once' | 'drain' | 'forever';

export interface LoopState {
  readonly mode: WorkMode;
  readonly parallel: number;
  /** Tasks at work now. */
  readonly running: number;
  /** Tasks taken so far. */
  readonly taken: number;
  /** Somebody wants it to end, or it cannot go on. */
  readonly isStopping: boolean;
  /** There is reason to ask for a task: it is the first time, one has ended, something became ready. */
  readonly hasReason: boolean;
  /** What was found when it was asked last; `null`: it was not asked yet, or could not be. */
  readonly prospect: 'ready' | 'coming' | 'none' | null;
}

export type Step =
  | { readonly step: 'claim'; readonly count: number }
  /** For the end of a task that runs. */
  | { readonly step: 'join' }
  /** For news from the board, or the end of a task. */
  | { readonly step: 'wait' }
  | { readonly step: 'end'; readonly because: EndReason };

export type EndReason = 'stopped' | 'once' | 'nothing' | 'drained';

export function nextStep({ mode, parallel, running, taken, isStopping, hasReason, prospect }: LoopState): Step {
  const isBusy = running > 0;
  if (isStopping) return isBusy ? { step: 'join' } : { step: 'end', because: 'stopped' };
  if (mode === 'once') {
    if (taken > 0) return isBusy ? { step: 'join' } : { step: 'end', because: 'once' };
    return hasReason ? { step: 'claim', count: 1 } : { step: 'end', because: 'nothing' };
  }
  if (running >= parallel) return { step: 'join' };
  if (hasReason) return { step: 'claim', count: parallel - running };
  if (mode === 'drain' && !isBusy && prospect === 'none') return { step: 'end', because: 'drained' };
  return { step: 'wait' };
}

// — one task —

/** How a command, or a handler, ended. */
export type JobEnd =
  | {
      readonly how: 'done';
      readonly result: string | null;
      readonly checks?: readonly CheckRun[] | undefined;
      /** Where a result that must not be published is kept. */
      readonly withheld?: string | undefined;
    }
  | { readonly how: 'failed'; readonly reason: string }
  | { readonly how: 'killed'; readonly signal: string };

/** Why a command was told to end. */
type Cause = 'timeout' | 'lost' | 'stopped';

export type Phase =
  | { readonly phase: 'running' }
  | { readonly phase: 'ending'; readonly cause: Cause; readonly isForced: boolean }
  | { readonly phase: 'over'; readonly verdict: Verdict };

export type Happening =
  | { readonly what: 'ended'; readonly end: JobEnd }
  | { readonly what: 'time-up' }
  | { readonly what: 'lost' }
  | { readonly what: 'stopped' }
  | { readonly what: 'grace-over' };

/** `ask`: SIGTERM, and a grace period begins. `force`: SIGKILL, and another one begins. */
export type Deed = 'ask' | 'force';

/** What is to be reported. `lost`: nothing, for the task is somebody else's. */
export type Verdict =
  | {
      readonly report: 'complete';
      readonly result: string | null;
      readonly checks: readonly CheckRun[] | undefined;
      readonly withheld: string | undefined;
    }
  | { readonly report: 'fail'; readonly reason: string }
  | { readonly report: 'release'; readonly reason: string | null }
  | { readonly report: 'lost' };

export interface TaskFacts {
  /** As people read it: `5m`. */
  readonly timeout: string;
  /** A signal ended this task's command before, in this worker. */
  readonly wasKilledBefore: boolean;
}

/** One thing happened to a task at work. @returns where it stands now, and what has to be done to its command */
export function react(
  phase: Phase,
  happening: Happening,
  facts: TaskFacts,
): { readonly phase: Phase; readonly deed: Deed | null } {
  if (phase.phase === 'over') return { phase, deed: null };
  if (phase.phase === 'running') {
    switch (happening.what) {
      case 'ended':
        return over(verdictOf(happening.end, facts));
      case 'time-up':
        return { phase: { phase: 'ending', cause: 'timeout', isForced: false }, deed: 'ask' };
      case 'lost':
      case 'stopped':
        return { phase: { phase: 'ending', cause: happening.what, isForced: false }, deed: 'ask' };
      case 'grace-over':
        return { phase, deed: null };
    }
  }
  switch (happening.what) {
    // Whatever it says now: it was told to end before it was done.
    case 'ended':
      return over(interrupted(phase.cause, facts));
    // A second one: not even SIGKILL ended it (a disk that hangs), or it is a function that does not listen.
    case 'grace-over':
      if (phase.isForced) return over(interrupted(phase.cause, facts));
      return { phase: { ...phase, isForced: true }, deed: 'force' };
    case 'lost':
      return { phase: { ...phase, cause: 'lost' }, deed: null };
    case 'time-up':
    case 'stopped':
      return { phase, deed: null };
  }
}

function over(verdict: Verdict): { readonly phase: Phase; readonly deed: null } {
  return { phase: { phase: 'over', verdict }, deed: null };
}

function verdictOf(end: JobEnd, { wasKilledBefore }: TaskFacts): Verdict {
  switch (end.how) {
    case 'done':
      return { report: 'complete', result: end.result, checks: end.checks, withheld: end.withheld };
    case 'failed':
      return { report: 'fail', reason: end.reason };
    // The machine may be to blame, so it is no attempt; the second time it is the task's.
    case 'killed':
      return wasKilledBefore
        ? { report: 'fail', reason: `ended by ${end.signal}, for the second time` }
        : { report: 'release', reason: `ended by ${end.signal}` };
  }
}

function interrupted(cause: Cause, { timeout }: TaskFacts): Verdict {
  switch (cause) {
    case 'lost':
      return { report: 'lost' };
    case 'timeout':
      return { report: 'fail', reason: `not done within ${timeout}` };
    case 'stopped':
      return { report: 'release', reason: 'the worker was stopped' };
  }
}
