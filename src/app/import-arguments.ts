/** From the files of an original board to the arguments of `board.import`, and from a fault in these back to the files. */

import { type ImportFolder, importFault, type Place } from './import-folder.ts';
import type { JsonPath } from './json-source.ts';
import { readOriginalEvent, readOriginalKnowledge } from './original-form.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What orc holds otherwise than the folder had it; an export writes it back. */
export interface Adjustment {
  readonly record: string;
  readonly field: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** Lists stand in the order of the files, so that an index leads back to its place. */
export interface ImportRequest {
  readonly version: unknown;
  readonly updated_at: unknown;
  readonly workstreams: readonly (Fields & { readonly name: string; readonly tasks: readonly Fields[] })[];
  readonly agents: readonly Fields[];
  readonly locks: readonly Fields[];
  readonly events: readonly Fields[];
  readonly knowledge: readonly (Fields & { readonly topic: string })[];
  readonly adjusted: readonly Adjustment[];
}

const stateFields: ReadonlySet<string> = new Set(['version', 'updated_at', 'workstreams', 'agents', 'locks']);

/** @throws OrcError `import-failed` for what has no such shape; values are core's to judge */
export function importArguments(folder: ImportFolder): ImportRequest {
  const state = asFields(folder, [], folder.state.value);
  const stranger = Object.keys(state).find((key) => !stateFields.has(key));
  if (stranger !== undefined) throw importFault(statePlace(folder, [stranger]), 'is no part of a board');
  const adjusted: Adjustment[] = [];
  const workstreams = entriesOf(folder, state, 'workstreams').map(([name, fields]) => {
    const list = fields.tasks ?? [];
    if (!Array.isArray(list)) throw importFault(statePlace(folder, ['workstreams', name, 'tasks']), 'must be a list');
    const tasks = list.map((task: unknown, index) => {
      const given = asFields(folder, ['workstreams', name, 'tasks', index], task);
      return withText(withPriority(given, `task ${given.id}`, adjusted), 'result', `task ${given.id}`, adjusted);
    });
    return { ...withPriority(fields, `workstream ${name}`, adjusted), name, tasks };
  });
  const knowledge = folder.knowledge.map(({ topic, text }) => {
    const { isHeaded, updated_by, ...fields } = readOriginalKnowledge(text);
    if (!isHeaded) adjusted.push({ record: `knowledge ${topic}`, field: 'header', was: null, is: 'front matter' });
    return { topic, ...fields, ...(updated_by === null ? {} : { updated_by }) };
  });
  return {
    version: state.version ?? 0,
    updated_at: state.updated_at ?? null,
    workstreams,
    agents: entriesOf(folder, state, 'agents').map(([id, fields]) => ({ ...fields, id })),
    locks: entriesOf(folder, state, 'locks').map(([resource, fields]) => ({ ...fields, resource })),
    events: folder.events.map(({ line, text, value }) => {
      if (!isFields(value)) throw importFault({ file: 'events.jsonl', line }, 'must be a JSON object');
      return readOriginalEvent(text, value);
    }),
    knowledge,
    adjusted,
  };
}

/** Where in the folder a fault of core's stands: it names arguments, such as `workstreams.0.tasks.2.priority`. */
export function placeOf(folder: ImportFolder, request: ImportRequest, path: readonly string[]): Place {
  const [list, index = '', ...rest] = path;
  const at = Number(index);
  const field = rest.join('.');
  if (list === 'events')
    return { file: 'events.jsonl', line: folder.events[at]?.line, ...(field === '' ? {} : { field }) };
  if (list === 'knowledge')
    return { file: folder.knowledge[at]?.file ?? 'knowledge', field: field === 'topic' ? 'its name' : field };
  if (list === 'workstreams') {
    const { name } = request.workstreams[at] ?? { name: index };
    const inside = rest.map((part, position) => (rest[0] === 'tasks' && position === 1 ? Number(part) : part));
    return statePlace(folder, ['workstreams', name, ...inside]);
  }
  if (list === 'agents') return statePlace(folder, ['agents', String(request.agents[at]?.id ?? index), ...rest]);
  if (list === 'locks') return statePlace(folder, ['locks', String(request.locks[at]?.resource ?? index), ...rest]);
  return statePlace(folder, path);
}

function statePlace(folder: ImportFolder, path: JsonPath): Place {
  const field = path.reduce<string>((text, part) => {
    return typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`;
  }, '');
  return { file: 'state.json', line: folder.state.lineOf(path), ...(field === '' ? {} : { field }) };
}

function entriesOf(folder: ImportFolder, state: Fields, key: string): [string, Fields][] {
  const entries = Object.entries(asFields(folder, [key], state[key] ?? {}));
  return entries.map(([name, value]) => [name, asFields(folder, [key, name], value)]);
}

function asFields(folder: ImportFolder, path: JsonPath, value: unknown): Fields {
  if (isFields(value)) return value;
  throw importFault(statePlace(folder, path), 'must be a JSON object');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The original took any whole number; orc has 1 to 9. The nearest one keeps the order as far as it can be kept. */
function withPriority(fields: Fields, record: string, adjusted: Adjustment[]): Fields {
  const was = fields.priority;
  if (!Number.isSafeInteger(was)) return fields;
  const is = Math.min(Math.max(was as number, 1), 9);
  if (is === was) return fields;
  adjusted.push({ record, field: 'priority', was, is });
  return { ...fields, priority: is };
}

/** The original kept whatever a caller gave as a result; orc keeps text. */
function withText(fields: Fields, field: string, record: string, adjusted: Adjustment[]): Fields {
  const was = fields[field];
  if (was === undefined || was === null || typeof was === 'string') return fields;
  const is = JSON.stringify(was);
  adjusted.push({ record, field, was, is });
  return { ...fields, [field]: is };
}
