/** Stopping in the middle: what this process asked for, and was not answered, is not to be done behind its back. */
import type { OrcCore } from './orc-core.ts';

/**
 * Takes back what waits here. What is on its way may still arrive, and what may have been sent before stays in the queue as
 * unknown, so its id tells later what became of it.
 * @returns the ids of all of them
 */
export async function abandon(orc: OrcCore): Promise<string[]> {
  const { queue } = orc.connection.session;
  const own = (await queue.list()).filter(
    ({ outcome, told, owner }) => outcome === null && told === null && queue.liveness(owner) === 'own',
  );
  for (const record of own) {
    if (record.sent) await queue.update({ ...record, told: { state: 'unknown' } }, true);
    else await queue.remove([record.operation.id]);
  }
  return own.map(({ operation }) => operation.id);
}
