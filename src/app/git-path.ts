/** Paths in git's configuration, as git reads them: `~/`, `~user/` and `%(prefix)/` stand for folders. */
import os from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { runGit } from '../git/native/run-git.ts';

/** `cwd`: any folder that is there. @throws OrcError `git-failed`, `git-missing` where only git can tell */
export async function expandGitPath(value: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (value.startsWith('~/')) return path.join(env.HOME ?? os.homedir(), value.slice(2));
  if (!/^~|^%\(prefix\)\//.test(value)) return value;
  const key = 'orc.path';
  const args = ['config', '--null', '--type=path', '--get', key];
  const { exitCode, stdout, stderr } = await runGit({ args, cwd, env, config: [[key, value]] });
  if (exitCode === 0) return stdout.toString('utf8').replace(/\0$/, '');
  throw new OrcError('git-failed', `git cannot tell which folder ${value} is: ${stderr.trim()}`, {
    hint: 'git config core.hooksPath names it: no git command that runs hooks works so',
  });
}
