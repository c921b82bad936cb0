/** What became of the deposits: a carrier that clears one away has carried what it holds, unless it was refused. */
import { decodeCommit, decodeTree } from '../../src/git/objects.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';
import { worldStart } from './beginning.ts';
import type { Link } from './chain.ts';
import type { PastWorld } from './world.ts';

/** What no board refuses. */
const neverRefused = ['task.add', 'event.log'];
/** Carriers do not carry what lies there for longer, by their clocks, ms. */
const freshMs = 10_000;
const largestOffsetMs = 5_000;

interface Deposited {
  readonly at: number;
  readonly units: readonly { readonly operations: readonly { readonly id: string; readonly kind: string }[] }[];
}

export function checkDeposits(world: PastWorld, chain: readonly Link[], faults: string[]): void {
  const { removals, machines } = world;
  const clocksAgree = machines.every(
    ({ clockOffsetMs, hasJumpedClock }) => Math.abs(clockOffsetMs) <= largestOffsetMs && !hasJumpedClock,
  );
  if (!clocksAgree) return;
  const places = new Map(chain.map(({ oid, place }) => [oid, place]));
  const placeOfOp = new Map(chain.map(({ op, place }) => [op, place]));
  for (const { at, deposit, head } of removals) {
    const contents = readContents(world, deposit);
    if (Math.abs(worldStart + at - contents.at) > freshMs) continue;
    const alone = contents.units.flatMap(({ operations }) => (operations.length === 1 ? operations : []));
    for (const { id, kind } of alone.filter((operation) => neverRefused.includes(operation.kind))) {
      const isIn = (placeOfOp.get(id) ?? Number.POSITIVE_INFINITY) <= (places.get(head as Oid) ?? -1);
      if (!isIn) faults.push(`${kind} ${id} was cleared away from the inbox at ${at} without being carried`);
    }
  }
}

function readContents({ upstream }: PastWorld, deposit: Oid): Deposited {
  const bytesOf = (oid: Oid): Uint8Array => (upstream.objects.get(oid) as GitObject).bytes;
  const [entry] = decodeTree(bytesOf(decodeCommit(bytesOf(deposit)).tree), 40);
  return JSON.parse(new TextDecoder().decode(bytesOf(entry?.oid as Oid))) as Deposited;
}
