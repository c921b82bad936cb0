/** A few of many moments, spread evenly: a part of all of them in every run, over many runs all. `FULL=1` tries all at once. */
import { createRandom } from '../simulation/random.ts';

export const isFull = process.env.FULL === '1';

/** Printed with the results; `SAMPLE_SEED` brings a sample back. */
export const sampleSeed = Number(process.env.SAMPLE_SEED ?? Date.now() % 1_000_000);

/** One of each of `count` stretches of the list, in order; the first and the last are always there. */
export function sampleOf<T>(all: readonly T[], count: number): readonly T[] {
  if (isFull || all.length <= count) return all;
  const random = createRandom(sampleSeed);
  const chosen = new Set([0, all.length - 1]);
  for (let stretch = 0; stretch < count - 2; stretch++) {
    const from = Math.floor((stretch * all.length) / (count - 2));
    const to = Math.floor(((stretch + 1) * all.length) / (count - 2));
    chosen.add(random.between(from, Math.max(from, to - 1)));
  }
  return [...chosen].sort((a, b) => a - b).map((index) => all[index] as T);
}

/** Says of one after the other whether it is tried: of one in so many, drawn by the seed; with `FULL=1` of all. */
export function drawOneIn(many: number): () => boolean {
  const random = createRandom(sampleSeed);
  return () => isFull || random.between(1, many) === 1;
}
