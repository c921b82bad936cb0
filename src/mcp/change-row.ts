/** From a row of the table of changes to a tool: the operation's own schema, and what becomes of a call. */
import type { Performed } from '../app/performed.ts';
import type { JsonSchema } from '../app/record-fields.ts';
import { findOperation } from '../core/operations/index.ts';
import { OrcError } from '../errors.ts';
import { type Answer, fateLines } from './answers.ts';
import { inputSchema, refuseUnknown, type SchemaChanges } from './schemas.ts';
import type { Tool, ToolCall } from './tool.ts';

export interface ChangeRow<T> extends Pick<SchemaChanges, 'known' | 'more'> {
  readonly kind: string;
  readonly title: string;
  /** More than the operation's own summary says. */
  readonly details?: string;
  readonly isDefault?: boolean;
  /** It may take something from others, or away for good. */
  readonly isDestructive?: boolean;
  /** The same call again changes nothing more. */
  readonly isIdempotent?: boolean;
  readonly hidden?: readonly string[];
  readonly gives: () => JsonSchema;
  readonly lines: (data: T, call: ToolCall) => readonly string[];
  /** Where it is more than the operation with the arguments that were given. */
  readonly perform?: (call: ToolCall, ask: Ask) => Promise<Performed<T>>;
}

export type Ask = (args?: Readonly<Record<string, unknown>>) => Promise<Performed<unknown>>;

/** The proof of a claim is kept here; what the others are is for the server alone. */
const alwaysHidden = ['claim', 'claims', 'holds', 'merged'];
const opSchema: JsonSchema = { type: 'string' };

export function tool<T>(row: ChangeRow<T>): Tool {
  const { kind, title, isDefault = false, isDestructive = false, isIdempotent = false } = row;
  const definition = findOperation(kind);
  if (definition === undefined) throw new Error(`there is no operation ${kind}`);
  const hidden = new Set([...alwaysHidden, ...(row.hidden ?? [])]);
  const { known = [], more = {} } = row;
  const input = (): JsonSchema =>
    inputSchema(definition.arguments(), { hidden, known, more: { ...more, op: opSchema } });
  return {
    name: kind.replace('.', '_'),
    title,
    description: row.details === undefined ? `${definition.summary}.` : `${definition.summary}. ${row.details}`,
    isDefault,
    kind,
    annotations: {
      readOnlyHint: false,
      destructiveHint: isDestructive,
      idempotentHint: isIdempotent,
      openWorldHint: false,
    },
    input,
    output: row.gives,
    run: (call) => runChange(call, row, input()),
  };
}

async function runChange<T>(call: ToolCall, row: ChangeRow<T>, schema: JsonSchema): Promise<Answer> {
  const { desk, args } = call;
  refuseUnknown(schema, args);
  const { op: _op, ...own } = args;
  const ask: Ask = (given = own) => {
    const { op: _same, ...rest } = given;
    return desk.change(row.kind, rest, { op: opOf(args), signal: call.signal });
  };
  const performed = row.perform === undefined ? ((await ask()) as Performed<T>) : await row.perform(call, ask);
  const { data, published, version, state, op, reason } = performed;
  const lines = state === 'unknown' ? [] : row.lines(data, call);
  return { data, published, version, lines: [...lines, ...fateLines(performed)], performed: { state, op, reason } };
}

export function opOf({ op }: Readonly<Record<string, unknown>>): string | undefined {
  if (op === undefined || typeof op === 'string') return op;
  throw new OrcError('invalid-argument', 'op must be a string');
}
