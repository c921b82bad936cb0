import { describe, expect, it } from 'vitest';
import { chainTime, formatDuration, fromIso, parseDuration, toIso } from '../../src/core/time.ts';

describe('a duration', () => {
  it.each([
    ['1500', 1500],
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5s', 1500],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    [' 5m ', 300_000],
  ])('%j is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '-5',
    '0',
    '0s',
    '0.0001s',
    '1y',
    'NaN',
    'Infinity',
    '1e3',
    'high',
    '5 m',
    '5mm',
    '.5s',
    '1,5s',
    '99999999999999999d',
    '٥m',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('without a unit counts in the unit that the caller names', () => {
    expect(parseDuration('60', 's')).toBe(60_000);
    expect(parseDuration('60ms', 's')).toBe(60);
    expect(parseDuration('60', null)).toBeNull();
    expect(parseDuration('60s', null)).toBe(60_000);
  });

  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [45_000, '45s'],
    [119_999, '120s'],
    [720_000, '12m'],
    [3 * 3_600_000, '3h'],
    [2 * 86_400_000, '2d'],
    [-45_000, '45s'],
  ])('of %j ms is said as %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

const startOf2026 = 1_767_225_600_000;

describe('a time', () => {
  it('comes back from ISO 8601 as it went', () => {
    expect(toIso(1_767_225_600_000)).toBe('2026-01-01T00:00:00.000Z');
    expect(fromIso('2026-01-01T00:00:00.000Z')).toBe(1_767_225_600_000);
    expect(fromIso(toIso(8.64e15))).toBe(8.64e15);
  });

  it('may bear another zone', () => {
    expect(fromIso('2026-01-01T02:00:00+02:00')).toBe(1_767_225_600_000);
  });

  it('without a zone is UTC, whatever the zone of this machine', () => {
    const { TZ } = process.env;
    process.env.TZ = 'America/New_York';
    try {
      expect(new Date(startOf2026).getTimezoneOffset()).toBe(300);
      expect(fromIso('2026-01-01T00:00:00')).toBe(startOf2026);
      expect(fromIso('2026-07-01T00:00')).toBe(Date.UTC(2026, 6, 1));
    } finally {
      if (TZ === undefined) delete process.env.TZ;
      else process.env.TZ = TZ;
    }
  });

  it.each([
    '',
    'yesterday',
    'Jan 1 2026',
    '2026-01-01',
    '2026-01-01 00:00:00',
    '1767225600000',
    '2026-13-01T00:00:00Z',
    '2026-01-01T25:00:00Z',
  ])('%j is none', (text) => {
    expect(fromIso(text)).toBeNaN();
  });
});

describe("the chain's time", () => {
  const iso = (ms: number): string => new Date(ms).toISOString();

  it('is the present time when the parent is older, or there is none', () => {
    expect(chainTime(null, 1000, 5000)).toBe(1000);
    expect(chainTime(iso(900), 1000, 5000)).toBe(1000);
  });

  it('does not run backwards', () => {
    expect(chainTime(iso(4000), 1000, 5000)).toBe(4000);
  });

  it('follows a clock that is far ahead only as far as clocks may differ', () => {
    expect(chainTime(iso(1_000_000), 1000, 5000)).toBe(6000);
  });

  it('is the present time when the parent has none that can be read', () => {
    expect(chainTime('soon', 1000, 5000)).toBe(1000);
  });
});
