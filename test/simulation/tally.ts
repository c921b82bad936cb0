/** What many worlds had in them. A kind of trouble that never happened was not tested. */
import type { PastWorld } from './world.ts';

export class Tally {
  worlds = 0;
  readonly #counts = new Map<string, number>();

  add({ log, counts, machines }: PastWorld): void {
    this.worlds++;
    this.#count('calls', log.calls.length);
    for (const { record } of log.calls) this.#count(record.answer, 1);
    for (const [name, count] of Object.entries(counts)) this.#count(name, count);
    for (const { disk } of machines) this.#count('rejected', disk.rejected.length);
  }

  /** What another process has counted. */
  addCounts(worlds: number, counts: Iterable<readonly [string, number]>): void {
    this.worlds += worlds;
    for (const [name, count] of counts) this.#count(name, count);
  }

  get counts(): readonly (readonly [string, number])[] {
    return [...this.#counts];
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** `calls 120, ok 60, …` */
  toString(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }

  #count(name: string, count: number): void {
    this.#counts.set(name, this.get(name) + count);
  }
}
