/** Files into records. What is no record of the documented shape gives `null`: such files are set aside. */
import { parseDocument } from 'yaml';
import { isGlob, isName, isNestedName, isResource } from './names.ts';
import { agentPath, cyclePath, knowledgePath, lockPath, messagePath, taskPath, workstreamPath } from './paths.ts';
import type { Agent, Cycle, Knowledge, Lock, Message, Task, Workstream } from './records.ts';

type Is = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Is>>;

const isText: Is = (value) => typeof value === 'string';
const isCount: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPriority: Is = (value) => isCount(value) && (value as number) >= 1 && (value as number) <= 9;
export const isTime: Is = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isTaskId: Is = (value) => typeof value === 'string' && /^[0-9a-f]{8,32}$/.test(value);
const isTitle: Is = (value) =>
  typeof value === 'string' && value !== '' && value.length <= 512 && !/[\n\r\0]/.test(value);
const oneOf =
  (...words: unknown[]): Is =>
  (value) =>
    words.includes(value);
const orNull =
  (is: Is): Is =>
  (value) =>
    value === null || is(value);
const listOf =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && value.every(is);

/** `optional`: fields that may be missing. */
function isRecord(value: unknown, fields: Fields, optional: Fields = {}): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const present = Object.entries(optional).filter(([name]) => Object.hasOwn(value, name));
  return isExactly(value as Record<string, unknown>, { ...fields, ...Object.fromEntries(present) });
}

function isExactly(given: Record<string, unknown>, fields: Fields): boolean {
  const names = Object.keys(fields);
  return (
    Object.keys(given).length === names.length &&
    names.every((name) => Object.hasOwn(given, name) && fields[name]?.(given[name]) === true)
  );
}

const workstreamFields: Fields = {
  name: isName,
  description: isText,
  priority: isPriority,
  status: oneOf('active', 'paused', 'archived'),
  created_version: isCount,
  created_index: isCount,
  created_at: isTime,
  updated_at: isTime,
};
const claimFields: Fields = { id: isText, token: isCount, claimed_at: isTime, lease_until: isTime };
const noteFields: Fields = { at: isTime, by: isName, text: isText };
const commandRunFields: Fields = {
  command: isText,
  exit_code: orNull(isCount),
  duration_ms: isCount,
  commit: orNull(isText),
  dirty: orNull(oneOf(true, false)),
  output_tail: isText,
};
const checkResultsFields: Fields = {
  at: isTime,
  by: isName,
  forced: oneOf(true, false),
  runs: listOf(
    (value) =>
      isRecord(value, commandRunFields) || isRecord(value, { criterion: isText, confirmed: oneOf(true, false) }),
  ),
};
/** Only where the task was completed with its checks, or commits were linked to it. */
const rareTaskFields: Fields = {
  check_results: (value) => isRecord(value, checkResultsFields),
  commits: listOf((value) => isRecord(value, { at: isTime, by: isName, commit: isText })),
};
const taskFields: Fields = {
  id: isTaskId,
  workstream: isName,
  title: isTitle,
  description: isText,
  status: oneOf('pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'),
  priority: isPriority,
  estimate: (value) => value === null || isText(value) || (typeof value === 'number' && value >= 0),
  assigned_to: orNull(isName),
  claim: orNull((value) => isRecord(value, claimFields)),
  attempts: isCount,
  depends_on: listOf(isTaskId),
  parent: orNull(isTaskId),
  labels: listOf(isName),
  needs: listOf(isName),
  paths: listOf(isGlob),
  notes: listOf((value) => isRecord(value, noteFields)),
  result: orNull(isText),
  checks: listOf((value) => isRecord(value, { command: isText }) || isRecord(value, { criterion: isText })),
  created_by: isName,
  created_version: isCount,
  created_index: isCount,
  created_at: isTime,
  updated_at: isTime,
};
const agentFields: Fields = {
  id: isName,
  type: isName,
  status: oneOf('active', 'retired'),
  capabilities: listOf(isName),
  registered_at: isTime,
  last_seen: isTime,
};
const holderFields: Fields = {
  agent: isName,
  id: isText,
  token: isCount,
  acquired_at: isTime,
  ttl_ms: isCount,
  expires_at: isTime,
  reason: orNull(isText),
};
const importedFields: Fields = { ...holderFields, imported: oneOf(true) };
const isHolder = (value: unknown): boolean => isRecord(value, holderFields) || isRecord(value, importedFields);
const lockFields: Fields = {
  resource: isResource,
  shared: oneOf(true, false),
  holders: (value) => Array.isArray(value) && value.length > 0 && value.every(isHolder),
};

const messageFields: Fields = {
  id: isTaskId,
  to: isName,
  from: isName,
  sent_to: isText,
  text: isText,
  task: orNull(isTaskId),
  sent_version: (value) => isPositive(value),
  sent_at: isTime,
  read_at: orNull(isTime),
};
const isDocument: Is = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isPositive: Is = (value) => isCount(value) && value !== 0;
const collectedFields: Fields = {
  by: isName,
  at: isTime,
  version: isPositive,
  results_version: isCount,
  results: isDocument,
};
const cycleFields: Fields = {
  number: isPositive,
  opened_by: isName,
  opened_at: isTime,
  opened_version: isPositive,
  plan_version: isCount,
  plan: isDocument,
  collected: orNull((value) => isRecord(value, collectedFields)),
};

/** A file's record, when it lies where that record belongs. */
export type Parsed =
  | { readonly what: 'workstream'; readonly key: string; readonly after: Workstream }
  | { readonly what: 'task'; readonly key: string; readonly after: Task }
  | { readonly what: 'agent'; readonly key: string; readonly after: Agent }
  | { readonly what: 'lock'; readonly key: string; readonly after: Lock }
  | { readonly what: 'message'; readonly key: string; readonly after: Message }
  | { readonly what: 'cycle'; readonly key: string; readonly after: Cycle }
  | { readonly what: 'knowledge'; readonly key: string; readonly after: Knowledge };

export type RecordKind = Parsed['what'];

/** Which record a path is for, by its name alone. */
export function placeOf(path: string): { readonly what: RecordKind; readonly key: string } | null {
  const [, folder = '', rest = ''] = /^([^/]+)\/(.*)$/.exec(path) ?? [];
  if (folder === 'knowledge') return rest.endsWith('.md') ? { what: 'knowledge', key: rest.slice(0, -3) } : null;
  if (!rest.endsWith('.json')) return null;
  const name = rest.slice(0, -5);
  if (folder === 'workstreams') return { what: 'workstream', key: name };
  if (folder === 'tasks') return { what: 'task', key: name.slice(name.lastIndexOf('/') + 1) };
  if (folder === 'messages') return { what: 'message', key: name };
  if (folder === 'cycles') return { what: 'cycle', key: name };
  if (folder === 'agents') return { what: 'agent', key: name.replace(/^retired\//, '') };
  return folder === 'locks' ? { what: 'lock', key: decodeLock(name) } : null;
}

function decodeLock(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('%/', ''));
  } catch {
    return name;
  }
}

/** `text` is `null` for bytes that are no UTF-8. */
export function parseRecord(path: string, text: string | null): Parsed | null {
  const place = placeOf(path);
  if (place === null || text === null) return null;
  const { what, key } = place;
  if (what === 'knowledge') {
    const after = parseKnowledge(key, text);
    return after === null || knowledgePath(key) !== path ? null : { what, key, after };
  }
  const value = parseJson(text);
  if (what === 'workstream' && isRecord(value, workstreamFields)) {
    const after = value as unknown as Workstream;
    return workstreamPath(after.name) === path ? { what, key, after } : null;
  }
  if (what === 'task' && isRecord(value, taskFields, rareTaskFields)) {
    const after = value as unknown as Task;
    return taskPath(after) === path ? { what, key, after } : null;
  }
  if (what === 'agent' && isRecord(value, agentFields)) {
    const after = value as unknown as Agent;
    return agentPath(after) === path ? { what, key, after } : null;
  }
  if (what === 'message' && isRecord(value, messageFields)) {
    const after = value as unknown as Message;
    return messagePath(after) === path ? { what, key, after } : null;
  }
  if (what === 'cycle' && isRecord(value, cycleFields)) {
    const after = value as unknown as Cycle;
    return cyclePath(after) === path ? { what, key, after } : null;
  }
  if (what === 'lock' && isRecord(value, lockFields)) {
    const after = value as unknown as Lock;
    return lockPath(after.resource) === path ? { what, key, after } : null;
  }
  return null;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A file without front matter is all text; what its front matter does not say gets defaults. */
function parseKnowledge(topic: string, text: string): Knowledge | null {
  if (!isNestedName(topic)) return null;
  const [whole, block = ''] = /^\ufeff?---\r?\n((?:(?!---\r?\n)[^\n]*\n)*?)---(?:\r?\n|$)/.exec(text) ?? [];
  const content = whole === undefined ? text : text.slice(whole.length);
  let fields: Record<string, unknown> = {};
  if (whole !== undefined) {
    const document = parseDocument(block, { version: '1.2', schema: 'core', merge: false, logLevel: 'error' });
    if (document.errors.length > 0) return null;
    const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) return null;
    fields = value as Record<string, unknown>;
  }
  const word = (value: unknown): unknown =>
    typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  const title = word(fields.title ?? null);
  const tags = Array.isArray(fields.tags ?? []) ? ((fields.tags ?? []) as unknown[]).map(word) : null;
  const paths = Array.isArray(fields.paths ?? []) ? ((fields.paths ?? []) as unknown[]).map(word) : null;
  const { updated_by = 'system', updated_at = '1970-01-01T00:00:00.000Z', version = 0 } = fields;
  const isGood =
    (title === null || isText(title)) &&
    listOf(isName)(tags) &&
    listOf(isGlob)(paths) &&
    isName(updated_by) &&
    isTime(updated_at) &&
    isCount(version);
  if (!isGood) return null;
  return { topic, title, tags, paths, updated_by, updated_at, version, content } as Knowledge;
}

const stateFields: readonly string[] = [
  'board',
  'format',
  'version',
  'updated_at',
  'events',
  'workstreams',
  'agents',
  'locks',
];

export interface StateFile {
  readonly board: string;
  readonly format: number;
  readonly version: number;
  readonly updated_at: string | null;
  readonly events: number;
}

export function parseState(text: string): StateFile | null {
  const value = parseJson(text) as Record<string, unknown> | undefined;
  if (
    typeof value !== 'object' ||
    value === null ||
    Object.keys(value).sort().join() !== [...stateFields].sort().join()
  )
    return null;
  const isGood =
    isText(value.board) &&
    isCount(value.format) &&
    isCount(value.version) &&
    isCount(value.events) &&
    orNull(isTime)(value.updated_at);
  return isGood ? (value as unknown as StateFile) : null;
}
