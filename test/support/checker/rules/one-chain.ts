/** Rule 1: one chain, single parents, versions that rise, without gaps where nobody edited by hand. */
import type { Fold } from '../fold.ts';
import type { ChainCommit, CheckOptions } from '../types.ts';
import { Findings } from './rule.ts';

export class OneChain {
  readonly findings = new Findings(1);
  private lastAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: CheckOptions) {}

  /** Before the fold takes the commit. */
  see(commit: ChainCommit, fold: Fold): void {
    const { findings, options } = this;
    const { oid: id, trailers, parents } = commit;
    findings.judged += 1;
    if (trailers === null) {
      if (options.allowManualEdits !== true)
        findings.add('a commit without trailers: somebody edited by hand', { commit: id });
      return;
    }
    if (parents.length > 1) findings.add(`the commit has ${parents.length} parents`, { commit: id });
    if (typeof trailers === 'string') {
      findings.add(`the trailers cannot be read: ${trailers}`, { commit: id });
      return;
    }
    const { version, base, at, operation } = trailers;
    const where = { commit: id, op: operation.id };
    if (version <= fold.highestVersion) findings.add(`version ${version} after ${fold.highestVersion}`, where);
    else if (version !== fold.nextVersion && options.allowVersionGaps !== true)
      findings.add(`version ${version}, where ${fold.nextVersion} was due`, where);
    if (base >= version) findings.add(`version ${version} was asked on version ${base}`, where);
    this.checkTime(Date.parse(at), fold, where);
  }

  /** Times follow the parent's, but for a parent that was ahead of the own clock by more than the skew. Then by how much is unknown. */
  private checkTime(at: number, fold: Fold, where: { readonly commit: string; readonly op: string }): void {
    const isBack = at < this.lastAt;
    if (
      isBack &&
      this.options.clockError !== undefined &&
      this.options.clockError < fold.board.meta.settings.clockSkewMs
    )
      this.findings.add(`the time runs back by ${this.lastAt - at} ms`, where);
    this.lastAt = at;
  }
}
