/** Held against picomatch, both ways: what both globs match is an overlap, and each overlap has a path that both match. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches, globsOverlap } from '../../src/core/globs.ts';
import { faultInGlob } from '../../src/core/names.ts';
import { byPicomatch, isName } from '../support/by-picomatch.ts';

/** Letters in two cases and two forms, and what other kinds of globs would make something of. */
const characters = [
  'a',
  'b',
  'A',
  '.',
  '-',
  '!',
  '+',
  '@',
  ' ',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  ',',
  '|',
  '$',
  '^',
  '#',
  '\u00e9',
  'e\u0301',
];
const literal = fc.constantFrom(...characters, 'a', 'a', 'b');
const wordOf = (character: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(character, { minLength: 1, maxLength }).map((parts) => parts.join(''));

const wild = fc.constantFrom('*', '?', '*', '?', 'a', 'b', '.');
const component = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'ab', '*', '**', '**', 'a*', '*b', '?', '.a') },
    { weight: 2, arbitrary: wordOf(wild, 5).map((word) => word.replace(/\*+/g, '*')) },
    { weight: 1, arbitrary: wordOf(fc.oneof(wild, literal), 4).map((word) => word.replace(/\*+/g, '*')) },
  )
  .filter(isName);
const glob = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

/** A path that a glob matches, or nearly: wildcards are filled in by chance. */
function pathLike(text: string): fc.Arbitrary<string> {
  const filling = (min: number, max: number) =>
    fc
      .array(fc.oneof(literal, fc.constantFrom('*', '?')), { minLength: min, maxLength: max })
      .map((all) => all.join(''));
  const parts = text.split('/').map((part) => {
    if (part === '**') return fc.array(wordOf(literal, 2), { maxLength: 2 }).map((names) => names.join('/'));
    return fc
      .tuple(
        ...[...part].map((sign) => (sign === '*' ? filling(0, 2) : sign === '?' ? filling(1, 1) : fc.constant(sign))),
      )
      .map((all) => all.join(''));
  });
  return fc
    .tuple(...parts)
    .map((names) => names.filter((name) => name !== '').join('/'))
    .filter((path) => path !== '' && path.split('/').every(isName));
}

/** A word of both patterns, found by walking through both at once; `null` when there is none. */
function commonWord<T>(
  a: readonly T[],
  b: readonly T[],
  run: T,
  meet: (a: T, b: T) => T | null,
  i = 0,
  j = 0,
  seen = new Set<string>(),
): T[] | null {
  if (i === a.length && j === b.length) return [];
  const key = `${i} ${j}`;
  if (seen.has(key)) return null;
  seen.add(key);
  const go = (di: number, dj: number): T[] | null => commonWord(a, b, run, meet, i + di, j + dj, seen);
  const [x, y] = [a[i], b[j]];
  const isRunOfA = i < a.length && x === run;
  const isRunOfB = j < b.length && y === run;
  for (const [di, dj] of [
    [isRunOfA ? 1 : 0, 0],
    [0, isRunOfB ? 1 : 0],
  ] as const) {
    const rest = di + dj === 0 ? null : go(di, dj);
    if (rest !== null) return rest;
  }
  if (i === a.length || j === b.length) return null;
  const both = isRunOfA ? y : isRunOfB ? x : meet(x as T, y as T);
  const rest = both === null ? null : go(isRunOfA ? 0 : 1, isRunOfB ? 0 : 1);
  return rest === null ? null : [both as T, ...rest];
}

/** A path that both globs should match. */
function witness(one: string, other: string): string | null {
  const split = (text: string) => text.normalize('NFC').split('/');
  const anyName = (part: string): string => part.replaceAll('*', '').replaceAll('?', 'x') || 'x';
  const meetNames = (x: string, y: string): string | null => {
    const meetLetters = (p: string, q: string): string | null => (p === q || q === '?' ? p : p === '?' ? q : null);
    const word = commonWord([...x], [...y], '*', meetLetters);
    return word === null ? null : anyName(word.join(''));
  };
  const names = commonWord(split(one), split(other), '**', meetNames);
  if (names === null) return null;
  return names.map((name) => anyName(name)).join('/') || 'x';
}

const runs = { seed: 20260201, numRuns: 700 };

describe('for globs and paths at random', () => {
  it('a glob matches what picomatch says it matches', () => {
    const counts = { yes: 0, no: 0 };
    const globAndPath = glob.chain((text) =>
      fc.tuple(fc.constant(text), fc.oneof(pathLike(text), glob.chain(pathLike))),
    );
    fc.assert(
      fc.property(globAndPath, ([text, path]) => {
        const expected = byPicomatch(text)(path);
        counts[expected ? 'yes' : 'no']++;
        expect({ text, path, matches: globMatches(text, path) }).toEqual({ text, path, matches: expected });
      }),
      runs,
    );
    expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(100);
  });

  it('globs that picomatch matches with one path overlap', () => {
    let met = 0;
    const pair = glob.chain((text) => fc.tuple(fc.constant(text), glob, pathLike(text)));
    fc.assert(
      fc.property(pair, ([one, other, path]) => {
        if (!byPicomatch(one)(path) || !byPicomatch(other)(path)) return;
        met++;
        expect(globsOverlap(one, other) && globsOverlap(other, one)).toBe(true);
      }),
      runs,
    );
    expect(met).toBeGreaterThan(20);
  });

  it('where globs are said to overlap, there is a path that picomatch matches with both', () => {
    const counts = { yes: 0, no: 0 };
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        const isOverlap = globsOverlap(one, other);
        expect(globsOverlap(other, one)).toBe(isOverlap);
        const path = witness(one, other);
        expect({ one, other, isOverlap }).toEqual({ one, other, isOverlap: path !== null });
        counts[isOverlap ? 'yes' : 'no']++;
        // `.?` and `?.` have `..` in common, and no file.
        if (path === null || !path.split('/').every(isName)) return;
        expect({ path, one, matches: byPicomatch(one)(path) }).toEqual({ path, one, matches: true });
        expect({ path, other, matches: byPicomatch(other)(path) }).toEqual({ path, other, matches: true });
      }),
      runs,
    );
    expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(100);
  });

  it('a path as a glob of its own overlaps with what matches it, when it has no wildcards', () => {
    fc.assert(
      fc.property(
        glob.chain((text) => fc.tuple(fc.constant(text), pathLike(text))),
        ([text, path]) => {
          if (/[?*]/.test(path)) return;
          expect(globsOverlap(text, path)).toBe(globMatches(text, path));
        },
      ),
      runs,
    );
  });
});

describe('a path', () => {
  it.each([
    ['src/*.ts', 'src/what?.ts', true],
    ['src/what?.ts', 'src/what?.ts', true],
    ['src/what?.ts', 'src/whats.ts', true],
    ['src/a.ts', 'src/?.ts', false],
    ['src/a.ts', 'src/*', false],
    ['a/*', '**', false],
    ['*', '**', true],
    ['**', '.github/workflows/ci.yml', true],
    ['*', '.env', true],
    ['**/.*', 'a/.env', true],
    ['app/?id?/page.tsx', 'app/[id]/page.tsx', true],
    ['?', '🙂', true],
    ['caf\u00e9/*', 'cafe\u0301/menu', true],
    ['Src/*', 'src/a', false],
    ['src/**', 'src', true],
    ['src/*', 'src', false],
  ])('glob %j, path %j: %s', (text, path, expected) => {
    expect(globMatches(text, path)).toBe(expected);
  });

  it.each(['', '/a', 'a/', 'a//b', './a', 'a/./b', '../a', 'a/..', '.', '..'])(
    '%j is none that git writes, and matches nothing',
    (path) => {
      expect(globMatches('**', path)).toBe(false);
      expect(globMatches('*', path)).toBe(false);
    },
  );
});

it('globs with empty components, dots, braces and the like never get so far', () => {
  for (const text of ['', '/a', 'a/', 'a//b', './a', '../a', 'a**', '**a/b', '{a,b}', '[ab]', '!a', '+(a)', 'a\\b'])
    expect(faultInGlob(text)).not.toBeNull();
  for (const text of ['@types/*', 'a+b', 'wow!', '.github/**', 'a/**/b', '*', '**'])
    expect(faultInGlob(text)).toBeNull();
});
