/**
 * The upstream through the user's git: ssh, https, git and file URLs, with the user's own credential helpers, keys and
 * proxies, but without the user's hooks, tags and push settings.
 */
import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { OrcError } from '../../errors.ts';
import { findConfigSecrets, findUrlSecrets, summarizeServerText } from '../clean-text.ts';
import type { ConfigEntry } from '../config-syntax.ts';
import { type NameSource, randomName } from '../durable-files.ts';
import { foreignFormat, saysForeignFormat } from '../foreign-format.ts';
import { isOid } from '../hash.ts';
import { openRefFiles, type RefFiles } from '../ref-files.ts';
import { PINNED_URL, pinUrl } from '../remote-url.ts';
import { type LocalClock, ServerClock } from '../server-clock.ts';
import { steadyTime } from '../steady-time.ts';
import type { ObjectFormat, Oid } from '../store.ts';
import { readStoreFormat } from '../store-folder.ts';
import {
  type CallOptions,
  type ClockDifference,
  type ClockOptions,
  type DepositOptions,
  depositName,
  type FetchOptions,
  type FetchOutcome,
  type HeadOutcome,
  inboxPrefix,
  type PushOptions,
  type PushOutcome,
  type Transport,
  type Unreachable,
} from '../transport.ts';
import { checkRemoteUrl, isLocalUrl } from '../url-safety.ts';
import { type ReceivedListener, readProgress, withoutProgress } from './fetch-progress.ts';
import { type LocalDeposit, type LocalPush, pushLocally } from './local-push.ts';
import { choosesHooks, localPath } from './local-url.ts';
import { classifyAtomicPush, classifyPush, createsBranch, type PushReport } from './push-report.ts';
import { type GitResult, type GitSettings, runGit } from './run-git.ts';

export interface NativeTransportOptions extends GitSettings {
  /** The URL or absolute path as `HostConfig.resolveUrl` gives it: git rewrites it no further. May hold credentials. */
  readonly url: string;
  /** For people; without credentials. */
  readonly label: string;
  /** The branch at the upstream. */
  readonly ref: string;
  /** The upstream is the host repository itself: its hooks and its garbage collection stay off when it receives. */
  readonly quietHost?: boolean;
  /**
   * Has a repository on this machine sync what it receives (1–4 ms a push). Default: only with `quietHost`; elsewhere
   * the remote's own `core.fsync` counts, as it does behind ssh and https.
   */
  readonly syncedUpstream?: boolean;
  /** With which the upstream's clock is compared; this machine's by default. */
  readonly clock?: LocalClock;
  /** Hears how far the first fetch has come. */
  readonly onReceived?: ReceivedListener;
  /** Names for the refs that fetches use; random by default. */
  readonly nameTemporary?: NameSource;
}

/** What the user's configuration could change about a fetch or a push, changed back. */
const fixedConfig: readonly ConfigEntry[] = [
  ['core.fsync', 'objects,derived-metadata'], // no refs: those of a fetch live for a moment
  ['core.hooksPath', '/dev/null'],
  ['fetch.fsckObjects', 'false'],
  ['fetch.prune', 'false'],
  ['fetch.pruneTags', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['pack.threads', '1'],
  ['protocol.version', '2'],
  ['push.default', 'nothing'],
  ['push.followTags', 'false'],
  ['push.gpgSign', 'false'],
  ['push.negotiate', 'false'],
  ['push.pushOption', ''], // empties the list; many servers take none
  ['submodule.recurse', 'false'],
  ['transfer.fsckObjects', 'false'],
];

/** In milliseconds: a fetch ref that is older was left behind by a process that was killed. */
const leftoverAfter = 10 * 60_000;
const fetchFolder = 'refs/orc/fetch/';

/**
 * A transport between the store at `storePath` and one branch of an upstream.
 * Its calls throw OrcError `git-missing`, `git-failed`, `io`, and `unsupported` for an upstream of another object format; whatever
 * else the upstream does is an outcome.
 * @throws OrcError `invalid-argument` for a URL that is refused, `no-board`, `store-corrupt`
 */
export function nativeTransport(storePath: string, options: NativeTransportOptions): Transport {
  checkRemoteUrl(options.url);
  return new NativeTransport(resolve(storePath), options);
}

class NativeTransport implements Transport {
  readonly label: string;
  readonly #path: string;
  readonly #options: NativeTransportOptions;
  readonly #format: ObjectFormat;
  readonly #refs: RefFiles;
  readonly #secrets: readonly string[];
  readonly #clock: ServerClock;
  readonly #tellsTime: boolean;

  constructor(path: string, options: NativeTransportOptions) {
    this.label = options.label;
    this.#path = path;
    this.#options = options;
    this.#format = readStoreFormat(path);
    this.#refs = openRefFiles(path, this.#format);
    this.#secrets = [...findUrlSecrets(options.url), ...findConfigSecrets(options.config ?? [])];
    this.#clock = new ServerClock(options.clock);
    this.#tellsTime = /^https?:/i.test(options.url);
  }

  async readHead(options: CallOptions = {}): Promise<HeadOutcome> {
    const { ref } = this.#options;
    const result = await this.#run(['ls-remote', '--refs', '--', PINNED_URL, ref], options.timeoutMs);
    if (result.exitCode !== 0) return unreachable(result, options);
    for (const line of result.stdout.toString('utf8').split('\n')) {
      // Git matches the end of names too: `refs/x/refs/heads/orc` comes as well.
      const [oid, name] = line.split('\t');
      if (name !== ref || oid === undefined) continue;
      if (isOid(oid, this.#format)) return { outcome: 'read', head: oid };
      throw foreignFormat(this.label, this.#format);
    }
    return { outcome: 'read', head: null };
  }

  async fetch(options: FetchOptions = {}): Promise<FetchOutcome> {
    this.#removeLeftovers();
    const startedAt = steadyTime();
    // A ref of its own: processes that fetch into one ref fail each other.
    const own = `${fetchFolder}${(this.#options.nameTemporary ?? randomName)()}`;
    try {
      const result = await this.#run(this.#fetchArguments(own, options), options.timeoutMs, this.#listener());
      if (result.exitCode === 0) {
        const head = this.#refs.read(own);
        const deposits = options.inbox === true ? { deposits: this.#readDeposits(own) } : {};
        if (head !== null) return { outcome: 'fetched', head, ...deposits };
        return { outcome: 'unreachable', reason: 'git fetched nothing (is the upstream a shallow clone?)' };
      }
      if (result.timedOut) return unreachable(result, options);
      // A missing branch is told by asking, not by git's words for it.
      const asked = await this.readHead(timeLeft(options, startedAt));
      if (asked.outcome === 'read' && asked.head === null) return { outcome: 'fetched', head: null };
      return asked.outcome === 'unreachable' ? asked : unreachable(result, options);
    } finally {
      await this.#dropRef(own);
      if (options.inbox === true) await this.#dropDeposits(own);
    }
  }

  async push(oid: Oid, options: PushOptions = {}): Promise<PushOutcome> {
    if (!isOid(oid, this.#format)) throw new OrcError('invalid-argument', `not an object id: ${oid}`);
    const startedAt = steadyTime();
    const local = await this.#pushLocally(oid, options);
    if (local !== 'unusual') return local;
    await options.added?.store();
    return this.#pushWithGit(oid, options, timeLeft(options, startedAt));
  }

  async deposit(name: string, oid: Oid, { objects, timeoutMs }: DepositOptions): Promise<PushOutcome> {
    const { ref } = this.#options;
    const startedAt = steadyTime();
    const inboxRef = `${inboxPrefix(ref)}${name}`;
    const what: LocalDeposit = { deposit: { ref: inboxRef, from: null, to: oid }, objects };
    const local = this.#isPlain ? await this.#sendLocally(what, timeoutMs) : 'unusual';
    if (local !== 'unusual') return local;
    const call = timeLeft({ ...(timeoutMs !== undefined && { timeoutMs }) }, startedAt);
    // A push that is done whole or not at all is refused by whoever knows none: then nobody could remove it again.
    const report = await this.#runPush(['--atomic'], [`${oid}:${inboxRef}`], call);
    const { outcome, ...rest } = classifyAtomicPush(inboxRef, new Map(), report);
    return { outcome, ...rest } as PushOutcome;
  }

  /** Whether it is a folder of this machine, and simple. */
  get #isPlain(): boolean {
    const isSimple = this.#format === 'sha1' && process.platform !== 'win32' && isLocalUrl(this.#options.url);
    return isSimple && !fs.existsSync(join(this.#path, 'shallow'));
  }

  /** Straight into a folder of this machine, where that is simple. */
  async #pushLocally(to: Oid, options: PushOptions): Promise<PushOutcome | 'unusual'> {
    const { added, remove = new Map(), timeoutMs } = options;
    if (added === undefined || added.base === null || !this.#isPlain) return 'unusual';
    const { base, objects, store } = added;
    return this.#sendLocally({ to, added: { base, objects, store }, remove }, timeoutMs);
  }

  #sendLocally(what: LocalPush['what'], timeoutMs: number | undefined): Promise<PushOutcome | 'unusual'> {
    const { url, ref } = this.#options;
    const tidies = 'to' in what && asksForTidying(what.to);
    const chosen = [...this.#receiveSettings(), ...(tidies ? [] : ['receive.autogc=false'])];
    const settings = chosen.flatMap((setting) => ['-c', setting]);
    const push = { path: localPath(url), settings, cwd: this.#path, ref, what, timeoutMs, secrets: this.#secrets };
    return pushLocally(push, this.#options);
  }

  async #runPush(more: readonly string[], refspecs: readonly string[], options: CallOptions): Promise<PushReport> {
    const flags = [
      '--porcelain',
      '--no-progress',
      '--no-verify',
      '--no-signed',
      '--no-follow-tags',
      '--no-recurse-submodules',
      ...more,
    ];
    const args = ['push', ...flags, ...this.#receivePack(), '--', PINNED_URL, ...refspecs];
    const { exitCode, timedOut, stdout, stderr } = await this.#run(args, options.timeoutMs);
    return { exitCode, timedOut, stdout: stdout.toString('utf8'), stderr };
  }

  /** Git would make a branch anew that is gone. The lease forces nothing, for the commit stands on its base: it says that this is there. */
  async #pushWithGit(oid: Oid, { remove, added }: PushOptions, options: CallOptions): Promise<PushOutcome> {
    const { ref } = this.#options;
    const startedAt = steadyTime();
    const lease = added?.base ? [`--force-with-lease=${ref}:${added.base}`] : [];
    if (remove !== undefined && remove.size > 0) {
      const refs = new Map([...remove.keys()].map((name) => [name, `${inboxPrefix(ref)}${name}`]));
      const leases = [...remove].map(([name, at]) => `--force-with-lease=${refs.get(name)}:${at}`);
      const specs = [`${oid}:${ref}`, ...[...refs.values()].map((each) => `:${each}`)];
      return classifyAtomicPush(ref, refs, await this.#runPush(['--atomic', ...lease, ...leases], specs, options));
    }
    const report = await this.#runPush(lease, [`${oid}:${ref}`], options);
    const { stdout } = report;
    const outcome = classifyPush(ref, report);
    if (outcome.outcome !== 'taken' || !createsBranch(ref, stdout)) return outcome;
    // An upstream that told of no refs may have told of no abilities either (a broken answer looks so). Then git asks it for
    // no report, and takes its silence for success.
    const asked = await this.readHead(timeLeft(options, startedAt));
    if (asked.outcome === 'read' && asked.head === oid) return outcome;
    const reason = asked.outcome === 'unreachable' ? asked.reason : 'the upstream does not have what it seemed to take';
    return { outcome: 'unknown', reason };
  }

  async clockDifference(options: ClockOptions = {}): Promise<ClockDifference | null> {
    if (!this.#tellsTime) return null;
    const { ask = false, ...call } = options;
    const known = this.#clock.difference();
    if (known !== null || !ask) return known;
    await this.readHead(call);
    return this.#clock.difference();
  }

  /** A file transport clears configuration for the other side; only the command itself carries it over. */
  #receivePack(): string[] {
    const settings = this.#receiveSettings();
    if (settings.length === 0) return [];
    return [`--receive-pack=git ${settings.map((setting) => `-c ${setting}`).join(' ')} receive-pack`];
  }

  #receiveSettings(): string[] {
    const { url, quietHost = false, syncedUpstream = quietHost } = this.#options;
    if (!quietHost && !isLocalUrl(url)) return [];
    const settings = syncedUpstream ? ['core.fsync=committed,derived-metadata'] : [];
    if (quietHost) settings.push('core.hooksPath=/dev/null', 'receive.autogc=false');
    // A remote's hooks are its own business; but a `core.hooksPath` of the user's own configuration would count there too.
    else if (!choosesHooks(url)) settings.push('core.hooksPath=hooks');
    return settings;
  }

  #fetchArguments(own: string, { depth, unshallow = false, inbox }: FetchOptions): string[] {
    const flags = [
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-tags',
      '--no-recurse-submodules',
      // An upstream may be a shallow clone itself: what it has is all there is.
      '--update-shallow',
    ];
    const shallow = depth === undefined ? [] : [`--depth=${depth}`];
    // Git refuses to be asked for what a whole store has.
    if (unshallow && fs.existsSync(join(this.#path, 'shallow'))) shallow.push('--unshallow');
    return [
      'fetch',
      ...(this.#listener() === undefined ? ['--quiet', '--no-progress'] : ['--progress']),
      ...flags,
      ...shallow,
      '--',
      PINNED_URL,
      `+${this.#options.ref}:${own}`,
      ...this.#inboxRefspec(own, inbox),
    ];
  }

  #inboxRefspec(own: string, inbox = false): string[] {
    return inbox ? [`+${inboxPrefix(this.#options.ref)}*:${depositsOf(own)}*`] : [];
  }

  #readDeposits(own: string): Map<string, Oid> {
    const folder = depositsOf(own);
    const named = [...this.#refs.list(folder)].map(([ref, oid]) => [ref.slice(folder.length), oid] as const);
    // Branches whose names begin alike have their inboxes below this one's.
    return new Map(named.filter(([name]) => depositName.test(name)));
  }

  async #dropDeposits(own: string): Promise<void> {
    try {
      fs.rmSync(join(this.#path, depositsOf(own)), { recursive: true, force: true });
      const packed = [...this.#refs.list(depositsOf(own))].map(([ref, from]) => ({ ref, from, to: null }));
      if (packed.length > 0) await this.#refs.update(packed);
    } catch {
      // As with the branch's own.
    }
  }

  /** Whoever has no head yet brings all that there is, and that may take long. */
  #listener(): ReceivedListener | undefined {
    return this.#refs.list('refs/remotes/').size === 0 ? this.#options.onReceived : undefined;
  }

  async #run(args: readonly string[], timeoutMs?: number, onReceived?: ReceivedListener): Promise<GitResult> {
    const { config = [], url, ...rest } = this.#options;
    const ran = await runGit({
      ...rest,
      args,
      gitDir: this.#path,
      config: [...config, ...fixedConfig, pinUrl(url)],
      ...(onReceived !== undefined && { onStderr: readProgress(onReceived) }),
      secrets: this.#secrets,
      // Git takes a millisecond or two to tell it: not while the last reading counts.
      ...(this.#tellsTime && this.#clock.difference() === null && { onHttpTrace: dateReader(this.#clock) }),
      ...(timeoutMs !== undefined && { timeoutMs: Math.max(1, Math.floor(timeoutMs)) }),
    });
    const result = onReceived === undefined ? ran : { ...ran, stderr: withoutProgress(ran.stderr) };
    if (result.exitCode !== 0 && saysForeignFormat(result.stderr, this.#format))
      throw foreignFormat(this.label, this.#format);
    return result;
  }

  /** Nobody else knows the name: no lock, no sync. One that stays is a leftover. */
  async #dropRef(ref: string): Promise<void> {
    try {
      fs.rmSync(join(this.#path, ref), { force: true });
      const packed = this.#refs.read(ref); // by `git pack-refs`, if it ran just now
      if (packed !== null) await this.#refs.update([{ ref, from: packed, to: null }]);
    } catch {
      // What was fetched is here all the same.
    }
  }

  /** What killed processes left: every such ref slows the next fetch. */
  #removeLeftovers(): void {
    const folder = join(this.#path, fetchFolder);
    try {
      for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
        const age = Date.now() - (fs.statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
        if (age > leftoverAfter) fs.rmSync(join(folder, name), { recursive: true, force: true });
      }
    } catch {
      // The next fetch removes them.
    }
  }
}

/** Where the deposits of a fetch go for as long as it lasts. */
function depositsOf(own: string): string {
  return `${own}-inbox/`;
}

/**
 * Reads the dates of a server's answers from what git tells of a call that begins now. When a request was sent is not
 * known to the millisecond: the beginning of the call stands for it, which makes the reading less exact, not wrong.
 */
function dateReader(clock: ServerClock): (line: string) => void {
  const begun = clock.begin();
  // What a proxy answers before it connects bears the proxy's date.
  let isServer = false;
  return (line) => {
    const sent = /=> Send header: ([A-Z]+) /.exec(line)?.[1];
    if (sent !== undefined) isServer = sent !== 'CONNECT';
    else if (isServer) clock.note(/<= Recv header: date: *(.+)$/i.exec(line)?.[1], begun);
  };
}

function timeLeft({ timeoutMs }: CallOptions, startedAt: number): CallOptions {
  return timeoutMs === undefined ? {} : { timeoutMs: timeoutMs - (steadyTime() - startedAt) };
}

function unreachable(result: GitResult, options: CallOptions): Unreachable {
  const fallback = `git ended with ${result.exitCode ?? 'a signal'}`;
  const reason = result.timedOut
    ? `no answer within ${Math.round(options.timeoutMs ?? 0)} ms`
    : summarizeServerText(result.stderr, fallback);
  return { outcome: 'unreachable', reason };
}

/**
 * Whether the receiving side looks if it wants tidying up, which starts a process: at one push in sixteen, by its commit's id. It
 * would find no reason for hundreds of pushes.
 */
function asksForTidying(to: Oid): boolean {
  return to.startsWith('0');
}
