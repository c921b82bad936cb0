import { describe, expect, it } from 'vitest';
import { faultInGlob, faultInName, faultInPath, faultInResource, foldName, utf8Length } from '../../src/core/names.ts';

const hostile: readonly (readonly [string, RegExp])[] = [
  ['', /empty/],
  ['../x', /slash|\./],
  ['..', /begin with \./],
  ['a..b', /\.\./],
  ['.git', /begin with \./],
  ['.hidden', /begin with \./],
  ['git~1', /\.git/],
  ['GIT~1', /\.git/],
  ['git~12', /\.git/],
  ['x.git', /\.git/],
  ['X.GIT', /\.git/],
  ['-x', /begin with -/],
  ['--help', /begin with -/],
  ['CON', /device/],
  ['con.txt', /device/],
  ['Lpt1', /device/],
  ['COM²', /device/],
  ['a:b', /any of/],
  ['a\\b', /any of/],
  ['a|b', /any of/],
  ['a*', /any of/],
  ['a?', /any of/],
  ['"a"', /any of/],
  ['x.lock', /\.lock/],
  ['x.LOCK', /\.lock/],
  ['x.ｌock', /\.lock/],
  ['a/b', /slash/],
  ['x'.repeat(129), /128 characters/],
  ['x'.repeat(300), /128 characters/],
  ['語'.repeat(100), /200 bytes/],
  ['a\nb', /control/],
  ['a\rb', /control/],
  ['a\u0000b', /control/],
  ['a\u001b[31mb', /control/],
  ['a\u007f', /control/],
  ['a\u009bb', /control/],
  ['a\u202eb', /bidirectional/],
  ['a\u2066b', /bidirectional/],
  ['.g\u200cit', /invisible/],
  ['a\ufeff', /invisible/],
  ['a\u{e0041}', /invisible/],
  ['a\ud800', /invisible/],
  ['e\u0301', /normal form/],
  ['__proto__', /reserved/],
  ['constructor', /reserved/],
  ['a.', /dot/],
  [' a', /white space/],
  ['a ', /white space/],
  ['a\u3000', /white space/],
];

describe('a name', () => {
  it.each(hostile)('%j is refused', (name, words) => {
    expect(faultInName(name)).toMatch(words);
    expect(faultInName(name)).toMatch(/^must not|^must be/);
  });

  it.each([
    'a',
    'agent-1',
    'revenue',
    'git',
    'gitlab',
    'Überblick',
    '日本',
    'a.b',
    'a b',
    'v1.2',
    '0',
    'x'.repeat(128),
    '🙂',
    'lock',
    'a~1',
  ])('%j is accepted', (name) => {
    expect(faultInName(name)).toBeNull();
  });
});

describe('a topic or a resource', () => {
  it.each(['a', 'api/auth', 'a/b/c'])('%j is accepted', (path) => {
    expect(faultInPath(path)).toBeNull();
    expect(faultInResource(path)).toBeNull();
  });

  it.each(['/a', 'a/', 'a//b', '../x', 'a/../b', 'a/.git/b', 'a/x.lock', 'a/CON/b', 'a/-b', 'a/\u202eb', 'a\\b'])(
    '%j is refused',
    (path) => {
      expect(faultInPath(path)).not.toBeNull();
      expect(faultInResource(path)).not.toBeNull();
    },
  );

  it('is held to the length of a name as a whole', () => {
    expect(faultInPath(`${'a'.repeat(64)}/${'b'.repeat(63)}`)).toBeNull();
    expect(faultInPath(`${'a'.repeat(64)}/${'b'.repeat(64)}`)).toMatch(/128 characters/);
  });
});

describe('a glob', () => {
  it.each([
    'src/**',
    '**',
    '*',
    '*.ts',
    'src/a?.ts',
    'node_modules/@types/**',
    'a+b.ts',
    'Über/ß.md',
    '.github/*',
    'a/**/b',
  ])('%j is accepted, and as a resource after path:', (glob) => {
    expect(faultInGlob(glob)).toBeNull();
    expect(faultInResource(`path:${glob}`)).toBeNull();
  });

  it.each([
    '',
    '/src',
    'src/',
    'a//b',
    '../x',
    'a/./b',
    '{a,b}',
    '[ab]',
    '!a',
    '@(a|b)',
    'a\\b',
    'a**',
    '**a',
    'a\nb',
    'a\u202e',
    'a\ud800',
  ])('%j is refused, and as a resource after path:', (glob) => {
    expect(faultInGlob(glob)).toMatch(/^must/);
    expect(faultInResource(`path:${glob}`)).not.toBeNull();
  });
});

describe('folding', () => {
  it.each([
    ['Task1', 'task1'],
    ['ÜBER', 'über'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['οδος', 'οδοσ'],
    ['STRASSE', 'straße'],
    ['ﬁle', 'FILE'],
    ['\u212a', 'k'],
  ])('makes %j and %j one', (one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });

  it('keeps different names apart', () => {
    expect(foldName('task1')).not.toBe(foldName('task2'));
  });
});

describe('the length as UTF-8', () => {
  it.each(['', 'abc', 'é', '語', '🙂', 'a\u07ff\u0800\uffff\u{10000}'])('of %j is what an encoder says', (text) => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  });
});
