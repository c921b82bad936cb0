/** Writes a board as the original single-file tool keeps it: `state.json`, `events.jsonl`, `knowledge/`. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Knowledge } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { errnoOf, temporaryName } from '../git/atomic-file.ts';
import type { Fault } from '../layout/faults.ts';
import type { Head } from '../sync/head.ts';
import type { OrcCore } from './orc-core.ts';
import { writeOriginalEvent, writeOriginalKnowledge } from './original-form.ts';
import { findFault } from './set-aside.ts';
import { readImports, readSingleFile } from './single-file.ts';

/** Lies in the folder of an export and says which files are the export's, so that it can be made anew. */
const markerName = '.orc-export.json';
/** What orc logs of itself; the original never had it. */
const ownActions: ReadonlySet<string> = new Set(['board_created', 'board_imported', 'config_changed']);
/** The version of `board.init`: what still bears it came with the template. */
const initVersion = 1;

interface Marker {
  readonly board: string;
  /** Each file of the export and the digest of what was written. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Exported {
  /** Relative to the folder. */
  readonly files: readonly string[];
  /** Files of the branch that cannot be read, and are not in the export. */
  readonly left_out: readonly Pick<Fault, 'path' | 'reason'>[];
}

/**
 * An earlier export of the same board in `dir` is replaced; nothing else is touched.
 * @throws OrcError `already-exists` when the folder holds anything else, `io`
 */
export async function exportBoard(orc: OrcCore, dir: string): Promise<Exported> {
  const head = await orc.head();
  const { texts, faults } = await exportTexts(orc, head);
  try {
    const previous = await findPrevious(dir, head.read.board.meta.id);
    await write(dir, texts, previous, head.read.board.meta.id);
  } catch (error) {
    if (error instanceof OrcError || errnoOf(error) === null) throw error;
    throw new OrcError('io', `cannot export to ${dir}: ${errnoOf(error)}`, {
      cause: error,
      hint: 'name a folder that can be made and written to',
    });
  }
  const leftOut = [...head.read.faults, ...faults].map(({ path, reason }) => ({ path, reason }));
  return { files: [...texts.keys()], left_out: leftOut };
}

/** The texts of an export by their relative paths, and what cannot be read of the files that are not read to open a board. */
async function exportTexts(
  orc: OrcCore,
  head: Head,
): Promise<{ readonly texts: ReadonlyMap<string, string>; readonly faults: readonly Fault[] }> {
  const faults: Fault[] = [];
  const onFault = (fault: Fault): void => {
    if (!head.read.faults.some(({ path }) => path === fault.path)) faults.push(fault);
  };
  const imports = await readImports(orc, head);
  const events = (await orc.events({}, head)).filter(({ op, action }) => op === undefined || !ownActions.has(action));
  const texts = new Map([
    ['state.json', `${JSON.stringify(await readSingleFile(orc, head, onFault), null, 2)}\n`],
    ['events.jsonl', events.map((event) => `${writeOriginalEvent(event)}\n`).join('')],
  ]);
  const headless = new Set(
    imports.flatMap(({ adjusted, v }) => {
      const records = (adjusted ?? []) as { readonly record: string; readonly field: string }[];
      return records.flatMap(({ record, field }) => (field === 'header' ? [`${v} ${record}`] : []));
    }),
  );
  for (const topic of [...head.read.board.topics].sort()) {
    const knowledge = await orc.knowledge(topic, head);
    const fault = knowledge === null ? await findFault(orc, head, 'knowledge', topic) : null;
    if (fault !== null) onFault(fault);
    // An imported board is given back as it came, without what this board's template brought.
    if (knowledge === null || (imports.length > 0 && knowledge.version === initVersion)) continue;
    texts.set(`knowledge/${topic}.md`, textOf(knowledge, headless));
  }
  return { texts, faults };
}

/** A file that came without the original's comment goes without it, until somebody writes the topic. */
function textOf(knowledge: Knowledge, headless: ReadonlySet<string>): string {
  const isAsItCame = headless.has(`${knowledge.version} knowledge ${knowledge.topic}`);
  return isAsItCame ? knowledge.content : writeOriginalKnowledge(knowledge);
}

/** What an earlier export left here; nothing when the folder is new or empty. */
async function findPrevious(dir: string, board: string): Promise<Marker> {
  const present = await listFolder(dir);
  if (present.length === 0) return { board, files: {} };
  const marker = await readMarker(dir);
  if (marker?.board !== board) {
    const what = marker === null ? 'is not empty' : 'holds an export of another board';
    throw new OrcError('already-exists', `${dir} ${what}`, {
      hint: 'name a new folder, or an earlier export of this board',
    });
  }
  for (const file of present) {
    if (file === markerName) continue;
    const digest = Object.hasOwn(marker.files, file) ? marker.files[file] : undefined;
    if (digest !== undefined && digest === digestOf(await readFile(path.join(dir, file), 'utf8'))) continue;
    const what = digest === undefined ? 'is not of the export' : 'was changed since the export';
    throw new OrcError('already-exists', `${path.join(dir, file)} ${what}`, {
      hint: 'move it away, or name a new folder',
    });
  }
  // Only what was found is the export's: the marker may have come with the folder, and name files that are outside of it.
  const found = new Set(present);
  const files = Object.fromEntries(Object.entries(marker.files).filter(([file]) => found.has(file)));
  return { board, files };
}

/** Plain files below a folder, with slashes. A link among them is somebody else's. */
async function listFolder(dir: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(dir, below), { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' && below === '') return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries) {
    const file = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFolder(dir, file)));
    else if (entry.isFile()) found.push(file);
    else
      throw new OrcError('already-exists', `${path.join(dir, file)} is no plain file`, { hint: 'name a new folder' });
  }
  return found;
}

async function readMarker(dir: string): Promise<Marker | null> {
  try {
    const value = JSON.parse(await readFile(path.join(dir, markerName), 'utf8')) as Partial<Marker>;
    const { board, files } = value;
    return typeof board === 'string' && typeof files === 'object' && files !== null ? { board, files } : null;
  } catch {
    return null;
  }
}

/** The marker goes last: an export that was cut off is refused as a folder with strange files, and not taken for whole. */
async function write(dir: string, texts: ReadonlyMap<string, string>, previous: Marker, board: string): Promise<void> {
  await makeFolder(dir);
  const stale = Object.keys(previous.files).filter((file) => !texts.has(file));
  for (const file of stale) await rm(path.join(dir, file), { force: true });
  for (const [file, text] of texts) {
    await makeFolder(path.dirname(path.join(dir, file)));
    await writeWhole(path.join(dir, file), text);
  }
  for (const file of stale) await removeEmptyFolders(dir, path.dirname(file));
  const files = Object.fromEntries([...texts].map(([file, text]) => [file, digestOf(text)]));
  await writeWhole(path.join(dir, markerName), `${JSON.stringify({ board, files }, null, 2)}\n`);
}

/** Step by step: a recursive mkdir never ends in some places, such as below /proc. */
async function makeFolder(dir: string): Promise<void> {
  if ((await tryFolder(dir)) === 'made') return;
  await makeFolder(path.dirname(dir));
  if ((await tryFolder(dir)) === 'no-parent') await mkdir(dir);
}

async function tryFolder(dir: string): Promise<'made' | 'no-parent'> {
  try {
    await mkdir(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && path.dirname(dir) !== dir) return 'no-parent';
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return 'made';
}

async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = temporaryName(file);
  await writeFile(temporary, text);
  await rename(temporary, file);
}

async function removeEmptyFolders(dir: string, folder: string): Promise<void> {
  for (let each = folder; each !== '.'; each = path.dirname(each)) {
    const full = path.join(dir, each);
    if (!(await lstat(full).catch(() => null))?.isDirectory() || (await readdir(full)).length > 0) return;
    await rmdir(full);
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
