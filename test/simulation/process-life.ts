/**
 * The life of one process: every call of its ports goes through `step`, where it may be slow, stand still, or die, before the
 * call has its effect or after. The promises of a dead process are never fulfilled.
 */
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Dies, or stands still, at the n-th call of a port method (`null`: of any), before or after its effect. */
export interface Mishap {
  readonly method: string | null;
  readonly nth: number;
  readonly when: 'before' | 'after';
  /** `null`: it dies. */
  readonly stopMs: number | null;
}

export interface LifeOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: Random;
  /** How often a call takes time at all, 0 to 1. */
  readonly pauseChance: number;
  readonly mishap: Mishap | null;
  readonly trace: (line: () => string) => void;
}

export class ProcessLife {
  readonly name: string;
  readonly #options: LifeOptions;
  /** On the virtual clock; `null` while it lives. */
  endedAt: number | null = null;
  wasKilled = false;
  /** Stopped until then (SIGSTOP, a laptop that sleeps). */
  stoppedUntil = 0;
  wasStopped = false;
  #matches = 0;
  #announce: () => void = () => {};
  /** Fulfilled when it is gone, whichever way. */
  readonly over: Promise<void> = new Promise((resolve) => {
    this.#announce = resolve;
  });

  constructor(options: LifeOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.endedAt === null;
  }

  kill(): void {
    this.#stop(true, 'is killed');
  }

  exit(): void {
    this.#stop(false, 'exits');
  }

  stopFor(ms: number): void {
    this.wasStopped = true;
    this.stoppedUntil = this.#options.time.now + ms;
    this.#options.trace(() => `${this.name} stands still for ${ms}`);
  }

  /** One call of a port. `effect` is its effect, all at once as far as others can see unless it takes time itself. */
  async step<T>(method: string, effect: () => T | Promise<T>, detail = ''): Promise<T> {
    const { random, pauseChance } = this.#options;
    const isRead = method === 'store.readObjects';
    await this.#untilAwake();
    if (random.happens(isRead ? pauseChance / 50 : pauseChance)) await this.#pause();
    const mishap = this.#mishapAt(method);
    if (mishap?.when === 'before') await this.#suffer(mishap);
    if (!this.isAlive) return never();
    let result: T;
    try {
      result = await effect();
    } catch (error) {
      await this.#untilAwake();
      if (!this.isAlive) return never();
      this.#options.trace(() => `${this.name} ${method} fails: ${(error as Error).message}`);
      throw error;
    }
    if (mishap?.when === 'after') await this.#suffer(mishap);
    if (!isRead) this.#options.trace(() => `${this.name} ${method} ${detail} ${brief(result)}`);
    if (!isRead && random.happens(pauseChance)) await this.#pause();
    await this.#untilAwake();
    return this.isAlive ? result : never();
  }

  #mishapAt(method: string): Mishap | null {
    const { mishap } = this.#options;
    if (mishap === null || (mishap.method !== null && mishap.method !== method)) return null;
    this.#matches++;
    return this.#matches === mishap.nth ? mishap : null;
  }

  async #suffer({ stopMs }: Mishap): Promise<void> {
    if (!this.isAlive) return;
    if (stopMs === null) this.kill();
    else {
      this.stopFor(stopMs);
      await this.#untilAwake();
    }
  }

  /** Ends early when `signal` is aborted. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { time } = this.#options;
    await (signal === undefined ? time.sleep(ms) : Promise.race([time.sleep(ms), aborted(signal)]));
    await this.#untilAwake();
    if (!this.isAlive) await never();
  }

  #stop(wasKilled: boolean, word: string): void {
    if (!this.isAlive) return;
    this.endedAt = this.#options.time.now;
    this.wasKilled = wasKilled;
    this.#options.trace(() => `${this.name} ${word}`);
    this.#announce();
  }

  async #pause(): Promise<void> {
    const { time, random } = this.#options;
    await time.sleep(random.happens(0.03) ? random.between(5, 60) : random.between(0, 3));
    await this.#untilAwake();
  }

  async #untilAwake(): Promise<void> {
    const { time } = this.#options;
    while (this.isAlive && this.stoppedUntil > time.now) await time.sleep(this.stoppedUntil - time.now);
    if (!this.isAlive) await never();
  }
}

/** The same port, with every call going through the process's life; so are objects that it hands out. */
export function throughLife<T extends object>(life: ProcessLife, name: string, port: T, plain: readonly string[]): T {
  const wrapped: Record<string, unknown> = {};
  for (const key of Object.keys(port)) {
    const value = (port as Record<string, unknown>)[key];
    if (typeof value !== 'function' || plain.includes(key)) {
      wrapped[key] = value;
      continue;
    }
    const method = `${name}.${key}`;
    wrapped[key] = async (...args: unknown[]) => {
      const result: unknown = await life.step(method, () => value.apply(port, args));
      return handsOutCalls(result) ? throughLife(life, method, result, []) : result;
    };
  }
  return wrapped as T;
}

function handsOutCalls(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    Object.values(value).some((each) => typeof each === 'function')
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function brief(value: unknown): string {
  if (value instanceof Map) return `Map(${value.size})`;
  if (Array.isArray(value)) return `[${value.length}]`;
  return (JSON.stringify(value) ?? '').slice(0, 160);
}
