/** What lies between the machines and the upstream: it delays, loses, cuts, refuses, lands late, lags. */
import type { MemoryStore } from '../../src/git/memory.ts';
import type { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import type { FetchOutcome, HeadOutcome, PushOptions, PushOutcome, Transport } from '../../src/git/transport.ts';
import type { ProcessLife } from './process-life.ts';
import { pickWeighted, type Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Probabilities of a single call. */
export interface Weather {
  /** One way, ms. */
  readonly delayMs: readonly [number, number];
  /** Such a call takes up to a hundred times as long. */
  readonly slow: number;
  readonly push: {
    /** Nothing arrives, and the client does not know. */
    readonly lost: number;
    /** It arrives, the answer does not. */
    readonly cut: number;
    /** The client gives up; it arrives after all. */
    readonly late: number;
    /** The server says no for reasons of its own, such as a lock. */
    readonly refused: number;
    /** No answer before the time is up; it may arrive. */
    readonly hang: number;
    /** The connection never comes about. */
    readonly unreachable: number;
  };
  /** As `push.late`, where that is less: of deposits. Their authors publish by themselves meanwhile. */
  readonly lateDeposit?: number;
  readonly read: { readonly unreachable: number; readonly hang: number };
}

export const calmWeather: Weather = {
  delayMs: [1, 4],
  slow: 0,
  push: { lost: 0, cut: 0, late: 0, refused: 0, hang: 0, unreachable: 0 },
  read: { unreachable: 0, hang: 0 },
};

/** A stretch of time in which something is wrong for one machine, or for all (`null`). */
export interface Spell {
  readonly from: number;
  readonly to: number;
  readonly machine: string | null;
}

/** Reads are answered by a replica that is so many ms behind. */
export interface Lag extends Spell {
  readonly lagMs: number;
}

export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly upstream: MemoryUpstream;
  readonly weather: Weather;
  readonly outages: readonly Spell[];
  readonly lags: readonly Lag[];
  /** Whether who deposits hears what else lies in the inbox. */
  readonly tellsOfInbox: boolean;
  readonly trace: (line: () => string) => void;
}

export interface NetworkCounts {
  pushes: number;
  taken: number;
  raced: number;
  refused: number;
  unknown: number;
  landedUnseen: number;
  deposits: number;
  /** Deposits that went with a push that moved the branch, and that went with one that did not. */
  carried: number;
  clearedAway: number;
}

/** The upstream's answer to a machine: where it stands, or that it took a push. Stamps of the virtual clock. */
export interface Heard {
  readonly machine: string;
  readonly began: number;
  readonly ended: number;
  readonly head: Oid | null;
}

interface Sending {
  readonly machine: string;
  readonly life: ProcessLife;
  readonly timeoutMs: number;
  readonly head: Oid | null;
  readonly receive: () => Promise<PushOutcome>;
}

/** A deposit that went with a push of somebody else, and what the branch was at then. */
export interface Removal {
  readonly at: number;
  readonly deposit: Oid;
  readonly head: Oid | null;
}

type PushFate = keyof Weather['push'] | 'plain';

/** Where the caller sets no limit. */
const patienceMs = 60_000;

export class Network {
  readonly counts: NetworkCounts = {
    pushes: 0,
    taken: 0,
    raced: 0,
    refused: 0,
    unknown: 0,
    landedUnseen: 0,
    deposits: 0,
    carried: 0,
    clearedAway: 0,
  };
  readonly heard: Heard[] = [];
  readonly removals: Removal[] = [];
  readonly #depositors = new Map<Oid, string>();
  /** When the upstream got each of its heads. */
  readonly #headTimes: number[] = [];
  /** What lay in the inbox, and from when on. */
  readonly #inboxes: { readonly at: number; readonly deposits: ReadonlyMap<string, Oid> }[] = [];
  /** When the last push that is under way will have arrived. */
  busyUntil = 0;
  #isCalm = false;
  /** Calls of all machines. */
  calls = 0;
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.noteHeads();
  }

  /** From now on everything works. What is under way arrives as it was going to. */
  calm(): void {
    this.#isCalm = true;
  }

  transport(machine: string, store: MemoryStore, life: ProcessLife): Transport {
    const { upstream } = this.#options;
    return {
      label: 'the upstream',
      readHead: ({ timeoutMs } = {}) =>
        this.#read<HeadOutcome>(machine, timeoutMs, (shownHead) => upstream.transport(store, { shownHead }).readHead()),
      fetch: ({ timeoutMs, inbox = false } = {}) =>
        this.#read<FetchOutcome>(machine, timeoutMs, (shownHead, shownDeposits) =>
          upstream.transport(store, { shownHead, shownDeposits }).fetch({ inbox }),
        ),
      push: (oid, options = {}) => this.#push(machine, store, life, oid, options),
      deposit: (name, oid, { timeoutMs = patienceMs, objects }) => {
        this.counts.deposits++;
        this.#depositors.set(oid, machine);
        const receive = async (): Promise<PushOutcome> => {
          const outcome = (await upstream.transport(store).deposit?.(name, oid, { objects })) as PushOutcome;
          return this.#asHeard(outcome);
        };
        return this.#send({ machine, life, timeoutMs, head: null, receive });
      },
    };
  }

  async #read<T>(
    machine: string,
    timeoutMs = patienceMs,
    answer: (shownHead: () => Oid | null, shownDeposits: () => ReadonlyMap<string, Oid>) => Promise<T>,
  ): Promise<T | { outcome: 'unreachable'; reason: string }> {
    const { time, random } = this.#options;
    const { read } = this.#weather;
    this.calls++;
    const began = time.now;
    const asked = time.stamp();
    const there = this.#delay();
    const back = this.#delay();
    const isHanging = random.happens(read.hang);
    if (!isHanging && (random.happens(read.unreachable) || this.#isOut(machine, began + there))) {
      await time.sleep(Math.min(there, timeoutMs));
      return { outcome: 'unreachable', reason: 'no connection' };
    }
    if (isHanging || there + back > timeoutMs || this.#isOut(machine, began + there + back)) {
      await time.sleep(timeoutMs);
      return { outcome: 'unreachable', reason: 'no answer in time' };
    }
    await time.sleep(there + back);
    const seenAt = began + there - this.#lag(machine, began + there);
    const head = this.#headAt(seenAt);
    this.heard.push({ machine, began: asked, ended: time.stamp(), head });
    const deposits = this.#inboxAt(seenAt);
    return answer(
      () => head,
      () => deposits,
    );
  }

  #push(machine: string, store: MemoryStore, life: ProcessLife, oid: Oid, options: PushOptions): Promise<PushOutcome> {
    const { upstream } = this.#options;
    const { timeoutMs = patienceMs, remove, added } = options;
    added?.store().catch(() => undefined);
    this.counts.pushes++;
    const receive = async (): Promise<PushOutcome> => {
      const before = upstream.head;
      // What is new is sent from memory, while it is being stored.
      for (const { oid: each, type, bytes } of added?.objects ?? []) upstream.objects.set(each, { type, bytes });
      const outcome = await upstream.transport(store).push(oid, remove === undefined ? {} : { remove });
      const gone = outcome.outcome === 'taken' ? [...(remove?.values() ?? [])] : [];
      // Who takes its own back decides again.
      const removed = gone.filter((deposit) => this.#depositors.get(deposit) !== machine);
      const { now: at } = this.#options.time;
      this.removals.push(...removed.map((deposit) => ({ at, deposit, head: upstream.head })));
      if (outcome.outcome === 'taken') this.counts[before === oid ? 'clearedAway' : 'carried'] += remove?.size ?? 0;
      return this.#asHeard(outcome);
    };
    return this.#send({ machine, life, timeoutMs, head: oid, receive });
  }

  /** Some transports do not hear what lies in the inbox. */
  #asHeard(outcome: PushOutcome): PushOutcome {
    return outcome.outcome === 'taken' && !this.#options.tellsOfInbox ? { outcome: 'taken' } : outcome;
  }

  /** `head`: what the upstream is told to be at; `null`: nothing of that. */
  async #send({ machine, life, timeoutMs, head, receive: arrive }: Sending): Promise<PushOutcome> {
    const { time, random } = this.#options;
    this.calls++;
    const began = time.now;
    const asked = time.stamp();
    const there = this.#delay();
    const back = this.#delay();
    // What has left the machine goes its way though its sender is killed; sometimes.
    const outlivesSender = random.happens(0.5);
    let fate = this.#fate(head === null);
    if (fate === 'plain' && this.#isOut(machine, began + there)) fate = random.happens(0.5) ? 'unreachable' : 'lost';
    if (fate === 'plain' && (there + back > timeoutMs || this.#isOut(machine, began + there + back))) fate = 'cut';
    const receive = (): Promise<PushOutcome> => this.#receive(arrive, life.isAlive || outlivesSender);
    switch (fate) {
      case 'plain': {
        this.busyUntil = Math.max(this.busyUntil, began + there);
        await time.sleep(there);
        const outcome = await receive();
        await time.sleep(back);
        this.#count(outcome);
        if (outcome.outcome === 'taken' && head !== null)
          this.heard.push({ machine, began: asked, ended: time.stamp(), head });
        return outcome;
      }
      case 'unreachable':
        await time.sleep(Math.min(there, timeoutMs));
        return { outcome: 'unreachable', reason: 'no connection' };
      case 'refused':
        await time.sleep(Math.min(there + back, timeoutMs));
        this.counts.refused++;
        return { outcome: 'rejected', reason: '[remote rejected] (failed to update ref)' };
      default: {
        const givesUpAfter = fate === 'hang' ? timeoutMs : Math.min(there + back, timeoutMs);
        const arrivesAfter = this.#arrival(fate, there, givesUpAfter);
        if (arrivesAfter !== null) {
          this.busyUntil = Math.max(this.busyUntil, began + arrivesAfter);
          time.at(began + arrivesAfter, () => {
            void receive().then((outcome) => {
              if (outcome.outcome === 'taken') this.counts.landedUnseen++;
            });
          });
        }
        await time.sleep(givesUpAfter);
        this.counts.unknown++;
        return { outcome: 'unknown', reason: `the connection broke (${fate})` };
      }
    }
  }

  #arrival(fate: PushFate, there: number, givesUpAfter: number): number | null {
    const { random } = this.#options;
    if (fate === 'cut') return there;
    if (fate === 'late')
      return givesUpAfter + (random.happens(0.7) ? random.between(0, 150) : random.between(0, 4_000));
    if (fate === 'hang' && random.happens(0.6))
      return random.happens(0.5) ? there : givesUpAfter + random.between(0, 500);
    return null;
  }

  async #receive(arrive: () => Promise<PushOutcome>, isSent: boolean): Promise<PushOutcome> {
    const { trace } = this.#options;
    if (!isSent) return { outcome: 'unknown', reason: 'its sender is gone' };
    const outcome = await arrive();
    this.noteHeads();
    trace(() => `upstream ${outcome.outcome}; it is at ${this.#options.upstream.head?.slice(0, 10)}`);
    return outcome;
  }

  #count({ outcome }: PushOutcome): void {
    if (outcome === 'taken') this.counts.taken++;
    if (outcome === 'rejected') this.counts.raced++;
  }

  #fate(isDeposit: boolean): PushFate {
    const { push: usual, lateDeposit = 0 } = this.#weather;
    const push = isDeposit ? { ...usual, late: Math.max(usual.late, lateDeposit) } : usual;
    const plain = 1 - Object.values(push).reduce((sum, each) => sum + each, 0);
    return pickWeighted(this.#options.random, { ...push, plain: Math.max(0, plain) });
  }

  #delay(): number {
    const { random } = this.#options;
    const { delayMs, slow } = this.#weather;
    const usual = random.between(...delayMs);
    return random.happens(slow) ? usual * random.between(2, 100) : usual;
  }

  get #weather(): Weather {
    return this.#isCalm ? calmWeather : this.#options.weather;
  }

  #isOut(machine: string, at: number): boolean {
    return !this.#isCalm && this.#options.outages.some((spell) => isIn(spell, machine, at));
  }

  #lag(machine: string, at: number): number {
    if (this.#isCalm) return 0;
    return Math.max(0, ...this.#options.lags.filter((lag) => isIn(lag, machine, at)).map(({ lagMs }) => lagMs));
  }

  /** The upstream's head may have moved just now. */
  noteHeads(): void {
    const { upstream, time } = this.#options;
    // What was there before the world began has always been there.
    const at = this.#headTimes.length === 0 ? Number.NEGATIVE_INFINITY : time.now;
    while (this.#headTimes.length < upstream.heads.length) this.#headTimes.push(at);
    this.#inboxes.push({ at, deposits: upstream.deposits() });
  }

  #inboxAt(time: number): ReadonlyMap<string, Oid> {
    return this.#inboxes.findLast(({ at }) => at <= time)?.deposits ?? new Map();
  }

  #headAt(time: number): Oid | null {
    const { heads } = this.#options.upstream;
    let index = heads.length - 1;
    while (index > 0 && (this.#headTimes[index] as number) > time) index--;
    return heads[index] ?? null;
  }
}

function isIn(spell: Spell, machine: string, at: number): boolean {
  return (spell.machine === null || spell.machine === machine) && at >= spell.from && at < spell.to;
}
