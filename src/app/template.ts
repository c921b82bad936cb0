/** What a new board starts with: the files of `.orc-template`, or of a folder that the team keeps. */
import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { toIoError } from '../git/durable-files.ts';
import { packageRoot } from './package-info.ts';

export interface Template {
  readonly settings: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly knowledge: readonly { readonly topic: string; readonly content: string }[];
}

/** @throws OrcError `not-found` when the folder is not there or has no `orc.yaml`; `io` */
export async function readTemplate(folder = path.join(packageRoot(), '.orc-template')): Promise<Template> {
  try {
    return await readFiles(folder);
  } catch (error) {
    throw toIoError(`read ${folder}`, error);
  }
}

async function readFiles(folder: string): Promise<Template> {
  const settingsFile = path.join(folder, 'orc.yaml');
  if (statSync(settingsFile, { throwIfNoEntry: false }) === undefined) {
    throw new OrcError('not-found', `${folder} is no board template: it has no orc.yaml`, {
      hint: 'name a folder with --template DIR',
    });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: { path: string; text: string }[] = [];
  const knowledge: { topic: string; content: string }[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const file = path.join(entry.parentPath, entry.name);
    const relative = path.relative(folder, file).split(path.sep).join('/');
    const text = await readFile(file, 'utf8');
    if (relative.startsWith('knowledge/') && relative.endsWith('.md')) {
      knowledge.push({ topic: relative.slice('knowledge/'.length, -'.md'.length), content: text });
    } else if (relative === 'README.md' || relative.startsWith('templates/')) {
      files.push({ path: relative, text });
    }
  }
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  return {
    settings: await readFile(settingsFile, 'utf8'),
    files: files.sort(byPath),
    knowledge: knowledge.sort((a, b) => (a.topic < b.topic ? -1 : 1)),
  };
}
