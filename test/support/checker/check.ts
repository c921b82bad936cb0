import { Fold } from './fold.ts';
import { byOperation } from './log.ts';
import { checkAsked, checkOnce, checkOrder, type Entry } from './rules/answers.ts';
import { Batches } from './rules/batches.ts';
import { EventLines, Model } from './rules/model.ts';
import { OneChain } from './rules/one-chain.ts';
import { Refusals } from './rules/refusals.ts';
import { Tokens } from './rules/tokens.ts';
import type { ChainCommit, CheckInput, CheckReport, Rule, Violation } from './types.ts';

/**
 * Judges a board's history and what its clients were told, by the seven rules of reliability. Without logs, rules 2, 4
 * and 7 have nothing to judge but operations that are in twice.
 * @throws Error when objects of the chain are missing
 */
export function checkBoard({ chain, logs = [], finals = [], options = {} }: CheckInput): CheckReport {
  const entries = entriesOf(chain.commits);
  const entriesByOp = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { id } = entry.trailers.operation;
    entriesByOp.set(id, [...(entriesByOp.get(id) ?? []), entry]);
  }
  const asked = byOperation(logs);
  const fold = new Fold(chain, options, (op) => asked.get(op)?.calls.map(({ args }) => args) ?? []);
  const oneChain = new OneChain(options);
  const model = new Model();
  const batches = new Batches(logs, model.findings);
  const lines = new EventLines();
  const tokens = new Tokens();
  const refusals = new Refusals(logs, asked, entries, options);
  refusals.see(fold);
  for (const commit of chain.commits) {
    oneChain.see(commit, fold);
    batches.see(commit, fold);
    const skewMs = Math.min(...fold.skews());
    const folded = fold.step(commit);
    model.see(folded);
    lines.see(folded, fold);
    tokens.see(folded, fold, skewMs);
    refusals.see(fold);
  }
  refusals.finish(fold);
  batches.end(fold);
  const all = [
    oneChain.findings,
    checkOnce(entriesByOp, asked, finals),
    lines.findings,
    ...(logs.length === 0 ? [] : [checkAsked(entries, asked, options.unlogged)]),
    checkOrder(entries, asked),
    model.findings,
    tokens.findings,
    refusals.findings,
  ];
  const judged: Record<Rule, number> = { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 };
  const violations: Violation[] = [];
  for (const findings of all) {
    judged[findings.rule] += findings.judged;
    violations.push(...findings.violations);
  }
  return { violations: violations.slice(0, options.maxViolations ?? 100), judged };
}

function entriesOf(commits: readonly ChainCommit[]): Entry[] {
  return commits.flatMap((commit, position) => {
    const { trailers } = commit;
    return typeof trailers === 'object' && trailers !== null ? [{ commit, trailers, position }] : [];
  });
}
