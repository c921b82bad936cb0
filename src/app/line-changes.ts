/** How many lines one text has that the other has not. Pure. */
import { diffLines } from '../core/line-diff.ts';

export interface LineChanges {
  readonly added: number;
  readonly removed: number;
}

/** Beyond so many pairs of lines they are compared as heaps: telling where they stand would take too long. */
const maxPairs = 1_000_000;

export function lineChanges(before: string, after: string): LineChanges {
  const [a, b] = withoutCommonEnds(linesOf(before), linesOf(after));
  if (a.length * b.length > maxPairs) return asHeaps(a, b);
  const hunks = diffLines(a, b);
  // One is all of both where they have no line in common, or differ by more than is looked at: heaps tell which.
  if (hunks[0]?.removed === a.length && hunks[0].added === b.length) return asHeaps(a, b);
  return {
    added: hunks.reduce((sum, hunk) => sum + hunk.added, 0),
    removed: hunks.reduce((sum, hunk) => sum + hunk.removed, 0),
  };
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function withoutCommonEnds(a: string[], b: string[]): readonly [string[], string[]] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

function asHeaps(a: readonly string[], b: readonly string[]): LineChanges {
  const left = new Map<string, number>();
  for (const line of a) left.set(line, (left.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of b) {
    const count = left.get(line) ?? 0;
    if (count === 0) continue;
    left.set(line, count - 1);
    common++;
  }
  return { added: b.length - common, removed: a.length - common };
}
