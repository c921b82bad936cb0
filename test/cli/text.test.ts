/** The small parts: escaping, widths, values, exit codes. */
import { describe, expect, test } from 'vitest';
import { escapeJson, escapeLine, escapeText } from '../../src/cli/escape.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { readDuration, readPriority, readSince, readWhole } from '../../src/cli/values.ts';
import { alignColumns, cutToWidth, widthOf } from '../../src/cli/width.ts';
import { errorCodes, OrcError } from '../../src/errors.ts';

describe('escaping', () => {
  test('control, bidirectional and invisible characters are spelled out; everything else stays', () => {
    expect(escapeLine('\u001b[31m\u0000\u007f\u009b\u202e\u2066\u200b\ufeff\u{e0041}')).toBe(
      '\\x1b[31m\\x00\\x7f\\x9b\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{e0041}',
    );
    const harmless = 'Grüße, 日本語, עברית, 👩‍👩‍👧 C:\\temp é';
    expect(escapeLine(harmless)).toBe(harmless);
    expect(escapeLine('a\ud800b')).toBe('a\\u{d800}b');
  });

  test('within a line line breaks are spelled out, in a text they stay', () => {
    expect(escapeLine('a\r\n\tb')).toBe('a\\r\\n\\tb');
    expect(escapeText('a\r\n\tb\rc\u001b')).toBe('a\n\tb\\rc\\x1b');
  });

  test('JSON stays the same document', () => {
    const value = { text: '\u202e\u009b\u{e0041}\u2028 é', list: ['\u200b'] };
    const escaped = escapeJson(JSON.stringify(value, null, 2));
    expect(JSON.parse(escaped)).toEqual(value);
    expect(escaped).toContain('\\u202e\\u009b\\udb40\\udc41\\u2028 é');
  });
});

describe('widths', () => {
  test('wide characters take two columns, combining ones none', () => {
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('plain')).toBe(5);
  });

  test('text that does not fit ends in an ellipsis within the width', () => {
    expect(cutToWidth('short', 10)).toBe('short');
    expect(cutToWidth('0123456789abc', 10)).toBe('012345678…');
    expect(widthOf(cutToWidth('日本語日本語日本語', 10))).toBeLessThanOrEqual(10);
    expect(cutToWidth('anything', Number.POSITIVE_INFINITY)).toBe('anything');
  });

  test('columns are as wide as their widest cell', () => {
    expect(
      alignColumns([
        ['a', 'b', 'c'],
        ['日本', 'bb', ''],
      ]),
    ).toEqual(['a     b   c', '日本  bb']);
  });
});

describe('values', () => {
  const code = (read: () => unknown): string => {
    try {
      return `no error: ${JSON.stringify(read())}`;
    } catch (error) {
      return error instanceof OrcError ? error.code : String(error);
    }
  };

  test('lengths of time: a bare number counts seconds', () => {
    expect(readDuration('90', 'x')).toBe(90_000);
    expect(readDuration('250ms', 'x')).toBe(250);
    for (const text of ['-5', '0', '1y', 'NaN', '', ' '])
      expect(code(() => readDuration(text, 'x'))).toBe('invalid-argument');
  });

  test('whole numbers and priorities', () => {
    expect(readWhole('0', 'x')).toBe(0);
    expect(readPriority('9')).toBe(9);
    for (const text of ['1.5', '-1', '0x1', '1e3', '99999999999999999'])
      expect(code(() => readWhole(text, 'x'))).toBe('invalid-argument');
    for (const text of ['0', '10', 'high', '']) expect(code(() => readPriority(text))).toBe('invalid-argument');
  });

  test('times: ISO 8601, or how long ago', () => {
    const now = Date.parse('2026-01-31T12:00:00Z');
    expect(readSince('2h', now)).toBe('2026-01-31T10:00:00.000Z');
    expect(readSince('2026-01-30', now)).toBe('2026-01-30T00:00:00.000Z');
    expect(readSince('2026-01-30T12:00:00+02:00', now)).toBe('2026-01-30T10:00:00.000Z');
    for (const text of ['yesterday', '12', '', '2026-13-01'])
      expect(code(() => readSince(text, now))).toBe('invalid-argument');
  });
});

test('each error code has an exit code of its kind', () => {
  for (const code of errorCodes) expect(exitCodeOf[code]).toBeGreaterThan(0);
  expect([
    exitCodeOf.usage,
    exitCodeOf['already-claimed'],
    exitCodeOf['not-published'],
    exitCodeOf['history-rewritten'],
    exitCodeOf.io,
  ]).toEqual([2, 3, 5, 6, 1]);
});
