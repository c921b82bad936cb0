/** Whether a task's acceptance checks let it be completed. Core runs nothing: it judges what its caller says of the runs. */
import { type Call, type Refusal, refuse } from '../operation.ts';
import type { Check, CheckResults, CheckRun, Task } from '../records.ts';

/** What is kept of the runs; `null` where none were told: a task may be completed without its checks. */
export function judgeChecks(
  task: Task,
  runs: readonly CheckRun[] | undefined,
  isForced: boolean,
  call: Call,
): CheckResults | Refusal | null {
  if (runs === undefined) return null;
  const stranger = runs.find((run) => !task.checks.some((check) => isOf(run, check)));
  if (stranger !== undefined) {
    const message = `${nameOf(stranger)} is no check of task ${task.id}`;
    return refuse('conflict', message, 'its checks were changed: run those that it has now');
  }
  const open = task.checks.filter((check) => !runs.some((run) => isOf(run, check) && hasPassed(run)));
  if (open.length > 0 && !isForced) {
    const [first, ...others] = open.map((check) => faultOf(check, runs));
    return refuse(
      'checks-failed',
      `task ${task.id} does not pass its checks: ${first}${others.length === 0 ? '' : `, and ${others.length} more`}`,
      'mend it and run them again; --confirm says that criteria in words are met; `--force checks` completes it all the same, and says so',
      { failed: open.map(wordsOf) },
    );
  }
  return { at: call.iso, by: call.agent, forced: open.length > 0, runs };
}

/** For the event: how many there were, how many passed. */
export function summarizeChecks({ forced, runs }: CheckResults): Readonly<Record<string, unknown>> {
  return { checks: runs.length, passed: runs.filter(hasPassed).length, ...(forced ? { forced } : {}) };
}

export function hasPassed(run: CheckRun): boolean {
  return 'criterion' in run ? run.confirmed : run.exit_code === 0;
}

function isOf(run: CheckRun, check: Check): boolean {
  if ('command' in run) return 'command' in check && check.command === run.command;
  return 'criterion' in check && check.criterion === run.criterion;
}

function faultOf(check: Check, runs: readonly CheckRun[]): string {
  const run = runs.find((each) => isOf(each, check) && !hasPassed(each));
  if (run === undefined) return `${nameOf(check)} was not run`;
  if ('criterion' in run) return `${nameOf(run)} is not confirmed`;
  return `${nameOf(run)} ${run.exit_code === null ? 'was ended before it was done' : `gave exit code ${run.exit_code}`}`;
}

function nameOf(check: Check): string {
  return 'command' in check ? `\`${check.command}\`` : `"${check.criterion}"`;
}

function wordsOf(check: Check): string {
  return 'command' in check ? check.command : check.criterion;
}
