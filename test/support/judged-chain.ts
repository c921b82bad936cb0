/** A chain as a push to a server: some of it is there, the rest is judged. */
import { createMemoryStore } from '../../src/git/memory.ts';
import type { Oid } from '../../src/git/store.ts';
import { type JudgePushOptions, judgePush, type PushVerdict } from '../../src/sync/judge-push.ts';
import type { Chain } from './checker/types.ts';

/** Judges all but the first `there` commits. */
export function judgeChain(
  { commits, objects }: Chain,
  there: number,
  options: Partial<JudgePushOptions> = {},
): Promise<PushVerdict> {
  const store = {
    ...createMemoryStore(),
    readObjects: async (oids: readonly Oid[]) =>
      new Map(
        oids.flatMap((oid) => {
          const object = objects.read(oid);
          return object === null ? [] : [[oid, object] as const];
        }),
      ),
  };
  const oidAt = (index: number): Oid | null => (commits.at(index)?.oid as Oid | undefined) ?? null;
  const push = { from: there === 0 ? null : oidAt(there - 1), to: oidAt(-1) };
  return judgePush(store, push, { now: Date.parse('2027-01-01'), aheadMs: 0, sharesClock: true, ...options });
}
