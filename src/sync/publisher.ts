/**
 * Publishing what waits: one round decides all open operations on the newest known head, commits and pushes them together.
 *
 * The numbers are those of docs/protocol.md, "What a push may meet".
 * Any process may publish for all processes of the store; two at once are slower, never wrong, because the upstream is
 * the arbiter and the event log the proof.
 */

import { lazily } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import { isLockHeld } from '../git/held-lock.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { Added, PushOutcome, Transport } from '../git/transport.ts';
import { isIn, replayOptions } from './deciding.ts';
import type { Head } from './head.ts';
import { type Foreign, nothingForeign, readInbox, replayWith } from './inbox.ts';
import { droppedOutcome, mayStillArrive, sortOut } from './orphans.ts';
import { outcomesOf } from './outcomes.ts';
import { type Deposited, OwnDeposits } from './own-deposits.ts';
import type { Chance, Clock, Committer } from './ports.ts';
import { type Queue, type QueueRecord, type Settled, type Taking, type Unit, unitIdOf, unitsOf } from './queue.ts';
import type { Decided, Replayed } from './replay.ts';
import type { RoundOptions, RoundResult } from './round.ts';
import type { Deposits, Fetched, Moment, UpstreamView } from './upstream-view.ts';
import { type Withdrawn, withdraw } from './withdraw.ts';

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
  /** Everything that is in the round was asked before that moment. */
  readonly #began: Moment;
  readonly #settled: Settled[] = [];
  #left: readonly string[];
  /** As last seen in this round; `null`: nobody looked. */
  #inbox: Deposits | null;
  /** How long the last call took. */
  #tripMs = 0;

  /** `partial`: of batches that are not whole, which nobody can decide. */
  constructor(ports: PublisherPorts, options: RoundOptions, taking: Taking, partial: readonly QueueRecord[]) {
    this.#ports = ports;
    this.#options = options;
    this.#taking = taking;
    this.#own = new OwnDeposits(ports, taking);
    this.#left = partial.map(({ operation }) => operation.id);
    this.#began = ports.view.moment();
    this.#inbox = options.looked;
    if (options.looked !== null) this.#own.see(options.looked);
  }

  async run(): Promise<RoundResult> {
    const { records } = this.#taking;
    const { carrying } = this.#options;
    if (carrying === 'deposit') return this.#deposit(unitsOf(records));
    // 3. What may have been sent before must be looked for upstream before it is decided again.
    const { queue, view } = this.#ports;
    const isOut = records.some(
      ({ sent, owner }) => (sent !== null && !view.hasFetchedSince(sent.at)) || queue.liveness(owner) === 'dead',
    );
    if (this.#inbox === null && (isOut || this.#looks)) {
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
    if (carrying !== 'wait') return carrying === 'carry' ? this.#decideAll(units) : this.#decide(units, nothingForeign);
    const { carried, waiting, others } = await this.#own.fates(units, await this.#ports.view.head(), this.#inbox);
    // Whoever hears its outcome now does not carry others before it.
    if (carried.length > 0) return this.#decide(carried, nothingForeign);
    const isTurn = others.length > 0 || (this.#inbox !== null && this.#options.isTurn(this.#inbox));
    if (waiting.length > 0 && !isTurn) {
      const fresh = units.filter((unit) => this.#own.mayDeposit(unit));
      if (fresh.length > 0) return this.#deposit(fresh);
      return this.#waiting(true, null);
    }
    return this.#decideAll(units);
  }

  /** One's own first, then what others deposited. */
  async #decideAll(units: readonly Unit[]): Promise<RoundResult> {
    const { store, view, clock } = this.#ports;
    const { meta } = (await view.head()).read.board;
    const decided = new Set(units.flatMap(({ records }) => records.map(({ operation }) => operation.id)));
    const own = this.#own.names;
    const options = { board: meta.id, now: clock.now(), own, decided };
    const foreign = await readInbox(store, this.#inbox ?? new Map(), options);
    return this.#decide(units, foreign);
  }

  /** Whether this round has to know what lies in the inbox. */
  get #looks(): boolean {
    const { carrying } = this.#options;
    return carrying === 'wait' || carrying === 'carry' || this.#own.names.size > 0;
  }

  get #call(): { readonly timeoutMs: number } {
    return { timeoutMs: Math.max(1, this.#options.deadline - this.#ports.clock.monotonic()) };
  }

  async #fetch(looks = this.#looks): Promise<Fetched> {
    const began = this.#ports.clock.monotonic();
    const fetched = await this.#ports.view.fetch({ ...this.#call, ...(looks ? { inbox: true } : {}) });
    this.#tripMs = this.#ports.clock.monotonic() - began;
    if (fetched.outcome !== 'unreachable') this.#inbox = fetched.deposits ?? null;
    if (this.#inbox !== null) this.#own.see(this.#inbox);
    return fetched;
  }

  async #deposit(units: readonly Unit[]): Promise<RoundResult> {
    const deposited = await this.#makeDeposit(units);
    if (deposited.outcome === 'unreachable') return this.#unreachable(deposited.reason, units);
    return this.#afterDeposit(deposited, false);
  }

  async #makeDeposit(units: readonly Unit[]): Promise<Deposited> {
    const { meta } = (await this.#ports.view.head()).read.board;
    const wanted = units.filter((unit) => this.#own.mayDeposit(unit));
    const began = this.#ports.clock.monotonic();
    const deposited = await this.#own.deposit(meta.id, wanted, this.#call.timeoutMs);
    this.#tripMs = this.#ports.clock.monotonic() - began;
    if (deposited.outcome === 'rejected') this.#options.onUnable(deposited.reason, deposited.isUnable === true);
    return deposited;
  }

  #afterDeposit(deposited: Deposited, hasLost: boolean): RoundResult {
    const isDeposited = deposited.outcome === 'taken' || deposited.outcome === 'unknown';
    const hasOthers = deposited.outcome === 'taken' ? deposited.hasDeposits : undefined;
    return this.#waiting(isDeposited, hasOthers === undefined ? null : !hasOthers, hasLost);
  }

  /** A race is lost for certain: what may be deposited is laid into the inbox while the upstream's head is fetched. */
  async #fetchAndDeposit(units: readonly Unit[], mayBeGone: boolean): Promise<RoundResult> {
    const fetching = this.#fetch(true);
    // 5. Nothing is laid down where the board is not.
    if (mayBeGone) await fetching;
    const [fetched, deposited] = await Promise.allSettled([fetching, this.#makeDeposit(units)]);
    if (fetched.status === 'rejected') throw fetched.reason;
    if (deposited.status === 'rejected') throw deposited.reason;
    if (fetched.value.outcome === 'unreachable') return this.#unreachable(fetched.value.reason, units);
    // The fetch may have seen the inbox as it was before.
    if (this.#inbox !== null) this.#inbox = new Map([...this.#inbox, ...this.#own.there]);
    return this.#afterDeposit(deposited.value, true);
  }

  async #decide(units: readonly Unit[], others: Foreign): Promise<RoundResult> {
    const { view } = this.#ports;
    for (;;) {
      const base = await view.head();
      const replaying = await replayOptions(this.#ports, { ...this.#call, ask: true });
      const { replayed, foreign } = await replayWith(base, units, others, replaying);
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
    const { store, view } = this.#ports;
    const isBare = this.#options.carrying === 'bare';
    const own = isBare ? new Map<string, Oid>() : this.#own.among(this.#inbox ?? new Map());
    const remove = new Map([...foreign.done, ...own]);
    // While the push runs: it is told of only when both are done.
    const stored = lazily(() => store.writeObjects(replayed.objects));
    const began = view.moment();
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
        return this.#done(true, { hasCarried: foreign.units.length > 0, isAwaited: pushed.hasDeposits ?? null });
      }
      case 'rejected': {
        this.#taking.cleared();
        await stored();
        await this.#own.noteAbsent(pushed.absent);
        if (pushed.isBehind === true && this.#options.mayDeposit && units.some((unit) => this.#own.mayDeposit(unit)))
          return this.#fetchAndDeposit(units, pushed.mayBeGone === true);
        const fetched = await this.#fetch();
        if (fetched.outcome === 'unreachable') return this.#unreachable(fetched.reason, units);
        // A replica that lags may not show yet that it has moved.
        const hasMoved = fetched.outcome === 'moved' || pushed.isBehind === true;
        if (hasMoved || (pushed.absent ?? []).length > 0) return this.#raced();
        if (isLockHeld(pushed.reason)) return this.#unreachable(pushed.reason, units);
        const removed = foreign.done.size > 0 ? 'others' : own.size > 0 ? 'own' : 'none';
        return { outcome: 'refused', reason: pushed.reason, units, removed, settled: this.#settled };
      }
      case 'unknown': {
        await stored().catch(() => undefined);
        const fetched = await this.#fetch();
        // Whether it moved or not: the event lines tell in the next round.
        if (fetched.outcome !== 'unreachable') return this.#raced(false);
        return this.#unreachable(pushed.reason, units);
      }
      case 'unreachable':
        this.#taking.cleared();
        await stored();
        return this.#unreachable(pushed.reason, units);
    }
  }

  /** Makes certain that deposits of these, which are not in `head`, will not be carried in. */
  #withdraw(head: Head, deposited: readonly QueueRecord[]): Promise<Withdrawn> {
    return withdraw(deposited, {
      own: this.#own,
      isBare: this.#options.carrying === 'bare',
      push: (remove) => this.#pushOnce(head, head, nothingNew, remove),
      onTaken: (began) => this.#keepBooks(() => this.#ports.view.taken(head, began)),
      fetch: () => this.#fetch(),
      moment: () => this.#ports.view.moment(),
      onUnable: this.#options.onUnable,
    });
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

  #done(
    isPushed: boolean,
    others: { readonly hasCarried: boolean; readonly isAwaited: boolean | null } = {
      hasCarried: false,
      isAwaited: null,
    },
  ): RoundResult {
    return { outcome: 'settled', isPushed, ...others, left: this.#left, settled: this.#settled };
  }

  #waiting(isDeposited: boolean, isFirst: boolean | null, hasLost = false): RoundResult {
    const { looked, tripMs, settled } = { looked: this.#inbox, tripMs: this.#tripMs, settled: this.#settled };
    return { outcome: 'waiting', isDeposited, isFirst, hasLost, looked, tripMs, settled };
  }

  #raced(hasLost = true): RoundResult {
    return { outcome: 'raced', hasLost, looked: this.#inbox, settled: this.#settled };
  }

  #unreachable(reason: string, units: readonly Unit[]): RoundResult {
    return { outcome: 'unreachable', reason, units, settled: this.#settled };
  }
}

const nothingNew: Omit<Added, 'base'> = { objects: [], store: () => Promise.resolve() };

function unitOf({ record }: Decided): string {
  return unitIdOf(record.operation);
}
