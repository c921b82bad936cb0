/** A board made to follow files that the model did not write: edits by hand, imports, and what was found wrong. */
import { decodeText, type PathChange, type TreeReader } from '../objects.ts';
import { type BoardModel, type Change, emptyMeta, type Segment } from './board.ts';
import { parseRecord, parseState, placeOf } from './parse.ts';
import { settingsPath, statePath } from './paths.ts';
import { defaultSettings, parseSettings } from './settings.ts';

/** `changes` are the files that differ from what the board was made of, `tree` is what it shall be. */
export function absorb(board: BoardModel, reader: TreeReader, tree: string, changes: readonly PathChange[]): void {
  const gone: Change[] = [];
  const made: Change[] = [];
  for (const { path, after } of changes) {
    const place = placeOf(path);
    if (place === null) continue;
    gone.push({ ...place, after: null });
    const isFile = after?.mode === '100644';
    const record = isFile ? parseRecord(path, decodeText(reader.blob(after.oid))) : null;
    if (record !== null) made.push(record);
  }
  board.apply([...gone, ...made]);
  if (changes.some(({ path }) => path === statePath || path === settingsPath || path.startsWith('events/')))
    board.meta = readMeta(reader, tree);
}

function readMeta(reader: TreeReader, tree: string): BoardModel['meta'] {
  const settingsText = readText(reader, tree, settingsPath);
  const segment = newestSegment(reader, tree);
  const state = parseState(readText(reader, tree, statePath) ?? '');
  return {
    ...emptyMeta,
    ...(state === null
      ? {}
      : {
          board: state.board,
          format: state.format,
          version: state.version,
          updatedAt: state.updated_at,
        }),
    settingsText,
    settings: (settingsText === null ? null : parseSettings(settingsText)) ?? defaultSettings,
    segment,
    // counted by the log itself, whatever somebody made of state.json
    events: segment.first + segment.lines - 1,
  };
}

function newestSegment(reader: TreeReader, tree: string): Segment {
  const folder = reader.at(tree, 'events');
  const names = folder?.mode === '40000' ? [...reader.tree(folder.oid).keys()] : [];
  const last = names
    .filter((name) => /^\d{10,}\.jsonl$/.test(name))
    .sort()
    .at(-1);
  if (last === undefined) return emptyMeta.segment;
  const text = readText(reader, tree, `events/${last}`) ?? '';
  return {
    first: Number.parseInt(last, 10),
    lines: text.split('\n').filter((line) => line.trim() !== '').length,
    text,
  };
}

function readText(reader: TreeReader, tree: string, path: string): string | null {
  const entry = reader.at(tree, path);
  return entry?.mode === '100644' ? decodeText(reader.blob(entry.oid)) : null;
}
