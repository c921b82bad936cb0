/**
 * Front matter: the one place that touches gray-matter, which runs code unless it is guarded.
 *
 * gray-matter executes `---js` front matter, caches, strips a BOM, ends the front matter at any line that begins with
 * `---`, and adds newlines. So it is only ever given a block that was cut out here, between two lines that are exactly
 * `---`, without the body; and every engine but ours refuses. The body is cut by position and stays byte for byte.
 */
import type matter from 'gray-matter';
import { maxFrontMatterLength } from './faults.ts';
import { yamlReader } from './yaml.ts';

export interface FrontMatter {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: string;
}

let loaded: typeof matter | undefined;

async function loadMatter(): Promise<typeof matter> {
  loaded ??= (await import('gray-matter')).default;
  return loaded;
}

/**
 * Splits a Markdown file into front matter and body. A file without front matter is all body.
 * A first line such as `---js` is a fault: nothing but YAML is read, and it was hardly meant as text.
 */
export async function splitFrontMatter(text: string): Promise<FrontMatter | { readonly fault: string }> {
  const cut = cutBlock(text);
  if ('fault' in cut) return cut;
  if (cut.block === null) return { fields: {}, body: text };
  const { block, body } = cut;
  const reader = await yamlReader();
  // Not with `^`: it also stands behind characters that end no line in YAML, and a title may hold those.
  const isCut = `\n${block}`.includes('\n---');
  const fault = isCut ? 'a line in it begins with ---' : reader.faultIn(block, maxFrontMatterLength);
  if (fault !== null) return { fault: `has front matter that is refused: ${fault}` };
  const matter = await loadMatter();
  try {
    const { data } = matter({ content: `---\n${withoutBlankLines(block)}---\n` }, engines(reader));
    return { fields: data as Record<string, unknown>, body };
  } catch (error) {
    return { fault: `has front matter that cannot be read: ${error instanceof Error ? error.message : 'bad YAML'}` };
  }
}

/** A Markdown file with front matter. `fields` must not be empty. */
export async function joinFrontMatter({ fields, body }: FrontMatter): Promise<string> {
  const matter = await loadMatter();
  // an object, never a string: gray-matter would parse a string first; the body never passes through it
  const head = matter.stringify({ content: '' }, fields, engines(await yamlReader()));
  return `${head.replace(/\n+$/, '')}\n${body}`;
}

type Cut = { readonly block: string; readonly body: string } | { readonly block: null } | { readonly fault: string };

function cutBlock(text: string): Cut {
  const start = text.startsWith('\ufeff---') ? 1 : 0; // some editors begin every file with a BOM
  const first = lineAt(text, start);
  if (first.line !== '---') {
    const language = /^---[ \t]*([^-\s].*)$/s.exec(first.line)?.[1];
    return language === undefined
      ? { block: null }
      : { fault: 'has front matter in another language than YAML, which is refused' };
  }
  let at = first.end;
  while (at < text.length) {
    const { line, end } = lineAt(text, at);
    if (line === '---') return { block: text.slice(first.end, at).replaceAll('\r\n', '\n'), body: text.slice(end) };
    at = end;
  }
  return { block: null }; // no closing line: a thematic break at the top of a text
}

/** The line that begins at a position, without its end (`\n` or `\r\n`), and where the next one begins. */
function lineAt(text: string, start: number): { readonly line: string; readonly end: number } {
  const newline = text.indexOf('\n', start);
  if (newline === -1) return { line: text.slice(start), end: text.length };
  const isCrlf = newline > start && text.charCodeAt(newline - 1) === 13;
  return { line: text.slice(start, isCrlf ? newline - 1 : newline), end: newline + 1 };
}

/** gray-matter looks for comments with a pattern that takes quadratic time on runs of blank lines. They mean nothing. */
function withoutBlankLines(block: string): string {
  return block
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `${line}\n`)
    .join('');
}

function engines(reader: Awaited<ReturnType<typeof yamlReader>>) {
  const yaml = {
    parse(block: string): object {
      const parsed = reader.parse(block);
      if ('fault' in parsed) throw new Error(parsed.fault);
      const value = parsed.value ?? {};
      if (typeof value !== 'object' || Array.isArray(value)) throw new Error('it is no mapping');
      return value;
    },
    stringify: (data: object): string => reader.stringify(data),
  };
  return {
    language: 'yaml',
    delimiters: ['---', '---'] as [string, string],
    excerpt: false,
    engines: {
      yaml,
      json: refusing,
      javascript: refusing,
      js: refusing,
      coffee: refusing,
      coffeescript: refusing,
      toml: refusing,
    },
  };
}

const refuse = (): never => {
  throw new Error('only YAML is read');
};
const refusing = { parse: refuse, stringify: refuse };
