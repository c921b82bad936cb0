/**
 * One task at work: its command runs, its claim is renewed, its time is limited, and what came of it is reported.
 *
 * Correctness does not rest on any of that: a report bears the token of the claim, and is refused where the claim was
 * superseded. A worker that was stopped past its lease (SIGSTOP, a laptop that slept) finds out at its next renewal or at its
 * report, whichever comes first.
 */
import { formatDuration } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { Clock } from '../sync/ports.ts';
import { type Happening, type Phase, react, type TaskFacts, type Verdict } from './worker-decisions.ts';
import type { ClaimedTask, Job, WorkBoard, WorkEvent, WorkSettings } from './worker-ports.ts';

export interface TaskPorts {
  readonly clock: Clock;
  readonly board: WorkBoard;
  readonly keep: (claimed: ClaimedTask, result: string) => Promise<string>;
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
  const task = claimed.task.id;
  if (verdict.report === 'lost') return tellLost(ports, claimed, verdict, ms, 'stale-token');
  const answer = await ports.board.report(claimed, verdict);
  switch (answer.outcome) {
    case 'reported':
      return tellReported(ports, claimed, verdict, ms, answer);
    case 'own':
      return tellOwn(ports, claimed, ms, answer.status);
    case 'lost':
      return tellLost(ports, claimed, verdict, ms, answer.code);
    case 'unfit':
      tell({ event: 'trouble', task, code: answer.code, message: answer.reason });
      return reportTask(ports, claimed, await fitVerdict(ports, claimed, verdict, answer), ms, tries);
    case 'failed':
      tell({ event: 'trouble', task, code: answer.code, message: `not reported: ${answer.reason}` });
      // Nobody was told anything: it comes back when its lease is over.
      if (tries === reportTries) return tellLost(ports, claimed, verdict, ms, answer.code);
      await clock.sleep(reportPauseMs * 2 ** (tries - 1));
      return reportTask(ports, claimed, verdict, ms, tries + 1);
  }
}

/** What was done may be wanted all the same: its result is kept here. */
async function tellLost(
  ports: TaskPorts,
  claimed: ClaimedTask,
  verdict: Verdict,
  ms: number,
  code: string,
): Promise<WorkedTask> {
  const { id: task, workstream, title } = claimed.task;
  const withheld = await keepResult(ports, claimed, verdict);
  ports.tell({ event: 'lost', task, workstream, title, code, withheld, ms });
  return { end: 'lost', published: true };
}

/** The file that keeps the result; `null`: there is none, or it could not be kept. */
async function keepResult({ keep, tell }: TaskPorts, claimed: ClaimedTask, verdict: Verdict): Promise<string | null> {
  if (verdict.report !== 'complete') return null;
  if (verdict.withheld !== undefined) return verdict.withheld;
  if (verdict.result === null) return null;
  try {
    return await keep(claimed, verdict.result);
  } catch (error) {
    if (!(error instanceof OrcError)) throw error;
    tell({ event: 'trouble', task: claimed.task.id, code: error.code, message: error.message });
    return null;
  }
}

/** The same report in words that can be published. */
async function fitVerdict(
  ports: TaskPorts,
  claimed: ClaimedTask,
  verdict: Exclude<Verdict, { report: 'lost' }>,
  { code, reason }: UnfitAnswer,
): Promise<Verdict> {
  const isAboutChecks = code === 'checks-failed' || code === 'conflict';
  if (verdict.report === 'complete' && isAboutChecks) return { report: 'fail', reason };
  const words = `(not published: ${reason})`;
  if (verdict.report === 'complete') {
    const withheld = (await keepResult(ports, claimed, verdict)) ?? undefined;
    return { ...verdict, result: words, checks: undefined, withheld };
  }
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
