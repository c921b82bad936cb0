/** The fields of records, as JSON schemas: for surfaces that say what they answer with. */
import * as z from 'zod/mini';
import {
  agentSchema,
  cycleSchema,
  lockSchema,
  messageSchema,
  taskSchema,
  workstreamSchema,
} from '../layout/record-schemas.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const schemas = {
  task: taskSchema,
  workstream: workstreamSchema,
  agent: agentSchema,
  lock: lockSchema,
  message: messageSchema,
  cycle: cycleSchema,
} as const;

export type RecordKind = keyof typeof schemas;

/** Field → what kind of value it has; what is in it is left to docs/format.md. */
export function recordFields(kind: RecordKind): Readonly<Record<string, JsonSchema>> {
  const { properties = {} } = z.toJSONSchema(schemas[kind](), { unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, outline(schema)]));
}

function outline(schema: unknown): JsonSchema {
  const types = typesOf(schema);
  if (types.length === 0) return {};
  return { type: types.length === 1 ? types[0] : types };
}

function typesOf(schema: unknown): string[] {
  const { type, anyOf, enum: values } = schema as { type?: string; anyOf?: unknown[]; enum?: unknown[] };
  if (anyOf !== undefined) return [...new Set(anyOf.flatMap(typesOf))];
  if (type !== undefined) return [type];
  return values === undefined ? [] : ['string'];
}
