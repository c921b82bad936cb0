import { describe, expect, test } from 'vitest';
import { diffLines } from '../../src/core/line-diff.ts';
import { mergeLines } from '../../src/core/line-merge.ts';
import { type RandomSource, randomSource } from '../checker/random-source.ts';

/** Every second line is blank, as in Markdown. */
const document = (length: number): string[] =>
  Array.from({ length }, (_, index) => (index % 2 === 0 ? `line ${index}` : ''));

describe('what differs', () => {
  const sizeOf = (before: readonly string[], after: readonly string[]): number =>
    diffLines(before, after).reduce((sum, { removed, added }) => sum + removed + added, 0);

  test('is told in the fewest lines, each hunk with what it replaces', () => {
    expect(diffLines([], [])).toEqual([]);
    expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c'])).toEqual([{ at: 1, removed: 1, from: 1, added: 1 }]);
    expect(diffLines(['a'], ['a', 'b'])).toEqual([{ at: 1, removed: 0, from: 1, added: 1 }]);
    expect(sizeOf([...'abcabba'], [...'cbabac'])).toBe(5);
  });

  test('makes the second text of the first, and is never more than a longest common part leaves', () => {
    const random = randomSource(7);
    for (let round = 0; round < 300; round++) {
      const [before, after] = [someLines(random), someLines(random)];
      const hunks = diffLines(before, after);
      const made = [...before];
      for (const { at, removed, from, added } of hunks.toReversed())
        made.splice(at, removed, ...after.slice(from, from + added));
      expect(made).toEqual(after);
      expect(sizeOf(before, after)).toBe(before.length + after.length - 2 * longestCommon(before, after));
    }
  });

  test('is one hunk between the common ends where too much differs', () => {
    const [before, after] = ['a', 'b'].map((name) => Array.from({ length: 3000 }, (_, index) => `${name}${index}`));
    expect(diffLines(['x', ...(before ?? []), 'y'], ['x', ...(after ?? []), 'y'])).toEqual([
      { at: 1, removed: 3000, from: 1, added: 3000 },
    ]);
  });
});

describe('a merge', () => {
  test('has the changes of both', () => {
    expect(mergeLines('A\nb\nc\n', 'a\nb\nc\n', 'a\nb\nC\n')).toBe('A\nb\nC\n');
    expect(mergeLines('a\nc\n', 'a\nb\nc\n', 'a\nb\nc\nd\n')).toBe('a\nc\nd\n');
  });

  test('is none where both changed the same lines, or lines that touch', () => {
    expect(mergeLines('A\nb\n', 'a\nb\n', 'x\nb\n')).toBe(null);
    expect(mergeLines('A\nb\n', 'a\nb\n', 'a\nB\n')).toBe(null);
    expect(mergeLines('a\nx\n', 'a\n', 'a\ny\n')).toBe(null);
    expect(mergeLines('x', '', 'y')).toBe(null);
  });

  test('takes what both changed in the same way once', () => {
    expect(mergeLines('A\nb\nc', 'a\nb\nc', 'A\nb\nC')).toBe('A\nb\nC');
  });

  test('with an unchanged text is the other one, whatever stands there', () => {
    const random = randomSource(11);
    for (let round = 0; round < 200; round++) {
      const [base, other] = [someLines(random).join('\n'), someLines(random).join('\n')];
      expect(mergeLines(other, base, base)).toBe(other);
      expect(mergeLines(base, base, other)).toBe(other);
      expect(mergeLines(other, base, other)).toBe(other);
    }
  });

  test('of a long text with the same line in many places does not take long', () => {
    const lines = document(20_000);
    const ours = ['top', ...lines.slice(0, 9000), 'ours', ...lines.slice(9000)];
    const theirs = [...lines.slice(0, 4000), ...lines.slice(4002), 'end'];
    const both = ['top', ...lines.slice(0, 4000), ...lines.slice(4002, 9000), 'ours', ...lines.slice(9000), 'end'];
    expect(mergeLines(ours.join('\n'), lines.join('\n'), theirs.join('\n'))).toBe(both.join('\n'));
  });
});

function someLines(random: RandomSource): string[] {
  return Array.from({ length: random.below(12) }, () => random.pick([...'abc']));
}

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const next = [0];
    for (const [index, other] of b.entries())
      next.push(line === other ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    row = next;
  }
  return row.at(-1) ?? 0;
}
