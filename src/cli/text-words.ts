import type { Call } from './call.ts';

/** Text given as words, which are joined by blanks, or as `-`: then it comes from standard input, byte for byte. */
export async function textFrom(call: Call, words: readonly string[]): Promise<string | undefined> {
  if (words.length === 0) return undefined;
  return words.length === 1 && words[0] === '-' ? call.io.stdin() : words.join(' ');
}
