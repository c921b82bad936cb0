/**
 * What a store remembers of its dealings with the upstream: when it answered last, and how its clock differs. One small file
 * whose modification time says when. It is for people: losing it loses nothing, and no decision rests on it.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { ClockDifference, PushOutcome, Transport } from '../git/transport.ts';

export interface Contact {
  /** When the upstream answered last, ms since the epoch, on this machine's clock. */
  readonly at: number;
  /** How far the upstream's clock was ahead when that was last told; `null`: it does not tell. */
  readonly clock: ClockDifference | null;
}

const fileName = 'contact.json';

/** `null`: the upstream has not been reached from here yet. */
export function readContact(storePath: string): Contact | null {
  const file = path.join(storePath, fileName);
  try {
    const at = fs.statSync(file).mtimeMs;
    return { at, clock: parseClock(fs.readFileSync(file, 'utf8')) };
  } catch {
    return null; // not there, or unreadable: then nothing is known
  }
}

/** A transport that keeps the time of each answer in the store's folder. A store that cannot be written to stops nothing. */
export function rememberContact(transport: Transport, storePath: string, now: () => number): Transport {
  const file = path.join(storePath, fileName);
  const remember = async (outcome: string): Promise<void> => {
    if (outcome === 'unreachable' || outcome === 'unknown') return;
    const clock = (await transport.clockDifference?.()) ?? null;
    try {
      noteContact(file, clock, now());
    } catch {
      // a full disk, a folder that is read only
    }
  };
  const remembering = async <Result extends { readonly outcome: string }>(call: Promise<Result>): Promise<Result> => {
    const result = await call;
    await remember(result.outcome);
    return result;
  };
  return {
    label: transport.label,
    readHead: (options) => remembering(transport.readHead(options)),
    fetch: (options) => remembering(transport.fetch(options)),
    push: (oid, options) => remembering(transport.push(oid, options)),
    ...(transport.deposit && {
      deposit: (name, oid, options) => remembering(transport.deposit?.(name, oid, options) as Promise<PushOutcome>),
    }),
    clockDifference: async (options) => (await transport.clockDifference?.(options)) ?? null,
  };
}

/** Written anew only when the clock's reading says something new; else its time is all that changes. */
function noteContact(file: string, clock: ClockDifference | null, now: number): void {
  const seconds = now / 1000;
  const before = fs.existsSync(file) ? parseClock(fs.readFileSync(file, 'utf8')) : undefined;
  if (before === undefined || (clock !== null && isNews(clock, before))) {
    const temporary = `${file}.${process.pid}`;
    fs.writeFileSync(temporary, `${JSON.stringify({ clock })}\n`);
    fs.renameSync(temporary, file);
  }
  fs.utimesSync(file, seconds, seconds);
}

/** Whether a reading contradicts what was known, or is much more exact. */
function isNews(clock: ClockDifference, before: ClockDifference | null): boolean {
  if (before === null) return true;
  return Math.abs(clock.ms - before.ms) > clock.errorMs + before.errorMs || clock.errorMs < before.errorMs / 2;
}

function parseClock(text: string): ClockDifference | null {
  try {
    const { clock } = JSON.parse(text) as { clock?: Partial<ClockDifference> | null };
    const { ms, errorMs } = clock ?? {};
    return typeof ms === 'number' && typeof errorMs === 'number' ? { ms, errorMs } : null;
  } catch {
    return null; // half written when the power went
  }
}
