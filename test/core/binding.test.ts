import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindingTopics, faultInFiles, globOfFiles } from '../../src/core/binding.ts';
import { byPicomatch } from '../support/by-picomatch.ts';

const topics = [
  { topic: 'all', paths: ['**'] },
  { topic: 'api', paths: ['src/api/**', 'src/**/*.sql'] },
  { topic: 'auth', paths: ['src/api/auth.ts'] },
  { topic: 'none', paths: [] },
  { topic: 'sql', paths: ['**/*.sql'] },
  { topic: 'twin', paths: ['src/api/**'] },
];

function bound(...files: string[]): [string, readonly string[]][] {
  return bindingTopics(topics, files).map(({ knowledge, globs }) => [knowledge.topic, globs]);
}

describe('knowledge that binds files', () => {
  it('is that with a glob that matches one of them, the most specific first, then by topic', () => {
    expect(bound('src/api/auth.ts')).toEqual([
      ['auth', ['src/api/auth.ts']],
      ['api', ['src/api/**']],
      ['twin', ['src/api/**']],
      ['all', ['**']],
    ]);
    expect(bound('src/api/db.sql')).toEqual([
      ['api', ['src/**/*.sql', 'src/api/**']],
      ['twin', ['src/api/**']],
      ['sql', ['**/*.sql']],
      ['all', ['**']],
    ]);
    expect(bound('README.md', 'db.sql').map(([topic]) => topic)).toEqual(['sql', 'all']);
    expect(bound()).toEqual([]);
  });

  it('is found by globs too, where both can match a file', () => {
    expect(bound('src/*/auth.ts').map(([topic]) => topic)).toEqual(['auth', 'api', 'twin', 'all']);
  });

  it('is that which another reader of globs would find for a file', () => {
    const component = fc.constantFrom('a', 'b', 'ab', 'a.ts', '.a', 'src');
    const pattern = fc.oneof(component, fc.constantFrom('*', '**', '?', 'a*', '*.ts', '?b', '*a*'));
    const joined = (parts: fc.Arbitrary<string>) =>
      fc.array(parts, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
    fc.assert(
      fc.property(joined(pattern), joined(component), (glob, file) => {
        const found = bindingTopics([{ topic: 't', paths: [glob] }], [file]).length === 1;
        expect({ glob, file, found }).toEqual({ glob, file, found: byPicomatch(glob)(file) });
      }),
      { numRuns: 400 },
    );
  });

  it('is in the same order whatever order it was read in', () => {
    const order = bound('src/api/auth.ts', 'x.sql');
    fc.assert(
      fc.property(fc.shuffledSubarray(topics, { minLength: topics.length }), (shuffled) => {
        const found = bindingTopics(shuffled, ['src/api/auth.ts', 'x.sql']);
        expect(found.map(({ knowledge, globs }) => [knowledge.topic, globs])).toEqual(order);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a path as people type it', () => {
  it.each([
    ['src/app.ts', 'src/app.ts'],
    ['./src/app.ts', 'src/app.ts'],
    ['src/', 'src/**'],
    ['./', '**'],
    ['.', '**'],
    ['src/**/*.ts', 'src/**/*.ts'],
  ])('%j is %j', (path, glob) => {
    expect(globOfFiles(path)).toBe(glob);
    expect(faultInFiles(glob)).toBeNull();
  });

  it.each(['/etc/passwd', '../x', 'a//b', 'a/./b', 'a\u0007', 'src\\app.ts', 'x'.repeat(5000)])(
    '%j is none',
    (path) => {
      expect(faultInFiles(globOfFiles(path))).toMatch(/^must/);
    },
  );

  it('may have characters that no glob of a board may spell', () => {
    expect(faultInFiles('app/[id]/page (1).tsx')).toBeNull();
    expect(bindingTopics([{ topic: 'app', paths: ['app/**'] }], ['app/[id]/page (1).tsx'])).toHaveLength(1);
  });
});
