/** What the environment says to orc. */
import { OrcError } from '../errors.ts';
import { isGitInstalled } from '../git/native/find-git.ts';

/** Whether a variable such as `CI` is set to something that means yes. */
export function isTruthy(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}

/**
 * Whether orc does without a git binary: told so, or because there is none.
 * @throws OrcError `invalid-argument` for another value of `ORC_GIT`
 */
export function isPortable(env: NodeJS.ProcessEnv): boolean {
  const choice = env.ORC_GIT ?? '';
  if (choice === '') return !isGitInstalled(env);
  if (choice === 'native') return false;
  if (choice === 'portable') return true;
  throw new OrcError('invalid-argument', `ORC_GIT must be native or portable, not "${choice}"`);
}

/** A claim that the environment names: `orc work` gives it to its commands. */
export interface GivenClaim {
  readonly task: string;
  /** As it was given: only who needs it has to be able to read it. */
  readonly token: string;
}

/** `null` where there is none. */
export function givenClaim({ ORC_TASK: task, ORC_CLAIM_TOKEN: token }: NodeJS.ProcessEnv): GivenClaim | null {
  return task === undefined || token === undefined || token === '' ? null : { task, token };
}

/** Another claim must not take the place of the one that was meant. @throws OrcError `invalid-argument` */
export function readGivenToken({ task, token }: GivenClaim): number {
  if (/^[1-9]\d{0,15}$/.test(token)) return Number(token);
  throw new OrcError('invalid-argument', `ORC_CLAIM_TOKEN must be the token of the claim of ${task}, not "${token}"`, {
    hint: '`orc work` sets it; unset it to act by what is remembered here, or give --token',
  });
}
