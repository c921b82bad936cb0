/** A worker whose jobs are commands: what `orc work` is. */
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';
import { isProgramThere, noSuchProgram, type StartProcess, startProcess } from './process-group.ts';
import { mayRunChecks, runChecks } from './run-checks.ts';
import { defaultBranch } from './surroundings.ts';
import { withheldFolder } from './withheld.ts';
import { type WorkOptions, workWithJobs } from './work.ts';
import { type CheckTask, startCommand } from './worker-command.ts';
import type { ClaimedTask, WorkSummary } from './worker-ports.ts';

export interface WorkCommand {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** So many lines of its output go into the result or the reason; 0: nothing of it is published. */
  readonly tailLines: number;
  /** Run the checks of tasks; else as `git config orc.runChecks` says. */
  readonly runChecks: boolean;
  /** For each check, ms. */
  readonly checkTimeoutMs?: number | undefined;
  readonly onOutput: (claimed: ClaimedTask, chunk: Buffer) => void;
  /** Default: real processes. */
  readonly startProcess?: StartProcess | undefined;
}

/** @throws OrcError as `workWithHandler`; `invalid-argument` when there is no such program */
export async function workWithCommand(orc: OrcCore, options: WorkOptions, given: WorkCommand): Promise<WorkSummary> {
  const { cwd, env, board, branch } = orc.surroundings;
  const { command, tailLines, onOutput, checkTimeoutMs } = given;
  const [file] = command;
  if (file === undefined) throw new OrcError('usage', 'which command does the tasks?');
  const start = given.startProcess ?? startProcess;
  if (given.startProcess === undefined && !isProgramThere(file, cwd, env)) throw noSuchProgram(file);
  const agent = await orc.actor(options.agent);
  const mayCheck = given.runChecks || (await mayRunChecks(orc));
  const checking = checker(orc, { startProcess: start, timeoutMs: checkTimeoutMs, onOutput });
  const tell = options.onEvent ?? (() => {});
  return workWithJobs(orc, options, async (claimed, brief) => {
    const hasChecks = claimed.task.checks.some((check) => 'command' in check);
    if (hasChecks && !mayCheck) {
      const message = 'its checks are not run here: --run-checks or `git config orc.runChecks true` allows it';
      tell({ event: 'trouble', task: claimed.task.id, code: 'checks-not-allowed', message });
    }
    const job = {
      command,
      cwd,
      env,
      agent,
      place: {
        ORC_SESSION: orc.holds.session,
        ...(board === null ? {} : { ORC_BOARD: board }),
        ...(branch === defaultBranch ? {} : { ORC_BRANCH: branch }),
      },
      tailLines,
      allowSecret: options.allowSecret === true,
      withheldFolder: withheldFolder(orc.connection.store.path),
      startProcess: start,
      onOutput,
      check: mayCheck ? checking : undefined,
    };
    return startCommand(job, claimed, brief);
  });
}

/** Checks of tasks that run at the same time share a work tree: they run one after the other. */
function checker(
  orc: OrcCore,
  options: {
    readonly startProcess: StartProcess;
    readonly timeoutMs: number | undefined;
    readonly onOutput: WorkCommand['onOutput'];
  },
): CheckTask {
  let last: Promise<unknown> = Promise.resolve();
  return (claimed, onStart) => {
    const { checks } = claimed.task;
    if (checks.length === 0) return Promise.resolve(undefined);
    const { startProcess: start, timeoutMs, onOutput } = options;
    const run = last.then(() =>
      // Whoever did the task has read the criteria in its brief; ending well says that they are met.
      runChecks(orc, checks, {
        isAllowed: true,
        isConfirmed: true,
        timeoutMs,
        startProcess: start,
        onStart,
        onOutput: (chunk) => onOutput(claimed, chunk),
      }),
    );
    last = run.catch(() => undefined);
    return run;
  };
}
