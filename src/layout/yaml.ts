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
  prettyErrors: false, // draws the whole line for each of them: quadratic in a line that is full of errors
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
  readonly faultIn: (text: string, maxLength?: number) => string | null;
  readonly parse: (text: string) => ParsedYaml;
  readonly stringify: (value: object) => string;
}> {
  const yaml = await loadYaml();
  return {
    faultIn: (text, maxLength = maxYamlLength) => faultInTokens(yaml, text, maxLength),
    parse: (text) => parseDocument(yaml, text),
    stringify: (value) => yaml.stringify(value, { ...options, lineWidth: 0, indent: 2 }),
  };
}

/** Looks at the tokens alone: the lexer keeps no stack, so nothing that is nested ten thousand deep can hurt it. */
function faultInTokens({ CST, Lexer }: typeof Yaml, text: string, maxLength: number): string | null {
  if (text.length > maxLength) return `the YAML is longer than ${maxLength} characters`;
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

function parseDocument({ parseDocument, LineCounter }: typeof Yaml, text: string): ParsedYaml {
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, { ...options, lineCounter });
    const error = document.errors[0];
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return { fault: `${oneLine(error.message)} at line ${line}, column ${col}` };
    }
    return { document, value: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return { fault: error instanceof Error ? oneLine(error.message) : 'it cannot be read' };
  }
}

/** Of messages of several lines the first: others' text may stand in the rest. */
function oneLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '').slice(0, 160);
}
