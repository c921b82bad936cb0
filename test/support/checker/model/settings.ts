/** `orc.yaml`, as far as it bears on what operations do. */
import { parseDocument } from 'yaml';

export interface Settings {
  readonly leaseMs: number;
  readonly lockTtlMs: number;
  readonly clockSkewMs: number;
  readonly maxAttempts: number;
  readonly boardMd: boolean;
  /** Addresses by agent. */
  readonly authors: ReadonlyMap<string, string>;
}

export const defaultSettings: Settings = {
  leaseMs: 30 * 60_000,
  lockTtlMs: 60_000,
  clockSkewMs: 5000,
  maxAttempts: 3,
  boardMd: true,
  authors: new Map(),
};

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longest = 366 * 86_400_000;

/** `null`: the file is no mapping, and stops writing. A value that is not allowed leaves the default. */
export function parseSettings(text: string): Settings | null {
  const document = parseDocument(text, { version: '1.2', schema: 'core', merge: false, logLevel: 'error' });
  if (document.errors.length > 0) return null;
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const given = new Map(Object.entries(value));
  const skew = given.get('clock_skew');
  const attempts = given.get('max_attempts');
  const boardMd = given.get('board_md');
  return {
    leaseMs: duration(given.get('lease')) ?? defaultSettings.leaseMs,
    lockTtlMs: duration(given.get('lock_ttl')) ?? defaultSettings.lockTtlMs,
    clockSkewMs: skew === 0 || skew === '0s' ? 0 : (duration(skew) ?? defaultSettings.clockSkewMs),
    maxAttempts:
      typeof attempts === 'number' && Number.isInteger(attempts) && attempts >= 1 && attempts <= 1000
        ? attempts
        : defaultSettings.maxAttempts,
    boardMd: typeof boardMd === 'boolean' ? boardMd : defaultSettings.boardMd,
    authors: authorsOf(given.get('authors')),
  };
}

function duration(value: unknown): number | null {
  const [, count, unit = ''] = (typeof value === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value.trim())) || [];
  if (count === undefined) return null;
  const ms = Math.round(Number(count) * (units[unit] ?? Number.NaN));
  return ms >= 1 && ms <= longest ? ms : null;
}

function authorsOf(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map();
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && /^[^<>\s]+@[^<>\s]+$/.test(entry[1]),
  );
  return new Map(entries);
}
