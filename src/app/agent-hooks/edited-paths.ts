/** From the files that an agent names to paths as the repository knows them. */
import path from 'node:path';
import { findHost, type Host } from '../../git/host.ts';
import { kindOf, realPath } from '../../git/host-files.ts';

/**
 * Paths relative to the top of the work tree, as git writes them. A file has two where it is a link: its own, and that of what it
 * leads to, which is what will be written. Files outside of the repository, in its git folder, or in another repository give
 * none; files in any of its work trees do, for the board is the same for all.
 * @param host the repository that the board belongs to; `null`: the board has none, and any will do
 */
export function pathsInRepository(
  files: readonly string[],
  cwd: string,
  host: Host | null,
  env: NodeJS.ProcessEnv,
): string[] {
  // They name the repository that the process stands in, and would be taken for that of every file.
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_COMMON_DIR: _common, ...plain } = env;
  const found = new Set<string>();
  for (const file of files) {
    for (const place of placesOf(path.resolve(cwd, file))) {
      const inside = pathWithin(place, host, plain);
      if (inside !== null) found.add(inside);
    }
  }
  return [...found];
}

/** Without links on the way; the last one as it stands, and resolved. */
function placesOf(file: string): string[] {
  const beside = path.join(realFolder(path.dirname(file)), path.basename(file));
  const target = realPath(file);
  return target === null || target === beside ? [beside] : [beside, target];
}

/** Folders that are not there yet are made by whoever writes. */
function realFolder(folder: string): string {
  const real = realPath(folder);
  if (real !== null) return real;
  const parent = path.dirname(folder);
  return parent === folder ? folder : path.join(realFolder(parent), path.basename(folder));
}

function pathWithin(file: string, host: Host | null, env: NodeJS.ProcessEnv): string | null {
  const home = findHost(nearestFolder(path.dirname(file)), env);
  if (home === null || home.workTree === null) return null;
  if (host !== null && home.commonDir !== host.commonDir) return null;
  const way = path.relative(home.workTree, file);
  if (way === '' || path.isAbsolute(way)) return null;
  const names = way.split(path.sep);
  // Not every name that begins with two dots leads out.
  return names[0] === '..' || names[0] === '.git' ? null : names.join('/');
}

function nearestFolder(folder: string): string {
  const parent = path.dirname(folder);
  return kindOf(folder) === 'folder' || parent === folder ? folder : nearestFolder(parent);
}
