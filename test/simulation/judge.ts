/** Lives through a world and judges it. */
import type { Beginning } from './beginning.ts';
import { checkWorld } from './checks.ts';
import { checkThoroughly } from './thorough.ts';
import { liveThrough, type PastWorld } from './world.ts';

export interface Judgement {
  readonly world: PastWorld;
  /** What is wrong, one sentence each; empty when nothing is. */
  readonly faults: readonly string[];
}

export interface JudgeOptions {
  readonly beginning: Beginning;
  readonly isTraced?: boolean;
  readonly isQuick?: boolean;
}

/** `isQuick`: only by what takes no time. */
export async function judge(seed: number, options: JudgeOptions): Promise<Judgement> {
  const world = await liveThrough(seed, options);
  const faults = checkWorld(world, options.beginning);
  if (options.isQuick !== true) {
    const { violations } = checkThoroughly(world, options.beginning);
    faults.push(...violations.map(({ rule, message, op }) => `rule ${rule}: ${message} ${op ?? ''}`));
  }
  return { world, faults };
}
