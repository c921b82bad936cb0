/**
 * A push into a folder of this machine without `git push`: orc has the objects at hand and speaks to `git receive-pack` itself.
 *
 * What receives is the same program with the same settings as behind `git push`; what falls away is the sending side, which
 * would read the objects back, look for deltas and start three processes for it. Where anything is unusual (the commit is there already,
 * the folder is a shallow clone), nothing is sent, and `git push` has its turn.
 */
import type { ChildProcess } from 'node:child_process';
import { cleanServerText, summarizeServerText } from '../clean-text.ts';
import { encodePack } from '../packs/encode-pack.ts';
import type { NewObject, Oid } from '../store.ts';
import { longestTimerMs } from '../timing.ts';
import type { Added, PushOutcome } from '../transport.ts';
import { type Advertisement, readAdvertisement } from '../wire/advertisement.ts';
import { flushPacket, packetText, readPackets } from '../wire/pkt-line.ts';
import {
  branchGone,
  canRemove,
  encodePush,
  type PushCommand,
  readReport,
  removalCommands,
  tellsOfDeposits,
  unableToRemove,
} from '../wire/receive-pack.ts';
import {
  explainStartError,
  type GitCall,
  type GitSettings,
  graceBeforeKill,
  graceForOutput,
  killGroup,
  startGit,
} from './run-git.ts';

export interface LocalPush {
  /** The repository that receives. */
  readonly path: string;
  /** For the command itself: `-c` and a setting, one after the other. */
  readonly settings: readonly string[];
  /** Where git is started. */
  readonly cwd: string;
  /** The branch. */
  readonly ref: string;
  readonly what: LocalBranchPush | LocalDeposit;
  readonly timeoutMs?: number | undefined;
  readonly secrets: readonly string[];
}

export interface LocalBranchPush {
  readonly to: Oid;
  readonly added: Added & { readonly base: Oid };
  /** Deposits, by name. */
  readonly remove: ReadonlyMap<string, Oid>;
}

export interface LocalDeposit {
  readonly deposit: PushCommand;
  readonly objects: readonly NewObject[];
}

/** In bytes: what is longer is no report. */
const maxAnswer = 16 * 1024 * 1024;

/**
 * `unusual`: nothing was sent.
 * @throws OrcError `git-missing`, `git-failed` when git cannot be started
 */
export async function pushLocally(push: LocalPush, settings: GitSettings): Promise<PushOutcome | 'unusual'> {
  const call: GitCall = {
    ...settings,
    config: [],
    interactive: false,
    args: [...push.settings, 'receive-pack', push.path],
    cwd: push.cwd,
    stdin: [],
    isReceiver: true,
  };
  const receiver = new Receiver(startGit(call), call);
  const timer =
    push.timeoutMs === undefined
      ? undefined
      : setTimeout(() => receiver.stop(), Math.min(push.timeoutMs, longestTimerMs));
  try {
    return await converse(receiver, push);
  } finally {
    clearTimeout(timer);
  }
}

async function converse(receiver: Receiver, { path, ref, what, secrets, timeoutMs }: LocalPush) {
  const summarize = (text: string, fallback: string): string =>
    summarizeServerText(cleanServerText(text, { secrets }), fallback);
  const late = `no answer within ${Math.round(timeoutMs ?? 0)} ms`;
  const greeting = await receiver.greeting();
  if (greeting === null) {
    await receiver.ended();
    const reason = receiver.isStopped ? late : summarize(receiver.complaint, `${path} does not answer`);
    return { outcome: 'unreachable', reason } as const;
  }
  const advertisement = readAdvertisement(greeting, 'git-receive-pack');
  const commands =
    typeof advertisement === 'string' || !isUsual(greeting, advertisement)
      ? 'unusual'
      : commandsOf(advertisement, ref, what);
  if (typeof advertisement === 'string' || typeof commands === 'string' || 'outcome' in commands) {
    receiver.write(flushPacket);
    receiver.end();
    await receiver.ended();
    return typeof commands === 'string' ? 'unusual' : (commands as PushOutcome);
  }
  receiver.write(encodePush(advertisement, commands, new Uint8Array()));
  // What only removes takes no pack. Git works on what has come while the rest is put together.
  if (commands.some(({ to }) => to !== null)) encodePack('sha1', objectsOf(what), (part) => receiver.write(part));
  receiver.end();
  // And a while to take it: time to write it here. Whoever pushes hears what becomes of that.
  if ('added' in what) what.added.store().catch(() => undefined);
  const answer = await receiver.ended();
  const outcome = readReport(
    advertisement,
    commands.map((command) => command.ref),
    answer,
    summarize,
  );
  if (outcome.outcome === 'taken') {
    const removed = 'remove' in what ? what.remove : new Map<string, Oid>();
    return { ...outcome, hasDeposits: tellsOfDeposits(advertisement, ref, removed) };
  }
  if (outcome.outcome !== 'unknown') return outcome;
  const reason = receiver.isStopped ? 'no answer in time' : summarize(receiver.complaint, outcome.reason);
  return { outcome: 'unknown', reason } as const;
}

function objectsOf(what: LocalPush['what']): readonly NewObject[] {
  return 'deposit' in what ? what.objects : what.added.objects;
}

/** What to ask for; or what there is to say without asking; or `unusual`. */
function commandsOf(
  advertisement: Advertisement,
  ref: string,
  what: LocalPush['what'],
): readonly PushCommand[] | PushOutcome | 'unusual' {
  if ('deposit' in what) return canRemove(advertisement) ? [what.deposit] : unableToRemove;
  const { to, added, remove } = what;
  const at = advertisement.refs.get(ref);
  // Nobody begins the branch anew by a push: it is gone, or this is another repository.
  if (at === undefined) return branchGone;
  if (at === to && at !== added.base) return 'unusual';
  if (at !== added.base) return { outcome: 'rejected', reason: 'the upstream has moved (fetch first)', isBehind: true };
  const removals = removalCommands(advertisement, ref, remove);
  if ('outcome' in removals) return removals;
  const branch: PushCommand[] = to === added.base ? [] : [{ ref, from: added.base, to }];
  const commands = [...branch, ...removals];
  return commands.length === 0 ? { outcome: 'taken' } : commands;
}

function isUsual(greeting: Buffer, { version, capabilities }: Advertisement): boolean {
  const lines = readPackets(greeting).packets.flatMap((packet) =>
    typeof packet === 'string' ? [] : [packetText(packet)],
  );
  return (
    version === 0 &&
    capabilities.has('report-status') &&
    // Told by every git that was not set up otherwise.
    capabilities.has('ofs-delta') &&
    !lines.some((line) => line.startsWith('shallow '))
  );
}

/** One `git receive-pack`, from its greeting to its end. */
class Receiver {
  readonly #child: ChildProcess;
  readonly #end: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #greetingLength = 0;
  #onGreeting: (() => void) | null = null;
  #complaint = '';
  #isStopped = false;

  constructor(child: ChildProcess, call: GitCall) {
    this.#child = child;
    child.stdin?.on('error', () => {}); // its end tells
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-4000);
    });
    this.#end = new Promise((resolve, reject) => {
      child.once('error', (error) => {
        if (child.pid === undefined) reject(explainStartError(error, call));
      });
      child.once('exit', () => {
        // What a hook left running may keep the pipes open for hours.
        const timer = setTimeout(() => {
          for (const stream of [child.stdout, child.stderr]) stream?.destroy();
          resolve();
        }, graceForOutput);
        child.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    });
    // Whoever waits for the greeting hears of it.
    this.#end.catch(() => undefined);
  }

  get complaint(): string {
    return this.#complaint;
  }

  /** Whether it was ended for want of an answer. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** All up to the first flush; `null` when it ended before that. */
  async greeting(): Promise<Buffer | null> {
    const greeted = new Promise<void>((resolve) => {
      this.#onGreeting = resolve;
    });
    await Promise.race([greeted, this.#end]);
    return this.#greetingLength === 0 ? null : this.#received.subarray(0, this.#greetingLength);
  }

  write(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  /** Nothing more is sent. */
  end(): void {
    this.#child.stdin?.end();
  }

  /** What it said after its greeting, once it has ended. */
  async ended(): Promise<Buffer> {
    await this.#end;
    return this.#received.subarray(this.#greetingLength);
  }

  stop(): void {
    this.#isStopped = true;
    killGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(this.#child, 'SIGKILL'), graceBeforeKill);
    this.#child.once('exit', () => clearTimeout(timer));
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    if (this.#received.length > maxAnswer) this.stop();
    if (this.#greetingLength > 0) return;
    this.#greetingLength = endOfGreeting(this.#received);
    if (this.#greetingLength > 0) this.#onGreeting?.();
  }
}

/** In bytes, with the flush; 0: it is not complete. */
function endOfGreeting(bytes: Buffer): number {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
    if (length === 0) return at + 4;
    // What is no packet is nothing to talk to: whoever reads it says so.
    if (!(length >= 4)) return bytes.length;
    at += length;
  }
  return 0;
}
