/**
 * Long arguments. A commit names them by the id that git gives a blob of the text (`quoteArguments`); the text itself
 * stands somewhere in what the commit changed. It is looked for there, and what is found is exactly what was named.
 */

interface Quote {
  readonly $blob: string;
  readonly length: number;
}

/** From so many characters on texts, and lists and documents as JSON, are named. */
const quotedText = 1024;
const quotedJson = 8 * 1024;

/** An argument may look so by itself; where it is as short as no text that is named, it is one that was given. */
function isQuote(value: unknown): value is Quote {
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== '$blob,length') return false;
  const { $blob, length } = value as Quote;
  return (
    typeof $blob === 'string' &&
    /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test($blob) &&
    Number.isSafeInteger(length) &&
    length > quotedText
  );
}

export function hasQuotes(value: unknown): boolean {
  if (isQuote(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasQuotes);
}

/**
 * Puts the texts back. `sources` are values in which they may stand: texts, records, lines of the log; no more of them are
 * asked for than it takes. What is not found stays as it is.
 */
export async function unquote(
  value: unknown,
  sources: AsyncIterable<unknown>,
  hashText: (text: string) => string,
): Promise<unknown> {
  const search = new Search(value, hashText);
  for await (const source of sources) {
    search.look(source);
    if (search.isDone) break;
  }
  return replace(value, search.found);
}

class Search {
  readonly found = new Map<string, unknown>();
  readonly #wanted = new Map<number, Set<string>>();
  readonly #hashText: (text: string) => string;
  #open = 0;

  constructor(value: unknown, hashText: (text: string) => string) {
    this.#hashText = hashText;
    this.#collect(value);
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  look(source: unknown): void {
    if (typeof source === 'string') {
      // A reason stands in a note behind a word, appended knowledge behind what was there.
      for (const length of this.#wanted.keys()) {
        if (length > source.length) continue;
        const text = source.slice(source.length - length);
        this.#offer(text, text);
      }
    } else if (typeof source === 'object' && source !== null) {
      if ([...this.#wanted.keys()].some((length) => length > quotedJson)) {
        const json = JSON.stringify(source);
        if (json.length > quotedJson) this.#offer(json, source);
      }
      for (const inner of Object.values(source)) this.look(inner);
    }
  }

  #collect(value: unknown): void {
    if (isQuote(value)) {
      const ids = this.#wanted.get(value.length) ?? new Set();
      if (!ids.has(value.$blob)) this.#open += 1;
      this.#wanted.set(value.length, ids.add(value.$blob));
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) this.#collect(inner);
    }
  }

  #offer(text: string, meant: unknown): void {
    const ids = this.#wanted.get(text.length);
    if (ids === undefined || [...ids].every((id) => this.found.has(id))) return;
    const id = this.#hashText(text);
    if (!ids.has(id) || this.found.has(id)) return;
    this.found.set(id, meant);
    this.#open -= 1;
  }
}

function replace(value: unknown, found: ReadonlyMap<string, unknown>): unknown {
  if (isQuote(value)) return found.get(value.$blob) ?? value;
  if (Array.isArray(value)) return value.map((each) => replace(each, found));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner, found)]));
}
