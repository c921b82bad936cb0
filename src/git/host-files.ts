/**
 * The few questions that `host.ts` asks of the file system. What is not there, or not for us to see, is an answer: git goes on
 * searching then. A disk that fails is not: orc would find another repository, or none.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errnoOf } from './atomic-file.ts';

const noAnswer: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
]);

/** `null` where the answer is no. @throws OrcError `io` */
function ask<T>(file: string, question: () => T): T | null {
  try {
    return question();
  } catch (error) {
    const code = errnoOf(error);
    if (code === null || noAnswer.has(code)) return null;
    throw new OrcError('io', `cannot read ${file}: ${code}`, { cause: error, details: { errno: code } });
  }
}

/** What HEAD says: a ref, or `ref: null` when it is detached. `null` where there is no HEAD, or none that git would take. */
export function readHead(gitDir: string): { readonly ref: string | null } | null {
  const file = path.join(gitDir, 'HEAD');
  const isLink = ask(file, () => lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink());
  if (isLink === undefined || isLink === null) return null;
  // A link: how git once wrote it.
  const text = ask(file, () => (isLink ? `ref: ${readlinkSync(file)}` : readFileSync(file, 'utf8'))) ?? '';
  const ref = /^ref:\s*(refs\/\S+)/.exec(text)?.[1];
  if (ref !== undefined) return { ref };
  return /^[0-9a-f]{40}/.test(text) ? { ref: null } : null;
}

/** `null` for what is not there, or not for us to see. */
export function kindOf(file: string): 'file' | 'folder' | null {
  const facts = ask(file, () => statSync(file, { throwIfNoEntry: false }));
  if (facts === undefined || facts === null) return null;
  return facts.isDirectory() ? 'folder' : facts.isFile() ? 'file' : null;
}

/** The user whose it is; a link's own. `null` where nothing is there. */
export function ownerOf(file: string): number | null {
  return ask(file, () => lstatSync(file, { throwIfNoEntry: false }))?.uid ?? null;
}

/** A small file without the line end, or as it is with `keepEnd`; `null` when it cannot be read. */
export function readText(file: string, options: { keepEnd?: boolean } = {}): string | null {
  const text = ask(file, () => readFileSync(file, 'utf8'));
  return text === null || options.keepEnd ? text : text.replace(/[\r\n]+$/, '');
}

/** The names in a folder, sorted; none when it cannot be read. */
export function listFolder(folder: string): string[] {
  return ask(folder, () => readdirSync(folder).sort()) ?? [];
}

/** The path without symlinks, or `null` when it leads nowhere. */
export function realPath(file: string): string | null {
  return ask(file, () => realpathSync.native(file));
}
