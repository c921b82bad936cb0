/** What the named functions of the API throw where only the upstream could have said yes. */
import { OrcError } from '../errors.ts';
import type { Performed } from './performed.ts';

export function notPublished(kind: string, { state, op, reason }: Performed): OrcError {
  return new OrcError('not-published', `${kind} could not be published: ${reason}`, {
    hint:
      state === 'queued'
        ? 'it waits in the queue; `orc sync` publishes it, or it is refused then'
        : state === 'unknown'
          ? `it may be in: ask again with the operation id ${op}`
          : 'the board as it is known here has nothing to do; ask again when the upstream can be reached',
    details: { state, op },
  });
}
