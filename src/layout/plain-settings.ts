/**
 * Reads an `orc.yaml` that is as plain as the template's: comments and lines of `key: value`.
 *
 * Every command that opens a board needs the settings, and loading a YAML parser costs as much as starting Node.
 * Whatever is not plain is left to the real parser; a property test holds the two against each other.
 */

const line = /^([a-z_]+):(?: +([A-Za-z0-9_-]+|\{\}))? *(?:(?<= )#.*)?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML forbids them
const notPlain = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}/u;
const wordsWithMeaning: ReadonlySet<string> = new Set(['null', 'true', 'false']);
const maxPlainLength = 16 * 1024;

/** The values by key, or `null` when the text is not plain enough. */
export function readPlainSettings(text: string): Record<string, unknown> | null {
  if (text.length > maxPlainLength || notPlain.test(text)) return null;
  const values = new Map<string, unknown>();
  for (const each of text.split('\n')) {
    if (/^ *(?:#.*)?$/.test(each)) continue;
    const [, key, word] = line.exec(each) ?? [];
    if (key === undefined || word === undefined || values.has(key) || wordsWithMeaning.has(key)) return null;
    const value = readWord(word);
    if (value === undefined) return null;
    values.set(key, value);
  }
  return Object.fromEntries(values);
}

/** Only words that mean the same in every reading of YAML's core schema. */
function readWord(word: string): unknown {
  if (word === '{}') return {};
  if (word === 'true' || word === 'false') return word === 'true';
  if (/^(?:0|[1-9]\d{0,14})$/.test(word)) return Number(word);
  if (/^[a-z][a-z0-9_-]*$/.test(word) && !wordsWithMeaning.has(word)) return word;
  return /^\d+(?:ms|s|m|h|d)$/.test(word) ? word : undefined;
}
