/**
 * Long arguments. `Orc-Op` names them by the id that git gives a blob of the text; the text itself stands in the tree.
 * So it is looked for there, and what is found is exactly what was named.
 */
import { blobId } from './objects.ts';

interface Quote {
  readonly $blob: string;
  readonly length: number;
}

/** Longer texts, and lists whose JSON is longer, are named by id. Characters. */
const quotedText = 1024;
const quotedList = 8 * 1024;

function isQuote(value: unknown): value is Quote {
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== '$blob,length') return false;
  const { $blob, length } = value as Quote;
  return typeof $blob === 'string' && /^[0-9a-f]{40,64}$/.test($blob) && Number.isSafeInteger(length);
}

/** Plans and results are named as a whole where they are long, and stand whole where they are not. */
const documents: Readonly<Record<string, string>> = { 'cycle.open': 'plan', 'cycle.collect': 'results' };

/** Arguments as `Orc-Op` has them. */
export function quoteArguments(kind: string, args: Readonly<Record<string, unknown>>, idLength: number): object {
  const entries = Object.entries(args).map(([name, value]) => {
    if (documents[kind] !== name) return [name, quote(value, idLength)];
    const json = JSON.stringify(value);
    return [name, json.length > quotedList ? { $blob: blobId(json, idLength), length: json.length } : value];
  });
  return Object.fromEntries(entries);
}

export function quote(value: unknown, idLength: number): unknown {
  if (typeof value === 'string')
    return value.length <= quotedText ? value : { $blob: blobId(value, idLength), length: value.length };
  if (Array.isArray(value)) {
    const json = JSON.stringify(value);
    if (json.length > quotedList) return { $blob: blobId(json, idLength), length: json.length };
    return value.map((each) => quote(each, idLength));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, quote(inner, idLength)]));
}

export function hasQuotes(value: unknown): boolean {
  if (isQuote(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasQuotes);
}

/**
 * Puts the texts back. `sources` are values in which they may stand: records, lines of the log, arguments as asked.
 * What is not found stays as it is.
 */
export function unquote(value: unknown, sources: Iterable<unknown>): unknown {
  const wanted = new Map<number, Set<string>>();
  collect(value, wanted);
  const found = new Map<string, unknown>();
  for (const source of sources) search(source, wanted, found);
  return replace(value, found);
}

function collect(value: unknown, wanted: Map<number, Set<string>>): void {
  if (isQuote(value)) {
    const ids = wanted.get(value.length) ?? new Set();
    wanted.set(value.length, ids.add(value.$blob));
  } else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) collect(inner, wanted);
}

function search(value: unknown, wanted: ReadonlyMap<number, ReadonlySet<string>>, found: Map<string, unknown>): void {
  const offer = (text: string, meant: unknown): void => {
    for (const id of wanted.get(text.length) ?? []) {
      if (!found.has(id) && blobId(text, id.length) === id) found.set(id, meant);
    }
  };
  if (typeof value === 'string') {
    // a reason stands in a note after a word, appended knowledge after what was there
    for (const length of wanted.keys()) {
      if (length > quotedText && length <= value.length) {
        const text = value.slice(value.length - length);
        offer(text, text);
      }
    }
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (isJsonWanted(wanted)) {
    const json = JSON.stringify(value);
    if (json.length > quotedList) offer(json, value);
  }
  for (const inner of Object.values(value)) search(inner, wanted, found);
}

function isJsonWanted(wanted: ReadonlyMap<number, unknown>): boolean {
  for (const length of wanted.keys()) if (length > quotedList) return true;
  return false;
}

function replace(value: unknown, found: ReadonlyMap<string, unknown>): unknown {
  if (isQuote(value)) return found.get(value.$blob) ?? value;
  if (Array.isArray(value)) return value.map((each) => replace(each, found));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner, found)]));
}
