/**
 * Rule 7: a refusal, and a `next` that found nothing, was true of some state between its start and its end. The states
 * are those that the upstream may have had in that time, as far as the other calls tell; the times, those of the call.
 */
import type { Fold } from '../fold.ts';
import type { Asked } from '../log.ts';
import type { BoardModel, Change } from '../model/board.ts';
import { decide } from '../model/decide.ts';
import { leaseEnd } from '../model/holding.ts';
import { type Arguments, type Call, isoTime, type Verdict } from '../model/operation.ts';
import { carryOut } from '../model/write.ts';
import { quote } from '../quoted.ts';
import type { CallRecord, CheckOptions } from '../types.ts';
import type { Entry } from './answers.ts';
import { variants } from './as-asked.ts';
import { Findings } from './rule.ts';

const negative: readonly CallRecord['answer'][] = ['refused', 'none-ready', 'unchanged'];
/** Codes that hang on more than the documents say of a board, or on more than the board. */
const unjudged: ReadonlySet<string> = new Set(['secret-found', 'dropped', 'paused', 'ambiguous-id', 'batch-refused']);
/** One refusal: a call, or all calls of a batch. */
interface Claimed {
  readonly calls: readonly CallRecord[];
  readonly answer: CallRecord['answer'];
  readonly code: string | null;
  /** States by the number of commits before them, first and last. */
  readonly from: number;
  readonly to: number;
  /** The client's clock, ms since 1970. */
  readonly earliest: number;
  readonly latest: number;
}

export class Refusals {
  readonly findings = new Findings(7);
  private readonly waiting: Claimed[];
  private readonly open = new Set<Claimed>();

  constructor(
    logs: readonly CallRecord[],
    asked: ReadonlyMap<string, Asked>,
    entries: readonly Entry[],
    private readonly options: CheckOptions,
  ) {
    const windows = new Windows(asked, entries);
    const length = entries.at(-1)?.position ?? -1;
    this.waiting = gather(logs)
      .map((calls) => this.claim(calls, windows, length + 1))
      .filter((claim) => claim !== null)
      .sort((a, b) => b.from - a.from);
  }

  private claim(calls: readonly CallRecord[], windows: Windows, last: number): Claimed | null {
    const call = calls.find(({ answer }) => answer === 'refused') ?? calls[0];
    if (call === undefined || call.end === null || !negative.includes(call.answer) || call.published === false)
      return null;
    const codes = new Set(calls.flatMap(({ code }) => (code === undefined ? [] : [code])));
    codes.delete('batch-refused');
    const code = call.answer === 'refused' ? ([...codes][0] ?? null) : null;
    if (call.answer === 'refused' && (code === null || unjudged.has(code))) return null;
    const { timeOrigin, clockError = 0 } = this.options;
    const clock =
      call.clock ?? (timeOrigin === undefined ? null : { start: call.start + timeOrigin, end: call.end + timeOrigin });
    return {
      calls,
      answer: call.answer,
      code,
      from: windows.from(call.start),
      to: Math.min(windows.to(call.end), last),
      earliest: clock === null ? Number.NEGATIVE_INFINITY : clock.start - clockError,
      latest: clock === null ? Number.POSITIVE_INFINITY : clock.end + clockError,
    };
  }

  /** The board as it is after `fold.position` commits. */
  see(fold: Fold): void {
    for (let next = this.waiting.at(-1); next !== undefined && next.from <= fold.position; next = this.waiting.at(-1)) {
      this.waiting.pop();
      this.findings.judged += 1;
      this.open.add(next);
    }
    for (const claimed of this.open) {
      if (isTrue(claimed, fold)) this.open.delete(claimed);
      else if (fold.position >= claimed.to) {
        this.open.delete(claimed);
        const { calls, answer, code, from, to } = claimed;
        const call = calls[0];
        const told = code === null ? answer : `${answer} (${code})`;
        const states = from === to ? `state ${from}` : `the states ${from} to ${to}`;
        this.findings.add(
          `${call?.kind} by ${call?.agent} of ${call?.client} was told ${told}, which no board of ${states} says: ${JSON.stringify(quote(call?.args, 40))}`,
          call === undefined ? {} : { op: call.op },
        );
      }
    }
  }

  /** Refusals whose states are not in the chain: there was no board yet, or the log is of another one. */
  finish(fold: Fold): void {
    for (const { calls } of this.waiting)
      this.findings.add(`was refused after ${fold.position} commits, and there are no more`, {
        op: calls[0]?.op ?? '',
      });
  }
}

/** Refused batches as one, everything else by itself. */
function gather(logs: readonly CallRecord[]): CallRecord[][] {
  const units: CallRecord[][] = [];
  const batches = new Map<string, CallRecord[]>();
  for (const call of logs) {
    if (call.batch === undefined) units.push([call]);
    else {
      const key = `${call.batch.id} ${call.start}`;
      batches.set(key, [...(batches.get(key) ?? []), call]);
    }
  }
  for (const calls of batches.values())
    if (calls.some(({ answer }) => answer === 'refused')) units.push(calls.sort((a, b) => placeOf(a) - placeOf(b)));
  return units;
}

function placeOf({ batch }: CallRecord): number {
  return batch?.k ?? 0;
}

/** Which states of the chain a moment allows. */
class Windows {
  /** Answers by time: from then on at least so many commits were there. */
  private readonly told: { readonly time: number; readonly count: number }[];
  /** Requests by time, newest first: until then at most so many were there. */
  private readonly asked: { readonly time: number; readonly count: number }[];

  constructor(asked: ReadonlyMap<string, Asked>, entries: readonly Entry[]) {
    const known = entries.flatMap(({ trailers, position }) => {
      const mine = asked.get(trailers.operation.id);
      return mine === undefined ? [] : [{ mine, position }];
    });
    this.told = known
      .flatMap(({ mine, position }) => (mine.toldOk === null ? [] : [{ time: mine.toldOk, count: position + 1 }]))
      .sort((a, b) => a.time - b.time);
    let most = 0;
    this.told = this.told.map(({ time, count }) => {
      most = Math.max(most, count);
      return { time, count: most };
    });
    let least = Number.POSITIVE_INFINITY;
    this.asked = known
      .map(({ mine, position }) => ({ time: mine.start, count: position }))
      .sort((a, b) => b.time - a.time)
      .map(({ time, count }) => {
        least = Math.min(least, count);
        return { time, count: least };
      });
  }

  /** The oldest state that a call which started then may have seen. */
  from(start: number): number {
    return findLast(this.told, ({ time }) => time < start)?.count ?? 0;
  }

  /** The newest state that a call which ended then may have seen. */
  to(end: number): number {
    return findLast(this.asked, ({ time }) => time > end)?.count ?? Number.POSITIVE_INFINITY;
  }
}

/** The last of those at the front for which it holds. */
function findLast<Item>(items: readonly Item[], holds: (item: Item) => boolean): Item | undefined {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle] as Item)) low = middle + 1;
    else high = middle;
  }
  return items[low - 1];
}

function isTrue(claimed: Claimed, fold: Fold): boolean {
  const tried = new Set<number>();
  for (const now of moments(claimed, fold)) {
    const at = chainTime(fold.board, now);
    if (tried.has(at)) continue;
    tried.add(at);
    if (claimed.code === 'clock-off' ? isForClock(claimed, fold, at) : isSaid(claimed, fold, at)) return true;
  }
  return false;
}

function isSaid({ calls, answer, code }: Claimed, fold: Fold, at: number): boolean {
  const isAnswer = (verdict: Verdict): boolean =>
    answer === 'refused' ? verdict.outcome === 'refused' && verdict.code === code : verdict.outcome === 'unchanged';
  return fold
    .skews()
    .some((skewMs) => says(calls, fold, { at, skewMs }, (verdictsBy) => verdictsBy(skewMs).some(isAnswer)));
}

/** Whether a clock that can be trusted says another thing than one that cannot: it is done, or refused for another reason. */
function isForClock({ calls }: Claimed, fold: Fold, at: number): boolean {
  const untrusted = Number.POSITIVE_INFINITY;
  if (!fold.skews().includes(untrusted)) return false;
  const isDone = ({ outcome }: Verdict): boolean => outcome === 'accepted';
  return says(calls, fold, { at, skewMs: untrusted }, (verdictsBy) => {
    const trusted = fold.skews().filter((skewMs) => Number.isFinite(skewMs));
    const withheld = verdictsBy(untrusted);
    const isOther = (verdict: Verdict): boolean =>
      isDone(verdict) || (verdict.outcome === 'refused' && !withheld.some((each) => isSameRefusal(each, verdict)));
    return trusted.some((skewMs) => verdictsBy(skewMs).some(isOther)) && !withheld.every(isDone);
  });
}

function isSameRefusal(a: Verdict, b: Verdict): boolean {
  return a.outcome === 'refused' && b.outcome === 'refused' && a.code === b.code;
}

/** Never before the newest mutation, but for one that is too far ahead. */
function chainTime({ meta }: BoardModel, now: number): number {
  const parent = meta.updatedAt === null ? Number.NaN : Date.parse(meta.updatedAt);
  return Number.isNaN(parent) || parent <= now ? now : Math.min(parent, now + meta.settings.clockSkewMs);
}

/** Times that may make a difference: the ends of the call, and whatever runs out in between. */
function* moments({ earliest, latest }: Claimed, { board }: Fold): Generator<number> {
  const newest = Date.parse(board.meta.updatedAt ?? '1970-01-01T00:00:00.000Z');
  yield Number.isFinite(latest) ? latest : newest;
  yield Number.isFinite(earliest) ? earliest : newest;
  if (earliest === latest) return;
  const { clockSkewMs, leaseMs } = board.meta.settings;
  for (const end of ends(board)) {
    for (const margin of [0, clockSkewMs, -clockSkewMs, leaseMs / 3])
      for (const now of [end + margin - 1, end + margin, end + margin + 1])
        if (now > earliest && now < latest) yield now;
  }
}

function* ends(board: BoardModel): Generator<number> {
  for (const task of board.openTasks.values()) if (task.status === 'in_progress') yield leaseEnd(board, task);
  for (const lock of board.locks.values()) for (const holder of lock.holders) yield Date.parse(holder.expires_at);
  for (const agent of board.agents.values()) yield Date.parse(agent.last_seen);
}

type VerdictsBy = (skewMs: number) => readonly Verdict[];

/** Whether the model gives such an answer on this board at this time; of a batch, at one of its lines. */
function says(
  calls: readonly CallRecord[],
  fold: Fold,
  { at, skewMs }: { readonly at: number; readonly skewMs: number },
  isTold: (verdictsBy: VerdictsBy) => boolean,
): boolean {
  const { board } = fold;
  const meta = board.meta;
  const undo: Change[] = [];
  let found = false;
  for (const [index, call] of calls.entries()) {
    const version = fold.nextVersion + index;
    const asCall = (args: Arguments, skew: number): Call => {
      const about = { id: call.op, kind: call.kind, agent: call.agent, args, newTask: null };
      return { ...about, at, iso: isoTime(at), version, skewMs: skew };
    };
    const given = variants(board, call);
    found = isTold((skew) => given.map((args) => decide(board, asCall(args, skew))));
    if (found) break;
    for (const args of given) {
      const verdict = decide(board, asCall(args, skewMs));
      if (verdict.outcome !== 'accepted') continue;
      undo.unshift(...carryOut(board, verdict, asCall(args, skewMs)).undo);
      break;
    }
  }
  board.apply(undo);
  board.meta = meta;
  return found;
}
