/**
 * What this store knows of the upstream: the last head seen there, how it moves forward, and when it must not.
 */
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import type { FetchOptions, Transport } from '../git/transport.ts';
import { emptyHead, type Head, loadHead, versionOf } from './head.ts';
import type { Clock, Exclusion } from './ports.ts';
import { localRef, rewrittenPrefix, rewrittenRef, trackingRef } from './refs.ts';

export interface UpstreamViewOptions {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly storeLock: Exclusion;
  readonly clock: Clock;
  /** The board that this store belongs to; `null` before the first contact. */
  readonly boardId: string | null;
}

export type Fetched =
  | { readonly outcome: 'same'; readonly reason?: undefined }
  | { readonly outcome: 'moved'; readonly reason?: undefined }
  | { readonly outcome: 'unreachable'; readonly reason: string };

const staleReadTries = 3;
const staleReadPauseMs = 150;
const lockTimeoutMs = 10_000;

export class UpstreamView {
  readonly #options: UpstreamViewOptions;
  #head: Head | null = null;
  #local: Head | null = null;
  #boardId: string | null;
  #floor: number | null = null;
  /** When the upstream was last known to stand at `head`, on the monotonic clock: the start of the call that showed it. */
  confirmedAt = Number.NEGATIVE_INFINITY;

  constructor(options: UpstreamViewOptions) {
    this.#options = options;
    this.#boardId = options.boardId;
  }

  /** The last head seen upstream, whoever on this machine saw it. */
  async head(): Promise<Head> {
    const commit = await this.#options.store.readRef(trackingRef);
    if (commit === null) return emptyHead();
    this.#head = commit === this.#local?.commit ? this.#local : await this.#load(commit, this.#head ?? this.#local);
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

  /** Whether the upstream still stands at our head: asks first, fetches only when it has moved. */
  async confirm(options: FetchOptions = {}): Promise<Fetched> {
    const began = this.#options.clock.monotonic();
    const answer = await this.#options.transport.readHead(options);
    if (answer.outcome === 'unreachable') return answer;
    if (answer.head !== null && answer.head === (await this.#options.store.readRef(trackingRef))) {
      this.confirmedAt = began;
      return { outcome: 'same' };
    }
    return this.fetch(options);
  }

  /**
   * Brings the upstream's head here and moves the tracking ref, forward only.
   * @throws OrcError `history-rewritten` (scenario 5): nothing has been changed then
   */
  async fetch(options: FetchOptions = {}): Promise<Fetched> {
    const { store, transport, clock } = this.#options;
    for (let tries = 1; ; tries++) {
      const began = clock.monotonic();
      // The head as it was before the fetch began: another process may move it while we fetch.
      const before = await store.readRef(trackingRef);
      const fetched = await transport.fetch(options);
      if (fetched.outcome === 'unreachable') return fetched;
      const relation = await this.#relate(before, fetched.head);
      if (relation === 'same' || relation === 'moved') {
        if (fetched.head !== null && relation === 'moved') await this.#advanceTo(fetched.head);
        this.confirmedAt = began;
        return { outcome: relation };
      }
      // 5. Behind us is not rewritten: a replica that lags answers so.
      if (relation === 'behind' && tries < staleReadTries) {
        await clock.sleep(staleReadPauseMs * tries);
        continue;
      }
      if (relation === 'behind')
        return { outcome: 'unreachable', reason: `${transport.label} answers with an older state` };
      throw this.#rewritten(before, fetched.head);
    }
  }

  /** Our own push was taken: the upstream stands at its tip. `began` is when the push did. */
  async taken(tip: Head, began: number): Promise<void> {
    this.#head = tip;
    await this.#advanceTo(tip.commit as Oid);
    this.confirmedAt = began;
  }

  /** Moves the local head, whatever it was: it is derived. */
  async moveLocal(to: Head): Promise<void> {
    const { store, storeLock } = this.#options;
    const lock = await storeLock.take(lockTimeoutMs);
    try {
      for (let tries = 0; tries < 5; tries++) {
        const from = await store.readRef(localRef);
        if (from === to.commit) break;
        if ((await store.updateRefs([{ ref: localRef, from, to: to.commit }])) === 'updated') break;
      }
    } finally {
      await lock.release();
    }
    this.#local = to;
  }

  /**
   * 5. Goes on from what the upstream holds now, and keeps the chain that it gave up under `refs/orc/rewritten/`.
   * `kept: null`: nothing had been rewritten.
   * @throws OrcError `unreachable`
   */
  async acceptRewrite(
    options: FetchOptions = {},
  ): Promise<{ readonly kept: string | null; readonly boardId: string | null }> {
    const { store, storeLock, transport, clock } = this.#options;
    const before = await store.readRef(trackingRef);
    const fetched = await transport.fetch(options);
    if (fetched.outcome === 'unreachable')
      throw new OrcError('unreachable', `${transport.label} could not be reached: ${fetched.reason}`);
    const after = fetched.head;
    const isOld =
      before === null ||
      (after !== null && ((await store.isAncestor(before, after)) || (await store.isAncestor(after, before))));
    const head = after === null ? emptyHead() : await this.#load(after, null);
    const { id } = head.read.board.meta;
    if (isOld && (this.#boardId === null || id === this.#boardId)) return { kept: null, boardId: this.#boardId };
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
    this.#floor = null;
    this.#head = after === null ? null : await this.#load(after, null);
    this.#local = null;
    this.#boardId = id === '' ? null : id;
    return { kept, boardId: this.#boardId };
  }

  /** Loads a head; its version is never below what this store saw on a chain that was given up. */
  async #load(commit: Oid, previous: Head | null): Promise<Head> {
    const { store } = this.#options;
    const head = await loadHead(store, commit, previous);
    this.#floor ??= await highestRewrittenVersion(store);
    const { board } = head.read;
    if (board.meta.version < this.#floor) board.meta = { ...board.meta, version: this.#floor };
    return head;
  }

  async #relate(before: Oid | null, after: Oid | null): Promise<'same' | 'moved' | 'behind' | 'rewritten'> {
    const { store } = this.#options;
    if (before === after) return 'same';
    if (before === null) {
      await this.#checkBoardId(after as Oid);
      return 'moved';
    }
    if (after === null) return 'rewritten';
    if (await store.isAncestor(before, after)) {
      await this.#checkBoardId(after);
      return 'moved';
    }
    return (await store.isAncestor(after, before)) ? 'behind' : 'rewritten';
  }

  async #checkBoardId(commit: Oid): Promise<void> {
    const head = await this.#load(commit, this.#head);
    const { id } = head.read.board.meta;
    if (this.#boardId !== null && id !== '' && id !== this.#boardId) {
      throw new OrcError(
        'history-rewritten',
        `${this.#options.transport.label} now holds another board (${id.slice(0, 8)})`,
        {
          hint: 'nothing was changed; `orc sync --accept-rewrite` joins it and keeps the old chain under refs/orc/rewritten/',
        },
      );
    }
    this.#head = head;
    if (id !== '') this.#boardId = id;
  }

  /** Forward only: another process may have brought the ref further in the meantime. */
  async #advanceTo(commit: Oid): Promise<void> {
    const { store, storeLock } = this.#options;
    const lock = await storeLock.take(lockTimeoutMs);
    try {
      for (let tries = 0; tries < 5; tries++) {
        const from = await store.readRef(trackingRef);
        if (from === commit) return;
        // The common direction first: it is answered by a step or two, the other only at the end of history.
        const isForward = from === null || (await store.isAncestor(from, commit));
        if (!isForward && (await store.isAncestor(commit, from as Oid))) return;
        const updates = [{ ref: trackingRef, from, to: commit }];
        // Where nothing tentative lies on top, the local head goes along: one durable step instead of two.
        const local = await store.readRef(localRef);
        if (local === from) updates.push({ ref: localRef, from, to: commit });
        if ((await store.updateRefs(updates)) === 'updated') return;
      }
      throw new OrcError('store-busy', 'the store keeps changing under orc', { hint: 'try again' });
    } finally {
      await lock.release();
    }
  }

  #rewritten(before: Oid | null, after: Oid | null): OrcError {
    const { label } = this.#options.transport;
    const what =
      after === null
        ? `the board's branch is gone from ${label}`
        : `the history of the board at ${label} was rewritten`;
    return new OrcError('history-rewritten', what, {
      hint: 'nothing was changed; `orc sync --accept-rewrite` goes on from what is there and keeps the old chain under refs/orc/rewritten/',
      details: { before, after },
    });
  }
}

async function highestRewrittenVersion(store: GitStore): Promise<number> {
  const kept = await store.listRefs(rewrittenPrefix);
  const versions = await Promise.all([...kept.values()].map((commit) => versionOf(store, commit)));
  return Math.max(0, ...versions);
}
