/** The upstream's branch as its commit messages tell it. */
import { decodeCommit } from '../../src/git/objects.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';
import type { PastWorld } from './world.ts';

export interface Link {
  readonly oid: Oid;
  /** Position in the chain, from 0. */
  readonly place: number;
  /** Made by somebody with plain git. */
  readonly isByHand: boolean;
  readonly version: number;
  readonly at: number;
  readonly op: string;
  readonly kind: string;
  readonly agent: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>>;
  readonly batch: string | null;
}

/** Oldest first. Notes what is wrong with the line as such: merges, versions that do not count up. */
export function readChain({ upstream, head }: PastWorld, faults: string[]): Link[] {
  const links: Omit<Link, 'place'>[] = [];
  for (let oid = head; oid !== null; ) {
    const { bytes } = upstream.objects.get(oid) as GitObject;
    const { message, parents } = decodeCommit(bytes);
    if (parents.length > 1) faults.push(`${oid} has ${parents.length} parents`);
    const value = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1] ?? null;
    const { id = '', kind = '', agent = '', args = {} } = JSON.parse(value('Orc-Op') ?? '{}');
    links.push({
      oid,
      isByHand: id === '',
      version: Number(value('Orc-Version')),
      at: Date.parse(value('Orc-At') ?? ''),
      op: id,
      kind,
      agent,
      args,
      result: JSON.parse(value('Orc-Result') ?? '{}'),
      batch: value('Orc-Batch'),
    });
    oid = parents[0] ?? null;
  }
  const chain = links.reverse().map((link, place) => ({ ...link, place }));
  let before = 0;
  for (const { version, kind, isByHand } of chain) {
    if (isByHand) continue;
    if (version !== before + 1) faults.push(`version ${version} (${kind}) follows version ${before}`);
    before = version;
  }
  return chain;
}
