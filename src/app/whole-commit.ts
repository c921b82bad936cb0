/** The whole name of a commit that somebody named in their own way: `HEAD`, a branch, the first digits. */
import { OrcError } from '../errors.ts';
import { runGit } from '../git/native/run-git.ts';
import type { Surroundings } from './surroundings.ts';

/** One that is whole is taken at its word: it may be of another clone. @throws OrcError `not-found`, `git-missing` */
export async function wholeCommit({ host, env }: Surroundings, named: string): Promise<string> {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(named)) return named;
  const found =
    host === null || named.startsWith('-')
      ? null
      : await runGit({ args: ['rev-parse', '--verify', '--quiet', `${named}^{commit}`], gitDir: host.gitDir, env });
  const commit = found?.stdout.toString('utf8').trim() ?? '';
  if (commit !== '') return commit;
  throw new OrcError('not-found', `there is no commit "${named}" here`, {
    hint: 'give its whole name, or one that `git rev-parse` knows in this clone',
  });
}
