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
  readonly token: number;
}

/** `null` where there is none. What cannot be read is no claim: then what the store remembers counts, or nothing. */
export function givenClaim({ ORC_TASK: task, ORC_CLAIM_TOKEN: token }: NodeJS.ProcessEnv): GivenClaim | null {
  if (task === undefined || token === undefined || !/^[1-9]\d{0,15}$/.test(token)) return null;
  return { task, token: Number(token) };
}
