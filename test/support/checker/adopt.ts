/**
 * Imports. Their arguments are as long as a board, and `Orc-Op` holds digests of them; so what they brought is taken from
 * the tree: every file has to be a record in its documented form, made by this mutation, and nothing else may have changed.
 */
import { absorb } from './model/absorb.ts';
import { type BoardModel, encodeState } from './model/board.ts';
import { encodeKnowledge } from './model/knowledge.ts';
import { boardPage } from './model/markdown.ts';
import { type Parsed, parseJson, parseRecord, placeOf } from './model/parse.ts';
import { boardMdPath, statePath } from './model/paths.ts';
import { encodeAgent, encodeCycle, encodeLock, encodeMessage, encodeTask, encodeWorkstream } from './model/records.ts';
import { decodeText, type PathChange, type TreeReader } from './objects.ts';
import type { ChainCommit, Trailers } from './types.ts';

export interface AdoptContext {
  readonly board: BoardModel;
  readonly reader: TreeReader;
  readonly tree: string;
}

/** Takes the tree over; says what is wrong with it. */
export function adopt(
  context: AdoptContext,
  commit: ChainCommit,
  trailers: Trailers,
  changes: readonly PathChange[],
): string[] {
  const { board, reader, tree } = context;
  const faults: string[] = [];
  const before = { ...board.meta };
  const added = newLines(reader, changes);
  for (const change of changes) faults.push(...faultsIn(context, change, trailers));
  absorb(board, reader, tree, changes);
  const { settingsText, settings } = before;
  const events = before.events + added.length;
  board.meta = {
    ...board.meta,
    settingsText,
    settings,
    version: trailers.version,
    updatedAt: trailers.at,
    board: before.board,
    events,
  };
  for (const [path, text] of [
    [statePath, encodeState(board)],
    ...(settings.boardMd ? [[boardMdPath, boardPage(board)]] : []),
  ] as const) {
    const entry = path === undefined ? null : reader.at(tree, path);
    if (entry === null || decodeText(reader.blob(entry.oid)) !== text) faults.push(`${path} differs from the board`);
  }
  for (const [index, line] of added.entries()) {
    const event = parseJson(line) as Record<string, unknown> | undefined;
    const isLast = index === added.length - 1;
    if (event?.n !== before.events + index + 1 || event.v !== trailers.version)
      faults.push(`event ${index + 1} of the import has a wrong number`);
    if (isLast && (event?.action !== 'board_imported' || event.op !== trailers.operation.id))
      faults.push('the event of the import is missing');
    if (!isLast && event?.op !== undefined) faults.push(`event ${index + 1} of the import claims to be an operation`);
  }
  if (commit.author.name !== trailers.operation.agent) faults.push(`the author is ${commit.author.name}`);
  return faults;
}

/** The lines that were added to the log, oldest first. */
export function newLines(reader: TreeReader, changes: readonly PathChange[]): string[] {
  const lines: string[] = [];
  for (const { path, before, after } of [...changes].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!/^events\/\d+\.jsonl$/.test(path) || after === null) continue;
    const old = before === null ? Buffer.alloc(0) : bufferOf(reader.blob(before.oid));
    const young = bufferOf(reader.blob(after.oid));
    const start = young.subarray(0, old.length).equals(old) ? old.length : 0;
    const added = decodeText(young.subarray(start)) ?? '';
    for (const line of added.split('\n')) if (line.trim() !== '') lines.push(line);
  }
  return lines;
}

/** The same bytes, not copied. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function faultsIn(
  { board, reader }: AdoptContext,
  { path, before, after }: PathChange,
  { version, at }: Trailers,
): string[] {
  if (path === statePath || path === boardMdPath || path.startsWith('events/')) return [];
  const place = placeOf(path);
  if (place === null || place.what === 'message' || place.what === 'cycle') return [`${path} was changed by an import`];
  const seen = place.what === 'agent' && board.agents.get(place.key);
  if (after === null) return place.what === 'lock' ? [] : [`${path} was removed by an import`];
  const text = decodeText(reader.blob(after.oid));
  const record = parseRecord(path, text);
  if (record === null || encode(record) !== text) return [`${path} is no record in its documented form`];
  if (before !== null && place.what === 'knowledge') return [];
  if (before !== null && record.what === 'agent' && seen) {
    const same = encode({ ...record, after: { ...seen, last_seen: at } }) === text;
    return same ? [] : [`${path} was changed by an import`];
  }
  if (before !== null) return place.what === 'lock' ? [] : [`${path} was changed by an import`];
  if ((record.what === 'task' || record.what === 'workstream') && record.after.created_version !== version)
    return [`${path} has the wrong created_version`];
  if (record.what === 'task' && record.after.claim !== null) return [`${path} has a claim that nobody made`];
  return [];
}

function encode(record: Parsed): string {
  if (record.what === 'workstream') return encodeWorkstream(record.after);
  if (record.what === 'task') return encodeTask(record.after);
  if (record.what === 'agent') return encodeAgent(record.after);
  if (record.what === 'message') return encodeMessage(record.after);
  if (record.what === 'cycle') return encodeCycle(record.after);
  return record.what === 'lock' ? encodeLock(record.after) : encodeKnowledge(record.after);
}
