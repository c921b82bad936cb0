/**
 * Runs a task's acceptance checks. Their commands come from the board, so from whoever may write to it: they are run only where
 * the person at this clone has allowed it, for one call or for the clone, and without orc's credentials.
 */
import type { Check, CheckRun, CommandRun } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { runGit } from '../git/native/run-git.ts';
import type { Clock } from '../sync/ports.ts';
import { isPortable } from './environment.ts';
import type { OrcCore } from './orc-core.ts';
import { OutputTail } from './output-tail.ts';
import { type RunningProcess, type StartProcess, startProcess } from './process-group.ts';
import type { Surroundings } from './surroundings.ts';

export interface RunChecksOptions {
  /** Allowed for this call; else as `git config orc.runChecks` says. */
  readonly isAllowed?: boolean | undefined;
  /** The agent says that all criteria in words are met. */
  readonly isConfirmed?: boolean | undefined;
  /** For each command, ms; default ten minutes. */
  readonly timeoutMs?: number | undefined;
  /** Default: real processes. */
  readonly startProcess?: StartProcess | undefined;
  /** Hears of every process, so that it can be ended from outside. */
  readonly onStart?: ((running: RunningProcess) => void) | undefined;
  readonly onOutput?: ((chunk: Buffer) => void) | undefined;
}

const defaultCheckTimeoutMs = 10 * 60_000;
/** Between SIGTERM and SIGKILL, ms. */
const graceMs = 5_000;
/** They prove who somebody is: no business of a command that a stranger wrote. */
const withheldVariables: readonly string[] = ['ORC_AUTH_TOKEN', 'ORC_CLAIM_TOKEN'];

/** Whether this clone's configuration allows commands of the board: `git config orc.runChecks true`. */
export async function mayRunChecks({ surroundings }: OrcCore): Promise<boolean> {
  const value = (await surroundings.config()).get('orc.runchecks');
  return value !== null && /^(?:yes|on|true|[1-9]\d*)$/i.test(value);
}

/**
 * What came of each check, in their order. A command that fails is a result, not an error.
 * @throws OrcError `checks-not-allowed`, `no-repository` where there is no work tree to run them in
 */
export async function runChecks(
  orc: OrcCore,
  checks: readonly Check[],
  options: RunChecksOptions,
): Promise<readonly CheckRun[]> {
  const commands = checks.filter((check) => 'command' in check);
  if (commands.length > 0 && options.isAllowed !== true && !(await mayRunChecks(orc))) throw notAllowed(commands);
  const runs: CheckRun[] = [];
  for (const check of checks) {
    if ('criterion' in check) runs.push({ criterion: check.criterion, confirmed: options.isConfirmed === true });
    else runs.push(await runCommand(orc, check.command, options));
  }
  return runs;
}

async function runCommand(
  { surroundings, world }: OrcCore,
  command: string,
  { timeoutMs = defaultCheckTimeoutMs, startProcess: start = startProcess, onStart, onOutput }: RunChecksOptions,
): Promise<CommandRun> {
  const { clock } = world;
  const workTree = surroundings.host?.workTree ?? null;
  if (workTree === null) {
    throw new OrcError('no-repository', 'there is no work tree in which the checks could run', {
      hint: 'run this in a clone; or leave --check out',
    });
  }
  const place = await readPlace(surroundings, workTree);
  const tail = new OutputTail();
  const began = clock.monotonic();
  const running = await start({
    file: 'sh',
    args: ['-c', command],
    cwd: workTree,
    env: withoutCredentials(surroundings.env),
    onOutput: (chunk) => {
      tail.add(chunk);
      onOutput?.(chunk);
    },
  });
  onStart?.(running);
  const exitCode = await exitCodeWithin(running, timeoutMs, clock);
  return {
    command,
    exit_code: exitCode,
    duration_ms: Math.round(clock.monotonic() - began),
    ...place,
    output_tail: tail.text(surroundings.env),
  };
}

/** `null`: it was ended by its time limit or by a signal. */
async function exitCodeWithin(running: RunningProcess, timeoutMs: number, clock: Clock): Promise<number | null> {
  const over = new AbortController();
  let isLate = false;
  const limit = async (): Promise<void> => {
    await clock.sleep(timeoutMs, over.signal);
    if (over.signal.aborted) return;
    isLate = true;
    running.signal('SIGTERM');
    await clock.sleep(graceMs, over.signal);
    if (!over.signal.aborted) running.signal('SIGKILL');
  };
  void limit();
  const end = await running.ended;
  over.abort();
  return end.how === 'exit' && !isLate ? end.code : null;
}

/** What is checked: the commit, and whether there is more than it. Nothing is written, not even git's index. */
async function readPlace({ env }: Surroundings, workTree: string): Promise<Pick<CommandRun, 'commit' | 'dirty'>> {
  if (isPortable(env)) return { commit: null, dirty: null };
  const git = (...args: string[]) =>
    runGit({ args: ['--no-optional-locks', '-c', 'core.fsmonitor=false', ...args], env, cwd: workTree });
  const head = await git('rev-parse', '--verify', '--quiet', 'HEAD');
  const status = await git('status', '--porcelain');
  const commit = head.stdout.toString('utf8').trim();
  return {
    commit: head.exitCode === 0 && commit !== '' ? commit : null,
    dirty: status.exitCode === 0 ? status.stdout.length > 0 : null,
  };
}

function withoutCredentials(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !withheldVariables.includes(name)));
}

function notAllowed(commands: readonly { readonly command: string }[]): OrcError {
  const [first] = commands;
  return new OrcError(
    'checks-not-allowed',
    `this task's checks are commands from the board (\`${first?.command}\`${commands.length > 1 ? ` and ${commands.length - 1} more` : ''}), and they are not run unasked`,
    {
      hint: 'look at them with `orc t show`; --run-checks allows them for this call, `git config orc.runChecks true` for this clone',
      details: { commands: commands.map(({ command }) => command) },
    },
  );
}
