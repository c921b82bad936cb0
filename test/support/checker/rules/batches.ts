/**
 * Rule 5, for batches: whole, and one behind the other. A place may be missing where its operation had nothing to do; that
 * is judged where a log says what it was.
 */
import type { Fold } from '../fold.ts';
import { decide } from '../model/decide.ts';
import type { BatchPlace, CallRecord, ChainCommit, Trailers } from '../types.ts';
import { variants } from './as-asked.ts';
import type { Findings } from './rule.ts';

const mayHaveNothing: readonly string[] = ['task.next', 'agent.heartbeat'];
const hasNothing: readonly CallRecord['answer'][] = ['none-ready', 'unchanged'];

export class Batches {
  private open: { readonly batch: BatchPlace; readonly trailers: Trailers } | null = null;
  private readonly seen = new Set<string>();
  private readonly callsByPlace = new Map<string, CallRecord>();

  constructor(
    logs: readonly CallRecord[],
    private readonly findings: Findings,
  ) {
    for (const call of logs)
      if (call.batch !== undefined) this.callsByPlace.set(`${call.batch.id} ${call.batch.k}`, call);
  }

  /** Before the fold takes the commit. */
  see(commit: ChainCommit, fold: Fold): void {
    const trailers = typeof commit.trailers === 'object' ? commit.trailers : null;
    const batch = trailers?.batch ?? null;
    if (this.open !== null && this.open.batch.id !== batch?.id) this.end(fold);
    if (trailers === null || batch === null) return;
    const where = { commit: commit.oid, op: trailers.operation.id };
    const { open } = this;
    if (open === null) {
      if (this.seen.has(batch.id)) this.findings.add(`the batch ${batch.id} is there twice, or in pieces`, where);
      this.seen.add(batch.id);
    } else if (batch.k <= open.batch.k || batch.n !== open.batch.n)
      this.findings.add(`the batch ${batch.id} has place ${batch.k} of ${batch.n} behind ${open.batch.k}`, where);
    this.checkMissing(fold, trailers, batch, open?.batch.k ?? 0, batch.k);
    this.open = { batch, trailers };
  }

  /** After the last commit. */
  end(fold: Fold): void {
    const { open } = this;
    if (open === null) return;
    this.checkMissing(fold, open.trailers, open.batch, open.batch.k, open.batch.n + 1);
    this.open = null;
  }

  /** The places between two, at the board before the next. */
  private checkMissing(fold: Fold, { at: iso }: Trailers, { id, n }: BatchPlace, after: number, before: number): void {
    for (let k = after + 1; k < before; k++) {
      const call = this.callsByPlace.get(`${id} ${k}`);
      // told while the batch was waiting, it stays as it was told
      if (call === undefined || (call.published === false && hasNothing.includes(call.answer))) continue;
      // so does one whose process was about to tell it, and died
      if (call.answer !== 'ok' && mayHaveNothing.includes(call.kind)) continue;
      this.findings.judged += 1;
      const { op, kind, agent } = call;
      const hadNothingToDo = variants(fold.board, call).some((args) =>
        fold.skews().some((skewMs) => {
          const about = { id: op, kind, agent, args, skewMs, newTask: null };
          const verdict = decide(fold.board, { ...about, at: Date.parse(iso), iso, version: fold.nextVersion });
          return verdict.outcome === 'unchanged';
        }),
      );
      if (!hadNothingToDo) this.findings.add(`the batch ${id} is without place ${k} of ${n}, ${kind}`, { op });
    }
  }
}
