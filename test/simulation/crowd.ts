/**
 * Many clones that publish at once, in virtual time: how fast that goes when operations that lost a race are carried by others, and
 * how fast by fetching and trying again. Nothing breaks here.
 */
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Beginning } from './beginning.ts';
import { Machine } from './machine.ts';
import { calmWeather, Network } from './network.ts';
import { createRandom } from './random.ts';
import { VirtualTime } from './virtual-time.ts';

export interface CrowdOptions {
  readonly beginning: Beginning;
  readonly seed: number;
  readonly clones: number;
  /** Of each clone, one after the other. */
  readonly operations: number;
  /** Every push and fetch takes so long. */
  readonly delayMs: number;
  readonly carries: boolean;
  readonly tellsOfInbox: boolean;
}

export interface CrowdFigures {
  /** Operations a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** How much longer the clone that waited longest took than the one that waited least. */
  readonly spread: number;
  readonly failed: number;
  /** Calls to the upstream for each operation. */
  readonly calls: number;
}

export async function runCrowd(options: CrowdOptions): Promise<CrowdFigures> {
  const { beginning, seed, clones, operations, delayMs, carries, tellsOfInbox } = options;
  const time = new VirtualTime();
  const random = createRandom(seed);
  const upstream = new MemoryUpstream();
  for (const [oid, object] of beginning.objects) upstream.objects.set(oid, object);
  upstream.moveHead(beginning.head);
  const weather = { ...calmWeather, delayMs: [delayMs * 0.45, delayMs * 0.55] as const };
  const trace = (): void => undefined;
  const network = new Network({
    ...{ time, random: random.fork(), upstream, weather, outages: [], lags: [], tellsOfInbox, trace },
  });
  const waits: number[] = [];
  const totals: number[] = [];
  let failed = 0;
  const live = async (at: number): Promise<void> => {
    const name = `m${at}`;
    const machine = new Machine({
      ...{ name, time, random: random.fork(), network, beginning, clockOffsetMs: 0, noticeMs: 0, pauseChance: 0 },
      ...{ carries, trace },
    });
    const { session } = machine.start(null);
    let total = 0;
    for (let count = 0; count < operations; count++) {
      const began = time.now;
      const operation = {
        id: random.hex(32),
        kind: 'task.add',
        agent: name,
        args: { workstream: 'main', title: name },
      };
      const [answer] = await session.submit([operation], { publish: true, timeoutMs: 600_000 });
      if (answer?.published !== true) failed++;
      waits.push(time.now - began);
      total += time.now - began;
    }
    totals.push(total);
  };
  let isDone = false;
  const all = Promise.all(Array.from({ length: clones }, (_, at) => live(at))).then(() => {
    isDone = true;
  });
  await time.run(() => isDone, 2_000_000);
  await all;
  waits.sort((a, b) => a - b);
  return {
    rate: (waits.length * 1000) / time.now,
    p50: waits[waits.length >> 1] as number,
    p99: waits[Math.floor(waits.length * 0.99)] as number,
    spread: Math.max(...totals) / Math.min(...totals),
    failed,
    calls: network.calls / waits.length,
  };
}
