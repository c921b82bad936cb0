/** The words of a text, as searching compares them: without case, accents, and the plural's s. Pure. */

export interface Word {
  /** As it is compared. */
  readonly term: string;
  /** Where it stands, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
}

// Functions, because classes of Unicode take a third of a millisecond to set up, and few commands search.
const word = (): RegExp => /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts that put no blanks between words: pairs of characters stand for words. */
const unspaced = (): RegExp => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** `tokens` is `token`; `class`, `status` and `redis` stay. */
const plural = /^([a-z]{2,}[^aius\W])s$/;
const plain = /^[\w-]*$/;
/** Longer runs are no words but data: hashes, keys, base64. */
const maxWordLength = 64;

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: found, index } of text.matchAll(word())) {
    if (!plain.test(found) && unspaced().test(found)) words.push(...pairsOf(found, index));
    else if (found.length <= maxWordLength) words.push({ term: fold(found), from: index, to: index + found.length });
  }
  return words;
}

function pairsOf(run: string, at: number): Word[] {
  const characters = [...run];
  if (characters.length < 2) return [{ term: fold(run), from: at, to: at + run.length }];
  let from = at;
  return characters.slice(1).map((second, index) => {
    const first = characters[index] as string;
    const pair = { term: fold(first + second), from, to: from + first.length + second.length };
    from += first.length;
    return pair;
  });
}

function fold(text: string): string {
  // Most words need no more, and normalizing takes most of the time.
  if (plain.test(text)) return text.toLowerCase().replace(plural, '$1');
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
