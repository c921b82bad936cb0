/**
 * The event log as it grows: an iterator that begins after an event and gives each later one once, in order.
 *
 * Only published events come: a tentative one may be refused later, and what was seen here must never vanish. The number of an event
 * (`n`) is the cursor: whoever begins again after the last number that was seen misses nothing and sees nothing twice. That holds
 * because the log of the published chain only grows. When it does not go on from what was seen, history was rewritten, and the
 * iterator ends with that error; when it begins later than after what was seen, the board was compacted, and it ends with that one.
 */
import type { BoardEvent } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import { type Head, listSegments } from '../sync/head.ts';
import { nearbyPace, type PaceOptions, politePace } from '../sync/pace.ts';
import { type FollowOptions, type FollowPorts, followHeads } from './follow.ts';
import type { OrcCore } from './orc-core.ts';
import { type EventFilter, eventsFrom, eventTest, readEvents } from './reading.ts';
import { readStatus, type StatusReport } from './status.ts';
import { isNearby } from './upstream.ts';

export interface WatchOptions
  extends Pick<EventFilter, 'agent' | 'action' | 'task' | 'workstream' | 'after' | 'afterVersion'>,
    Omit<FollowOptions, 'idleMs'> {}

export interface WatchPorts extends FollowPorts {
  readonly store: GitStore;
}

export function watchPortsOf(orc: OrcCore): WatchPorts {
  const { session, store, config } = orc.connection;
  const usualPace = async (): Promise<PaceOptions> =>
    (await isNearby(config.upstream, orc.surroundings)) ? nearbyPace : politePace;
  return { session, store, ...orc.world, usualPace };
}

/** The status whenever the board, or what waits on top of it, has moved; first as it is now. Goes on through trouble as `watchEvents` does. */
export async function* watchStatus(
  orc: OrcCore,
  options: FollowOptions = {},
): AsyncGenerator<StatusReport, void, void> {
  for await (const _head of followHeads(watchPortsOf(orc), options)) yield await readStatus(orc);
}

/** Ends with `return`, `break`, or the signal. */
export interface EventStream extends AsyncIterableIterator<BoardEvent, void, void> {
  return(): Promise<IteratorResult<BoardEvent, void>>;
}

/**
 * Events after `after` or `afterVersion`; by default those that this clone has not seen when it is called.
 * Iterating throws OrcError `history-rewritten`, `compacted` when the log has lost what came after either of them, and
 * `invalid-argument` when the log ends before `after`.
 */
export function watchEvents(ports: WatchPorts, options: WatchOptions = {}): EventStream {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  // Looked up now, not when the first event is asked for: what is done after this call is seen.
  const start = findStart(ports, options);
  start.catch(() => {});
  const events = readOn(ports, start, { ...options, signal });
  return {
    next: () => events.next(),
    async return() {
      // A `next` that waits would keep the generator waiting.
      stop.abort();
      await events.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The number of the last event that is not wanted. */
async function findStart({ session, store }: WatchPorts, { after, afterVersion }: WatchOptions): Promise<number> {
  if (after !== undefined) return after;
  const head = await session.view.head();
  const { events } = head.read.board.meta;
  if (afterVersion === undefined) return events;
  const [first] = await readEvents(store, head, { afterVersion });
  if (first === undefined) return events;
  const [oldest] = await listSegments(store, head.tree);
  // Of the versions in between, the log has lost what they did.
  if (first.n > 1 && oldest?.first === first.n && first.v > afterVersion + 1)
    throw compactedBefore(first.n, { after_version: afterVersion });
  return first.n - 1;
}

async function* readOn(
  ports: WatchPorts,
  start: Promise<number>,
  options: WatchOptions & { readonly signal: AbortSignal },
): AsyncGenerator<BoardEvent, void, void> {
  const fits = eventTest(options);
  const began = ports.session.view.moment();
  const log = new Log(ports.store, await start);
  for await (const head of followHeads(ports, options)) {
    for await (const event of log.goOn(head)) {
      if (fits(event)) yield event;
      if (options.signal.aborted) return;
    }
    // A clone that is behind knows less than its caller; the upstream does not.
    if (log.endsBefore !== null && ports.session.view.isConfirmed(head, began)) throw noSuchEvent(log.endsBefore);
  }
}

/** Where a reader stands in the log. */
class Log {
  readonly #store: GitStore;
  #cursor: number;
  /** The event at the cursor, once it was read: by it the log is known again. */
  #seen: BoardEvent | null = null;
  #endsBefore: number | null = null;

  constructor(store: GitStore, cursor: number) {
    this.#store = store;
    this.#cursor = cursor;
  }

  /** The cursor, where the log as it was read last does not reach that far. */
  get endsBefore(): number | null {
    return this.#endsBefore;
  }

  /** What came after the cursor. @throws OrcError `history-rewritten` when the log is not the one that was read before */
  async *goOn(head: Head): AsyncGenerator<BoardEvent, void, void> {
    let isReached = this.#cursor === 0;
    for await (const event of eventsFrom(this.#store, head, this.#cursor)) {
      if (!isReached && event.n > this.#cursor + 1) await this.#refuseGap(head, event);
      isReached = true;
      if (event.n === this.#cursor) {
        this.#recognize(event);
        continue;
      }
      this.#cursor = event.n;
      this.#seen = event;
      yield event;
    }
    if (!isReached && this.#seen !== null) throw rewritten(this.#seen);
    this.#endsBefore = isReached ? null : this.#cursor;
  }

  /** Events that were taken off the log cannot be given any more: whoever must not miss one has to hear of it. */
  async #refuseGap(head: Head, { n }: BoardEvent): Promise<void> {
    const [oldest] = await listSegments(this.#store, head.tree);
    if (oldest?.first !== n) return;
    throw compactedBefore(n, { after: this.#cursor });
  }

  #recognize(event: BoardEvent): void {
    const seen = this.#seen;
    if (seen !== null && (seen.op !== event.op || seen.v !== event.v || seen.ts !== event.ts)) throw rewritten(seen);
    this.#seen = event;
  }
}

function compactedBefore(n: number, wanted: Readonly<Record<string, number>>): OrcError {
  return new OrcError('compacted', `the board was compacted: its event log begins with event ${n}`, {
    hint: `begin again with --since ${n - 1}; the commits tell what was before: \`orc history\``,
    details: { ...wanted, oldest: n },
  });
}

function rewritten({ n }: BoardEvent): OrcError {
  return new OrcError('history-rewritten', `the event log does not go on from event ${n}, which was seen`, {
    hint: 'look at what the upstream holds now, and begin again without --since',
    details: { after: n },
  });
}

function noSuchEvent(after: number): OrcError {
  return new OrcError('invalid-argument', `the event log ends before event ${after}`, {
    hint: '`orc events --last 1 --verbose` tells the number of the newest event',
    details: { after },
  });
}
