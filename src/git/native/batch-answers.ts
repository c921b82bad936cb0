/** The output of `git cat-file --batch`, taken apart. Pure. */
import type { GitObject, ObjectType } from '../store.ts';

export interface AnswerParser {
  /** @throws Error for what is no answer, an object of another type for example */
  push(chunk: Buffer): void;
  /** Takes what is complete at the beginning of `data`; its length. The rest is to come again, with what follows. */
  take(data: Buffer): number;
}

const typesByLetter: ReadonlyMap<number, ObjectType> = new Map([
  ['b'.charCodeAt(0), 'blob'],
  ['t'.charCodeAt(0), 'tree'],
  ['c'.charCodeAt(0), 'commit'],
]);
const [space, lineFeed, letterM, letterA] = [' ', '\n', 'm', 'a'].map((text) => text.charCodeAt(0));

/**
 * Takes `<oid> <type> <size>[ <rest>]\n<content>\n` and `<oid> missing\n` in whatever pieces they come, and tells the answers
 * one by one: the object, or `null` for a missing one. Works on bytes: ten thousand headers as strings take longer than git.
 */
export function createAnswerParser(
  onAnswer: (answer: GitObject | null, rest: string) => void,
  options: { readonly copies: boolean },
): AnswerParser {
  let chunks: Buffer[] = [];
  let size = 0;
  let needed = 1; // bytes without which nothing can be said; keeps big objects from being joined again and again

  /** Where the answer at `at` ends; 0 when it is not all there. */
  const readAnswer = (data: Buffer, at: number): number => {
    const lineEnd = data.indexOf(lineFeed as number, at);
    if (lineEnd < 0) return 0;
    const typeAt = data.indexOf(space as number, at) + 1;
    if (data[typeAt] === letterM) {
      onAnswer(null, '');
      return lineEnd + 1;
    }
    const type = typesByLetter.get(data[typeAt] ?? 0);
    const sizeAt = data.indexOf(space as number, typeAt) + 1;
    // `tag` begins as `tree` does.
    if (type === undefined || data[typeAt + 1] === letterA || sizeAt === 0 || sizeAt > lineEnd) {
      throw new Error(`unpack: not an object of ours: ${data.toString('latin1', at, Math.min(lineEnd, at + 100))}`);
    }
    let length = 0;
    let digit = sizeAt;
    for (; digit < lineEnd && data[digit] !== space; digit++) length = length * 10 + (data[digit] as number) - 48;
    const rest = digit < lineEnd ? data.toString('latin1', digit + 1, lineEnd) : '';
    const end = lineEnd + 1 + length;
    if (data.length < end + 1) {
      needed = end + 1 - at;
      return 0;
    }
    const part = data.subarray(lineEnd + 1, end);
    // Without a copy the whole chunk lives for as long as one of its objects is cached.
    onAnswer({ type, bytes: options.copies ? new Uint8Array(part) : part }, rest);
    return end + 1;
  };

  const take = (data: Buffer): number => {
    let at = 0;
    for (let end = readAnswer(data, at); end > 0; end = at < data.length ? readAnswer(data, at) : 0) at = end;
    return at;
  };

  return {
    take,
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      if (size < needed) return;
      const data = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      needed = 1;
      const at = take(data);
      chunks = at === data.length ? [] : [data.subarray(at)];
      size = data.length - at;
    },
  };
}
