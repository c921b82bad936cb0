/** The few questions that `host.ts` asks of the file system. All take "cannot be read" for an answer, not for an error. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** What HEAD says: a ref, or `ref: null` when it is detached. `null` where there is no HEAD, or none that git would take. */
export function readHead(gitDir: string): { readonly ref: string | null } | null {
  const file = path.join(gitDir, 'HEAD');
  try {
    const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink();
    if (isLink === undefined) return null;
    const text = isLink ? `ref: ${readlinkSync(file)}` : readFileSync(file, 'utf8'); // a link: how git once wrote it
    const ref = /^ref:\s*(refs\/\S+)/.exec(text)?.[1];
    if (ref !== undefined) return { ref };
    return /^[0-9a-f]{40}/.test(text) ? { ref: null } : null;
  } catch {
    return null; // a folder, or not ours to read
  }
}

/** `null` for what is not there, or not for us to see. */
export function kindOf(file: string): 'file' | 'folder' | null {
  try {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined) return null;
    return facts.isDirectory() ? 'folder' : facts.isFile() ? 'file' : null;
  } catch {
    return null; // a folder on the way that we may not read, or a file where a folder should be
  }
}

/** A small file without the line end, or as it is with `keepEnd`; `null` when it cannot be read. */
export function readText(file: string, options: { keepEnd?: boolean } = {}): string | null {
  try {
    const text = readFileSync(file, 'utf8');
    return options.keepEnd ? text : text.replace(/[\r\n]+$/, '');
  } catch {
    return null;
  }
}

/** The names in a folder, sorted; none when it cannot be read. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The path without symlinks, or `null` when it leads nowhere. */
export function realPath(file: string): string | null {
  try {
    return realpathSync.native(file);
  } catch {
    return null;
  }
}
