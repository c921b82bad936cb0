/**
 * One task at work: its command runs, its claim is renewed, its time is limited, and what came of it is reported.
 *
 * Correctness does not rest on any of that: a report bears the token of the claim, and is refused where the claim was
 * superseded. A worker that was stopped past its lease (SIGSTOP, a laptop that slept) finds out at its next renewal or at its
 * report, whichever comes first.
 */
import { formatDuration } from '../core/time.ts';
import type { Clock } from '../sync/ports.ts';
import { type Happening, type Phase, react, type TaskFacts, type Verdict } from './worker-decisions.ts';
import type { ClaimedTask, Job, WorkBoard, WorkEvent, WorkSettings } from './worker-ports.ts';

export interface TaskPorts {
  readonly clock: Clock;
  readonly board: WorkBoard;
  readonly tell: (event: WorkEvent) => void;
  readonly settings: Pick<WorkSettings, 'taskTimeoutMs' | 'graceMs'>;
  /** Aborted when the worker ends. */
  readonly stopping: AbortSignal;
}

/** How often a report that fails on this machine or on the way is made again. */
const reportTries = 4;
const reportPauseMs = 1_000;
/** A renewal that did not get through is tried again soon, ms. */
const renewAgainMs = 5_000;

/** What became of the task, for the worker's counts. */
export type TaskEnd = 'completed' | 'failed' | 'released' | 'lost' | 'killed';

export interface WorkedTask {
  readonly end: TaskEnd;
  readonly published: boolean;
}

export async function workOnTask(
  ports: TaskPorts,
  claimed: ClaimedTask,
  job: Job,
  wasKilledBefore: boolean,
): Promise<WorkedTask> {
  const began = ports.clock.monotonic();
  const { verdict, wasKilled } = await runJob(ports, claimed, job, wasKilledBefore);
  const ms = Math.round(ports.clock.monotonic() - began);
  const worked = await reportTask(ports, claimed, verdict, ms);
  return wasKilled && worked.end === 'released' ? { ...worked, end: 'killed' } : worked;
}

interface Ran {
  readonly verdict: Verdict;
  /** A signal of somebody else ended it. */
  readonly wasKilled: boolean;
}

function runJob(ports: TaskPorts, claimed: ClaimedTask, job: Job, wasKilledBefore: boolean): Promise<Ran> {
  const { clock, settings, stopping } = ports;
  const { taskTimeoutMs, graceMs } = settings;
  const facts: TaskFacts = { timeout: formatDuration(taskTimeoutMs ?? 0), wasKilledBefore };
  const over = new AbortController();
  let phase: Phase = { phase: 'running' };
  return new Promise((resolve) => {
    const happen = (happening: Happening): void => {
      if (over.signal.aborted) return;
      const wasRunning = phase.phase === 'running';
      const next = react(phase, happening, facts);
      phase = next.phase;
      if (next.deed !== null) {
        job.stop(next.deed);
        after(graceMs, { what: 'grace-over' });
      }
      if (phase.phase !== 'over') return;
      over.abort();
      stopping.removeEventListener('abort', stop);
      resolve({
        verdict: phase.verdict,
        wasKilled: wasRunning && happening.what === 'ended' && happening.end.how === 'killed',
      });
    };
    const after = (ms: number, happening: Happening): void => {
      void clock.sleep(ms, over.signal).then(() => happen(happening));
    };
    const stop = (): void => happen({ what: 'stopped' });
    void job.ended.then((end) => happen({ what: 'ended', end }));
    if (taskTimeoutMs !== null) after(taskTimeoutMs, { what: 'time-up' });
    if (stopping.aborted) stop();
    else stopping.addEventListener('abort', stop);
    void keepRenewing(ports, claimed, over.signal).then((isLost) => {
      if (isLost) happen({ what: 'lost' });
    });
  });
}

/** Renews at a third of the lease, until the task is over. @returns whether the task was lost */
async function keepRenewing(ports: TaskPorts, claimed: ClaimedTask, over: AbortSignal): Promise<boolean> {
  const { clock, board, tell } = ports;
  const third = Math.max(1, claimed.leaseMs / 3);
  for (let pause = third; ; ) {
    await clock.sleep(pause, over);
    if (over.aborted) return false;
    const renewed = await board.renew(claimed);
    if (over.aborted || renewed.outcome === 'own') return false;
    if (renewed.outcome === 'lost') return true;
    pause = renewed.outcome === 'renewed' ? third : Math.min(third, renewAgainMs);
    if (renewed.outcome === 'failed')
      tell({
        event: 'trouble',
        task: claimed.task.id,
        code: renewed.code,
        message: `the claim was not renewed: ${renewed.reason}`,
      });
  }
}

/** Hands a task back before anything was begun. */
export async function handBack(ports: TaskPorts, claimed: ClaimedTask, reason: string | null): Promise<WorkedTask> {
  return reportTask(ports, claimed, { report: 'release', reason }, 0);
}

async function reportTask(
  ports: TaskPorts,
  claimed: ClaimedTask,
  verdict: Verdict,
  ms: number,
  tries = 1,
): Promise<WorkedTask> {
  const { tell, clock } = ports;
  const { id: task, workstream, title } = claimed.task;
  const about = { task, workstream, title };
  if (verdict.report === 'lost') {
    tell({ event: 'lost', ...about, code: 'stale-token', ms });
    return { end: 'lost', published: true };
  }
  const answer = await ports.board.report(claimed, verdict);
  switch (answer.outcome) {
    case 'reported':
      return tellReported(ports, claimed, verdict, ms, answer);
    case 'own':
      return tellOwn(ports, claimed, ms, answer.status);
    case 'lost':
      tell({ event: 'lost', ...about, code: answer.code, ms });
      return { end: 'lost', published: true };
    case 'unfit':
      tell({ event: 'trouble', task, code: answer.code, message: answer.reason });
      return reportTask(ports, claimed, fitVerdict(verdict, answer), ms, tries);
    case 'failed':
      tell({ event: 'trouble', task, code: answer.code, message: `not reported: ${answer.reason}` });
      if (tries === reportTries) {
        // Nobody was told anything: it comes back when its lease is over.
        tell({ event: 'lost', ...about, code: answer.code, ms });
        return { end: 'lost', published: true };
      }
      await clock.sleep(reportPauseMs * 2 ** (tries - 1));
      return reportTask(ports, claimed, verdict, ms, tries + 1);
  }
}

/** The same report in words that can be published. */
function fitVerdict(verdict: Exclude<Verdict, { report: 'lost' }>, { code, reason }: UnfitAnswer): Verdict {
  const isAboutChecks = code === 'checks-failed' || code === 'conflict';
  if (verdict.report === 'complete' && isAboutChecks) return { report: 'fail', reason };
  const words = `(not published: ${reason})`;
  if (verdict.report === 'complete') return { ...verdict, result: words, checks: undefined };
  return { ...verdict, reason: words };
}

interface UnfitAnswer {
  readonly code: string;
  readonly reason: string;
}

function tellReported(
  { tell }: TaskPorts,
  { task: { id: task, workstream, title } }: ClaimedTask,
  verdict: Exclude<Verdict, { report: 'lost' }>,
  ms: number,
  { published, version, status }: Extract<Awaited<ReturnType<WorkBoard['report']>>, { outcome: 'reported' }>,
): WorkedTask {
  const ended = { task, workstream, title, ms, itself: false, published, version };
  switch (verdict.report) {
    case 'complete':
      tell({ event: 'completed', ...ended, withheld: verdict.withheld ?? null });
      return { end: 'completed', published };
    case 'fail':
      tell({ event: 'failed', ...ended, reason: verdict.reason, status });
      return { end: 'failed', published };
    case 'release':
      tell({ event: 'released', ...ended, reason: verdict.reason });
      return { end: 'released', published };
  }
}

/** The command has reported by itself: that is what counts. */
function tellOwn(
  { tell }: TaskPorts,
  { task: { id: task, workstream, title } }: ClaimedTask,
  ms: number,
  status: string,
): WorkedTask {
  const ended = { task, workstream, title, ms, itself: true, published: null, version: null };
  if (status === 'done') {
    tell({ event: 'completed', ...ended, withheld: null });
    return { end: 'completed', published: true };
  }
  tell({ event: 'released', ...ended, reason: `the command left it ${status}` });
  return { end: 'released', published: true };
}
