/** Stopping in the middle: what this process asked for, and was not answered, is not to be done behind its back. */
import type { OrcCore } from './orc-core.ts';

/**
 * Takes back what waits here. What is on its way may still arrive, but is not sent again; its id tells later what became of it.
 * @returns the ids of all of them
 */
export async function abandon(orc: OrcCore): Promise<string[]> {
  const { queue } = orc.connection.session;
  const own = (await queue.list()).filter(
    ({ outcome, told, owner }) => outcome === null && told === null && queue.liveness(owner) === 'own',
  );
  const ids = own.map(({ operation }) => operation.id);
  await queue.forget(ids);
  return ids;
}
