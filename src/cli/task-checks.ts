/** The checks of a task that is about to be completed: run where that was asked for. */
import type { CheckRun } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Call } from './call.ts';

/**
 * What came of them; undefined where nobody asked for them. `--force checks` alone completes a task without any.
 * @throws OrcError `checks-failed` before anything is run, when criteria in words wait for the agent's word
 */
export async function checksFor(call: Call, id: string, isForced: boolean): Promise<readonly CheckRun[] | undefined> {
  const isAllowed = call.flag('runChecks');
  if (!call.flag('check') && !isAllowed) return isForced ? [] : undefined;
  const timeoutMs = call.duration('checkTimeout');
  const isConfirmed = call.flag('confirm');
  const orc = await call.open();
  const criteria = ((await orc.task(id))?.checks ?? []).flatMap((check) =>
    'criterion' in check ? [check.criterion] : [],
  );
  if (criteria.length > 0 && !isConfirmed && !isForced) {
    const quoted = criteria.map((criterion) => `"${criterion}"`).join(', ');
    throw new OrcError('checks-failed', `only you can tell whether this is met: ${quoted}`, {
      hint: 'if it is, say so with --confirm',
      details: { failed: criteria },
    });
  }
  const onOutput = (chunk: Buffer): void => {
    if (!call.globals.json) call.io.stderr(chunk.toString('utf8'));
  };
  return orc.runChecks(id, { isAllowed, isConfirmed, timeoutMs, onOutput });
}
