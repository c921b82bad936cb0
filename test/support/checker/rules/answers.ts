/** Rules 2, 3 and 4: what was told, what was asked, and in which order. */
import type { Asked } from '../log.ts';
import { quoteArguments } from '../quoted.ts';
import type { CallRecord, ChainCommit, CheckOptions, FinalFacts, Trailers } from '../types.ts';
import { Findings } from './rule.ts';

export interface Entry {
  readonly commit: ChainCommit;
  readonly trailers: Trailers;
  readonly position: number;
}

const never: readonly CallRecord['answer'][] = ['refused', 'none-ready', 'unchanged'];
/** What a client may add to the arguments: how it proves what it holds. */
const proofs: ReadonlySet<string> = new Set(['token', 'claim', 'claims', 'holds']);

/** Rule 2: ok exactly once, refused never, anything else at most once; nothing queued gets lost. */
export function checkOnce(
  entriesByOp: ReadonlyMap<string, readonly Entry[]>,
  asked: ReadonlyMap<string, Asked>,
  finals: readonly FinalFacts[],
): Findings {
  const findings = new Findings(2);
  for (const [op, entries] of entriesByOp) {
    const commit = entries[1]?.commit.oid;
    if (commit !== undefined) findings.add(`the operation is in the chain ${entries.length} times`, { op, commit });
  }
  for (const [op, { calls }] of asked) {
    const entry = entriesByOp.get(op)?.[0];
    for (const call of calls) {
      findings.judged += 1;
      if (call.answer === 'ok') checkTold(findings, call, entry);
      else if (never.includes(call.answer) && entry !== undefined && !isFailureInPassing(call, entry))
        findings.add(`told ${call.answer}${call.code === undefined ? '' : ` (${call.code})`}, and is in the chain`, {
          op,
          commit: entry.commit.oid,
        });
    }
  }
  checkFinals(findings, entriesByOp, asked, finals);
  return findings;
}

function checkTold(findings: Findings, call: CallRecord, entry: Entry | undefined): void {
  const { op, version, result } = call;
  if (entry === undefined) {
    findings.add('told ok, and is not in the chain', { op });
    return;
  }
  const { trailers, commit } = entry;
  const where = { op, commit: commit.oid };
  if (typeof version === 'number' && version !== trailers.version)
    findings.add(`told version ${version}, got ${trailers.version}`, where);
  if (result !== undefined && !isSame(result, trailers.result))
    findings.add(`told ${JSON.stringify(result)}, got ${JSON.stringify(trailers.result)}`, where);
}

/** `next` may fail tasks in passing and find none to hand out: then it is in, and has no task to tell. */
function isFailureInPassing(call: CallRecord, { trailers }: Entry): boolean {
  return call.answer === 'none-ready' && isSame(trailers.result, { value: null });
}

function checkFinals(
  findings: Findings,
  entriesByOp: ReadonlyMap<string, readonly Entry[]>,
  asked: ReadonlyMap<string, Asked>,
  finals: readonly FinalFacts[],
): void {
  const rejected = new Set(finals.flatMap((facts) => facts.rejected.map(({ op }) => op)));
  const queued = new Set(finals.flatMap((facts) => facts.queued));
  const settled = new Set(finals.map(({ client }) => client));
  for (const op of rejected) if (entriesByOp.has(op)) findings.add('is in the chain and among the rejected', { op });
  for (const op of queued) {
    if (entriesByOp.has(op)) findings.add('is in the chain and still waits', { op });
    if (rejected.has(op)) findings.add('is rejected and still waits', { op });
  }
  for (const [op, { calls }] of asked) {
    const call = calls.find(({ answer }) => answer === 'queued');
    if (call === undefined || !settled.has(call.client)) continue;
    // It may have nothing left to do when its turn comes.
    if (call.kind === 'agent.heartbeat') continue;
    if (!entriesByOp.has(op) && !rejected.has(op) && !queued.has(op)) findings.add('told queued, and is lost', { op });
  }
}

/** Rule 3: nothing in the chain that nobody asked for, as it was asked. */
export function checkAsked(
  entries: readonly Entry[],
  asked: ReadonlyMap<string, Asked>,
  unlogged: CheckOptions['unlogged'],
): Findings {
  const findings = new Findings(3);
  const isUnlogged = typeof unlogged === 'function' ? unlogged : (op: string) => unlogged?.has(op) === true;
  for (const { commit, trailers } of entries) {
    const { operation } = trailers;
    const where = { commit: commit.oid, op: operation.id };
    const calls = asked.get(operation.id)?.calls ?? [];
    if (calls.length === 0) {
      if (!isUnlogged(operation.id)) findings.add(`nobody asked for this ${operation.kind}`, where);
      continue;
    }
    findings.judged += 1;
    const faults = calls.map((call) => difference(call, trailers, commit.oid.length));
    if (!faults.includes(null)) findings.add(`asked otherwise: ${faults[0]}`, where);
  }
  return findings;
}

function difference(call: CallRecord, { operation, batch }: Trailers, idLength: number): string | null {
  const { kind, agent, args } = operation;
  if (agent !== call.agent) return `agent ${call.agent}, not ${agent}`;
  if (!isSame(call.batch ?? null, batch)) return 'another place in a batch';
  // a tentative `next` is published as a claim of the task that was told
  const isPinned = call.kind === 'task.next' && kind === 'task.claim';
  if (kind !== call.kind && !isPinned) return `${call.kind}, not ${kind}`;
  if (isPinned && call.result !== undefined && !isSame(args.id, toldTask(call)))
    return `${args.id}, where ${toldTask(call)} was told`;
  const wanted = quoteArguments(call.kind, call.args, idLength) as Readonly<Record<string, unknown>>;
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(args)])) {
    if (isPinned && (name === 'workstream' || name === 'label' || name === 'id')) continue;
    // a text that was told as queued replaces what it was written on, or is merged with what came instead (fold.ts)
    if (kind === 'knowledge.write' && (name === 'base' || name === 'merged') && call.answer !== 'ok') continue;
    if (kind === 'knowledge.write' && name === 'content' && args.merged === true) continue;
    const isAdded = wanted[name] === undefined && proofs.has(name);
    const isShortened = name === 'id' && isBeginning(wanted[name], args[name]);
    if (!isAdded && !isShortened && !isSame(wanted[name], args[name])) return `another ${name}`;
  }
  return null;
}

function toldTask({ result }: CallRecord): unknown {
  return typeof result === 'object' && result !== null && 'task' in result ? result.task : undefined;
}

function isBeginning(short: unknown, long: unknown): boolean {
  return typeof short === 'string' && typeof long === 'string' && long.startsWith(short);
}

/** Rule 4: what was answered before something else was asked stands before it. */
export function checkOrder(entries: readonly Entry[], asked: ReadonlyMap<string, Asked>): Findings {
  const findings = new Findings(4);
  // from the newest back: the earliest answer among those that stand later
  let earliest: { readonly end: number; readonly op: string } | null = null;
  for (const { commit, trailers } of [...entries].reverse()) {
    const op = trailers.operation.id;
    const mine = asked.get(op);
    if (mine === undefined) continue;
    findings.judged += 1;
    if (earliest !== null && earliest.end < mine.start)
      findings.add(`stands before ${earliest.op}, which was answered before this was asked`, {
        commit: commit.oid,
        op,
      });
    const end = mine.toldOk;
    if (end !== null && (earliest === null || end < earliest.end)) earliest = { end, op };
  }
  return findings;
}

/** Whether two values are the same as JSON, whatever the order of their fields. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.every((name) => isSame(a[name], b[name]));
}
