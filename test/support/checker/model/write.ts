/** The files that an accepted operation changes, and the words of its commit. */
import { type BoardModel, type Change, encodeState, type Meta, type Segment } from './board.ts';
import { encodeKnowledge } from './knowledge.ts';
import { boardPage } from './markdown.ts';
import type { Accepted, Call } from './operation.ts';
import {
  agentPath,
  boardMdPath,
  cyclePath,
  knowledgePath,
  lockPath,
  messagePath,
  segmentPath,
  settingsPath,
  statePath,
  taskPath,
  workstreamPath,
} from './paths.ts';
import { encodeAgent, encodeCycle, encodeLock, encodeMessage, encodeTask, encodeWorkstream } from './records.ts';
import { parseSettings } from './settings.ts';

const maxLines = 256;
const maxLength = 64 * 1024;
const maxBody = 4096;
const maxSubject = 72;

/** Text by path; `null`: gone. */
export type Files = Map<string, string | null>;

export interface Step {
  readonly files: Files;
  /** What takes the changes of records back. */
  readonly undo: readonly Change[];
}

/** Carries an accepted operation out on the board; says which files it writes. */
export function carryOut(board: BoardModel, accepted: Accepted, call: Call): Step {
  const files: Files = new Map();
  for (const change of accepted.changes) removeOld(board, change, files);
  for (const change of accepted.changes) writeNew(change, files);
  const undo = board.apply(accepted.changes);
  const lines = eventLines(board.meta.events, accepted, call);
  const segment = append(board.meta.segment, lines, board.meta.events, files);
  for (const first of accepted.withoutSegments ?? []) files.set(segmentPath(first), null);
  if (accepted.settingsText !== undefined) files.set(settingsPath, accepted.settingsText);
  board.meta = advanced(board.meta, accepted, call, { segment, events: board.meta.events + lines.length });
  files.set(statePath, encodeState(board));
  files.set(boardMdPath, board.meta.settings.boardMd ? boardPage(board) : null);
  return { files, undo };
}

export function advanced(meta: Meta, accepted: Accepted, call: Call, log: Pick<Meta, 'segment' | 'events'>): Meta {
  const { settingsText } = accepted;
  const settings = settingsText === undefined ? null : parseSettings(settingsText);
  return {
    ...meta,
    ...log,
    board: accepted.board ?? meta.board,
    version: call.version,
    updatedAt: call.iso,
    settingsText: settingsText ?? meta.settingsText,
    settings: settings ?? meta.settings,
  };
}

function removeOld(board: BoardModel, change: Change, files: Files): void {
  if (change.what === 'task') {
    const before = board.tasks.get(change.key);
    if (before !== undefined) files.set(taskPath(before), null);
  } else if (change.what === 'agent') {
    const before = board.agents.get(change.key);
    if (before !== undefined) files.set(agentPath(before), null);
  } else if (change.what === 'lock' && board.locks.has(change.key)) files.set(lockPath(change.key), null);
  else if (change.what === 'message') {
    const before = board.messages.get(change.key);
    if (before !== undefined) files.set(messagePath(before), null);
  } else if (change.what === 'cycle') {
    const before = board.cycles.get(change.key);
    if (before !== undefined) files.set(cyclePath(before), null);
  } else if (change.what === 'knowledge' && board.knowledge.has(change.key)) files.set(knowledgePath(change.key), null);
  else if (change.what === 'workstream' && board.workstreams.has(change.key))
    files.set(workstreamPath(change.key), null);
}

function writeNew(change: Change, files: Files): void {
  if (change.after === null) return;
  if (change.what === 'task') files.set(taskPath(change.after), encodeTask(change.after));
  else if (change.what === 'agent') files.set(agentPath(change.after), encodeAgent(change.after));
  else if (change.what === 'lock') files.set(lockPath(change.key), encodeLock(change.after));
  else if (change.what === 'message') files.set(messagePath(change.after), encodeMessage(change.after));
  else if (change.what === 'cycle') files.set(cyclePath(change.after), encodeCycle(change.after));
  else if (change.what === 'knowledge') files.set(knowledgePath(change.key), encodeKnowledge(change.after));
  else if (change.what === 'workstream') files.set(workstreamPath(change.key), encodeWorkstream(change.after));
  else files.set(change.key, change.after);
}

function eventLines(last: number, accepted: Accepted, call: Call): string[] {
  const imported = (accepted.imported ?? []).map(({ n: _n, v: _v, op: _op, ...fields }, index) =>
    JSON.stringify({ n: last + index + 1, v: call.version, ...fields }),
  );
  const { action, agent, workstream, task_id, data } = accepted.event;
  const own = {
    n: last + imported.length + 1,
    v: call.version,
    ts: call.iso,
    agent: agent ?? call.agent,
    action,
    ...(workstream === undefined ? {} : { workstream }),
    ...(task_id === undefined ? {} : { task_id }),
    ...data,
    op: call.id,
  };
  return [...imported, JSON.stringify(own)];
}

/** A segment ends at 256 lines, or before the line that would take it above 64 Ki characters. */
function append(segment: Segment, lines: readonly string[], last: number, files: Files): Segment {
  let { first, lines: count, text } = segment;
  let added = 0;
  const close = (): void => {
    if (added > 0) files.set(segmentPath(first), text);
  };
  if (text !== '' && !text.endsWith('\n')) text += '\n';
  for (const [index, line] of lines.entries()) {
    if (count > 0 && (count >= maxLines || text.length + line.length + 1 > maxLength)) {
      close();
      [count, text, added] = [0, '', 0];
    }
    if (count === 0) first = last + index + 1;
    text += `${line}\n`;
    count += 1;
    added += 1;
  }
  close();
  return { first, lines: count, text };
}

/** What a commit says before its trailers. */
export function commitWords(accepted: Accepted, call: Call): string {
  const { body } = accepted;
  const clean = (body ?? '').replaceAll('\0', '').replace(/\r\n?/g, '\n').trim();
  const cut = clean.length <= maxBody ? clean : `${clean.slice(0, maxBody - 1)}…`;
  return `${subject(accepted, call)}\n\n${body === undefined ? '' : `${cut}\n\n`}`;
}

function subject(accepted: Accepted, call: Call): string {
  const about = aboutOf(accepted);
  const head = about === '' ? call.kind : `${call.kind} ${about}`;
  const by = ` by ${call.agent}`;
  if (`${head}${by}`.length <= maxSubject) return oneLine(`${head}${by}`);
  const room = maxSubject - by.length;
  return oneLine(room > call.kind.length + 4 ? `${cutAt(head, room)}${by}` : cutAt(`${head}${by}`, maxSubject));
}

function aboutOf({ event, result }: Accepted): string {
  const { task_id, workstream, action, data } = event;
  if (action === 'message_sent') return String(data?.sent_to);
  if (action === 'message_read') return ((data?.messages ?? []) as readonly string[]).join(' ');
  if (task_id !== undefined) return `${workstream}/${task_id}`;
  if (workstream !== undefined) return workstream;
  if ('event' in result) return action;
  const [[field, value] = []] = Object.entries(result);
  if (typeof value === 'string' && field !== 'value') return value;
  if (field === 'cycle') return String(value);
  return typeof data?.topic === 'string' ? data.topic : '';
}

function cutAt(text: string, length: number): string {
  const end = /[\ud800-\udbff]/.test(text.charAt(length - 2)) ? length - 2 : length - 1;
  return `${text.slice(0, end)}…`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
