/** Workers over boards in memory: virtual time, jobs that are told how to end, and everything that they tell kept. */

import { runWorker } from '../../src/app/worker.ts';
import type { JobEnd } from '../../src/app/worker-decisions.ts';
import type {
  ClaimedTask,
  Job,
  RenewAnswer,
  ReportAnswer,
  WorkBoard,
  WorkEvent,
  WorkPorts,
  WorkSettings,
  WorkSummary,
} from '../../src/app/worker-ports.ts';
import { pollingWaiter } from '../../src/app/worker-waiter.ts';
import type { Board } from '../../src/core/board.ts';
import type { Decision } from '../../src/core/operation.ts';
import { outlookOf } from '../../src/core/outlook.ts';
import { Pace } from '../../src/sync/pace.ts';
import type { Clock } from '../../src/sync/ports.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { afterStart, run, taskOf } from './board-builder.ts';

/** How a job is to behave: what it ends with, after how long; and what it does when it is told to end. */
export interface Script {
  readonly takesMs: number;
  readonly end: JobEnd;
  /** ms after SIGTERM until it ends; `null`: it does not listen. Default 0. */
  readonly yieldsAfterMs?: number | null;
  /** Not even SIGKILL ends it. */
  readonly isStuck?: boolean;
  /** Done at that moment, such as reporting by itself. */
  readonly onEnd?: (claimed: ClaimedTask) => void;
}

export const done = (takesMs = 100, result: string | null = 'ok'): Script => ({
  takesMs,
  end: { how: 'done', result },
});
export const fails = (takesMs = 100, reason = 'exit code 1'): Script => ({ takesMs, end: { how: 'failed', reason } });
export const killed = (takesMs = 100): Script => ({ takesMs, end: { how: 'killed', signal: 'SIGSEGV' } });
export const endless: Script = { takesMs: 1e12, end: { how: 'done', result: 'too late' } };

export class World {
  readonly time = new VirtualTime();
  readonly board: Board;
  readonly clock: Clock = {
    now: () => afterStart(this.time.now),
    monotonic: () => this.time.now,
    sleep: (ms, signal) =>
      signal?.aborted === true
        ? Promise.resolve()
        : new Promise((resolve) => {
            const end = (): void => {
              signal?.removeEventListener('abort', end);
              resolve();
            };
            signal?.addEventListener('abort', end);
            this.time.at(this.time.now + ms, end);
          }),
  };

  constructor(board: Board) {
    this.board = board;
  }

  /** Decided and carried out at the present time. */
  ask(kind: string, args: Record<string, unknown>, agent: string): Decision {
    return run(this.board, kind, args, { agent, at: this.clock.now() });
  }

  /** Lets time pass until a promise is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    const how = await this.time.run(() => isSettled, 100_000);
    if (how !== 'done') throw new Error(`the world is ${how}, and somebody still waits`);
    return settled;
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    await this.until(this.clock.sleep(ms));
  }
}

export interface WorkerOptions extends Partial<Omit<WorkSettings, 'agent'>> {
  readonly agent?: string;
  readonly workstream?: string;
  readonly leaseMs?: number;
  readonly jobs?: (claimed: ClaimedTask) => Script;
  /** What a call to the board meets instead of the board, at that moment. */
  readonly breaks?: (call: keyof WorkBoard, claimed: ClaimedTask | null) => object | null;
  readonly start?: (claimed: ClaimedTask) => Promise<Job>;
}

export interface FakeWorker {
  /** Results that could not be published, by task and token. */
  readonly kept: ReadonlyMap<string, string>;
  readonly events: WorkEvent[];
  readonly summary: Promise<WorkSummary>;
  /** SIGTERMs and SIGKILLs, with the time of each. */
  readonly signals: string[];
  /** Highest number of jobs at a time. */
  readonly most: () => number;
  stop(): void;
  /** As `kill -9` would: it does nothing any more. */
  kill(): void;
}

export function startWorker(world: World, options: WorkerOptions = {}): FakeWorker {
  const { agent = 'agent-1', workstream = null, leaseMs = 60_000, jobs = () => done() } = options;
  const stopping = new AbortController();
  const events: WorkEvent[] = [];
  /** Results that could not be published, by task and token. */
  const kept = new Map<string, string>();
  const signals: string[] = [];
  let isDead = false;
  let running = 0;
  let most = 0;
  const never = <T>(): Promise<T> => new Promise(() => {});

  const perform = (kind: string, claimed: ClaimedTask, args: Record<string, unknown>): Decision =>
    world.ask(kind, { id: claimed.task.id, token: claimed.token, ...args }, agent);
  const through = async <T>(call: keyof WorkBoard, claimed: ClaimedTask | null, answer: () => T): Promise<T> => {
    if (isDead) return never();
    const broken = options.breaks?.(call, claimed) ?? null;
    if (broken instanceof Error) throw broken;
    return broken === null ? answer() : (broken as T);
  };
  const refusal = <T>(
    claimed: ClaimedTask,
    decision: Decision,
    own: (status: ReturnType<typeof taskOf>['status']) => T,
  ) => {
    if (decision.outcome !== 'refused') throw new Error('it was accepted');
    const task = taskOf(world.board, claimed.task.id);
    return ownEnds.has(claimed.token) ? own(task.status) : { outcome: 'lost' as const, code: decision.code };
  };
  /** Tokens whose claims their own commands ended. */
  const ownEnds = new Set<number>();

  const board: WorkBoard = {
    claim: () =>
      through('claim', null, () => {
        const decision = world.ask('task.next', { workstream, lease_ms: leaseMs }, agent);
        if (decision.outcome === 'refused') throw new Error(decision.message);
        if (decision.outcome === 'unchanged' || !('task' in decision.result)) return { found: 'none' as const };
        const task = taskOf(world.board, decision.result.task);
        const claimed: ClaimedTask = { task, token: decision.version, leaseMs, version: decision.version };
        return { found: 'task' as const, claimed };
      }),
    renew: (claimed) =>
      through('renew', claimed, (): RenewAnswer => {
        const decision = perform('task.renew', claimed, { lease_ms: leaseMs });
        if (decision.outcome === 'accepted') return { outcome: 'renewed' };
        return refusal(claimed, decision, () => ({ outcome: 'own' as const }));
      }),
    report: (claimed, verdict) =>
      through('report', claimed, (): ReportAnswer => {
        const words = verdict.report === 'complete' ? { result: verdict.result } : { reason: verdict.reason };
        const decision = perform(`task.${verdict.report}`, claimed, words);
        if (decision.outcome !== 'accepted')
          return refusal(claimed, decision, (status) => ({ outcome: 'own' as const, status }));
        const { status } = taskOf(world.board, claimed.task.id);
        return { outcome: 'reported', published: true, version: decision.version, status };
      }),
    outlook: () =>
      through('outlook', null, () =>
        outlookOf(world.board, { workstream, agent }, { at: world.clock.now(), clockSkewMs: 0 }),
      ),
  };

  const begin = async (claimed: ClaimedTask): Promise<Job> => {
    if (options.start !== undefined) return options.start(claimed);
    const script = jobs(claimed);
    most = Math.max(most, ++running);
    let end: (end: JobEnd) => void = () => {};
    const ended = new Promise<JobEnd>((resolve) => {
      end = resolve;
    }).finally(() => running--);
    void world.clock.sleep(script.takesMs).then(() => {
      if (isDead) return;
      script.onEnd?.(claimed);
      if (script.onEnd !== undefined) ownEnds.add(claimed.token);
      end(script.end);
    });
    return {
      ended,
      stop: (how) => {
        signals.push(`${how} ${claimed.task.title} at ${world.time.now}`);
        const wait = how === 'force' ? 0 : script.yieldsAfterMs === undefined ? 0 : script.yieldsAfterMs;
        if (wait === null || script.isStuck === true) return;
        void world.clock.sleep(wait).then(() => end({ how: 'killed', signal: how === 'ask' ? 'SIGTERM' : 'SIGKILL' }));
      },
    };
  };

  let seen = world.board.meta.version;
  const waiter = pollingWaiter({
    clock: world.clock,
    fraction: () => 0.5,
    pace: new Pace({ shortestMs: 100, longestMs: 1_000 }),
    confirm: async () => {
      if (isDead) return never();
      if (options.breaks?.('outlook', null)) return 'failed';
      const isNews = seen !== world.board.meta.version;
      seen = world.board.meta.version;
      return isNews ? 'moved' : 'quiet';
    },
  });
  const { mode = 'drain', parallel = 1, taskTimeoutMs = null, graceMs = 1_000, patienceMs = 10_000 } = options;
  const signal = options.signal ?? stopping.signal;
  const settings: WorkSettings = { agent, mode, parallel, taskTimeoutMs, graceMs, patienceMs, signal };
  const tell = (event: WorkEvent): void => {
    if (!isDead) events.push(event);
  };
  const keep: WorkPorts['keep'] = async ({ task, token }, result) => {
    kept.set(`${task.id}-${token}`, result);
    return `kept/${task.id}-${token}`;
  };
  const summary = runWorker({ clock: world.clock, board, waiter, start: begin, keep, tell }, settings);
  summary.catch(() => {});
  return {
    events,
    kept,
    summary,
    signals,
    most: () => most,
    stop: () => stopping.abort(),
    kill: () => {
      isDead = true;
    },
  };
}

/** `claimed First`, `failed First: exit code 1`: what a worker told, one line each. */
export function linesOf(events: readonly WorkEvent[]): string[] {
  return events.map((event) => {
    const title = 'title' in event ? ` ${event.title}` : '';
    const why = 'reason' in event && event.reason !== null ? `: ${event.reason}` : '';
    const code = 'code' in event ? ` (${event.code})` : '';
    return `${event.event}${title}${'itself' in event && event.itself ? ' itself' : ''}${why}${code}`;
  });
}
