import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globOf, globsOverlap } from '../../src/core/globs.ts';

describe('two globs overlap', () => {
  it.each([
    ['src/a.ts', 'src/a.ts'],
    ['src/**', 'src/core/a.ts'],
    ['src/**', 'src'],
    ['**', 'anything/at/all'],
    ['src/*.ts', 'src/a*'],
    ['src/*/x', 'src/core/*'],
    ['**/test/*.ts', 'src/**'],
    ['a?c', 'ab*'],
    ['*a*', '*b*'],
    ['a/**/z', 'a/z'],
    ['a/**/z', '**/y/z'],
    ['?', '🙂'],
    ['caf\u00e9', 'cafe\u0301'],
  ])('%j and %j', (one, other) => {
    expect(globsOverlap(one, other)).toBe(true);
    expect(globsOverlap(other, one)).toBe(true);
  });
});

describe('two globs have no file in common', () => {
  it.each([
    ['src/a.ts', 'src/b.ts'],
    ['src/*', 'src/core/a.ts'],
    ['src/**', 'docs/**'],
    ['*.ts', '*.md'],
    ['a*b', 'a*c'],
    ['a?', 'a'],
    ['src', 'src/a'],
    ['**/a', '**/b'],
    ['Src/a', 'src/a'],
  ])('%j and %j', (one, other) => {
    expect(globsOverlap(one, other)).toBe(false);
    expect(globsOverlap(other, one)).toBe(false);
  });
});

/** What a glob means, said once more and in another way. */
function toRegExp(glob: string): RegExp {
  const parts = glob.split('/').map((part) => {
    if (part === '**') return '(?:/[^/]+)*';
    return `/${part.replace(/[?*.]/g, (sign) => ({ '?': '[^/]', '*': '[^/]*', '.': '\\.' })[sign] ?? sign)}`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

describe('for small globs', () => {
  const component = fc.constantFrom('a', 'b', 'ab', '*', '?', 'a*', '*b', '**');
  const glob = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const words = ['a', 'b', 'ab', 'aa', 'bb', 'aab'];
  const files = [...words, ...words.flatMap((one) => words.map((two) => `${one}/${two}`))].flatMap((file) => [
    file,
    ...words.map((word) => `${file}/${word}`),
  ]);

  it('overlapping is having a file in common', () => {
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        const [a, b] = [toRegExp(one), toRegExp(other)];
        const common = files.some((file) => a.test(`/${file}`) && b.test(`/${file}`));
        if (common) expect(globsOverlap(one, other)).toBe(true);
        if (!globsOverlap(one, other)) expect(common).toBe(false);
        // All words that these globs tell apart are among the files, but for the empty path that `**` matches as well.
        if (one !== '**' && other !== '**')
          expect(globsOverlap(one, other)).toBe(common || /^(\*\*\/?)+$/.test(`${one}/${other}`));
      }),
      { seed: 5, numRuns: 3000 },
    );
  });
});

it('a pattern of many stars takes no longer for it', () => {
  const stars = '*a'.repeat(64);
  const start = performance.now();
  expect(globsOverlap(stars, `${'*b'.repeat(63)}*c`)).toBe(false);
  expect(globsOverlap(new Array(64).fill('**').join('/'), `${new Array(63).fill('**').join('/')}/x`)).toBe(true);
  expect(performance.now() - start).toBeLessThan(500);
});

it('only resources that begin with path: name files', () => {
  expect(globOf('path:src/**')).toBe('src/**');
  expect(globOf('deploy')).toBeNull();
});
