/** What completing a task with its checks demands, and what is kept of them. */
import { type Call, type Refused, refuse } from './operation.ts';
import type { CheckResults, CheckRun, Task } from './records.ts';

/** Docs: of each check, a run that passed; `force` does without, and no run of what is no check of the task. */
export function checkResults(task: Task, call: Call): CheckResults | Refused | null {
  const runs = call.args.checks as readonly CheckRun[] | undefined;
  if (runs === undefined) return null;
  const wanted = new Set(task.checks.map(keyOf));
  if (runs.some((run) => !wanted.has(keyOf(run)))) return refuse('conflict', 'a run of another check');
  for (const run of runs) if (run.confirmed === true || run.exit_code === 0) wanted.delete(keyOf(run));
  const isForced = Array.isArray(call.args.force) && call.args.force.length > 0;
  if (wanted.size > 0 && !isForced) return refuse('checks-failed', `${wanted.size} checks did not pass`);
  return { at: call.iso, by: call.agent, forced: wanted.size > 0, runs };
}

/** What the event says of them. */
export function countsOf({ runs, forced }: CheckResults): Readonly<Record<string, unknown>> {
  const passed = runs.filter((run) => ('criterion' in run ? run.confirmed === true : run.exit_code === 0)).length;
  return { checks: runs.length, passed, ...(forced ? { forced: true } : {}) };
}

function keyOf(check: Readonly<Record<string, unknown>>): string {
  return 'criterion' in check ? `says ${String(check.criterion)}` : `runs ${String(check.command)}`;
}
