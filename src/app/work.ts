/** `orc.work`: a worker put together from the facade, and from a handler or a command. */

import type { Task } from '../core/records.ts';
import { findSecret } from '../core/secrets.ts';
import { OrcError } from '../errors.ts';
import { nearbyPace, Pace, politePace } from '../sync/pace.ts';
import { makeBrief } from './brief.ts';
import type { OrcCore } from './orc-core.ts';
import { keepWithheld, withheldFolder } from './withheld.ts';
import { runWorker } from './worker.ts';
import { OrcWorkBoard } from './worker-board.ts';
import type { JobEnd, WorkMode } from './worker-decisions.ts';
import type { ClaimedTask, Job, WorkEvent, WorkSummary } from './worker-ports.ts';
import { pollingWaiter, type Waiter } from './worker-waiter.ts';

export interface WorkOptions {
  /** Who works; default: as for every change. It has to be somebody. */
  readonly agent?: string | undefined;
  /** Default: any. */
  readonly workstream?: string | null | undefined;
  /** Only tasks with this label. */
  readonly label?: string | undefined;
  /** How many tasks at a time; default 1. */
  readonly parallel?: number | undefined;
  /** `once`: one task, or none. `drain`: until nothing is ready, and nothing that runs can make something ready. Default `forever`. */
  readonly mode?: WorkMode | undefined;
  /** How long a claim holds without a renewal, ms; default: as the board says. It is renewed at a third of it. */
  readonly leaseMs?: number | undefined;
  /** A task that takes longer is failed, ms; default: no limit. */
  readonly taskTimeoutMs?: number | undefined;
  /** Between telling a job to end and ending it, ms; default 10 000. */
  readonly graceMs?: number | undefined;
  /** Ends the work: what is under way is told to end and handed back. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what happens. */
  readonly onEvent?: ((event: WorkEvent) => void) | undefined;
  /** Lets results through that look like a credential. */
  readonly allowSecret?: boolean | undefined;
  /** Waits for news in another way than by asking. */
  readonly waiter?: Waiter | undefined;
}

export interface HandlerContext {
  /** What an agent has to know for the task, as Markdown. */
  readonly brief: string;
  readonly token: number;
  /** Aborted when the handler shall end: the task is somebody else's, it took too long, or the work ends. What it gives after that is not reported. */
  readonly signal: AbortSignal;
  /** Renews the claim now, beside the renewals at a third of the lease. `false`: the task is somebody else's. */
  readonly renew: () => Promise<boolean>;
}

/** Does a task. What it gives is the result; what it throws is the reason why the task failed. */
export type WorkHandler = (task: Task, context: HandlerContext) => Promise<string | null | undefined>;

export type StartJob = (claimed: ClaimedTask, brief: string) => Promise<Job>;

const workModes: readonly WorkMode[] = ['once', 'drain', 'forever'];
const defaultGraceMs = 10_000;
const patienceMs = 5 * 60_000;
const askTimeoutMs = 30_000;
/** Tasks at a time, at most: each has a process, and a claim to be renewed. */
const maxParallel = 256;

/** @throws OrcError `usage` when nobody is named, `not-found` for an unknown workstream, `not-published`, `history-rewritten` and the like */
export function workWithHandler(orc: OrcCore, options: WorkOptions, handler: WorkHandler): Promise<WorkSummary> {
  return work(orc, options, (board) => async (claimed, brief) => startHandler(handler, claimed, brief, board));
}

export function workWithJobs(orc: OrcCore, options: WorkOptions, start: StartJob): Promise<WorkSummary> {
  return work(orc, options, () => start);
}

async function work(
  orc: OrcCore,
  options: WorkOptions,
  starter: (board: OrcWorkBoard) => StartJob,
): Promise<WorkSummary> {
  const agent = await orc.actor(options.agent);
  if (agent === 'system' && options.agent === undefined) {
    throw new OrcError('usage', 'who works? No agent is named', {
      hint: 'name it with --agent (in the API: `agent`), ORC_AGENT or `git config orc.agent ID`',
    });
  }
  const { workstream = null, label, leaseMs, allowSecret, mode = 'forever', parallel = 1 } = options;
  const { taskTimeoutMs = null, graceMs = defaultGraceMs, signal, onEvent = () => {} } = options;
  if (!workModes.includes(mode))
    throw new OrcError('invalid-argument', `mode must be one of ${workModes.join(', ')}, not "${mode}"`);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > maxParallel)
    throw new OrcError('invalid-argument', `parallel must be a whole number from 1 to ${maxParallel}`);
  const { clock, chance } = orc.world;
  const board = new OrcWorkBoard(orc, { workstream, label, agent, leaseMs, allowSecret });
  const start = starter(board);
  const { kind } = orc.connection.config.upstream;
  const waiter =
    options.waiter ??
    pollingWaiter({
      clock,
      fraction: chance.fraction,
      pace: new Pace(kind === 'host' || kind === 'none' ? nearbyPace : politePace),
      confirm: board.confirming(askTimeoutMs),
    });
  return runWorker(
    {
      clock,
      board,
      waiter,
      start: async (claimed) => start(claimed, await briefOf(orc, claimed.task)),
      keep: (claimed, result) => keepWithheld(withheldFolder(orc.connection.store.path), claimed, result),
      tell: onEvent,
    },
    { agent, mode, parallel: mode === 'once' ? 1 : parallel, taskTimeoutMs, graceMs, patienceMs, signal },
  );
}

async function briefOf(orc: OrcCore, { workstream, id }: Task): Promise<string> {
  return (await makeBrief(orc, workstream, id))?.markdown ?? '';
}

function startHandler(handler: WorkHandler, claimed: ClaimedTask, brief: string, board: OrcWorkBoard): Job {
  const stopping = new AbortController();
  let end: (end: JobEnd) => void = () => {};
  const forced = new Promise<JobEnd>((resolve) => {
    end = resolve;
  });
  const renew = async (): Promise<boolean> => (await board.renew(claimed)).outcome !== 'lost';
  const running = (async (): Promise<JobEnd> => {
    try {
      const given = await handler(claimed.task, { brief, token: claimed.token, signal: stopping.signal, renew });
      return { how: 'done', result: typeof given === 'string' ? given : null };
    } catch (error) {
      return { how: 'failed', reason: reasonOf(error) };
    }
  })();
  return {
    ended: Promise.race([running, forced]),
    stop: (how) => {
      stopping.abort();
      // A function cannot be ended: it is not waited for any more, and what it gives is not reported.
      if (how === 'force') end({ how: 'killed', signal: 'the end of its time' });
    },
  };
}

/** An error's message may quote what was sent to somebody: credentials are not published. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const secret = findSecret(message);
  return secret === null ? message.slice(0, 4000) : `(not published: the message holds what looks like ${secret})`;
}
