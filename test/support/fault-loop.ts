/**
 * A mutation tried again and again while its first, second, third … call to the system fails, and what has to hold after each
 * try: nothing is corrupt, nobody heard a false success, the next call works at once.
 */
import fs from 'node:fs';
import path from 'node:path';
import { realWorld, type World } from '../../src/app/connect.ts';
import { type Orc, openOrc } from '../../src/app/orc.ts';
import type { Performed } from '../../src/app/performed.ts';
import { lineIdFrom } from '../../src/core/ids.ts';
import { OrcError } from '../../src/errors.ts';
import { openRecords } from '../../src/sync/queue.ts';
import { type Fault, type FaultedRun, failAt, findRepeated, maxVariants, nameFault } from './fail-at.ts';
import { Audit, filesOf, openDescriptors, remainsIn } from './fault-checks.ts';
import { checkRepository } from './git-fixtures.ts';
import { drawOneIn, isFull, sampleSeed } from './sample.ts';

/**
 * `FULL=1`: every call fails in every way. Otherwise every third call, drawn by `SAMPLE_SEED`, fails in one way, which changes from
 * call to call: over a few runs all of them.
 */
/** For one loop, ms. */
export const loopTimeoutMs = isFull ? 3_600_000 : 600_000;
const nextCallMs = 5_000;
const maxViolations = 12;
/** More calls than any mutation makes. */
const maxCalls = 1_000;

export interface FaultPlace {
  /** Where orc is called. */
  readonly cwd: string;
  /** The repository that holds the branch for all. */
  readonly upstream: string;
  /** The branch there. */
  readonly ref: string;
  readonly store: string;
  /** The clone's folder, which orc leaves alone. */
  readonly host: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** What the caller was told at last; `null`: nothing yet. */
export type Told = 'published' | 'queued' | 'unknown' | null;

export interface FaultLoop {
  readonly name: string;
  /** How many operations the mutation publishes. */
  readonly operations: number;
  /** The mutation; says what it was told, as it goes. */
  readonly act: (orc: Orc, say: (told: Told) => void, run: number) => Promise<void>;
  /** The next ordinary call; it also prepares the next run. */
  readonly goOn: (orc: Orc, run: number) => Promise<unknown>;
  /** Opening the board is part of the mutation. */
  readonly opens?: boolean;
  /** Of the many calls that write one object like the other only some fail: where a push makes each run expensive. */
  readonly thins?: boolean;
  /** Which variant the first call fails in; so that loops with the same calls differ. */
  readonly shift?: number;
  /** Files of the clone that the mutation may change, by the beginning of their paths. */
  readonly mayChange?: readonly string[];
}

export interface LoopReport {
  readonly faults: number;
  readonly violations: readonly string[];
  readonly summary: string;
}

/** What a `Performed` told. */
export function toldBy({ published, state }: Performed): Told {
  if (published === true) return 'published';
  return state === 'queued' || state === 'unknown' ? state : null;
}

export async function runFaultLoop(place: FaultPlace, loop: FaultLoop): Promise<LoopReport> {
  const run = new LoopRun(place, loop);
  await run.prepare();
  const isDrawn = drawOneIn(3);
  for (let at = 1; at <= maxCalls; at++) {
    if (!isDrawn() || run.isRepeated(at)) continue;
    let variants = 1;
    for (let variant = 0; variant < variants; variant++) {
      const fault = await run.once(at, isFull ? variant : at + (loop.shift ?? 0));
      if (fault === null) return run.report();
      if (isFull) variants = Math.min(fault.variants, maxVariants);
      if (run.violations.length >= maxViolations) return run.report();
    }
  }
  throw new Error(`${loop.name} makes ever more calls`);
}

class LoopRun {
  readonly violations: string[] = [];
  readonly #place: FaultPlace;
  readonly #loop: FaultLoop;
  readonly #audit: Audit;
  readonly #tally = new Map<string, number>();
  /** Operations whose callers heard a plain error. */
  readonly #failed = new Map<string, string>();
  #repeated: ReadonlySet<number> = new Set();
  #host: ReadonlyMap<string, string> = new Map();
  #remains: ReadonlySet<string> = new Set();
  /** What stands in the queue and was complained of. */
  readonly #waiting = new Set<string>();
  #descriptors = 0;
  readonly #began = performance.now();
  #runs = 0;
  #slowestMs = 0;
  #fault: Fault | null = null;

  constructor(place: FaultPlace, loop: FaultLoop) {
    this.#place = place;
    this.#loop = loop;
    this.#audit = new Audit(place.upstream, place.ref);
  }

  async prepare(): Promise<void> {
    await this.#nextCall();
    this.#audit.read();
    this.#host = this.#readHost();
    this.#remains = remainsIn(this.#place.store);
    const { calls } = await this.#run(0, 0);
    if (!isFull && this.#loop.thins === true) this.#repeated = findRepeated(calls, this.#loop.shift ?? 0);
    this.#descriptors = openDescriptors();
  }

  /** Whether such calls fail often enough already. */
  isRepeated(at: number): boolean {
    return this.#repeated.has(at);
  }

  async once(at: number, variant: number): Promise<Fault | null> {
    return (await this.#run(at, variant)).fault;
  }

  async #run(at: number, variant: number): Promise<FaultedRun<void>> {
    const ids = new Set<string>();
    const id = (): string => {
      const made = realWorld.chance.id();
      ids.add(made);
      // The lines of a batch are called after it.
      for (let k = 1; k <= this.#loop.operations; k++) ids.add(lineIdFrom(made, k));
      return made;
    };
    const world: World = { ...realWorld, chance: { id, fraction: () => 0.1 } };
    let told: Told = null;
    const run = ++this.#runs;
    const act = async (orc: Orc): Promise<void> => this.#loop.act(orc, (now) => (told = now), run);
    let orc = this.#loop.opens === true ? null : await this.#open(world);
    const faulted = await failAt(at, variant, async () => {
      orc ??= await this.#open(world);
      await act(orc);
    });
    await orc?.close();
    const { fault, ended } = faulted;
    this.#fault = fault;
    if (ended.outcome === 'failed') told = this.#judgeError(ended.error, told);
    else if (told === null) this.#blame('ended without an answer');
    if (fault === null && told !== 'published') this.#blame(`not published without a fault, but ${told}`);
    this.#judge(told, ids);
    await this.#nextCall();
    this.#judgeAfterwards(told, ids);
    return faulted;
  }

  report(): LoopReport {
    const { name } = this.#loop;
    checkRepository(this.#place.upstream);
    checkRepository(this.#place.store);
    const leaked = openDescriptors() - this.#descriptors;
    if (leaked > 0) this.violations.push(`${leaked} descriptors were left open`);
    const tally = [...this.#tally].sort().map(([answer, count]) => `${answer} ${count}`);
    const faults = [...this.#tally.values()].reduce((sum, count) => sum + count, 0) - 2;
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    const summary = `${name}: ${faults} faults; ${tally.join(', ')}; slowest next call ${Math.round(this.#slowestMs)} ms; ${seconds} s; SAMPLE_SEED=${sampleSeed}`;
    return { faults, violations: this.violations, summary };
  }

  #open(world: World = realWorld): Promise<Orc> {
    const { cwd, env } = this.#place;
    return openOrc({ cwd, agent: 'agent-1', timeoutMs: 10_000, world, env: { ...process.env, ...env } });
  }

  async #nextCall(): Promise<void> {
    const began = performance.now();
    try {
      await using orc = await this.#open();
      await this.#loop.goOn(orc, this.#runs);
      const open = await openRecords(orc.connection.session.queue);
      if (open.length > 0) this.#blame(`${open.length} operations wait after the next call`);
    } catch (error) {
      this.#blame(`the next call fails: ${error}`);
    }
    const tookMs = performance.now() - began;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    if (tookMs > nextCallMs) this.#blame(`the next call took ${Math.round(tookMs)} ms`);
  }

  /** An error that says what became of the operation, counts as that; any other one says that it is not in. */
  #judgeError(error: unknown, told: Told): Told {
    if (!(error instanceof OrcError)) {
      const trace = error instanceof Error ? error.stack : String(error);
      this.#blame(`no OrcError: ${trace?.split('\n').slice(0, 6).join(' | ')}`);
      return told;
    }
    this.#count(error.code);
    // To git, too, a repository that it may not read is none.
    const isHidden = error.code === 'no-repository' && this.#fault?.errno === 'EACCES';
    if (!clearCodes.has(error.code) && !isHidden) this.#blame(`${error.code}: ${error.message}`);
    const state = error.details?.state;
    return state === 'queued' || state === 'unknown' || state === 'published' ? state : told;
  }

  /** At once, before anybody else has done anything. */
  #judge(told: Told, ids: ReadonlySet<string>): void {
    this.#audit.read();
    if (told !== null) this.#count(told);
    const found = this.#foundOf(ids);
    if (told === 'published' && found !== this.#loop.operations) this.#blame(`told as published, and ${found} are in`);
    if (told === null) {
      if (found > 0) this.#blame(`heard an error, and ${found} are in`);
      for (const id of ids) this.#failed.set(id, nameFault(this.#fault));
    }
  }

  #judgeAfterwards(told: Told, ids: ReadonlySet<string>): void {
    const { store } = this.#place;
    const fresh = this.#audit.read();
    const found = this.#foundOf(ids);
    if (told === 'queued' && found !== this.#loop.operations) this.#blame(`told as queued, later ${found} are in`);
    if (found > 0 && found !== this.#loop.operations) this.#blame(`${found} of ${this.#loop.operations} are in`);
    for (const id of fresh) {
      const fault = this.#failed.get(id);
      if (fault !== undefined && !ids.has(id)) this.#blame(`published later, and failed before: ${fault}`);
      else if (fault !== undefined) this.#blame('published later, though its caller heard an error');
    }
    this.violations.push(...this.#audit.faults.splice(0).map((fault) => `${nameFault(this.#fault)}: ${fault}`));
    const remains = remainsIn(store);
    for (const name of remains) {
      if (name.endsWith('.lock')) this.#blame(`left ${name}`);
      // Who cannot remove a file leaves it.
      else if (!this.#remains.has(name) && this.#fault?.kind !== 'remove') this.#blame(`left ${name}`);
    }
    this.#remains = remains;
    const waiting = fs.readdirSync(path.join(store, 'queue')).filter((name) => !this.#waiting.has(name));
    if (waiting.length > 0) this.#blame(`the queue holds ${waiting.join(', ')}`);
    for (const name of waiting) this.#waiting.add(name);
    const host = this.#readHost();
    for (const name of new Set([...host.keys(), ...this.#host.keys()])) {
      const isFree = this.#loop.mayChange?.some((start) => name.startsWith(start)) === true;
      if (!isFree && host.get(name) !== this.#host.get(name)) this.#blame(`changed ${name} of the clone`);
    }
    this.#host = host;
    if (isFull && this.#runs % 10 === 0) checkRepository(this.#place.upstream);
  }

  #foundOf(ids: ReadonlySet<string>): number {
    return [...ids].filter((id) => this.#audit.operations.has(id)).length;
  }

  #readHost(): Map<string, string> {
    return filesOf(this.#place.host, this.#place.store);
  }

  #count(answer: string): void {
    this.#tally.set(answer, (this.#tally.get(answer) ?? 0) + 1);
  }

  #blame(what: string): void {
    this.violations.push(`${nameFault(this.#fault)}: ${what}`);
  }
}

/** What a fault of this machine may be told as. A refusal by the board would be a lie. */
const clearCodes: ReadonlySet<string> = new Set([
  'io',
  'git-failed',
  'git-missing',
  'store-busy',
  'unreachable',
  'not-published',
]);
