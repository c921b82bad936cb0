/** Facts about the installed package: where it lies, which version it is. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

declare const __ORC_VERSION__: string | undefined;

/** The folder with this package's package.json; it lies at different depths in source, library and bundle. */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('the package of orc is not complete: no package.json');
    folder = parent;
  }
  return folder;
}

export function packageVersion(): string {
  return typeof __ORC_VERSION__ === 'string' ? __ORC_VERSION__ : readPackage().version;
}

/** `null` where this library was bundled into another program, with nothing of its package around it. */
export function ownVersion(): string | null {
  if (typeof __ORC_VERSION__ === 'string') return __ORC_VERSION__;
  try {
    const { name, version } = readPackage();
    return name === 'git-orc' ? version : null;
  } catch {
    return null;
  }
}

function readPackage(): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8'));
}
