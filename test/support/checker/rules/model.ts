/** Rule 5: the model gives every tree; and what a log and batches owe besides. */
import { newLines } from '../adopt.ts';
import type { Fold, FoldedCommit } from '../fold.ts';
import { parseJson } from '../model/parse.ts';
import { Findings } from './rule.ts';

export class Model {
  readonly findings = new Findings(5);

  see({ commit, trailers, faults }: FoldedCommit): void {
    this.findings.judged += 1;
    const where = { commit: commit.oid, ...(trailers === null ? {} : { op: trailers.operation.id }) };
    const subject = commit.message.split('\n')[0] ?? '';
    for (const fault of faults) this.findings.add(`${subject}: ${fault}`, where);
  }
}

/** Rule 3, its part that needs no log: each commit of orc's adds exactly one line with its operation's id. */
export class EventLines {
  readonly findings = new Findings(3);
  private readonly seen = new Set<string>();

  see({ commit, trailers, changes }: FoldedCommit, fold: Fold): void {
    const ops = newLines(fold.reader, changes).flatMap((line) => {
      const op = (parseJson(line) as { op?: unknown } | undefined)?.op;
      return typeof op === 'string' ? [op] : [];
    });
    const where = { commit: commit.oid, ...(trailers === null ? {} : { op: trailers.operation.id }) };
    for (const op of ops) {
      if (this.seen.has(op)) this.findings.add(`a second line with the id ${op}`, where);
      this.seen.add(op);
    }
    if (trailers === null) return;
    this.findings.judged += 1;
    const own = ops.filter((op) => op === trailers.operation.id).length;
    if (own !== 1) this.findings.add(`${own} event lines with the operation's id`, where);
    if (ops.length > own) this.findings.add('an event line with the id of another operation', where);
  }
}
