/** One world: drawn from its seed, lived through, healed, and judged. */
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Oid } from '../../src/git/store.ts';
import { localRef, trackingRef } from '../../src/sync/refs.ts';
import { Agent } from './agent.ts';
import { type AskOptions, ask, askAgain } from './ask.ts';
import type { Beginning } from './beginning.ts';
import { type Climate, drawClimate, drawMishap } from './climate.ts';
import { editByHand } from './hand-edit.ts';
import { CallLog } from './log.ts';
import { Machine, type WorldProcess } from './machine.ts';
import { type Heard, Network, type NetworkCounts, type Removal } from './network.ts';
import { createRandom, type Random } from './random.ts';
import { VirtualTime } from './virtual-time.ts';

export interface WorldOptions {
  readonly beginning: Beginning;
  /** Keep the lines of everything that happens. */
  readonly isTraced?: boolean;
}

/** A world that is over: what the checks look at. */
export interface PastWorld {
  readonly seed: number;
  readonly climate: Climate;
  readonly upstream: MemoryUpstream;
  readonly head: Oid | null;
  readonly machines: readonly Machine[];
  readonly log: CallLog;
  readonly heard: readonly Heard[];
  readonly removals: readonly Removal[];
  readonly counts: NetworkCounts & Record<'crashes' | 'powerCuts' | 'stops' | 'handEdits' | 'events', number>;
  /** What went wrong while it lasted: errors that nobody should see, calls that never end, a queue that never empties. */
  readonly faults: readonly string[];
  readonly trace: readonly string[];
}

const maxEvents = 400_000;
const syncTimeoutMs = 20_000;
/** Longer than a push counts as being under way. */
const restMs = 700_000;

export async function liveThrough(seed: number, options: WorldOptions): Promise<PastWorld> {
  return new World(seed, options).live();
}

class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #climate: Climate;
  readonly #time = new VirtualTime();
  readonly #upstream: MemoryUpstream;
  readonly #network: Network;
  readonly #machines: readonly Machine[];
  readonly #log: CallLog;
  readonly #trace: string[] = [];
  readonly #isTraced: boolean;
  readonly #faults: string[] = [];
  readonly #counts = { crashes: 0, powerCuts: 0, stops: 0, handEdits: 0 };
  #callsLeft: number;

  constructor(seed: number, { beginning, isTraced = false }: WorldOptions) {
    this.#seed = seed;
    this.#isTraced = isTraced;
    this.#random = createRandom(seed);
    this.#climate = drawClimate(this.#random.fork());
    this.#callsLeft = this.#climate.calls;
    this.#log = new CallLog(this.#time);
    this.#upstream = new MemoryUpstream();
    for (const [oid, object] of beginning.objects) this.#upstream.objects.set(oid, object);
    this.#upstream.moveHead(beginning.head);
    const { weather, outages, lags, noticeMs, pauseChance, carries, takesDeposits, tellsOfInbox } = this.#climate;
    this.#upstream.takesDeposits = takesDeposits;
    const trace = (line: () => string): void => this.#note(line);
    const time = this.#time;
    const network = new Network({
      time,
      random: this.#random.fork(),
      upstream: this.#upstream,
      weather,
      outages,
      lags,
      tellsOfInbox,
      trace,
    });
    this.#network = network;
    this.#machines = this.#climate.machines.map(
      ({ name, clockOffsetMs, isNew }) =>
        new Machine({
          name,
          time,
          random: this.#random.fork(),
          network,
          beginning: isNew ? null : beginning,
          clockOffsetMs,
          noticeMs,
          pauseChance,
          carries,
          trace,
        }),
    );
  }

  async live(): Promise<PastWorld> {
    const result = await this.#through(this.#chaos());
    if (result) await this.#through(this.#quiescence());
    const { events } = this.#time;
    return {
      seed: this.#seed,
      climate: this.#climate,
      upstream: this.#upstream,
      head: this.#upstream.head,
      machines: this.#machines,
      log: this.#log,
      heard: this.#network.heard,
      removals: this.#network.removals,
      counts: { ...this.#network.counts, ...this.#counts, events },
      faults: this.#faults,
      trace: this.#trace,
    };
  }

  /** Lets time pass until the work is done. */
  async #through(work: Promise<void>): Promise<boolean> {
    let isDone = false;
    const done = work.then(
      () => {
        isDone = true;
      },
      (error: unknown) => {
        isDone = true;
        this.#fault('the world broke', error);
      },
    );
    const result = await this.#time.run(() => isDone, maxEvents);
    if (result === 'done') await done;
    else this.#faults.push(result === 'idle' ? 'somebody waits for ever' : `no end after ${maxEvents} events`);
    return result === 'done';
  }

  async #chaos(): Promise<void> {
    const climate = this.#climate;
    for (const { at, machine } of climate.powerCuts) {
      this.#time.at(at, () => {
        this.#counts.powerCuts++;
        this.#machines.find(({ name }) => name === machine)?.cutPower();
      });
    }
    for (const at of climate.handEdits) this.#time.at(at, () => void this.#editByHand());
    const shared = this.#random.happens(0.2);
    const slots = this.#machines.flatMap((machine, index) => {
      const facts = climate.machines[index];
      for (const { at, by } of facts?.clockJumps ?? []) {
        this.#time.at(at, () => machine.jumpClock(by));
      }
      return Array.from({ length: facts?.processes ?? 1 }, (_, slot) => {
        const names = [`${machine.name}-${slot}a`, shared && slot === 0 ? 'everywhere' : `${machine.name}-${slot}b`];
        return this.#live(
          machine,
          names.map((name) => new Agent(name, this.#random.fork(), climate.isContended)),
          this.#random.fork(),
        );
      });
    });
    await Promise.all(slots);
  }

  async #editByHand(): Promise<void> {
    this.#note(() => 'somebody edits by hand');
    this.#counts.handEdits++;
    await editByHand(this.#upstream, this.#random, this.#time.now);
    this.#network.noteHeads();
  }

  /** One process after the other, as agents start them. */
  async #live(machine: Machine, agents: readonly Agent[], random: Random): Promise<void> {
    const { thinkMs, endsAt } = this.#climate;
    await this.#time.sleep(random.between(0, thinkMs));
    while (this.#isGoingOn) {
      const process = machine.start(drawMishap(random, this.#climate));
      if (machine.isEmpty && !(await this.#join(process))) continue;
      const calls = random.pick([1, 1, 3, 8]);
      const acting = random.happens(0.5) ? agents : agents.slice(0, 1);
      const work = Promise.all(acting.map((agent) => this.#act(process, agent, calls)));
      work.catch((error: unknown) => this.#fault(process.life.name, error));
      await Promise.race([work.catch(() => undefined), process.life.over]);
      if (process.life.wasKilled) this.#counts.crashes++;
      if (process.life.wasStopped) this.#counts.stops++;
      if (random.happens(0.5)) await this.#time.sleep(random.between(0, 20));
      process.life.exit();
      await this.#time.sleep(random.between(0, process.life.wasKilled ? endsAt / 4 : thinkMs));
    }
  }

  /** A store without a board has to reach the upstream first. */
  async #join(process: WorldProcess): Promise<boolean> {
    const { life, machine } = process;
    await Promise.race([this.#sync(process, 2_000), life.over]);
    if (life.isAlive && !machine.isEmpty) return true;
    life.exit();
    await this.#time.sleep(500);
    return false;
  }

  get #isGoingOn(): boolean {
    return this.#callsLeft > 0 && this.#time.now < this.#climate.endsAt;
  }

  async #act(process: WorldProcess, agent: Agent, calls: number): Promise<void> {
    const { random } = agent;
    const { thinkMs } = this.#climate;
    for (let count = 0; count < calls && this.#isGoingOn && process.life.isAlive; count++) {
      const again = agent.unanswered[0];
      if (again !== undefined && random.happens(0.6)) {
        agent.unanswered.shift();
        await askAgain(this.#askOptions(process, agent), again);
      } else if (random.happens(0.08)) {
        await this.#sync(process, random.pick([300, 3_000, 10_000]));
      } else {
        // Several at once share a push.
        const width = random.pick([1, 1, 1, 2, 4]);
        const head = await process.session.localHead();
        const asked = Array.from({ length: width }, () =>
          random.happens(0.12) ? agent.chooseBatch(head) : [agent.choose(head)],
        );
        this.#callsLeft -= asked.length;
        // Somebody of the same process may bring the newest state here meanwhile.
        const beside = this.#climate.isContended && random.happens(0.3) ? [this.#sync(process, 3_000)] : [];
        await Promise.all([...beside, ...asked.map((each) => ask(this.#askOptions(process, agent), each))]);
      }
      await process.life.sleep(random.between(0, thinkMs));
    }
  }

  #askOptions(process: WorldProcess, agent: Agent): AskOptions {
    const { random } = agent;
    return {
      process,
      agent,
      log: this.#log,
      mode: random.happens(0.8) ? this.#climate.mode : random.pick(['each', 'claims', 'sync']),
      timeoutMs: random.pick(this.#climate.isSleepy ? [400, 8_000, 30_000] : [60, 400, 2_000, 8_000, 30_000]),
      insist: random.happens(0.2),
      onError: (error) => this.#fault(process.life.name, error),
    };
  }

  async #sync(process: WorldProcess, timeoutMs: number): Promise<number | null> {
    try {
      const report = await process.session.sync({ timeoutMs });
      return report.reachable && report.reason === null ? report.waiting : null;
    } catch (error) {
      if (!process.life.isAlive) return null;
      if ((error as { code?: string }).code !== 'store-busy') this.#fault(`${process.life.name} sync`, error);
      return null;
    }
  }

  /** The network heals, and everybody syncs: nothing may be left over, and all must see the same. */
  async #quiescence(): Promise<void> {
    this.#note(() => 'the network heals');
    this.#network.calm();
    await this.#time.sleep(Math.max(0, this.#network.busyUntil - this.#time.now) + restMs);
    for (let round = 1; round <= 2; round++) {
      for (const machine of this.#machines) {
        const process = machine.start(null);
        const waiting = await this.#sync(process, syncTimeoutMs);
        if (waiting !== 0) this.#faults.push(`${process.life.name}: after a sync of round ${round}, ${waiting} wait`);
        if (round === 2) await this.#demandQuiet(process);
        process.life.exit();
        await this.#time.sleep(5_000);
      }
    }
    if (this.#climate.carries && this.#climate.takesDeposits) this.#demandEmptyInbox();
  }

  /** What is left in the inbox after all that is not wanted by anybody. */
  #demandEmptyInbox(): void {
    for (const name of this.#upstream.deposits().keys()) this.#faults.push(`deposit ${name} stays in the inbox`);
  }

  async #demandQuiet({ machine, session, life }: WorldProcess): Promise<void> {
    const left = await session.queue.list();
    for (const { operation, outcome } of left)
      this.#faults.push(`${life.name}: ${operation.kind} ${operation.id} stays queued, ${JSON.stringify(outcome)}`);
    for (const ref of [localRef, trackingRef]) {
      const at = await machine.store.readRef(ref);
      if (at !== this.#upstream.head)
        this.#faults.push(`${machine.name}: ${ref} is at ${at}, not at the upstream's head`);
    }
  }

  #fault(where: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#note(() => `${where}: ${text}`);
    this.#faults.push(`${where}: ${text}`);
  }

  #note(line: () => string): void {
    if (this.#isTraced) this.#trace.push(`${this.#time.now.toFixed(2)} ${line()}`);
  }
}
