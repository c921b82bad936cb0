/**
 * Where git keeps the objects of a push while a hook looks at them, and those that they build on: as it tells hooks
 * (githooks(5), "pre-receive"; git(1), "GIT_OBJECT_DIRECTORY").
 */
import { delimiter, resolve } from 'node:path';

/** Absolute. What is quoted in a way that is not known here is left out: git finds it. */
export function incomingFolders(gitDir: string, env: NodeJS.ProcessEnv): string[] {
  const { GIT_OBJECT_DIRECTORY: own = '', GIT_ALTERNATE_OBJECT_DIRECTORIES: others = '' } = env;
  return [own, ...others.split(delimiter)]
    .filter((folder) => folder !== '' && !folder.includes('"'))
    .map((folder) => resolve(gitDir, folder));
}
