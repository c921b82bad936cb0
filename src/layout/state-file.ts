/** `state.json`: the board at a glance, and its logical clock. Nothing in it depends on the present time. */
import { type Board, type BoardMeta, emptyMeta } from '../core/board.ts';
import { maxRecordBytes } from '../core/record-size.ts';
import { formatVersion, type TaskCounts, type Workstream } from '../core/records.ts';
import { isPlainState } from './fast-state.ts';
import { compareText, type Fault } from './faults.ts';
import { statePath } from './paths.ts';
import { checkShape, parseJson } from './record-json.ts';
import { stateSchema } from './record-schemas.ts';

export interface State {
  readonly meta: BoardMeta;
  readonly counts: ReadonlyMap<string, TaskCounts>;
}

/** Of many workstreams each takes 200 bytes: more than a record may have. */
const maxStateBytes = 16 * maxRecordBytes;

/** In the order in which they were created: the same whatever the order of reading. */
export function inOrderOfCreation(workstreams: Iterable<Workstream>): Workstream[] {
  return [...workstreams].sort(
    (a, b) => a.created_version - b.created_version || a.created_index - b.created_index || compareText(a.name, b.name),
  );
}

export function countActiveAgents(board: Board): number {
  let active = 0;
  for (const agent of board.agents.loaded()) if (agent.status === 'active') active += 1;
  return active;
}

export function encodeState(board: Board): string {
  const { id, format, version, updated_at, events } = board.meta;
  const workstreams = inOrderOfCreation(board.workstreams.loaded()).map(({ name, status, priority }) => {
    const { pending, in_progress, blocked, done, failed, cancelled } = board.countsOf(name);
    return [name, { status, priority, pending, in_progress, blocked, done, failed, cancelled }] as const;
  });
  const head = { board: id, format, version, updated_at, events };
  const tail = { agents: countActiveAgents(board), locks: [...board.locks.loaded()].length };
  return `{\n${[...members(head), `  "workstreams": ${mapping(workstreams)}`, ...members(tail)].join(',\n')}\n}\n`;
}

export function decodeState(bytes: Uint8Array): State | Fault {
  const value = parseJson(bytes, maxStateBytes);
  if ('fault' in value) return stateFault(value.fault);
  const format = formatOf(value.json);
  const isNewer = isNewerFormat(format);
  const checked = isPlainState(value.json) ? { ok: value.json } : checkShape(stateSchema(), value.json, isNewer);
  if ('fault' in checked) {
    // a newer orc may keep its state otherwise: that is nothing to be mended
    return isNewer ? { meta: { ...emptyMeta, format }, counts: new Map() } : stateFault(checked.fault);
  }
  const { board, version, updated_at, events, workstreams } = checked.ok;
  const counts = new Map<string, TaskCounts>();
  for (const [name, { status: _status, priority: _priority, ...tasks }] of Object.entries(workstreams))
    counts.set(name, tasks);
  return { meta: { id: board, format, version, updated_at, events }, counts };
}

export function stateFault(reason: string): Fault {
  return { path: statePath, reason, kind: 'blocking' };
}

export function isNewerFormat(format: number): boolean {
  return format > formatVersion;
}

function formatOf(value: unknown): number {
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : 0;
  return Number.isSafeInteger(format) ? (format as number) : 0;
}

function members(fields: object): string[] {
  return Object.entries(fields).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
}

/** Written by hand: an object of JavaScript would put names such as `2026` first. */
function mapping(entries: readonly (readonly [string, object])[]): string {
  if (entries.length === 0) return '{}';
  const lines = entries.map(
    ([name, fields]) => `    ${JSON.stringify(name)}: ${JSON.stringify(fields, null, 2).replaceAll('\n', '\n    ')}`,
  );
  return `{\n${lines.join(',\n')}\n  }`;
}
