/** Words of the command line as values. What cannot be understood is told together with what is allowed. */
import { parseDuration, parseMoment, toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';

/** @throws OrcError `invalid-argument` */
export function readDuration(text: string, what: string, bareUnit: 'ms' | 's' = 's'): number {
  const ms = parseDuration(text, bareUnit);
  if (ms !== null) return ms;
  throw new OrcError('invalid-argument', `${what} must be a length of time, not "${text}"`, {
    hint: `for example 90s, 30m, 2h or 1d; a bare number counts ${bareUnit === 's' ? 'seconds' : 'milliseconds'}`,
  });
}

/** @throws OrcError `invalid-argument` */
export function readWhole(text: string, what: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new OrcError('invalid-argument', `${what} must be a whole number ${range}, not "${text}"`);
}

/** @throws OrcError `invalid-argument` */
export function readPriority(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new OrcError('invalid-argument', `priority must be a whole number from 1 (most urgent) to 9, not "${text}"`);
}

/** @throws OrcError `invalid-argument` */
export function readChoice<Choice extends string>(text: string, what: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new OrcError('invalid-argument', `${what} must be one of ${choices.join(', ')}, not "${text}"`);
}

/** Whether a text names a place in the event log: `4711`, the number of an event, or `v42`, a board version. */
export function isCursor(text: string): boolean {
  return /^v?\d{1,16}$/.test(text);
}

/** @throws OrcError `invalid-argument` */
export function readCursor(text: string): { readonly after: number } | { readonly afterVersion: number } {
  if (!isCursor(text)) {
    throw new OrcError(
      'invalid-argument',
      `--since must be the number of an event, or v and a board version, not "${text}"`,
      {
        hint: 'for example 4711 or v42; `orc events --verbose` shows both as n and v',
      },
    );
  }
  return text.startsWith('v')
    ? { afterVersion: readWhole(text.slice(1), '--since') }
    : { after: readWhole(text, '--since') };
}

/** A time in ISO 8601, or how long ago. @returns ISO 8601 @throws OrcError `invalid-argument` */
export function readSince(text: string, now: number): string {
  const at = parseMoment(text, now);
  if (at !== null) return toIso(at);
  throw new OrcError('invalid-argument', `"${text}" is no time`, {
    hint: 'for example 2026-01-31, 2026-01-31T12:00:00Z, or 2h for the last two hours',
  });
}

/** What may stand as a word or as an option, but not as both. @throws OrcError `usage` */
export function wordOrOption(word: string | undefined, option: string | undefined, name: string): string | undefined {
  if (word !== undefined && option !== undefined)
    throw new OrcError('usage', `--${name} is given, and as a word as well: "${word}"`, {
      hint: 'leave out one of them',
    });
  return word ?? option;
}
