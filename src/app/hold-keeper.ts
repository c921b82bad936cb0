/**
 * Keeps what a long-lived process obtained: claims and locks are renewed at a third of their length, until they are given up, lost,
 * or handed back at the process's end. Correctness does not rest on it: every renewal and every report proves the claim, and
 * whoever is killed loses its claims when their leases run out.
 */
import type { Lock, Task } from '../core/records.ts';
import { fromIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import { holdsClaim } from './hold-proofs.ts';
import type { OrcCore } from './orc-core.ts';
import type { Performed } from './performed.ts';
import { dropUnanswered, superseded } from './superseded.ts';
import { OrcWorkBoard } from './worker-board.ts';

export interface KeeperOptions {
  readonly agent: string;
  readonly tell: (line: string) => void;
}

interface Kept {
  readonly kind: 'task' | 'lock';
  /** Task id or resource. */
  readonly key: string;
  /** The operation that made it. */
  readonly claim: string;
  readonly lengthMs: number;
  readonly stop: AbortController;
}

export interface HandedBack {
  readonly tasks: readonly string[];
  readonly locks: readonly string[];
  /** What could not be handed back in time, or is not published: leases run out by themselves. */
  readonly left: readonly string[];
}

/** A renewal that did not get through is tried again soon, ms. */
const renewAgainMs = 5_000;
/** What ends a hold, and whether it is a task's or a lock's. */
const ends: Readonly<Record<string, Kept['kind']>> = {
  'task.complete': 'task',
  'task.fail': 'task',
  'task.release': 'task',
  'task.block': 'task',
  'task.cancel': 'task',
  'lock.release': 'lock',
  'lock.break': 'lock',
};

export class HoldKeeper {
  readonly #orc: OrcCore;
  readonly #options: KeeperOptions;
  readonly #kept = new Map<string, Kept>();
  #isOver = false;

  constructor(orc: OrcCore, options: KeeperOptions) {
    this.#orc = orc;
    this.#options = options;
  }

  /** What this process holds, as it was told. */
  get tasks(): string[] {
    return [...this.#kept.values()].filter(({ kind }) => kind === 'task').map(({ key }) => key);
  }

  get locks(): string[] {
    return [...this.#kept.values()].filter(({ kind }) => kind === 'lock').map(({ key }) => key);
  }

  /**
   * Takes note of what came of an operation of this process. `isTimed`: the caller chose how long a lock shall hold, so it is not
   * renewed; it is still released at the end.
   */
  async note(
    kind: string,
    args: Readonly<Record<string, unknown>>,
    performed: Performed,
    options: { readonly isTimed?: boolean } = {},
  ): Promise<void> {
    const { data, state } = performed;
    if (state === 'unknown' || state === 'none') return;
    if (kind === 'task.next' || kind === 'task.claim') {
      const task = data as Task | null;
      // Asked again by its id, it may be somebody else's by now.
      if (task?.claim == null || task.claim.id !== performed.op) return;
      const { id, claimed_at: from, lease_until: until } = task.claim;
      await this.#keep({ kind: 'task', key: task.id, claim: id, lengthMs: fromIso(until) - fromIso(from) }, false);
    } else if (kind === 'lock.acquire') {
      await this.#keepLock(data as Lock, performed.op, options.isTimed === true);
    } else {
      const ended = ends[kind];
      if (ended !== undefined)
        this.#dropEnded(ended, ended === 'task' ? (data as Task).id : String(args.resource), data);
    }
  }

  async #keepLock(lock: Lock, op: string, isTimed: boolean): Promise<void> {
    const { resource } = lock;
    // Asked again by its id, it may be over by now.
    const holders = await this.#orc.ask((board) => board.locks.get(resource)?.holders ?? []);
    // Who extends a lock goes on with the hold that it was.
    const claim = (await this.#orc.holds.find('lock', resource, this.#options.agent))?.claim ?? op;
    const own = holders.find(({ id }) => id === claim);
    if (own !== undefined) await this.#keep({ kind: 'lock', key: resource, claim, lengthMs: own.ttl_ms }, isTimed);
  }

  async #keep(held: Omit<Kept, 'stop'>, isTimed: boolean): Promise<void> {
    this.#drop(held.kind, held.key);
    const kept = { ...held, stop: new AbortController() };
    this.#kept.set(keyOf(held), kept);
    if (!isTimed && !this.#isOver) void this.#keepRenewing(kept);
  }

  /** Asked again by its id, it ended an earlier claim than the one that is kept. */
  #dropEnded(kind: Kept['kind'], key: string, record: unknown): void {
    const kept = this.#kept.get(keyOf({ kind, key }));
    if (kept !== undefined && !holdsClaim(record, kept.claim)) this.#drop(kind, key);
  }

  #drop(kind: Kept['kind'], key: string): void {
    const kept = this.#kept.get(keyOf({ kind, key }));
    kept?.stop.abort();
    if (kept !== undefined) this.#kept.delete(keyOf(kept));
  }

  async #keepRenewing(kept: Kept): Promise<void> {
    const { signal } = kept.stop;
    const third = Math.max(1, kept.lengthMs / 3);
    for (let pause = third; ; ) {
      await this.#orc.world.clock.sleep(pause, signal);
      if (signal.aborted) return;
      const outcome = await this.#renew(kept).catch((error: unknown) => this.#tellFailure(kept, error));
      if (signal.aborted) return;
      if (outcome === 'over') {
        this.#drop(kept.kind, kept.key);
        return;
      }
      pause = outcome === 'renewed' ? third : Math.min(third, renewAgainMs);
    }
  }

  async #renew(kept: Kept): Promise<'renewed' | 'over' | 'failed'> {
    if (kept.kind === 'lock') return this.#renewLock(kept);
    const task = await this.#orc.task(kept.key);
    const claim = task?.claim;
    if (task === null || claim?.id !== kept.claim) return this.#tellLost(kept);
    if (claim.token === null) {
      // It waits in the queue: nothing can be renewed before it is published.
      await this.#orc.sync({ timeoutMs: renewAgainMs });
      return 'failed';
    }
    const board = new OrcWorkBoard(this.#orc, {
      agent: this.#options.agent,
      workstream: null,
      leaseMs: kept.lengthMs,
    });
    const answer = await board.renew({ task, token: claim.token, leaseMs: kept.lengthMs, version: 0 });
    if (answer.outcome === 'lost') return this.#tellLost(kept);
    if (answer.outcome === 'failed') this.#options.tell(`task ${kept.key} was not renewed: ${answer.reason}`);
    return answer.outcome === 'own' ? 'over' : answer.outcome;
  }

  async #renewLock({ key: resource, claim, lengthMs }: Kept): Promise<'renewed' | 'failed'> {
    const { agent } = this.#options;
    const options = { agent, publish: 'each', requirePublished: false } as const;
    const { published, op } = await this.#orc.perform('lock.renew', { resource, claim, ttl_ms: lengthMs }, options);
    if (published !== false) return 'renewed';
    await dropUnanswered(this.#orc, op);
    return 'failed';
  }

  #tellFailure(kept: Kept, error: unknown): 'over' | 'failed' {
    if (error instanceof OrcError && superseded.has(error.code)) return this.#tellLost(kept);
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.tell(`${kept.kind} ${kept.key} was not renewed: ${reason}`);
    return 'failed';
  }

  #tellLost({ kind, key }: Kept): 'over' {
    this.#options.tell(`${kind} ${key} is not held by ${this.#options.agent} any more`);
    return 'over';
  }

  /**
   * Renews nothing any more, and hands back what is held: within `withinMs`, come what may. What is queued by then is published by
   * whoever comes next.
   */
  async handBack(reason: string, withinMs: number): Promise<HandedBack> {
    this.#isOver = true;
    const kept = [...this.#kept.values()];
    for (const { stop } of kept) stop.abort();
    this.#kept.clear();
    const back = new Set<Kept>();
    const over = new AbortController();
    const all = Promise.all(
      kept.map(async (each) => {
        if (await this.#giveBack(each, reason, withinMs)) back.add(each);
      }),
    );
    await Promise.race([all, this.#orc.world.clock.sleep(withinMs, over.signal)]);
    over.abort();
    const keysOf = (kind: Kept['kind']): string[] =>
      [...back].filter((each) => each.kind === kind).map(({ key }) => key);
    const left = kept.filter((each) => !back.has(each)).map(({ key }) => key);
    return { tasks: keysOf('task'), locks: keysOf('lock'), left };
  }

  /** Whether it is nobody's now, as far as the upstream is concerned. */
  async #giveBack({ kind, key, claim }: Kept, reason: string, timeoutMs: number): Promise<boolean> {
    const args = kind === 'task' ? { id: key, claim, reason } : { resource: key, claim };
    const { agent } = this.#options;
    try {
      const options = { agent, publish: 'each', timeoutMs, requirePublished: false } as const;
      return (await this.#orc.perform(`${kind}.release`, args, options)).published !== false;
    } catch (error) {
      if (error instanceof OrcError && superseded.has(error.code)) return true;
      this.#options.tell(`${kind} ${key} was not handed back: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }
}

function keyOf({ kind, key }: Pick<Kept, 'kind' | 'key'>): string {
  return `${kind} ${key}`;
}
