import type { Call } from './call.ts';

/** Text given as words, which are joined by blanks, or as `-`: then it comes from standard input, byte for byte. */
export async function textFrom(call: Call, words: readonly string[]): Promise<string | undefined> {
  if (words.length === 0) return undefined;
  return words.length === 1 && words[0] === '-' ? call.io.stdin() : words.join(' ');
}

/** An option of several values; `--label ""` takes away what there is. Undefined where it was not given. */
export function listToSet(call: Call, option: string): readonly string[] | undefined {
  const given = call.list(option);
  return given?.length === 1 && given[0] === '' ? [] : given;
}

/** An option whose value may be taken away: `--title ""`. Undefined where it was not given. */
export function textToSet(call: Call, option: string): string | null | undefined {
  const given = call.text(option);
  return given === '' ? null : given;
}
