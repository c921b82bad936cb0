/** Whether there is a git to start, found out without starting it. */
import fs from 'node:fs';
import path from 'node:path';

const foundByPath = new Map<string, boolean>();

/** Looks through PATH as starting a program does; once for each PATH in a process. */
export function isGitInstalled(env: NodeJS.ProcessEnv): boolean {
  const key = process.platform === 'win32' ? Object.keys(env).find((name) => name.toUpperCase() === 'PATH') : 'PATH';
  // Without a PATH, the C library looks in these.
  const searched = (key === undefined ? undefined : env[key]) ?? '/bin:/usr/bin';
  let found = foundByPath.get(searched);
  if (found === undefined) {
    found = searched.split(path.delimiter).some(hasGit);
    foundByPath.set(searched, found);
  }
  return found;
}

function hasGit(folder: string): boolean {
  const names = process.platform === 'win32' ? ['git.exe', 'git.com'] : ['git'];
  return names.some((name) => {
    const file = path.join(folder === '' ? '.' : folder, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  });
}
