/**
 * Batches as files: one operation a line, accepted and published whole or refused whole.
 *
 *     {"kind": "task.add", "args": {"workstream": "build", "title": "Design the API"}, "name": "$api"}
 *     {"op": "task.add", "workstream": "build", "title": "Implement it", "depends_on": ["$api"]}
 *
 * Both forms say the same. A line of the first form may call its new record by a `name` that begins with `$`, one of the
 * second by `as`; later lines may use that wherever an id or a workstream is asked for.
 */
import type { Board } from '../core/board.ts';
import { lineIdFrom, taskIdFrom } from '../core/ids.ts';
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import type { Performed } from './performed.ts';

export interface BatchLine {
  readonly kind: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** `$api`: what later lines call the record. */
  readonly name: string | null;
  /** Who acts, where it is not who sends the batch. */
  readonly agent: string | undefined;
}

export interface BatchAnswer {
  readonly kind: string;
  readonly name: string | null;
  readonly op: string;
  readonly data: unknown;
}

/** Arguments in which a name stands for what it names. */
const references = ['id', 'workstream', 'move_to', 'parent', 'depends_on'] as const;

/** @throws OrcError `invalid-argument`, with the number of the line */
export function parseBatch(text: string): BatchLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 1)]));
}

/** @throws OrcError with the code of the line that was refused; `details.line` counts from 1 */
export async function runBatch(
  orc: OrcCore,
  lines: readonly BatchLine[],
  options: MutationOptions = {},
): Promise<Performed<BatchAnswer[]>> {
  const id = options.op ?? orc.world.chance.id();
  const ops = lines.map((_, index) => lineIdFrom(id, index + 1));
  const known = options.op === undefined ? new Map() : await knownTasks(orc, lines, ops);
  const values = await orc.ask((board) => nameRecords(board, lines, ops, known));
  const requests = lines.map(({ kind, args, agent }, index) => ({
    kind,
    args: substitute(args, values, index + 1),
    agent,
  }));
  const performed = await orc.batch(requests, options, id);
  const last = performed.findLast(({ state }) => state !== 'none') ?? performed.at(-1);
  const data = performed.map(({ op, data: record }, index): BatchAnswer => {
    const { kind, name } = lines[index] as BatchLine;
    return { kind, name, op, data: record };
  });
  if (last === undefined) throw new OrcError('invalid-argument', 'the batch has no lines');
  return { ...last, op: id, data };
}

/** The tasks that lines made when the same was asked before, by the lines' ids. */
async function knownTasks(
  orc: OrcCore,
  lines: readonly BatchLine[],
  ops: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const adding = ops.filter((_, index) => lines[index]?.kind === 'task.add');
  const known = new Map<string, string>();
  const { recorded } = await orc.connection.session.findRecorded(adding);
  for (const [op, { outcome }] of recorded)
    if (outcome.outcome === 'accepted' && 'task' in outcome.result) known.set(op, outcome.result.task);
  return known;
}

/** What each name stands for. An id derives from its operation's, so it is known before the task is there. */
function nameRecords(
  board: Board,
  lines: readonly BatchLine[],
  ops: readonly string[],
  known: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const added = new Set<string>();
  const isTaken = (id: string): boolean => added.has(id) || board.tasks.get(id) !== undefined;
  lines.forEach(({ kind, args, name }, index) => {
    const op = ops[index] as string;
    const task = kind === 'task.add' ? (known.get(op) ?? taskIdFrom(op, isTaken)) : null;
    if (task !== null) added.add(task);
    if (name === null) return;
    if (values.has(name)) throw fault(index + 1, `${name} is the name of an earlier line already`);
    values.set(name, task ?? workstreamOf(kind, args, index + 1));
  });
  return values;
}

function workstreamOf(kind: string, args: BatchLine['args'], line: number): string {
  if (kind === 'workstream.create') return String(args.name);
  throw fault(line, 'only task.add and workstream.create make a record that can have a name');
}

function substitute(
  args: BatchLine['args'],
  values: ReadonlyMap<string, string>,
  line: number,
): Record<string, unknown> {
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== 'string' || !/^\$\w/.test(value)) return value;
    const found = values.get(value);
    if (found === undefined) throw fault(line, `no line before or after it is called ${value}`);
    return found;
  };
  const replaced: Record<string, unknown> = { ...args };
  for (const field of references) if (args[field] !== undefined) replaced[field] = replace(args[field]);
  return replaced;
}

function parseLine(text: string, line: number): BatchLine {
  const parsed = parseObject(text, line);
  const { kind, op, agent } = parsed;
  if (typeof kind === 'string') {
    const { args = {}, name = null, kind: _kind, agent: _agent, ...rest } = parsed;
    const [extra] = Object.keys(rest);
    if (extra !== undefined)
      throw fault(line, `unknown field "${extra}": a line with "kind" has its arguments in "args"`);
    if (!isObject(args)) throw fault(line, '"args" must be an object');
    return { kind, args, name: nameOf(name, line), agent: agentOf(agent, line) };
  }
  if (typeof op === 'string') {
    const { op: _op, as = null, agent: _agent, ...args } = parsed;
    return { kind: op, args, name: nameOf(as, line), agent: agentOf(agent, line) };
  }
  throw fault(line, 'which operation? A line needs "kind" and "args", or "op" and its arguments');
}

function parseObject(text: string, line: number): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = null;
  }
  if (isObject(parsed)) return parsed;
  throw fault(
    line,
    'it is no JSON object',
    'one operation a line, such as {"kind":"task.add","args":{"workstream":"build","title":"…"}}',
  );
}

function nameOf(name: unknown, line: number): string | null {
  if (name === null) return null;
  if (typeof name === 'string' && /^\$\w{1,64}$/.test(name)) return name;
  throw fault(line, 'a name must begin with $ and have letters, digits and _ after it');
}

function agentOf(agent: unknown, line: number): string | undefined {
  if (agent === undefined || typeof agent === 'string') return agent;
  throw fault(line, '"agent" must be text');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(line: number, message: string, hint?: string): OrcError {
  return new OrcError('invalid-argument', `line ${line}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    details: { line },
  });
}
