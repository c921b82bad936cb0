/**
 * The proof that a worker gives to the processes that it starts: `ORC_CLAIM_TOKEN`, for the task `ORC_TASK` and no other. It
 * goes before what is remembered here: a process that was started for an older claim must not pass with a newer one.
 */
import { OrcError } from '../errors.ts';

export interface GivenProof {
  readonly task: string;
  readonly token: string;
}

/** `null` where no worker gave one; one that is empty is of a claim that is not published. */
export function givenProof({ ORC_TASK: task, ORC_CLAIM_TOKEN: token }: NodeJS.ProcessEnv): GivenProof | null {
  return task && token ? { task, token } : null;
}

/** The token for this task, if it is the one. @throws OrcError `invalid-argument` */
export function tokenFor(proof: GivenProof | null, task: unknown): number | undefined {
  if (proof === null || proof.task !== task) return undefined;
  const token = Number(proof.token);
  if (/^\d+$/.test(proof.token) && Number.isSafeInteger(token) && token >= 1) return token;
  throw new OrcError('invalid-argument', `ORC_CLAIM_TOKEN must be a whole number from 1, not "${proof.token}"`, {
    hint: 'it is the token of the claim on the task that ORC_TASK names; unset both outside of a worker',
  });
}
