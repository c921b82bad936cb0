/** A chain as a push to a server: some of it is there, the rest is judged. */
import { walkToAncestor } from '../../src/git/ancestry.ts';
import { createMemoryStore } from '../../src/git/memory.ts';
import type { GitStore, Oid } from '../../src/git/store.ts';
import { type JudgePushOptions, judgePush, type PushVerdict } from '../../src/sync/judge-push.ts';
import type { Chain, ObjectSource } from './checker/types.ts';

export type Judging = PushVerdict;

/** Judges all but the first `there` commits. */
export function judgeChain(chain: Chain, there: number, options: Partial<JudgePushOptions> = {}): Promise<Judging> {
  return judgePushOf(chain, there, chain, options);
}

/**
 * Judges a push to a branch that has the first `there` commits: of another chain, of as many commits of the same one, or of
 * nothing.
 */
export function judgePushOf(
  chain: Chain,
  there: number,
  to: Chain | number | null,
  options: Partial<JudgePushOptions> = {},
): Promise<Judging> {
  const pushed = typeof to === 'object' ? to : { ...chain, commits: chain.commits.slice(0, to) };
  const oidAt = ({ commits }: Chain, index: number): Oid | null => (commits.at(index)?.oid as Oid | undefined) ?? null;
  const push = { from: there === 0 ? null : oidAt(chain, there - 1), to: pushed === null ? null : oidAt(pushed, -1) };
  const sources = [chain.objects, ...(pushed === null ? [] : [pushed.objects])];
  return judgePush(storeOf(sources), push, {
    now: Date.parse('2026-06-01'),
    aheadMs: 0,
    sharesClock: true,
    ...options,
  });
}

function storeOf(sources: readonly ObjectSource[]): GitStore {
  const store: GitStore = {
    ...createMemoryStore(),
    isAncestor: async (ancestor, descendant) => (await walkToAncestor(store, ancestor, descendant)) === true,
    async readObjects(oids: readonly Oid[]) {
      const found = oids.flatMap((oid) => {
        const object = sources.map((source) => source.read(oid)).find((each) => each !== null);
        return object ? [[oid, object] as const] : [];
      });
      return new Map(found);
    },
  };
  return store;
}
