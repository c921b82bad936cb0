/** What a world is like, drawn from its seed: how many take part, and what goes wrong how often. */
import type { PublishMode } from '../../src/core/records.ts';
import type { Lag, Spell, Weather } from './network.ts';
import type { Mishap } from './process-life.ts';
import type { Random } from './random.ts';

export interface Climate {
  readonly machines: readonly MachineClimate[];
  /** How many calls all agents together make. */
  readonly calls: number;
  /** When nothing new is begun any more, ms. */
  readonly endsAt: number;
  readonly weather: Weather;
  readonly outages: readonly Spell[];
  readonly lags: readonly Lag[];
  readonly powerCuts: readonly { readonly at: number; readonly machine: string }[];
  /** When somebody commits with plain git, ms. */
  readonly handEdits: readonly number[];
  /** How likely a process dies before its time. */
  readonly crashes: number;
  /** How likely a process stands still for a while, as one that is stopped does. */
  readonly stops: number;
  readonly noticeMs: number;
  readonly pauseChance: number;
  /** How long an agent thinks, ms at most. */
  readonly thinkMs: number;
  readonly mode: PublishMode;
  /** Everybody wants the same few things, and lets go of them soon. */
  readonly isContended: boolean;
  /** Publishers fall asleep with the work in hand, for longer than the others wait. */
  readonly isSleepy: boolean;
  /** Whether who has lost a race leaves its operations in the upstream's inbox, and carries those of others. */
  readonly carries: boolean;
  readonly takesDeposits: boolean;
  readonly tellsOfInbox: boolean;
}

export interface MachineClimate {
  readonly name: string;
  readonly processes: number;
  readonly clockOffsetMs: number;
  readonly isNew: boolean;
  readonly clockJumps: readonly { readonly at: number; readonly by: number }[];
}

const weakPoints: readonly (string | null)[] = [
  null,
  null,
  'net.push',
  'net.push',
  'net.fetch',
  'net.deposit',
  'disk.write',
  'disk.write',
  'disk.remove',
  'store.updateRefs',
  'store.writeObjects',
  'storeLock.take',
  'queueLock.take',
  'role.tryTake',
  'role.release',
];

const sleepyPoints = ['store.writeObjects', 'disk.takings', 'net.fetch'];

export function drawClimate(random: Random): Climate {
  const isSleepy = random.happens(0.1);
  // Many machines at once, so that pushes lose races all the time.
  const isCrowded = !isSleepy && random.happens(0.2);
  const endsAt = isSleepy ? 25_000 : random.pick([2_000, 6_000, 15_000, 40_000]);
  const names = ['m0', 'm1', 'm2', 'm3', 'm4'].slice(0, isCrowded ? 5 : random.pick([1, 2, 2, 3, 3]));
  const offsets = random.pick([[0], [0, 0, 700, -700], [0, 5_000, -5_000, 3_600_000, -3_600_000]]);
  const jumps = random.happens(0.1);
  const spell = (machine: string | null): Spell => {
    const from = random.between(0, endsAt);
    return { from, to: from + random.between(200, endsAt), machine };
  };
  const someMachine = (): string | null => random.pick([null, ...names]);
  const some = <T>(probability: number, make: () => T): T[] => (random.happens(probability) ? [make()] : []);
  const climate: Climate = {
    machines: names.map((name) => ({
      name,
      processes: isSleepy ? 3 : isCrowded ? 1 : random.pick([1, 1, 2, 2, 3]),
      clockOffsetMs: random.pick(offsets),
      isNew: random.happens(0.15),
      clockJumps: jumps ? [{ at: random.between(0, endsAt), by: random.between(-30_000, 30_000) }] : [],
    })),
    calls: isCrowded ? random.between(20, 44) : random.between(8, 32),
    endsAt,
    weather: isCrowded ? drawCrowdedWeather(random) : drawWeather(random, isSleepy),
    outages: [...some(0.25, () => spell(someMachine())), ...some(0.15, () => spell(someMachine()))],
    lags: some(0.2, () => ({ ...spell(someMachine()), lagMs: random.pick([50, 300, 1_000, 4_000]) })),
    powerCuts: some(0.12, () => ({ at: random.between(0, endsAt), machine: random.pick(names) })),
    handEdits: some(0.08, () => random.between(0, endsAt)),
    crashes: random.pick([0, 0, 0.2, 0.5]),
    stops: isSleepy ? 0.5 : random.pick([0, 0, 0.1, 0.3]),
    isSleepy,
    noticeMs: random.pick([0, 0, 100, 1_500]),
    pauseChance: random.pick([0.05, 0.2, 0.5]),
    thinkMs: isCrowded ? 5 : random.pick([5, 100, 1_500]),
    isContended: isCrowded || random.happens(0.4),
    mode: random.pick(['each', 'each', 'each', 'claims', 'sync']),
    carries: isCrowded || random.happens(0.75),
    takesDeposits: !random.happens(0.1),
    tellsOfInbox: random.happens(0.5),
  };
  // Nobody reads back at once what it has just pushed.
  return !isSleepy && random.happens(0.08)
    ? { ...climate, lags: [{ from: 0, to: endsAt, machine: null, lagMs: 1_500 }] }
    : climate;
}

function drawWeather(random: Random, isSleepy: boolean): Weather {
  const bad = random.pick([0, 0.02, 0.1, 0.3]);
  const part = (): number => (random.happens(0.5) ? 0 : (bad * random.fraction()) / 2);
  return {
    delayMs: random.pick([
      [1, 3],
      [5, 40],
      [20, 300],
    ]),
    slow: random.pick([0, 0, 0.02]),
    push: {
      lost: part(),
      cut: part(),
      late: part(),
      refused: isSleepy ? 0.3 : part(),
      hang: part() / 4,
      unreachable: part(),
    },
    read: { unreachable: part(), hang: part() / 4 },
  };
}

/** Often deposits arrive when their authors have given up on them, and have published by themselves. */
function drawCrowdedWeather(random: Random): Weather {
  return { ...drawWeather(random, false), lateDeposit: random.pick([0, 0.3, 0.6]) };
}

export function drawMishap(
  random: Random,
  { crashes, stops, isSleepy }: Pick<Climate, 'crashes' | 'stops' | 'isSleepy'>,
): Mishap | null {
  const isCrash = random.happens(crashes);
  if (!isCrash && !random.happens(stops)) return null;
  if (isSleepy && !isCrash) {
    const stopMs = random.between(5_200, 9_000);
    return { method: random.pick(sleepyPoints), nth: random.between(1, 3), when: 'after', stopMs };
  }
  const method = random.pick(weakPoints);
  return {
    method,
    nth: method === null ? random.between(1, 250) : random.between(1, 4),
    when: random.pick(['before', 'after']),
    stopMs: isCrash ? null : random.between(500, 14_000),
  };
}
