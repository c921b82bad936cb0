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
import { taskIdFrom } from '../core/ids.ts';
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions, Performed } from './perform.ts';

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
  if (options.op !== undefined) {
    throw new OrcError('usage', 'a batch has an operation id for each line: --op does not fit it');
  }
  const ops = lines.map(() => orc.world.chance.id());
  const values = await orc.ask((board) => nameRecords(board, lines, ops));
  const requests = lines.map(({ kind, args, agent }, index) => ({
    kind,
    args: substitute(args, values, index + 1),
    agent,
    op: ops[index] as string,
  }));
  const performed = await orc.batch(requests, options);
  const last = performed.at(-1);
  const data = performed.map(({ op, data: record }, index): BatchAnswer => {
    const { kind, name } = lines[index] as BatchLine;
    return { kind, name, op, data: record };
  });
  if (last === undefined) throw new OrcError('invalid-argument', 'the batch has no lines');
  return { ...last, data };
}

/** What each name stands for. An id derives from its operation's, so it is known before the task is there. */
function nameRecords(board: Board, lines: readonly BatchLine[], ops: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  lines.forEach(({ kind, args, name }, index) => {
    if (name === null) return;
    if (values.has(name)) throw fault(index + 1, `${name} is the name of an earlier line already`);
    values.set(name, referenceTo(board, kind, args, ops[index] as string, index + 1));
  });
  return values;
}

function referenceTo(board: Board, kind: string, args: BatchLine['args'], op: string, line: number): string {
  if (kind === 'task.add') return taskIdFrom(op, (id) => board.tasks.get(id) !== undefined);
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
