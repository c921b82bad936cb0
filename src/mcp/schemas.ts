/** JSON schemas of tools, made from the schemas by which their arguments are checked. */
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import * as z from 'zod/mini';
import type { JsonSchema } from '../app/record-fields.ts';
import { describeFault } from '../core/arguments.ts';
import { OrcError } from '../errors.ts';
import { argumentWords } from './argument-words.ts';

interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

export interface SchemaChanges {
  /** Arguments that no tool offers. */
  readonly hidden?: ReadonlySet<string>;
  /** Arguments that need not be given, because the server knows them. */
  readonly known?: readonly string[];
  /** Arguments that the operation does not have. */
  readonly more?: Readonly<Record<string, JsonSchema>>;
}

/** What a reader of a tool has to know of its arguments; every property has its words. */
export function inputSchema(schema: z.ZodMiniType, changes: SchemaChanges = {}): JsonSchema {
  const { hidden = new Set(), known = [], more = {} } = changes;
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as unknown as ObjectSchema;
  const own = Object.entries({ ...made.properties, ...more }).filter(([name]) => !hidden.has(name));
  const properties = Object.fromEntries(
    own.map(([name, each]) => {
      const words = argumentWords[name];
      return [name, { ...simplify(each), ...(words === undefined ? {} : { description: words }) }];
    }),
  );
  const required = (made.required ?? []).filter((name) => !hidden.has(name) && !known.includes(name));
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

/**
 * Shorter, and no less true: forms and limits are checked by whoever carries it out, which tells them better, and ids may be given by
 * what they begin with.
 */
function simplify(schema: JsonSchema): JsonSchema {
  const { anyOf, pattern: _pattern, maxItems: _most, minLength: _least, ...kept } = schema;
  const rest: Record<string, unknown> = { ...kept };
  if (rest.minimum === Number.MIN_SAFE_INTEGER) delete rest.minimum;
  if (typeof rest.maximum === 'number' && rest.maximum > 1_000_000) delete rest.maximum;
  if (rest.items !== undefined) rest.items = simplify(rest.items as JsonSchema);
  if (!Array.isArray(anyOf)) return rest;
  const kinds = (anyOf as JsonSchema[]).map(simplify);
  const types = kinds.flatMap((kind) => kind.type ?? []);
  const isPlain = kinds.every((kind) => kind.properties === undefined && kind.items === undefined);
  return isPlain && types.length > 0 ? { ...rest, type: [...new Set(types)] } : { ...rest, anyOf: kinds };
}

/** An answer: what it is about, and what became of it. */
export function outputSchema(data: JsonSchema, isChange: boolean): JsonSchema {
  return {
    type: 'object',
    properties: {
      data: isChange ? nullable(data) : data,
      published: { type: ['boolean', 'null'] },
      version: { type: 'integer' },
      ...(isChange
        ? { state: { type: 'string' }, op: { type: 'string' }, reason: { type: ['string', 'null'] } }
        : { fresh: { type: 'boolean' } }),
    },
    required: ['data', 'published', 'version'],
  };
}

/** Of a change whose outcome nobody knows there is nothing to tell. */
function nullable(schema: JsonSchema): JsonSchema {
  return typeof schema.type === 'string' ? { ...schema, type: [schema.type, 'null'] } : schema;
}

export function objectOf(
  fields: Readonly<Record<string, JsonSchema>>,
  options: { nullable?: boolean } = {},
): JsonSchema {
  return { type: options.nullable === true ? ['object', 'null'] : 'object', properties: fields };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/**
 * A JSON schema as the kit takes it. It lets everything through: arguments are checked by orc itself, so that what is wrong
 * with them is told by code and hint, as everything else is.
 */
export function asStandard(schema: JsonSchema): StandardSchemaWithJSON<Record<string, unknown>> {
  const json = (): Record<string, unknown> => ({ ...schema });
  return {
    '~standard': {
      version: 1,
      vendor: 'orc',
      validate: (value) => ({ value: value as Record<string, unknown> }),
      jsonSchema: { input: json, output: json },
    },
  };
}

/** @throws OrcError `invalid-argument` */
export function parseArguments<T>(schema: z.ZodMiniType<T>, args: unknown): T {
  const parsed = z.safeParse(schema, args, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { code, message } = describeFault(parsed.error);
  throw new OrcError(code, message, { hint: "the tool's input schema says what it takes" });
}

/** @throws OrcError `invalid-argument` for arguments that the tool does not offer, or that are left out */
export function refuseUnknown(schema: JsonSchema, args: Readonly<Record<string, unknown>>): void {
  const { properties, required = [] } = schema as unknown as ObjectSchema;
  const unknown = Object.keys(args).filter((name) => !Object.hasOwn(properties, name));
  const names = Object.keys(properties).join(', ');
  if (unknown.length > 0)
    throw new OrcError('invalid-argument', `unknown arguments: ${unknown.join(', ')}`, {
      hint: names === '' ? 'it takes none' : `it takes ${names}`,
    });
  const missing = required.find((name) => args[name] === undefined);
  if (missing !== undefined)
    throw new OrcError('invalid-argument', `${missing} is required`, { hint: argumentWords[missing] ?? names });
}
