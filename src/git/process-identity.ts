/**
 * Who a process is, precisely enough to say later whether it is still alive: boot, pid namespace, pid, and when it started.
 *
 * Everything about the own process is read once and kept.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';

export interface ProcessIdentity {
  /** The kernel's random id of this boot; `null` outside Linux. */
  readonly boot: string | null;
  /** The pid namespace, for example `pid:[4026531836]`; `null` outside Linux. */
  readonly namespace: string | null;
  /** Host name and machine id: containers of one image share the name, clones of one disk the id. */
  readonly host: string;
  readonly pid: number;
  /** Clock ticks from boot to the process's start; tells a recycled pid. `null` outside Linux. */
  readonly started: number | null;
}

/**
 * - `dead`: certain. It holds nothing and will never touch a file again.
 * - `alive`: certain, as far as the platform can tell.
 * - `foreign`: its pid means nothing here (a container, another machine); only its deeds can be watched.
 */
export type Liveness = 'dead' | 'alive' | 'foreign';

let own: ProcessIdentity | null = null;

export function ownIdentity(): ProcessIdentity {
  own ??= {
    boot: readText('/proc/sys/kernel/random/boot_id'),
    namespace: readLink('/proc/self/ns/pid'),
    host: `${os.hostname()}/${readText('/etc/machine-id') ?? ''}`,
    pid: process.pid,
    started: readStat('self')?.started ?? null,
  };
  return own;
}

/**
 * @param lastSeenMs when the process last showed itself, milliseconds since 1970 (the lock file's mtime)
 */
export function judgeLiveness(who: ProcessIdentity, lastSeenMs: number): Liveness {
  const self = ownIdentity();
  if (who.boot !== self.boot || (self.boot === null && lastSeenMs < bootTime() - 60_000)) {
    // Another boot of this machine is over. But two machines may share a name, and it is only a
    // predecessor of ours if it was last seen before we came up.
    return who.host === self.host && lastSeenMs < bootTime() ? 'dead' : 'foreign';
  }
  if (who.namespace !== self.namespace || (self.boot === null && who.host !== self.host)) return 'foreign';
  return isRunning(who) ? 'alive' : 'dead';
}

function isRunning(who: ProcessIdentity): boolean {
  try {
    process.kill(who.pid, 0);
  } catch (error) {
    // ESRCH: no such process, and a pid is only given back when the last thread is gone. EPERM: somebody else's, alive.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  const stat = readStat(who.pid);
  if (stat === null) return true; // no /proc, or one that hides the processes of others (hidepid)
  if (who.started !== null && stat.started !== who.started) return false; // a recycled pid
  // A zombie waits for its parent, for ever in a container without an init; it counts as alive only while
  // another of its threads may still be inside a system call.
  return !((stat.state === 'Z' || stat.state === 'X') && stat.threads <= 1);
}

function readStat(pid: number | 'self'): { state: string; threads: number; started: number } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // `pid (name) state …`: the name may hold spaces and parentheses. Fields are counted from 1 in proc(5).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => fields[number - 3] ?? '';
  return { state: field(3), threads: Number(field(20)), started: Number(field(22)) };
}

const bootTime = (): number => Date.now() - os.uptime() * 1000;

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'latin1').trimEnd();
  } catch {
    return null;
  }
}

function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}
