/**
 * Whether operations that lost a race may be deposited in the upstream's inbox, and what is remembered of an upstream that takes no
 * deposits: one small file in the store. Losing it loses nothing: the upstream says so again.
 */
import fs from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import type { CarryMemory } from '../sync/carrying.ts';

export interface UnableUpstream {
  readonly reason: string;
  /** Until when it is not asked again, ms since the epoch. */
  readonly until: number;
}

const fileName = 'inbox.json';

/** `null`: as far as is known, the upstream takes deposits. */
export function readUnable(storePath: string, now: number): UnableUpstream | null {
  try {
    const { reason, until } = JSON.parse(fs.readFileSync(path.join(storePath, fileName), 'utf8')) as UnableUpstream;
    return typeof reason === 'string' && typeof until === 'number' && until > now ? { reason, until } : null;
  } catch {
    return null; // not there, or unreadable: then nothing is known
  }
}

export function fileCarryMemory(storePath: string, now: () => number): CarryMemory {
  /** Read once: other processes find out for themselves, or hear of it when they begin. */
  let known: UnableUpstream | null | undefined;
  return {
    unable: () => {
      if (known === undefined) known = readUnable(storePath, now());
      return known !== null && known.until > now() ? known.reason : null;
    },
    noteUnable: (reason, lastsMs) => {
      known = { reason, until: now() + lastsMs };
      const file = path.join(storePath, fileName);
      try {
        fs.writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(known)}\n`);
        fs.renameSync(`${file}.${process.pid}`, file);
      } catch {
        // a full disk, a folder that is read only
      }
    },
  };
}

const words: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0'].map((word) => [word, false] as const),
]);

/** `ORC_CARRY`, else `git config orc.carry`, else yes. @throws OrcError `invalid-argument` */
export function isCarryingWanted(fromEnvironment: string | undefined, configured: string | null): boolean {
  const [text, name] = fromEnvironment ? [fromEnvironment, 'ORC_CARRY'] : [configured, 'git config orc.carry'];
  if (text === null || text === '') return true;
  const wanted = words.get(text.toLowerCase());
  if (wanted !== undefined) return wanted;
  throw new OrcError('invalid-argument', `${name} is neither true nor false: "${text}"`, {
    hint: 'true: operations that lost a race may be left in the upstream’s inbox for others to publish',
  });
}
