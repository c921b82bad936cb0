import { expect, test } from 'vitest';
import { quoteForBash, readTypedLine } from '../../src/cli/completion/shell-line.ts';

const breaks = ' \t\n"\'><=;|&(:';

test.each([
  ['orc t cl', ['orc', 't'], 'cl'],
  ['orc t ', ['orc', 't'], ''],
  [`orc "a b" 'c d' e\\ f g`, ['orc', 'a b', 'c d', 'e f'], 'g'],
  ['orc $(touch x) `y` $HOME ~/z', ['orc', '$(touch', 'x)', '`y`', '$HOME'], '~/z'],
  ['orc "$(a)\\"b', ['orc'], '$(a)"b'],
  [`orc 'it'\\''s`, ['orc'], "it's"],
  ['orc ""', ['orc'], ''],
  ['orc t list > out 2>err ', ['orc', 't', 'list'], ''],
])('%s', (line, words, current) => {
  expect(readTypedLine(line, breaks)).toMatchObject({ words, current, isRedirected: false });
});

test('a place for output is no word of the command', () => {
  expect(readTypedLine('orc t list > ou')).toMatchObject({ words: ['orc', 't', 'list'], isRedirected: true });
});

test.each([
  ['orc x ', 'path:src/**', 'path:src/\\*\\*'],
  ['orc x path:s', 'path:src/**', 'src/\\*\\*'],
  ['orc x "path:s', 'path:src/**', 'path:src/**'],
  ['orc x path:"s', 'path:src/**', 'src/**'],
  ["orc x 'i", "it's", "it'\\''s"],
  ['orc x "a', 'a$(b)`c`"\\', 'a\\$(b)\\`c\\`\\"\\\\'],
  ['orc x a', 'a $(b);c&d|e!f', 'a\\ \\$\\(b\\)\\;c\\&d\\|e\\!f'],
  ['orc x ', 'größe', 'größe'],
])('%s: %s is inserted as %s', (line, value, inserted) => {
  expect(quoteForBash(value, readTypedLine(line, breaks))).toBe(inserted);
});

test('what cannot be written in double quotes is not offered there', () => {
  expect(quoteForBash('a!b', readTypedLine('orc "a', breaks))).toBeNull();
});
