/** What a new board starts with: the files of `.orc-template`, or of a folder that the team keeps. */
import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Knowledge } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { toIoError } from '../git/durable-files.ts';
import { isFault } from '../layout/faults.ts';
import { decodeKnowledge } from '../layout/knowledge-file.ts';
import { packageRoot } from './package-info.ts';

export interface Template {
  readonly settings: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly knowledge: readonly Pick<Knowledge, 'topic' | 'content' | 'title' | 'tags' | 'paths'>[];
}

/** @throws OrcError `not-found` when the folder is not there or has no `orc.yaml`; `invalid-argument` for knowledge that cannot be read; `io` */
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
  const knowledge: Template['knowledge'][number][] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const file = path.join(entry.parentPath, entry.name);
    const relative = path.relative(folder, file).split(path.sep).join('/');
    if (relative.startsWith('knowledge/') && relative.endsWith('.md')) {
      knowledge.push(await readTopic(relative, file));
    } else if (relative === 'README.md' || relative.startsWith('templates/')) {
      files.push({ path: relative, text: await readFile(file, 'utf8') });
    }
  }
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  return {
    settings: await readFile(settingsFile, 'utf8'),
    files: files.sort(byPath),
    knowledge: knowledge.sort((a, b) => (a.topic < b.topic ? -1 : 1)),
  };
}

/** As a board has it: who wrote it, and when, is the new board's. */
async function readTopic(relative: string, file: string): Promise<Template['knowledge'][number]> {
  const named = relative.slice('knowledge/'.length, -'.md'.length);
  const decoded = await decodeKnowledge(named, relative, await readFile(file));
  if (isFault(decoded)) throw new OrcError('invalid-argument', `${file} ${decoded.reason}`);
  const { topic, content, title, tags, paths } = decoded;
  return { topic, content, title, tags, paths };
}
