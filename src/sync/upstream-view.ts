/**
 * What this store knows of the upstream: the last head seen there, how it moves forward, and when it must not.
 */
import type { Settings } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { FetchOptions, Transport, Unreachable } from '../git/transport.ts';
import { parseSettings } from '../layout/settings.ts';
import { emptyHead, type Head, settingsBlob, versionOf } from './head.ts';
import type { Clock, Exclusion } from './ports.ts';
import { localRef, rewrittenPrefix, rewrittenRef, trackingRef } from './refs.ts';
import { type HistoryRelation, relateHeads } from './relation.ts';
import { shared } from './shared.ts';
import type { Snapshots } from './snapshot.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';

export interface UpstreamViewOptions {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly storeLock: Exclusion;
  readonly clock: Clock;
  /** The board that this store belongs to; `null` before the first contact. */
  readonly boardId: string | null;
  /** Where boards that were read are kept. */
  readonly snapshots?: Snapshots;
  /** Hears of every local head, while the store is locked: of the newest one last. Must not throw, and be quick. */
  readonly onLocal?: ((head: Head) => void) | undefined;
}

declare const mark: unique symbol;
/** As `UpstreamView.moment` gives it: no time, and of one process alone. */
export type Moment = number & { readonly [mark]: true };

export type Fetched =
  | { readonly outcome: 'same' | 'moved'; readonly reason?: undefined; readonly deposits?: Deposits }
  | { readonly outcome: 'unreachable'; readonly reason: string };

/** What lies in the upstream's inbox, by name. */
export type Deposits = ReadonlyMap<string, Oid>;

/** How the upstream's head stands to the one that was seen before. */
type Relation = HistoryRelation | 'same' | 'another-board';

interface Seen {
  readonly outcome: 'seen';
  readonly relation: Relation;
  readonly before: Oid | null;
  /** What is there now; `null`: no such branch. */
  readonly after: Head | null;
  /** When the fetch began that showed it. */
  readonly began: Moment;
  /** Where they were asked for. */
  readonly deposits?: Deposits;
}

/** The commits of the tracking ref and of the local head. */
export interface Place {
  readonly tracking: Oid | null;
  readonly local: Oid | null;
}

const staleReadTries = 3;
const staleReadPauseMs = 150;
const lockTimeoutMs = 10_000;

export class UpstreamView {
  readonly #options: UpstreamViewOptions;
  readonly #keeper: SnapshotKeeper;
  #head: Head | null = null;
  #local: Head | null = null;
  #boardId: string | null;
  #floor = { of: '', version: 0 };
  #settings: { readonly oid: Oid; readonly settings: Settings } | null = null;
  /** When the last fetch began that was answered; ms since the epoch. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #moment = 0;
  /** Where the upstream was last known to stand, and the moment at which the call began that showed it. */
  #confirmed: { readonly commit: Oid | null; readonly at: Moment } | null = null;

  constructor(options: UpstreamViewOptions) {
    this.#options = options;
    this.#boardId = options.boardId;
    this.#keeper = new SnapshotKeeper(options.store, options.snapshots);
  }

  /** The last head seen upstream, whoever on this machine saw it. @throws OrcError `no-board` */
  async head(): Promise<Head> {
    const commit = await this.#tracked();
    if (commit === null) return emptyHead();
    this.#head = await this.#load(commit, commit === this.#local?.commit ? this.#local : (this.#head ?? this.#local));
    return this.#head;
  }

  /** The local head: the upstream's with the queue on top. What readers read. */
  async local(): Promise<Head> {
    const commit = await this.#options.store.readRef(localRef);
    if (commit === null) return this.head();
    if (commit === this.#head?.commit) return this.#head;
    this.#local = await this.#load(commit, this.#local ?? this.#head);
    return this.#local;
  }

  /** Spares the next process what this one read, where that is worth the while. */
  async keepSnapshot(): Promise<void> {
    const head = this.#local ?? this.#head;
    if (head !== null) await this.#keeper.keep(head);
  }

  /**
   * What comes before what, in this process: each moment is later than the one before. Two looks at a clock may show the same time, and
   * a call that began just before a question knows nothing of what happened since it was answered.
   */
  moment(): Moment {
    return ++this.#moment as Moment;
  }

  /** Whether the upstream stood at this head at some moment since then. */
  isConfirmed(head: Head, since: Moment): boolean {
    return this.#confirmed !== null && this.#confirmed.commit === head.commit && this.#confirmed.at > since;
  }

  /**
   * Whether the upstream was fetched after that time, ms since the epoch: then what was sent by then need not be looked for by another
   * fetch. It may have come in after that all the same: a push onto an older head is refused, and only that decides.
   */
  hasFetchedSince(at: number): boolean {
    return this.#fetchedAt >= at;
  }

  /** What `orc.yaml` sets at the local head; without loading the board, where it is readable. */
  readonly settings = shared(() => this.#readSettings());

  /** The board's version at the last head seen upstream, or a lower one; without loading the board. @throws OrcError `no-board` */
  readonly version = shared(() => this.#readVersion());

  async #readSettings(): Promise<Settings> {
    const { store } = this.#options;
    const commit = (await store.readRef(localRef)) ?? (await store.readRef(trackingRef));
    const loaded = [this.#local, this.#head].find((head) => head?.commit === commit);
    if (commit === null || loaded) return (loaded ?? (await this.local())).read.board.settings;
    const blob = await settingsBlob(store, commit);
    if (blob === null || blob.oid !== this.#settings?.oid) {
      const parsed = blob === null ? null : await parseSettings(blob.text);
      if (blob === null || parsed === null || 'fault' in parsed) return (await this.local()).read.board.settings;
      this.#settings = { oid: blob.oid, settings: parsed.settings };
    }
    return this.#settings.settings;
  }

  async #readVersion(): Promise<number> {
    const commit = await this.#tracked();
    if (commit === null) return 0;
    return commit === this.#head?.commit ? this.#head.read.board.meta.version : versionOf(this.#options.store, commit);
  }

  /** A store whose board is known has seen it: one that has no head any more is another one, and an empty board would be a wrong answer. */
  async #tracked(): Promise<Oid | null> {
    const commit = await this.#options.store.readRef(trackingRef);
    if (commit !== null || this.#boardId === null) return commit;
    throw new OrcError('no-board', "the board's store was removed while it was in use", {
      hint: 'any other command in this clone, such as `orc sync`, joins the board again; then ask again',
    });
  }

  /** Whether the upstream still stands at our head: asks first, fetches only when it has moved. */
  async confirm(options: FetchOptions = {}): Promise<Fetched> {
    const began = this.moment();
    const left = timeLeft(options, this.#options.clock);
    const answer = await this.#options.transport.readHead(options);
    if (answer.outcome === 'unreachable') return answer;
    if (answer.head !== null && answer.head === (await this.#options.store.readRef(trackingRef))) {
      this.#confirmed = { commit: answer.head, at: began };
      return { outcome: 'same' };
    }
    return this.fetch(left());
  }

  /**
   * Brings the upstream's head here and moves the tracking ref, forward only.
   * @throws OrcError `history-rewritten` (scenario 5): nothing has been changed then
   */
  async fetch(options: FetchOptions = {}): Promise<Fetched> {
    const seen = await this.#look(options);
    if (seen.outcome === 'unreachable') return seen;
    const { relation, before, after } = seen;
    if (relation === 'behind') return { outcome: 'unreachable', reason: this.#behindReason() };
    if (relation !== 'same' && relation !== 'moved') throw this.#rewritten(seen);
    if (relation === 'moved' && after?.commit) {
      this.#head = after;
      this.#boardId = idOf(after) ?? this.#boardId;
      if (!(await this.#advanceTo(after, before)))
        return { outcome: 'unreachable', reason: 'another process went on from a rewritten history meanwhile' };
    }
    this.#confirmed = { commit: relation === 'same' ? before : (after?.commit ?? null), at: seen.began };
    return seen.deposits === undefined ? { outcome: relation } : { outcome: relation, deposits: seen.deposits };
  }

  /** Our own push was taken: the upstream stands at its tip. `began`: the moment at which the push did. */
  async taken(tip: Head, began: Moment): Promise<void> {
    this.#head = tip;
    this.#keeper.changed();
    await this.#advanceTo(tip);
    this.#confirmed = { commit: tip.commit, at: began };
  }

  /** Where the two heads stand, for `moveLocal`. */
  async place(): Promise<Place> {
    const { store } = this.#options;
    return { tracking: await store.readRef(trackingRef), local: await store.readRef(localRef) };
  }

  /**
   * Moves the local head to what was made of the heads as they stood at `from`. `false`: one of them has moved since, by somebody
   * who may have been told something that `to` lacks.
   */
  async moveLocal(to: Head, from: Place): Promise<boolean> {
    const { store, storeLock } = this.#options;
    const lock = await storeLock.take(lockTimeoutMs);
    try {
      const now = await this.place();
      if (now.tracking !== from.tracking) return false;
      if (now.local !== to.commit) {
        if (now.local !== from.local) return false;
        const moved = await store.updateRefs([{ ref: localRef, from: now.local, to: to.commit }]);
        if (moved === 'changed') return false;
        this.#options.onLocal?.(to);
      }
    } finally {
      await lock.release();
    }
    this.#local = to;
    return true;
  }

  /**
   * 5. Goes on from what the upstream holds now, and keeps the chain that it gave up under `refs/orc/rewritten/`: rewritten,
   * gone, another board's, or moved back and still there after some tries. `kept: null`: nothing of that is so.
   * @throws OrcError `unreachable`
   */
  async acceptRewrite(
    options: FetchOptions = {},
  ): Promise<{ readonly kept: string | null; readonly boardId: string | null }> {
    const { store, storeLock, transport, clock } = this.#options;
    const seen = await this.#look(options);
    if (seen.outcome === 'unreachable')
      throw new OrcError('unreachable', `${transport.label} could not be reached: ${seen.reason}`);
    const { relation, before } = seen;
    if (relation === 'same' || relation === 'moved') return { kept: null, boardId: this.#boardId };
    const after = seen.after?.commit ?? null;
    const lock = await storeLock.take(lockTimeoutMs);
    const kept = rewrittenRef(new Date(clock.now()).toISOString());
    try {
      const local = await store.readRef(localRef);
      const moved = await store.updateRefs([
        ...(before === null ? [] : [{ ref: kept, from: null, to: before }]),
        { ref: trackingRef, from: before, to: after },
        { ref: localRef, from: local, to: after },
      ]);
      if (moved === 'changed') throw new OrcError('store-busy', 'the store changed meanwhile', { hint: 'try again' });
    } finally {
      await lock.release();
    }
    this.#head = after === null ? null : await this.#load(after, null);
    this.#local = null;
    this.#boardId = seen.after === null ? null : idOf(seen.after);
    if (this.#head !== null) this.#options.onLocal?.(this.#head);
    return { kept, boardId: this.#boardId };
  }

  /**
   * Loads a head; its version is never below what this store saw on a chain that was given up. Another process may have given one up
   * just now, for a head that this one has loaded long since.
   */
  async #load(commit: Oid, previous: Head | null): Promise<Head> {
    const head = await this.#keeper.load(commit, previous);
    const floor = await this.#versionFloor();
    const { board } = head.read;
    if (board.meta.version < floor) board.meta = { ...board.meta, version: floor };
    return head;
  }

  async #versionFloor(): Promise<number> {
    const { store } = this.#options;
    const commits = [...(await store.listRefs(rewrittenPrefix)).values()];
    const of = commits.join();
    if (this.#floor.of !== of) {
      const versions = await Promise.all(commits.map((commit) => versionOf(store, commit)));
      this.#floor = { of, version: Math.max(0, ...versions) };
    }
    return this.#floor.version;
  }

  /** Fetches and says how what is there stands to what was seen. Only what stays behind through some tries is called so. */
  async #look(options: FetchOptions): Promise<Seen | Unreachable> {
    const { store, transport, clock } = this.#options;
    const left = timeLeft(options, clock);
    for (let tries = 1; ; tries++) {
      const began = this.moment();
      const at = clock.now();
      // The head as it was before the fetch began: another process may move it while we fetch.
      const before = await store.readRef(trackingRef);
      const fetched = await transport.fetch(left());
      if (fetched.outcome === 'unreachable') return fetched;
      this.#fetchedAt = at;
      const inbox = fetched.deposits === undefined ? {} : { deposits: fetched.deposits };
      if (fetched.head === before)
        return { outcome: 'seen', relation: 'same', before, after: this.#head, began, ...inbox };
      const after = fetched.head === null ? null : await this.#load(fetched.head, this.#head);
      const relation = await this.#relate(before, after);
      // 5. Behind us is not rewritten: a replica that lags answers so.
      if (relation !== 'behind' || tries === staleReadTries)
        return { outcome: 'seen', relation, before, after, began, ...inbox };
      await clock.sleep(staleReadPauseMs * tries);
    }
  }

  async #relate(before: Oid | null, head: Head | null): Promise<Relation> {
    const commit = head?.commit ?? null;
    if (head === null || commit === null) return 'rewritten';
    const load = (seen: Oid): Promise<Head> => this.#load(seen, this.#head);
    const id = idOf(head);
    if (this.#boardId !== null && id !== null && id !== this.#boardId) {
      // Another process may have gone on to it (`acceptRewrite`).
      if (before === null || idOf(await load(before)) !== id) return 'another-board';
    }
    return before === null ? 'moved' : relateHeads(this.#options.store, before, { ...head, commit }, load);
  }

  /**
   * Forward only: another process may have brought the ref further in the meantime. `after`: of what it is known to come, where
   * ancestry may not tell. `false`: the ref is on another line by now, which somebody has accepted.
   */
  async #advanceTo(head: Head, after: Oid | null = null): Promise<boolean> {
    const { store, storeLock } = this.#options;
    const commit = head.commit as Oid;
    const lock = await storeLock.take(lockTimeoutMs);
    try {
      for (let tries = 0; tries < 5; tries++) {
        const from = await store.readRef(trackingRef);
        if (from === commit) return true;
        // The common direction first: it is answered by a step or two, the other only at the end of history.
        const isForward = from === null || (await store.isAncestor(from, commit));
        if (!isForward && from !== after) return store.isAncestor(commit, from);
        const updates = [{ ref: trackingRef, from, to: commit }];
        // Where nothing tentative lies on top, the local head goes along: one durable step instead of two.
        const local = await store.readRef(localRef);
        if (local === from) updates.push({ ref: localRef, from, to: commit });
        if ((await store.updateRefs(updates)) !== 'updated') continue;
        if (updates.length > 1) this.#options.onLocal?.(head);
        return true;
      }
      throw new OrcError('store-busy', 'the store keeps changing under orc', { hint: 'try again' });
    } finally {
      await lock.release();
    }
  }

  #behindReason(): string {
    const { label } = this.#options.transport;
    return `${label} answers with an older state than before; if its branch was moved back on purpose, \`orc sync --accept-rewrite\` goes on from there`;
  }

  #rewritten({ relation, before, after }: Seen): OrcError {
    const { label } = this.#options.transport;
    const what =
      relation === 'another-board'
        ? `${label} now holds another board`
        : after === null
          ? `the board's branch is gone from ${label}`
          : `the history of the board at ${label} was rewritten`;
    return new OrcError('history-rewritten', what, {
      hint: 'nothing was changed; `orc sync --accept-rewrite` goes on from what is there and keeps the old chain under refs/orc/rewritten/',
      details: { before, after: after?.commit ?? null },
    });
  }
}

/** The options for one of several calls that share the time which is given from now on. */
function timeLeft(options: FetchOptions, clock: Clock): () => FetchOptions {
  const { timeoutMs } = options;
  if (timeoutMs === undefined) return () => options;
  const deadline = clock.monotonic() + timeoutMs;
  return () => ({ ...options, timeoutMs: Math.max(1, deadline - clock.monotonic()) });
}

/** The board that a head holds; `null` where there is none. */
function idOf({ read }: Head): string | null {
  return read.board.meta.id === '' ? null : read.board.meta.id;
}
