/** What a storm is told, on the command line or by a test. */
import type { ServerName } from '../support/servers/git-server.ts';

export interface StormSettings {
  readonly seed: number;
  readonly transport: Exclude<ServerName, 'git'>;
  /** Processes at work at a time; every two share a clone. */
  readonly clients: number;
  /** Calls that each process has under way at a time. */
  readonly lanes: number;
  /** The share of pushes during which a process is killed. */
  readonly kill: number;
  /** The storm is over when so many operations have been asked, or the time is up. */
  readonly operations: number;
  readonly minutes: number;
}

export const defaultSettings: StormSettings = {
  seed: 1,
  transport: 'file',
  clients: 6,
  lanes: 3,
  kill: 0.25,
  operations: 5_000,
  minutes: 30,
};

/** `--seed 7 --transport http …` @throws Error that says what is wrong */
export function parseSettings(args: readonly string[]): StormSettings {
  const given: Record<string, number | string> = {};
  for (let at = 0; at < args.length; at += 2) {
    const name = (args[at] ?? '').replace(/^--/, '');
    const text = args[at + 1];
    if (!(name in defaultSettings) || text === undefined) throw new Error(`unknown or without a value: ${args[at]}`);
    given[name] = name === 'transport' ? text : Number(text);
    if (Number.isNaN(given[name])) throw new Error(`--${name} wants a number, not ${text}`);
  }
  const settings = { ...defaultSettings, ...given } as StormSettings;
  if (!['file', 'ssh', 'http'].includes(settings.transport)) throw new Error('--transport wants file, ssh or http');
  return settings;
}

/** What one process of the storm is told. */
export interface WorkerOrders {
  readonly name: string;
  readonly agent: string;
  readonly cwd: string;
  readonly log: string;
  readonly seed: number;
  readonly lanes: number;
}

/** mulberry32: small, fast, and the same everywhere. Gives numbers in [0, 1). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** ms on a clock that all processes of this machine share and that never jumps. */
export function machineTime(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
