import type { LockCheck } from '../../app/check-lock.ts';
import type { ListedLock } from '../../app/list-locks.ts';
import type { Lock } from '../../core/records.ts';
import { describeTimeLeft, formatDuration } from '../../core/time.ts';
import type { OrcError } from '../../errors.ts';
import type { Look } from '../look.ts';

/** The original's line for a lock that somebody else has. */
export function deniedLine(resource: string, { details }: OrcError, look: Look): string {
  const holders = Array.isArray(details?.holders) ? details.holders.join(', ') : details?.by;
  const held = details?.resource;
  const as = typeof held !== 'string' || held === resource ? '' : ` as ${held}`;
  return look.line(`Lock denied: ${resource} (held by ${holders}${as} until ${details?.until})`);
}

/** What the holder needs to know: until when, and what proves it. */
export function holdLine({ holders }: Lock, agent: string | undefined, look: Look): string[] {
  const hold = holders.filter((each) => each.agent === agent).at(-1);
  if (hold === undefined) return [];
  // A lock that is not published has no token yet.
  const token = hold.token === null ? 'none yet (not published)' : String(hold.token);
  // Not counted from `look.now`: the command may have waited for it.
  const ttl = formatDuration(hold.ttl_ms);
  return [look.style('dim', look.line(`Until: ${hold.expires_at} (${ttl}) | Token: ${token}`))];
}

export function lockLines(locks: readonly ListedLock[], look: Look): string[] {
  if (locks.length === 0) return ['No locks.'];
  return locks.flatMap(({ resource, shared, holders }) =>
    holders.map((hold) => {
      const why = hold.reason === null ? '' : ` - ${hold.reason}`;
      const notes = `${shared ? ' [shared]' : ''}${hold.token === null ? ' [not published]' : ''}`;
      return look.line(
        `${resource}: held by ${hold.agent} (${describeTimeLeft(hold.expires_in_ms, hold.free_from)})${notes}${why}`,
      );
    }),
  );
}

const words = { free: 'Lock free', mine: 'Lock held by you', held: 'Lock held' } as const;

export function checkLines({ resource, state, holders }: LockCheck, look: Look): string[] {
  const by = holders.map(({ agent, resource: held, expires_at }) => {
    const other = held === resource ? '' : ` as ${held}`;
    return `${state === 'held' ? `by ${agent}${other} ` : ''}until ${expires_at}`;
  });
  return [look.line(`${words[state]}: ${resource}${by.length === 0 ? '' : ` (${by.join(', ')})`}`)];
}
