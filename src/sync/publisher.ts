/**
 * Publishing what waits: one round decides all open operations on the newest known head, commits and pushes them together.
 *
 * The numbers are those of docs/protocol.md, "What a push may meet".
 * Any process may publish for all processes of the store; two at once are slower, never wrong, because the upstream is
 * the arbiter and the event log the proof.
 */

import { lazily } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { Added, PushOutcome, Transport } from '../git/transport.ts';
import { isIn, replayOptions } from './deciding.ts';
import type { Head } from './head.ts';
import { type Foreign, nothingForeign, readInbox } from './inbox.ts';
import { droppedOutcome, mayStillArrive, sortOut } from './orphans.ts';
import { outcomesOf } from './outcomes.ts';
import { OwnDeposits } from './own-deposits.ts';
import type { Chance, Clock, Committer } from './ports.ts';
import { findProofs } from './proof.ts';
import {
  type DepositMark,
  type Queue,
  type QueueRecord,
  type Settled,
  type Taking,
  type Unit,
  unitIdOf,
  unitsOf,
} from './queue.ts';
import { type Decided, type Replayed, replay } from './replay.ts';
import type { RoundOptions, RoundResult } from './round.ts';
import type { Deposits, Fetched, UpstreamView } from './upstream-view.ts';

export interface PublisherPorts {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly committer: () => Promise<Committer>;
  readonly view: UpstreamView;
  readonly sharesClock: boolean;
  /** Hears how far deciding has come, anew in each round. */
  readonly onDecided?: (done: number, of: number) => void;
  /** What the upstream calls the board's branch, for hints; default `orc`. */
  readonly branch?: string;
}

/** Carries out one round over the open records of the queue that nobody else has in hand. */
export async function publishRound(ports: PublisherPorts, options: RoundOptions): Promise<RoundResult> {
  let partial: readonly QueueRecord[] = [];
  const taking = await ports.queue.take((open) => {
    const units = unitsOf(open);
    const whole = new Set(units.flatMap(({ records }) => records));
    partial = open.filter((record) => !whole.has(record));
    return options.select(units).flatMap(({ records }) => records);
  });
  try {
    return await new Round(ports, options, taking, partial).run();
  } finally {
    // A taking that stays behind lapses.
    await taking.release().catch(() => undefined);
  }
}

class Round {
  readonly #ports: PublisherPorts;
  readonly #options: RoundOptions;
  readonly #taking: Taking;
  readonly #own: OwnDeposits;
  /** On the monotonic clock. Everything that is in the round was asked before. */
  readonly #began: number;
  readonly #settled: Settled[] = [];
  #left: readonly string[];
  /** As last seen in this round; `null`: nobody looked. */
  #inbox: Deposits | null;

  /** `partial`: of batches that are not whole, which nobody can decide. */
  constructor(ports: PublisherPorts, options: RoundOptions, taking: Taking, partial: readonly QueueRecord[]) {
    this.#ports = ports;
    this.#options = options;
    this.#taking = taking;
    this.#own = new OwnDeposits(ports, taking);
    this.#left = partial.map(({ operation }) => operation.id);
    this.#began = ports.clock.monotonic();
    this.#inbox = options.looked;
    if (options.looked !== null) this.#own.see(options.looked);
  }

  async run(): Promise<RoundResult> {
    const { records } = this.#taking;
    const { carrying } = this.#options;
    if (carrying === 'deposit') return this.#deposit(unitsOf(records));
    // 3. What may have been sent before must be looked for upstream before it is decided again.
    const isOut = records.some(({ sent, owner }) => sent !== null || this.#ports.queue.liveness(owner) === 'dead');
    if (this.#inbox === null && (isOut || this.#looks || carrying === 'watch')) {
      const fetched = await this.#fetch();
      if (fetched.outcome === 'unreachable') return this.#unreachable(fetched.reason, unitsOf(records));
    }
    const sorted = await sortOut(this.#ports, records);
    await this.#settle(sorted.dropped);
    const isDeposited = sorted.left.some((record) => this.#own.markOf(record) !== null);
    const left = isDeposited ? await this.#dropDeposited(sorted.head, sorted.left) : sorted.left;
    if (left === 'raced') return this.#raced();
    this.#left = [...this.#left, ...left.map(({ operation }) => operation.id)];
    const units = unitsOf(sorted.wanted);
    if (carrying !== 'wait' && carrying !== 'watch')
      return carrying === 'carry' ? this.#decideAll(units) : this.#decide(units, nothingForeign);
    const { carried, waiting, others } = await this.#lookFor(units);
    // Whoever hears its outcome now does not carry others before it.
    if (carried.length > 0) return this.#decide(carried, nothingForeign);
    const isTurn = others.length > 0 || (this.#inbox !== null && this.#options.isTurn(this.#inbox, this.#own.names));
    if (waiting.length > 0 && !isTurn) {
      const fresh = units.filter((unit) => this.#own.mayDeposit(unit));
      if (fresh.length > 0) return this.#deposit(fresh);
      return { outcome: 'waiting', isDeposited: true, isFirst: null, settled: this.#settled };
    }
    return this.#decideAll(units);
  }

  /** One's own first, then what others deposited. */
  async #decideAll(units: readonly Unit[]): Promise<RoundResult> {
    const foreign = await this.#foreign(units);
    return this.#decide(units, foreign);
  }

  /** Whether this round has to know what lies in the inbox. */
  get #looks(): boolean {
    const { carrying } = this.#options;
    return carrying === 'wait' || carrying === 'carry' || (carrying !== 'watch' && this.#own.names.size > 0);
  }

  get #call(): { readonly timeoutMs: number } {
    return { timeoutMs: Math.max(1, this.#options.deadline - this.#ports.clock.monotonic()) };
  }

  async #fetch(): Promise<Fetched> {
    const looks = this.#looks ? { inbox: true } : {};
    const fetched = await this.#ports.view.fetch({ ...this.#call, ...looks });
    if (fetched.outcome !== 'unreachable') this.#inbox = fetched.deposits ?? null;
    if (this.#inbox !== null) this.#own.see(this.#inbox);
    return fetched;
  }

  /** Which units of ours were carried in, which wait for that, and which are for us to publish. */
  async #lookFor(units: readonly Unit[]) {
    const { store, view } = this.#ports;
    const records = units.flatMap((unit) => unit.records);
    const ids = new Set(records.map(({ operation }) => operation.id));
    const proofs = await findProofs(store, await view.head(), ids, Math.min(...records.map(({ base }) => base)));
    const inbox = this.#inbox;
    const isThere = (mark: DepositMark | null): boolean =>
      mark !== null && mark.state !== 'gone' && (inbox === null || inbox.has(mark.name));
    const isCarried = (unit: Unit): boolean => unit.records.some(({ operation }) => proofs.has(operation.id));
    const isWaiting = (unit: Unit): boolean => unit.records.every((record) => isThere(this.#own.markOf(record)));
    const carried = units.filter(isCarried);
    const waiting = units.filter((unit) => !isCarried(unit) && isWaiting(unit));
    const others = units.filter(
      (unit) => !carried.includes(unit) && !waiting.includes(unit) && !this.#own.mayDeposit(unit),
    );
    return { carried, waiting, others };
  }

  async #foreign(units: readonly Unit[]): Promise<Foreign> {
    const { store, view, clock } = this.#ports;
    const { meta } = (await view.head()).read.board;
    const decided = new Set(units.flatMap(({ records }) => records.map(({ operation }) => operation.id)));
    return readInbox(store, this.#inbox ?? new Map(), {
      board: meta.id,
      now: clock.now(),
      own: this.#own.names,
      decided,
    });
  }

  async #deposit(units: readonly Unit[]): Promise<RoundResult> {
    const { view } = this.#ports;
    const { timeoutMs } = this.#call;
    const wanted = units.filter((unit) => this.#own.mayDeposit(unit));
    const deposited = await this.#own.deposit((await view.head()).read.board.meta.id, wanted, timeoutMs);
    if (deposited.outcome === 'unreachable') return this.#unreachable(deposited.reason, units);
    if (deposited.outcome === 'rejected') this.#options.onUnable(deposited.reason, deposited.isUnable === true);
    const isDeposited = deposited.outcome === 'taken' || deposited.outcome === 'unknown';
    const hasOthers = deposited.outcome === 'taken' ? deposited.hasDeposits : undefined;
    const isFirst = hasOthers === undefined ? null : !hasOthers;
    return { outcome: 'waiting', isDeposited, isFirst, settled: this.#settled };
  }

  async #decide(units: readonly Unit[], foreign: Foreign): Promise<RoundResult> {
    const { view } = this.#ports;
    for (;;) {
      const base = await view.head();
      const all = [...units, ...foreign.units];
      const replayed = await replay(base, all, await replayOptions(this.#ports, { ...this.#call, ask: true }));
      // What others deposited is for them to hear of: a refusal of ours is none of theirs.
      const mine = new Set(units.flatMap(({ records }) => records));
      const decided = replayed.decided.filter(({ record }) => mine.has(record));
      if (replayed.tip !== base) return this.#push(base, { ...replayed, decided }, units, foreign);
      // Nothing to push. What was decided may only be told of a head that was seen upstream after it was asked.
      const isBare = decided.every(({ decision }) => decision.outcome === 'proven');
      if (!isBare && !view.isConfirmed(base, this.#began)) {
        const confirmed = await view.confirm(this.#call);
        if (confirmed.outcome === 'unreachable') return this.#unreachable(confirmed.reason, units);
        // Another call may have moved the head meanwhile: then it is not this one that was confirmed.
        if (!view.isConfirmed(base, this.#began)) continue;
      }
      const result = await this.#conclude(base, decided, units);
      if (foreign.done.size > 0) await this.#tidy(base, foreign);
      return result;
    }
  }

  /** Nothing was pushed. An earlier push or a deposit that may still arrive forbids to say no: it would be in all the same. */
  async #conclude(base: Head, decided: readonly Decided[], units: readonly Unit[]): Promise<RoundResult> {
    const proven = new Set(decided.flatMap((each) => (each.decision.outcome === 'proven' ? unitOf(each) : [])));
    const undone = decided.filter((each) => !proven.has(unitOf(each))).map(({ record }) => record);
    const withdrawn = await this.#withdraw(base, undone);
    if (withdrawn.outcome === 'raced') return this.#raced();
    if (withdrawn.outcome === 'unreachable') return this.#unreachable(withdrawn.reason, units);
    const mayArrive = undone.filter((record) => this.#mayArrive(record, base));
    const open = new Set(mayArrive.map((record) => unitIdOf(record.operation)));
    const isOpenUnit = (record: QueueRecord | undefined): boolean =>
      record !== undefined && open.has(unitIdOf(record.operation));
    const certain = decided.filter(({ record }) => !isOpenUnit(record));
    await this.#settle(await outcomesOf(this.#ports, certain));
    if (mayArrive.length === 0) return this.#done(false);
    const left = units.filter(({ records }) => isOpenUnit(records[0]));
    return this.#unreachable('an earlier push that got no answer may still arrive', left);
  }

  /** Whether it may come in without anybody here doing more for it. */
  #mayArrive(record: QueueRecord, head: Head): boolean {
    return this.#own.markOf(record) !== null || mayStillArrive(record, head, this.#ports.clock.now());
  }

  async #push(base: Head, replayed: Replayed, units: readonly Unit[], foreign: Foreign): Promise<RoundResult> {
    const { store, view, clock } = this.#ports;
    const isBare = this.#options.carrying === 'bare';
    const own = isBare ? new Map<string, Oid>() : this.#own.among(this.#inbox ?? new Map());
    const remove = new Map([...foreign.done, ...own]);
    // While the push runs: it is told of only when both are done.
    const stored = lazily(() => store.writeObjects(replayed.objects));
    const began = clock.monotonic();
    if (units.length > 0 && !(await this.#taking.pushing(base.commit))) {
      await stored();
      return this.#raced();
    }
    const pushed = await this.#pushOnce(base, replayed.tip, { objects: replayed.objects, store: stored }, remove);
    switch (pushed.outcome) {
      case 'taken': {
        await this.#keepBooks(async () => {
          await stored();
          await view.taken(replayed.tip, began);
        });
        // Nobody can carry what was removed with this push, or was gone before it; the rest of what was not published may come in yet.
        const isCertain = (record: QueueRecord): boolean => {
          const mark = this.#own.markOf(record);
          return mark === null || mark.state === 'gone' || own.has(mark.name);
        };
        const published = new Set(replayed.decided.flatMap((each) => (isIn(each.decision) ? unitOf(each) : [])));
        const certain = replayed.decided.filter((each) => published.has(unitOf(each)) || isCertain(each.record));
        await this.#settle(await outcomesOf(this.#ports, certain));
        return this.#done(true, { hasCarried: foreign.units.length > 0, isAwaited: pushed.hasDeposits === true });
      }
      case 'rejected': {
        this.#taking.cleared();
        await stored();
        await this.#own.noteAbsent(pushed.absent);
        const fetched = await this.#fetch();
        if (fetched.outcome === 'unreachable') return this.#unreachable(fetched.reason, units);
        if (fetched.outcome === 'moved' || (pushed.absent ?? []).length > 0) return this.#raced();
        const removed = foreign.done.size > 0 ? 'others' : own.size > 0 ? 'own' : 'none';
        return { outcome: 'refused', reason: pushed.reason, units, removed, settled: this.#settled };
      }
      case 'unknown': {
        await stored().catch(() => undefined);
        const fetched = await this.#fetch();
        // Whether it moved or not: the event lines tell in the next round.
        if (fetched.outcome !== 'unreachable') return this.#raced();
        return this.#unreachable(pushed.reason, units);
      }
      case 'unreachable':
        this.#taking.cleared();
        await stored();
        return this.#unreachable(pushed.reason, units);
    }
  }

  /**
   * Makes certain that deposits of these, which are not in `head`, will not be carried in: the upstream is at that head at some moment
   * after they were removed, or were found to be gone. Those of which nobody can be certain keep their marks.
   */
  async #withdraw(head: Head, deposited: readonly QueueRecord[]): Promise<Withdrawn> {
    const { view, clock } = this.#ports;
    const isBare = this.#options.carrying === 'bare';
    let records = deposited.filter((record) => this.#own.markOf(record) !== null);
    // Where nothing can be removed, nobody can carry either: every carrier's push removes.
    if (isBare) await this.#own.clear(records.filter((record) => this.#own.isOver(record)));
    while (records.length > 0 && !isBare) {
      const began = clock.monotonic();
      const pushed = await this.#pushOnce(head, head, nothingNew, this.#own.toRemove(records));
      if (pushed.outcome === 'unreachable') return pushed;
      if (pushed.outcome === 'taken') {
        await this.#keepBooks(() => view.taken(head, began));
        await this.#own.clear(records);
        break;
      }
      const absent = new Set(pushed.outcome === 'rejected' ? pushed.absent : []);
      await this.#own.noteAbsent([...absent]);
      const fetched = await this.#fetch();
      if (fetched.outcome === 'unreachable') return fetched;
      if (fetched.outcome === 'moved' || pushed.outcome === 'unknown') return { outcome: 'raced' };
      if (absent.size === 0) {
        this.#options.onUnable(pushed.reason, pushed.isUnable === true);
        break;
      }
      // One that was never seen there may be on its way.
      const isUncertain = (record: QueueRecord): boolean => {
        const mark = this.#own.markOf(record);
        return mark !== null && mark.state !== 'gone' && absent.has(mark.name);
      };
      records = records.filter((record) => !isUncertain(record));
    }
    return { outcome: 'done' };
  }

  /** Of orphans that were deposited, those that could not be taken back. */
  async #dropDeposited(head: Head, left: readonly QueueRecord[]): Promise<readonly QueueRecord[] | 'raced'> {
    const withdrawn = await this.#withdraw(head, left);
    if (withdrawn.outcome === 'raced') return 'raced';
    if (withdrawn.outcome === 'unreachable') return left;
    const gone = left.filter((record) => !this.#mayArrive(record, head));
    await this.#settle(gone.map((record) => ({ record, outcome: droppedOutcome })));
    return left.filter((record) => !gone.includes(record));
  }

  /** Clears away what nobody will carry. Whoever fails to do that leaves it to the next. */
  async #tidy(head: Head, { done }: Foreign): Promise<void> {
    await this.#keepBooks(async () => {
      await this.#pushOnce(head, head, nothingNew, done);
    });
  }

  /** Transports throw only what keeps a push from beginning: then nothing was sent, and the caller hears why. */
  async #pushOnce(
    { commit: base }: Head,
    { commit }: Head,
    what: Omit<Added, 'base'>,
    remove: ReadonlyMap<string, Oid>,
  ): Promise<PushOutcome> {
    const options = { ...this.#call, added: { base, ...what }, ...(remove.size > 0 ? { remove } : {}) };
    try {
      return await this.#ports.transport.push(commit as Oid, options);
    } catch (error) {
      if (error instanceof OrcError) this.#taking.cleared();
      throw error;
    }
  }

  async #settle(settled: readonly Settled[]): Promise<void> {
    if (settled.length === 0) return;
    const { onSettled, onTold, isWaitedFor } = this.#options;
    await this.#keepBooks(onSettled);
    const told = await this.#taking.settle(settled, isWaitedFor);
    this.#settled.push(...told);
    onTold(told);
  }

  /** What the upstream has is published, whatever fails here after that: the next fetch brings the refs along. */
  async #keepBooks(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
    }
  }

  #done(isPushed: boolean, others = { hasCarried: false, isAwaited: false }): RoundResult {
    return { outcome: 'settled', isPushed, ...others, left: this.#left, settled: this.#settled };
  }

  #raced(): RoundResult {
    return { outcome: 'raced', looked: this.#inbox, settled: this.#settled };
  }

  #unreachable(reason: string, units: readonly Unit[]): RoundResult {
    return { outcome: 'unreachable', reason, units, settled: this.#settled };
  }
}

const nothingNew: Omit<Added, 'base'> = { objects: [], store: () => Promise.resolve() };

type Withdrawn = { readonly outcome: 'done' | 'raced' } | { readonly outcome: 'unreachable'; readonly reason: string };

function unitOf({ record }: Decided): string {
  return unitIdOf(record.operation);
}
