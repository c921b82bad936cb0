/**
 * YAML as the branch uses it: `orc.yaml` and front matter, written by people and by others' tools.
 *
 * Core schema (no timestamps: times stay text); anchors, aliases, tags, directives and further documents are refused,
 * size and depth are capped before anything is built. The `yaml` package costs 26 ms to load: only when it is needed.
 */
import type * as Yaml from 'yaml';
import { maxYamlLength } from './faults.ts';

/** How deep collections may be nested. */
const maxDepth = 16;
const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  uniqueKeys: true,
  prettyErrors: true,
  logLevel: 'error', // silent would let further documents pass
} as const;

const refusedTokens: Readonly<Record<string, string>> = {
  anchor: 'anchors are refused',
  alias: 'aliases are refused',
  tag: 'tags are refused',
  'directive-line': 'directives are refused',
  'doc-end': 'document ends are refused',
};

let loaded: typeof Yaml | undefined;

async function loadYaml(): Promise<typeof Yaml> {
  loaded ??= await import('yaml');
  return loaded;
}

export type ParsedYaml = { readonly document: Yaml.Document; readonly value: unknown } | { readonly fault: string };

/** Parses one guarded document. */
export async function parseYaml(text: string): Promise<ParsedYaml> {
  const { faultIn, parse } = await yamlReader();
  const fault = faultIn(text);
  return fault === null ? parse(text) : { fault };
}

/** The synchronous parser, for a caller that cannot wait in the middle (an engine of gray-matter). */
export async function yamlReader(): Promise<{
  readonly faultIn: (text: string) => string | null;
  readonly parse: (text: string) => ParsedYaml;
  readonly stringify: (value: object) => string;
}> {
  const yaml = await loadYaml();
  return {
    faultIn: (text) => faultInTokens(yaml, text),
    parse: (text) => parseDocument(yaml, text),
    stringify: (value) => yaml.stringify(value, { ...options, lineWidth: 0, indent: 2 }),
  };
}

/** Looks at the tokens alone: the lexer keeps no stack, so nothing that is nested ten thousand deep can hurt it. */
function faultInTokens({ CST, Lexer }: typeof Yaml, text: string): string | null {
  if (text.length > maxYamlLength) return `the YAML is longer than ${maxYamlLength} characters`;
  let depth = 0;
  let indicatorsInLine = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    // What follows this mark is text, whatever it looks like: a title may be `...`.
    const type: Yaml.CST.TokenType | null = isScalar ? null : CST.tokenType(token);
    isScalar = type === 'scalar';
    const refused = type === null ? undefined : refusedTokens[type];
    if (refused !== undefined) return refused;
    if (type === 'newline') indicatorsInLine = 0;
    if (type === 'flow-map-start' || type === 'flow-seq-start') depth += 1;
    if (type === 'flow-map-end' || type === 'flow-seq-end') depth -= 1;
    if (type === 'seq-item-ind' || type === 'explicit-key-ind') indicatorsInLine += 1;
    if (depth > maxDepth || indicatorsInLine > maxDepth) return `it is nested deeper than ${maxDepth}`;
  }
  return null;
}

function parseDocument({ parseDocument }: typeof Yaml, text: string): ParsedYaml {
  try {
    const document = parseDocument(text, options);
    const error = document.errors[0];
    if (error !== undefined) return { fault: oneLine(error.message) };
    return { document, value: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return { fault: error instanceof Error ? oneLine(error.message) : 'it cannot be read' };
  }
}

/** The first line of the message: the rest draws the source, with whatever stands in it. */
function oneLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '').slice(0, 160);
}
