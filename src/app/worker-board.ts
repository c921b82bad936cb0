/** The board as a worker sees it, over the facade: every change is published at once, and proven with the token of the claim. */
import { outlookOf, type WorkScope } from '../core/outlook.ts';
import type { BoardEvent, Task } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Asked } from '../sync/pace.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import { defined, type Performed } from './performed.ts';
import { skewOf } from './skew.ts';
import { dropUnanswered, superseded, takeBack } from './superseded.ts';
import type { Verdict } from './worker-decisions.ts';
import type { ClaimAnswer, ClaimedTask, RenewAnswer, ReportAnswer, WorkBoard } from './worker-ports.ts';

export interface WorkBoardOptions extends WorkScope {
  /** Default: as the settings say. */
  readonly leaseMs?: number | undefined;
  readonly allowSecret?: boolean | undefined;
}

/** Another call may well succeed: nothing is wrong with what was asked. */
const passing: ReadonlySet<string> = new Set([
  'unreachable',
  'not-published',
  'clock-off',
  'store-busy',
  'git-failed',
  'io',
]);
/** The words of the report are at fault, not the claim. */
const unfit: ReadonlySet<string> = new Set(['secret-found', 'too-large', 'checks-failed', 'conflict']);
/** What ends a claim. A release by `agent.retire` names no task: it counts as somebody else's doing. */
const ends: ReadonlySet<string> = new Set([
  'task_completed',
  'task_failed',
  'task_released',
  'task_blocked',
  'task_cancelled',
  'task_reclaimed',
]);

export class OrcWorkBoard implements WorkBoard {
  readonly #orc: OrcCore;
  readonly #options: WorkBoardOptions;
  /** Claims that were sent and not answered: they are asked for again by their id, so that none is taken twice. */
  readonly #open: string[] = [];

  constructor(orc: OrcCore, options: WorkBoardOptions) {
    this.#orc = orc;
    this.#options = options;
  }

  async claim(): Promise<ClaimAnswer> {
    const { workstream, label, leaseMs, agent } = this.#options;
    const known = this.#open.shift();
    const args = defined({ workstream, label, lease_ms: leaseMs });
    try {
      const claimed = await this.#perform('task.next', args, { requirePublished: false, op: known });
      return await this.#claimAnswer(claimed, agent);
    } catch (error) {
      if (known !== undefined) this.#open.push(known);
      if (error instanceof OrcError && passing.has(error.code)) return { found: 'nobody', reason: error.message };
      throw error;
    }
  }

  async #claimAnswer({ data: task, published, op, reason, version }: Performed<Task | null>, agent: string) {
    if (published === true) {
      // An answer that came late may be outdated by now.
      const claim = task?.claim;
      if (!task || !claim || claim.id !== op || task.assigned_to !== agent) return { found: 'none' } as const;
      const leaseMs = Date.parse(claim.lease_until) - Date.parse(claim.claimed_at);
      return { found: 'task', claimed: { task, token: claim.token, leaseMs, version } } as const;
    }
    if (published === null && reason === null) return { found: 'none' } as const;
    if (published === false && !(await takeBack(this.#orc, op))) this.#open.push(op);
    return { found: 'nobody', reason: reason ?? 'it could not be published' } as const;
  }

  async renew({ task: { id }, token }: ClaimedTask): Promise<RenewAnswer> {
    const args = defined({ id, token, lease_ms: this.#options.leaseMs });
    try {
      const { published, op, reason } = await this.#perform('task.renew', args, { requirePublished: false });
      if (published !== false) return { outcome: 'renewed' };
      await dropUnanswered(this.#orc, op);
      return { outcome: 'failed', code: 'unreachable', reason: reason ?? 'it could not be published' };
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
      const { code, message: reason } = error;
      if (!superseded.has(code)) return { outcome: 'failed', code, reason };
      return (await this.#ownEnd(id, token)) === null ? { outcome: 'lost', code } : { outcome: 'own' };
    }
  }

  async report(
    { task: { id }, token }: ClaimedTask,
    verdict: Exclude<Verdict, { report: 'lost' }>,
  ): Promise<ReportAnswer> {
    const words =
      verdict.report === 'complete'
        ? defined({ result: verdict.result, checks: verdict.checks })
        : { reason: verdict.reason };
    const { allowSecret } = this.#options;
    try {
      const { data, published, version } = await this.#perform(
        `task.${verdict.report}`,
        { id, token, ...words },
        { allowSecret },
      );
      return { outcome: 'reported', published: published !== false, version, status: data?.status ?? 'pending' };
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
      const { code, message: reason, details } = error;
      // It waits in the queue, or may be in: nothing is lost, and nothing is to be done twice.
      if (code === 'not-published' && details?.state !== 'none')
        return { outcome: 'reported', published: false, version: 0, status: 'pending' };
      if (superseded.has(code)) {
        const own = await this.#ownEnd(id, token);
        return own === null ? { outcome: 'lost', code } : { outcome: 'own', status: own };
      }
      return { outcome: unfit.has(code) ? 'unfit' : 'failed', code, reason };
    }
  }

  async outlook() {
    const orc = this.#orc;
    const at = orc.world.clock.now();
    return orc.ask((board) => outlookOf(board, this.#options, { at, clockSkewMs: skewOf(orc, board) }));
  }

  /** Whether the board has changed, here or upstream, since it was asked last. */
  confirming(timeoutMs: number): () => Promise<Asked> {
    const { session } = this.#orc.connection;
    let seen: string | null = null;
    return async () => {
      const asked = await session.view.confirm({ timeoutMs });
      if (asked.outcome === 'unreachable') return 'failed';
      if (asked.outcome === 'moved') await session.rebuildLocal();
      // Another process of this clone may have brought the news already.
      const { commit } = await session.localHead();
      const isNews = asked.outcome === 'moved' || (seen !== null && commit !== seen);
      seen = commit;
      return isNews ? 'moved' : 'quiet';
    };
  }

  #perform(
    kind: string,
    args: Record<string, unknown>,
    options: MutationOptions = {},
  ): Promise<Performed<Task | null>> {
    const { agent } = this.#options;
    return this.#orc.perform<Task | null>(kind, args, { agent, publish: 'each', ...options });
  }

  /** The status in which the command itself, with the token, left the task; `null`: the claim was ended by somebody else. */
  async #ownEnd(id: string, token: number): Promise<Task['status'] | null> {
    const end = (await this.#eventsSince(id, token)).find(({ action }) => ends.has(action));
    if (end === undefined || !isOwn(end, this.#options.agent)) return null;
    const task = await this.#orc.task(id);
    return end.action === 'task_completed' ? 'done' : (task?.status ?? 'pending');
  }

  /** Its events after the one that bears the token. Only as much of the log is read as they need. */
  async #eventsSince(id: string, token: number): Promise<BoardEvent[]> {
    for (let last = 4; ; last *= 4) {
      const events = await this.#orc.events({ task: id, last });
      const isAll = events.length < last || events.some(({ v }) => v <= token);
      if (isAll) return events.filter(({ v }) => v > token);
    }
  }
}

function isOwn({ agent, action }: BoardEvent, own: string): boolean {
  return agent === own && action !== 'task_reclaimed';
}
