/**
 * Time that passes only when everybody waits. Events happen in the order of their times, those of one time in the order in
 * which they were planned; after each, all promises that can go on do so before the next.
 */

interface TimedEvent {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

export type RunResult = 'done' | 'idle' | 'too-many-events';

export class VirtualTime {
  /** ms since the world began. */
  now = 0;
  /** How many events have happened. */
  events = 0;
  readonly #heap: TimedEvent[] = [];
  #sequence = 0;
  #lastStamp = 0;

  /** A time that no other call got, in the order of the calls: tells apart what happens within one millisecond. */
  stamp(): number {
    this.#lastStamp = Math.max(this.now, this.#lastStamp + 1e-6);
    return this.#lastStamp;
  }

  at(time: number, run: () => void): void {
    this.#push({ at: Math.max(time, this.now), sequence: this.#sequence++, run });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.now + Math.max(0, ms), resolve));
  }

  /** Lets time pass until `isDone`, or nothing is planned any more, or `limit` events have happened. */
  async run(isDone: () => boolean, limit: number): Promise<RunResult> {
    await settle();
    while (!isDone()) {
      const next = this.#pop();
      if (next === null) return 'idle';
      if (this.events >= limit) return 'too-many-events';
      this.events++;
      this.now = next.at;
      next.run();
      await settle();
    }
    return 'done';
  }

  #push(event: TimedEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent] as TimedEvent)) break;
      heap[index] = heap[parent] as TimedEvent;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): TimedEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as TimedEvent, heap[child] as TimedEvent)) child++;
      if (!isBefore(heap[child] as TimedEvent, last)) break;
      heap[index] = heap[child] as TimedEvent;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: TimedEvent, b: TimedEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

/** Node runs what is left for the next tick only when no promise can go on any more. A turn of its event loop would take three times as long. */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
