/** One machine: a store and a queue that outlive its processes, locks between them, a clock of its own. */
import { OrcError } from '../../src/errors.ts';
import { createMemoryStore, type MemoryStore } from '../../src/git/memory.ts';
import type { Oid } from '../../src/git/store.ts';
import { type CarryMemory, forgetfulMemory } from '../../src/sync/carrying.ts';
import type { Clock, Exclusion, Taken } from '../../src/sync/ports.ts';
import type { Liveness, Owner } from '../../src/sync/queue.ts';
import { localRef, trackingRef } from '../../src/sync/refs.ts';
import { Session } from '../../src/sync/session.ts';
import { createQueue } from '../../src/sync/stored-queue.ts';
import { UpstreamView } from '../../src/sync/upstream-view.ts';
import { type Beginning, boardId, worldStart } from './beginning.ts';
import type { Network } from './network.ts';
import { type Mishap, ProcessLife, throughLife } from './process-life.ts';
import { Disk, openQueueDisk } from './queue-disk.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface MachineOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: Network;
  /** `null`: an empty store, which joins. */
  readonly beginning: Beginning | null;
  /** What its clock is ahead, ms. */
  readonly clockOffsetMs: number;
  /** How long the death of a process goes unnoticed, ms. */
  readonly noticeMs: number;
  readonly pauseChance: number;
  readonly carries: boolean;
  readonly trace: (line: () => string) => void;
}

export interface WorldProcess {
  readonly life: ProcessLife;
  readonly session: Session;
  readonly machine: Machine;
}

export interface LocalMove {
  readonly to: Oid | null;
  readonly tracking: Oid | null;
}

export class Machine {
  readonly name: string;
  readonly store: MemoryStore;
  readonly disk = new Disk();
  readonly #carrying: CarryMemory = forgetfulMemory();
  hasJumpedClock = false;
  clockOffsetMs: number;
  /** Everywhere that the tracking ref went. */
  readonly tracked: (Oid | null)[] = [];
  /** Everywhere that the local head went, and where the tracking ref stood then. */
  readonly localMoves: LocalMove[] = [];
  readonly #options: MachineOptions;
  readonly #lives = new Map<string, ProcessLife>();
  readonly #storeLock: MachineLock;
  readonly #publisherLock: MachineLock;
  readonly #queueLock: MachineLock;

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.clockOffsetMs = options.clockOffsetMs;
    const { beginning, time, noticeMs } = options;
    const refs = new Map<string, Oid>();
    if (beginning !== null) for (const ref of [localRef, trackingRef]) refs.set(ref, beginning.head);
    const store = createMemoryStore({ label: this.name, objects: new Map(beginning?.objects), refs });
    this.store = {
      ...store,
      updateRefs: async (updates) => {
        const result = await store.updateRefs(updates);
        if (result === 'changed') return result;
        for (const { ref, to } of updates) {
          if (ref === trackingRef) this.tracked.push(to);
          if (ref === localRef) this.localMoves.push({ to, tracking: store.refs.get(trackingRef) ?? null });
        }
        return result;
      },
    };
    this.#storeLock = new MachineLock(time, noticeMs);
    this.#publisherLock = new MachineLock(time, noticeMs);
    this.#queueLock = new MachineLock(time, noticeMs);
  }

  /** What its clock shows. */
  wallClock(): number {
    return Math.floor(worldStart + this.#options.time.now + this.clockOffsetMs);
  }

  /** Whether it never saw the board. */
  get isEmpty(): boolean {
    return !this.store.refs.has(trackingRef);
  }

  /** Whether any of its processes stood still for a while: those that wait for its locks do, too. */
  get wasStopped(): boolean {
    return [...this.#lives.values()].some((life) => life.wasStopped);
  }

  get living(): ProcessLife[] {
    return [...this.#lives.values()].filter((life) => life.isAlive);
  }

  start(mishap: Mishap | null): WorldProcess {
    const { time, network, pauseChance, trace } = this.#options;
    const random = this.#options.random.fork();
    const name = `${this.name}.${this.#lives.size}`;
    const life = new ProcessLife({ name, time, random: random.fork(), pauseChance, mishap, trace });
    this.#lives.set(name, life);
    trace(() => `${name} starts${mishap === null ? '' : ` (${JSON.stringify(mishap)})`}`);
    const clock: Clock = {
      now: () => this.wallClock(),
      monotonic: () => time.now,
      sleep: (ms, signal) => life.sleep(ms, signal),
    };
    const owner: Owner = { session: name, process: name, seen_at: this.wallClock() };
    const store = throughLife(life, 'store', this.store, ['path', 'objectFormat', 'objects', 'refs', 'hashObject']);
    const transport = throughLife(life, 'net', network.transport(this.name, this.store, life), ['label']);
    const queue = createQueue({
      storage: openQueueDisk(this.disk, life, this.#queueLock.exclusion(life, 'queueLock')),
      owner,
      liveness: (other) => this.#liveness(other, name),
      now: clock.now,
    });
    const storeLock = this.#storeLock.exclusion(life, 'storeLock');
    // Whoever joins does not know the board yet.
    const view = new UpstreamView({ store, transport, storeLock, clock, boardId: this.isEmpty ? null : boardId });
    const session = new Session({
      store,
      transport,
      queue,
      clock,
      chance: { id: () => random.hex(32), fraction: () => random.fraction() },
      committer: async () => ({ name: this.name, email: `${this.name}@example.com` }),
      view,
      sharesClock: false,
      owner,
      ...(this.#options.carries ? { carrying: async () => this.#carrying } : {}),
      publisherRole: this.#publisherLock.exclusion(life, 'role'),
    });
    return { life, session, machine: this };
  }

  jumpClock(byMs: number): void {
    this.hasJumpedClock = true;
    this.clockOffsetMs += byMs;
  }

  /** All at once; what was not made durable lately may be gone. */
  cutPower(): void {
    this.#options.trace(() => `${this.name} loses its power`);
    for (const life of this.living) life.kill();
    this.disk.cutPower(this.#options.random);
  }

  #liveness(other: Owner, self: string): Liveness {
    if (other.session === self) return 'own';
    const life = this.#lives.get(other.session);
    const { time, noticeMs } = this.#options;
    const isDead = life === undefined || (life.endedAt !== null && time.now >= life.endedAt + noticeMs);
    return isDead ? 'dead' : 'alive';
  }
}

/** A lock between the processes of a machine. That of a dead process is broken once its death is noticed. */
class MachineLock {
  #holder: { readonly life: ProcessLife } | null = null;
  readonly #time: VirtualTime;
  readonly #noticeMs: number;

  constructor(time: VirtualTime, noticeMs: number) {
    this.#time = time;
    this.#noticeMs = noticeMs;
  }

  exclusion(life: ProcessLife, name: string): Exclusion {
    return {
      isTaken: () => this.#holder !== null,
      tryTake: async () => this.#handle(life, name, await life.step(`${name}.tryTake`, () => this.#tryTake(life))),
      take: async (timeoutMs) => {
        const began = this.#time.now;
        for (;;) {
          const taken = await life.step(`${name}.take`, () => this.#tryTake(life));
          const handle = this.#handle(life, name, taken);
          if (handle !== null) return handle;
          if (this.#time.now - began >= timeoutMs) throw new OrcError('store-busy', `${name} is held by another`);
          await life.sleep(2);
        }
      },
    };
  }

  #tryTake(life: ProcessLife): boolean {
    const holder = this.#holder?.life;
    const isFree =
      holder === undefined || (holder.endedAt !== null && this.#time.now >= holder.endedAt + this.#noticeMs);
    if (isFree) this.#holder = { life };
    return isFree;
  }

  #handle(life: ProcessLife, name: string, taken: boolean): Taken | null {
    if (!taken) return null;
    const mine = this.#holder;
    return {
      release: () =>
        life.step(`${name}.release`, () => {
          if (this.#holder === mine) this.#holder = null;
        }),
    };
  }
}
