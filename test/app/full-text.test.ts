import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indexKnowledge } from '../../src/app/full-text.ts';
import { snippetsOf } from '../../src/app/snippets.ts';
import { wordsOf } from '../../src/app/words.ts';
import type { Knowledge } from '../../src/core/records.ts';

function text(topic: string, content: string, more: Partial<Knowledge> = {}): Knowledge {
  const at = '2026-03-01T10:00:00.000Z';
  return { topic, content, title: null, tags: [], paths: [], updated_by: 'a', updated_at: at, version: 1, ...more };
}

function found(all: readonly Knowledge[], words: string): string[] {
  const terms = wordsOf(words).map(({ term }) => term);
  return indexKnowledge(all)
    .search(terms)
    .map(({ topic }) => topic);
}

describe('words', () => {
  const terms = (given: string): string[] => wordsOf(given).map(({ term }) => term);

  test('are compared without case and accents, and stand where they stood', () => {
    expect(terms('Über den Café-Tisch, snake_case & x86')).toEqual([
      'uber',
      'den',
      'cafe',
      'tisch',
      'snake',
      'case',
      'x86',
    ]);
    expect(wordsOf('a  Bé')[1]).toEqual({ term: 'be', from: 3, to: 5 });
  });

  test('are compared without the s of a plural, where it is likely one', () => {
    expect(terms('Tokens keys class status redis as s3 APIs')).toEqual([
      'token',
      'key',
      'class',
      'status',
      'redis',
      'as',
      's3',
      'apis',
    ]);
  });

  test('of scripts without blanks are pairs of characters', () => {
    expect(terms('認証トークン')).toEqual(['認証', '証ト', 'トー', 'ーク', 'クン']);
    expect(terms('木')).toEqual(['木']);
  });

  test('are no data: a run of letters and digits that is too long is left out', () => {
    expect(terms(`short ${'x'.repeat(65)} words`)).toEqual(['short', 'word']);
  });
});

describe('searching', () => {
  const all = [
    text('deploy', 'How the service is put into production.', { tags: ['ops'] }),
    text('api/auth', 'Tokens are refreshed every hour. Deploy keys are not tokens.', { title: 'How we sign in' }),
    text('coffee', 'Strong, no sugar. The hour is late.'),
    text('認証', 'トークンは一時間ごとに更新される。'),
  ];

  test('topic, title and tags count more than the text; more of the words more than one', () => {
    expect(found(all, 'deploy')).toEqual(['deploy', 'api/auth']);
    expect(found(all, 'ops hour')[0]).toBe('deploy');
    expect(found(all, 'refreshed hour')).toEqual(['api/auth', 'coffee']);
    expect(found(all, 'auth')).toEqual(['api/auth']);
  });

  test('finds words by their beginning, with a slip of the pen, without case and accents, and in Japanese', () => {
    expect(found(all, 'refre')).toEqual(['api/auth']);
    expect(found(all, 'refrehsed')).toEqual(['api/auth']);
    expect(found(all, 'TÓKENS')).toEqual(['api/auth']);
    expect(found(all, 'トークン')).toEqual(['認証']);
    expect(found(all, 'hex')).toEqual([]);
    expect(found([], 'hour')).toEqual([]);
  });
});

describe('a piece of a text', () => {
  const long = `${'Nothing of note here. '.repeat(40)}The token is refreshed. ${'More of the same. '.repeat(40)}A token again.`;

  test('shows where the words stand, those with the most different words first chosen', () => {
    const [first] = snippetsOf(long, ['token', 'refreshed'], 1);
    expect(first?.text).toContain('The token is refreshed.');
    expect(first?.marks.map(([from, to]) => first.text.slice(from, to))).toEqual(['token', 'refreshed']);
    expect(snippetsOf(long, ['token', 'refreshed'])).toHaveLength(2);
  });

  test('is the beginning where only title or tags match, and nothing of an empty text', () => {
    expect(snippetsOf('A text.', ['other'])).toEqual([{ text: 'A text.', at: 0, marks: [] }]);
    expect(snippetsOf(' \n', ['other'])).toEqual([]);
  });

  test('is a part of the text with marks on words that were looked for, whatever the text', () => {
    const pieces = fc.constantFrom('token', 'hour', '😀', '\n', ' ', 'é', '\ud800', '認証', 'x'.repeat(70), '. ');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 120 }), (parts) => {
        const content = parts.join('');
        for (const { text: piece, at, marks } of snippetsOf(content, ['token', 'hour', '認証'], 3)) {
          expect(content.slice(at, at + piece.length)).toBe(piece);
          expect(piece.length).toBeLessThanOrEqual(160);
          for (const [from, to] of marks) expect(['token', 'hour', '認証']).toContain(piece.slice(from, to));
          const isTorn = /^[\udc00-\udfff]/.test(piece) && /[\ud800-\udbff]$/.test(content.slice(0, at));
          expect(isTorn).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });
});
