/** Reads the folder of an original single-file board, or of an export, and nothing beside it: no links are followed. */
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { maxKnowledgeLength } from '../core/arguments.ts';
import { isDeeperThan, maxNesting } from '../core/nesting.ts';
import { type ErrorCode, OrcError } from '../errors.ts';
import { errnoOf } from '../git/atomic-file.ts';
import { type JsonSource, parseJsonSource } from './json-source.ts';

export interface Place {
  readonly file: string;
  readonly line?: number | null | undefined;
  readonly field?: string | undefined;
}

export interface ImportFolder {
  readonly state: JsonSource;
  readonly events: readonly { readonly line: number; readonly text: string; readonly value: unknown }[];
  readonly knowledge: readonly { readonly file: string; readonly topic: string; readonly text: string }[];
  /** Files that belong to no board and stay where they are. */
  readonly skipped: readonly string[];
}

/** Bytes. */
const maxStateBytes = 64 * 1024 * 1024;
const maxEventsBytes = 256 * 1024 * 1024;
const maxEventLength = 4 * 1024 * 1024;
/** The first line says who wrote it and when, and maybe its title, tags and paths. */
const maxKnowledgeBytes = maxKnowledgeLength + 128 * 1024;

const tooDeep = `must not be nested deeper than ${maxNesting}`;

/** The error of an import that was not begun. */
export function importFault(place: Place, what: string, code: ErrorCode = 'import-failed'): OrcError {
  const { file, line, field } = place;
  const where = line === undefined || line === null ? file : `${file}, line ${line}`;
  return new OrcError(code, `${where}: ${field === undefined ? '' : `${field} `}${what}`, {
    hint: 'nothing was imported; mend the file and import again',
    details: { file, ...(line ? { line } : {}), ...(field === undefined ? {} : { field }) },
  });
}

/** @throws OrcError `import-failed`, `too-large`, `not-found` */
export async function readImportFolder(dir: string): Promise<ImportFolder> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw new OrcError('not-found', `${dir} cannot be read: ${errnoOf(error) ?? error}`, {
      hint: 'name the folder that holds state.json',
    });
  });
  const names = new Set(entries.map(({ name }) => name));
  if (!names.has('state.json')) {
    throw new OrcError('import-failed', `${dir} holds no board: there is no state.json`, {
      hint: 'name the folder that holds state.json, events.jsonl and knowledge/',
    });
  }
  const state = parseJsonSource(await readText(dir, 'state.json', maxStateBytes));
  if ('fault' in state) throw importFault({ file: 'state.json', line: state.line }, state.fault);
  if (isDeeperThan(maxNesting, state.value)) throw importFault({ file: 'state.json' }, tooDeep);
  const events = names.has('events.jsonl') ? await readText(dir, 'events.jsonl', maxEventsBytes) : '';
  const own = new Set(['state.json', 'events.jsonl', 'knowledge']);
  const skipped = [...names].filter((name) => !own.has(name) && !name.startsWith('.')).sort();
  const knowledge: { file: string; topic: string; text: string }[] = [];
  if (names.has('knowledge')) await readKnowledge(dir, 'knowledge', knowledge, skipped);
  return { state, events: parseEvents(events), knowledge, skipped };
}

function parseEvents(text: string): ImportFolder['events'] {
  return text.split('\n').flatMap((each, index) => {
    const line = index + 1;
    if (each.trim() === '') return [];
    if (each.length > maxEventLength) {
      throw importFault(
        { file: 'events.jsonl', line },
        `must not be longer than ${maxEventLength} characters`,
        'too-large',
      );
    }
    const value = parseLine(each, line);
    if (isDeeperThan(maxNesting, value)) throw importFault({ file: 'events.jsonl', line }, tooDeep);
    return [{ line, text: each, value }];
  });
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw importFault({ file: 'events.jsonl', line }, 'is no JSON');
  }
}

async function readKnowledge(
  dir: string,
  folder: string,
  into: { file: string; topic: string; text: string }[],
  skipped: string[],
): Promise<void> {
  if ((await lstat(path.join(dir, folder))).isSymbolicLink()) throw importFault({ file: folder }, 'is a symbolic link');
  const entries = await readdir(path.join(dir, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = `${folder}/${entry.name}`;
    if (entry.isSymbolicLink()) throw importFault({ file }, 'is a symbolic link');
    if (entry.isDirectory()) await readKnowledge(dir, file, into, skipped);
    else if (!entry.name.endsWith('.md')) {
      if (!entry.name.startsWith('.')) skipped.push(file);
    } else {
      const topic = file.slice('knowledge/'.length, -'.md'.length);
      into.push({ file, topic, text: await readText(dir, file, maxKnowledgeBytes) });
    }
  }
}

/** A plain file as text, byte for byte. */
async function readText(dir: string, file: string, maxBytes: number): Promise<string> {
  const full = path.join(dir, ...file.split('/'));
  const facts = await lstat(full);
  if (facts.isSymbolicLink()) throw importFault({ file }, 'is a symbolic link');
  if (!facts.isFile()) throw importFault({ file }, 'is no plain file');
  if (facts.size > maxBytes) throw importFault({ file }, `must not be longer than ${maxBytes} bytes`, 'too-large');
  const handle = await open(full, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
  } catch (error) {
    if (errnoOf(error) === null) throw importFault({ file }, 'is not valid UTF-8');
    throw importFault({ file }, `cannot be read: ${errnoOf(error)}`);
  } finally {
    await handle.close();
  }
}
