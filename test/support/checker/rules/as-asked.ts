import type { BoardModel } from '../model/board.ts';
import type { Arguments } from '../model/operation.ts';
import type { CallRecord } from '../types.ts';

const proven: ReadonlySet<string> = new Set([
  'task.renew',
  'task.complete',
  'task.fail',
  'task.release',
  'task.block',
  'lock.renew',
  'lock.release',
]);

/** A client adds what it remembers of a claim, which may be outdated: so its arguments may be more than was asked. */
export function variants(board: BoardModel, { kind, args, agent }: CallRecord): Arguments[] {
  const asked = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
  if (!proven.has(kind) || asked.token !== undefined || asked.claim !== undefined) return [asked];
  const claims = ['an-outdated-claim'];
  const task = board.tasks.get(String(asked.id));
  if (task?.claim !== null && task?.assigned_to === agent) claims.push(task.claim.id);
  for (const holder of board.locks.get(String(asked.resource))?.holders ?? [])
    if (holder.agent === agent) claims.push(holder.id);
  return [asked, ...claims.map((claim) => ({ ...asked, claim }))];
}
