/** Instants and durations. Core never asks for the present time: it comes in with the operation's context. */

const unitsInMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses `1500`, `90s`, `30m`, `2h`, `1d`, `250ms` into milliseconds; a bare number counts `bareUnit` (default `ms`; `null`: it is none).
 * @returns `null` for anything else, zero and negative lengths included
 */
export function parseDuration(text: string, bareUnit: 'ms' | 's' | null = 'ms'): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const unit = match?.[2] ?? bareUnit;
  if (!match || unit === null) return null;
  const ms = Math.round(Number(match[1]) * (unitsInMs[unit] ?? Number.NaN));
  return Number.isSafeInteger(ms) && ms > 0 ? ms : null;
}

/** Says a length in its largest fitting unit: `45s`, `12m`, `3h`, `2d`. */
export function formatDuration(ms: number): string {
  const length = Math.abs(ms);
  if (length < 1000) return `${Math.round(length)}ms`;
  if (length < 120_000) return `${Math.round(length / 1000)}s`;
  if (length < 7_200_000) return `${Math.round(length / 60_000)}m`;
  if (length < 172_800_000) return `${Math.round(length / 3_600_000)}h`;
  return `${Math.round(length / 86_400_000)}d`;
}

/** `45s left`; when there is none, from when others may have it, or `null` where this machine's clock is too far off to tell. */
export function describeTimeLeft(leftMs: number, freeFrom: string | null): string {
  if (leftMs > 0) return `${formatDuration(leftMs)} left`;
  return freeFrom === null ? 'its time is up, but the clock here is off' : `running out, free from ${freeFrom}`;
}

/** ISO 8601 in UTC with milliseconds: the form of every time on the board. */
export function toIso(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, iso: new Date(ms).toISOString() };
  return lastTime.iso;
}

/** What is decided together is of one time, which stands in many places of each mutation. */
let lastTime = { ms: 0, iso: '1970-01-01T00:00:00.000Z' };

const isoTime = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Milliseconds since the epoch; `NaN` when the text is no time in ISO 8601. Without a zone it is taken as UTC, never as
 * the time zone of this machine: every machine has to read the same.
 */
export function fromIso(text: string): number {
  const match = isoTime.exec(text);
  if (match === null) return Number.NaN;
  return Date.parse(match[1] === undefined ? `${text}Z` : text);
}

/**
 * A time as people give it: ISO 8601, a day (its beginning, in UTC), or how long ago (`2h`). Milliseconds since the epoch; `null`
 * for anything else.
 */
export function parseMoment(text: string, nowMs: number): number | null {
  const ago = /^[\d.]{1,7}(?:ms|[smhd])$/.test(text) ? parseDuration(text) : null;
  const at = ago === null ? fromIso(text.length === 10 ? `${text}T00:00:00Z` : text) : nowMs - ago;
  return Number.isNaN(at) || Math.abs(at) > 8.64e15 || !/^\d/.test(text) ? null : at;
}

/**
 * The time that a mutation bears. Times never run backwards along the chain, but follow the parent only as far as
 * `own clock + skew`: one machine whose clock is far ahead must not drag everybody else along.
 */
export function chainTime(parentUpdatedAt: string | null, nowMs: number, skewMs: number): number {
  const parent = parentUpdatedAt === null ? Number.NaN : fromIso(parentUpdatedAt);
  if (Number.isNaN(parent) || parent <= nowMs) return nowMs;
  return Math.min(parent, nowMs + skewMs);
}
