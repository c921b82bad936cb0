/** The board store as a folder: an ordinary bare repository that git can read, made without starting git. */
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OrcError } from '../errors.ts';
import { damagedStoreHint } from './damaged-store.ts';
import { createSyncedFile, errorCodeOf, isThere, type NameSource, syncFolders, toIoError } from './durable-files.ts';
import type { ObjectFormat } from './store.ts';

const folders = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'] as const;

/**
 * Makes a bare repository at `path`, whole or not at all. When another process was first, theirs is left in place:
 * that is no error. What stands there and is no store is made one, and keeps what else is in it: a process that goes on after its
 * store was removed may have put a queue there, or somebody brought it back.
 * @throws OrcError `io`
 */
export async function createStoreFolder(path: string, format: ObjectFormat, nameTemporary: NameSource): Promise<void> {
  if (looksLikeStore(path)) return;
  const parent = dirname(path);
  const temporary = join(parent, `.${basename(path)}.${nameTemporary()}.tmp`);
  try {
    fs.mkdirSync(parent, { recursive: true });
    makeFolders(temporary);
    await Promise.all([
      createSyncedFile(join(temporary, 'HEAD'), Buffer.from('ref: refs/heads/orc\n')),
      createSyncedFile(join(temporary, 'config'), Buffer.from(configText(format))),
    ]);
    await syncStore(temporary);
    await moveIntoPlace(temporary, path);
    await syncFolders([parent]);
  } catch (error) {
    throw toIoError(`create the board store ${path}`, error);
  } finally {
    discardFolder(temporary);
  }
}

async function moveIntoPlace(temporary: string, path: string): Promise<void> {
  try {
    fs.renameSync(temporary, path);
    return;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCodeOf(error) ?? '')) throw error;
  }
  if (looksLikeStore(path)) return;
  makeFolders(path);
  // The last one makes it a store.
  for (const file of ['config', 'HEAD']) moveUnlessThere(join(temporary, file), join(path, file));
  await syncStore(path);
}

function makeFolders(path: string): void {
  for (const folder of folders) fs.mkdirSync(join(path, folder), { recursive: true });
}

function syncStore(path: string): Promise<void> {
  return syncFolders(['', 'objects', 'refs'].map((folder) => join(path, folder)));
}

/** Another process may do the same, and have written more into it. */
function moveUnlessThere(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return;
    // A file system without links.
    if (!isThere(to)) fs.renameSync(from, to);
  }
}

/**
 * The object format of the repository at `path`.
 * @throws OrcError `no-board` when there is no such folder, `store-corrupt` when it is no bare repository, `io`
 */
export function readStoreFormat(path: string): ObjectFormat {
  if (!isThere(path)) throw new OrcError('no-board', `no board store at ${path}`, { hint: 'run `orc init`' });
  if (!looksLikeStore(path)) {
    throw new OrcError('store-corrupt', `${path} is not a board store`, { hint: damagedStoreHint });
  }
  try {
    return formatIn(fs.readFileSync(join(path, 'config'), 'utf8'));
  } catch (error) {
    throw toIoError(`read ${join(path, 'config')}`, error);
  }
}

function looksLikeStore(path: string): boolean {
  return ['HEAD', 'config', 'objects', 'refs'].every((name) => isThere(join(path, name)));
}

function discardFolder(path: string): void {
  try {
    fs.rmSync(path, { recursive: true, force: true });
  } catch {
    // The error that led here is the one to tell.
  }
}

function formatIn(config: string): ObjectFormat {
  let section = '';
  for (const line of config.split('\n')) {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim().toLowerCase() ?? section;
    const value = /^\s*objectformat\s*=\s*"?(\w+)/i.exec(line)?.[1];
    if (section === 'extensions' && value !== undefined) return value.toLowerCase() === 'sha256' ? 'sha256' : 'sha1';
  }
  return 'sha1';
}

/** Whoever runs git in here, with whatever configuration: no hooks, no surprise maintenance, everything synced. */
function configText(format: ObjectFormat): string {
  const version = format === 'sha256' ? 1 : 0;
  const extensions = format === 'sha256' ? '[extensions]\n\tobjectFormat = sha256\n' : '';
  return `[core]
\trepositoryformatversion = ${version}
\tfilemode = true
\tbare = true
\tfsync = committed,derived-metadata
\thooksPath = /dev/null
\tlogAllRefUpdates = false
${extensions}[gc]
\tauto = 0
\tpackRefs = false
[maintenance]
\tauto = false
[receive]
\tautogc = false
`;
}

/** Whether the store lacks older commits. */
export function isShallowStore(path: string): boolean {
  return fs.existsSync(join(path, 'shallow'));
}
