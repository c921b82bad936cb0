/**
 * Follows the upstream: gives its head whenever that has moved, for as long as somebody wants to know.
 *
 * The upstream is asked for its head alone (`ls-remote`), and fetched when that is new. Between two such questions the tracking ref
 * is looked at, a file of this machine: what processes here publish or fetch is seen at once, and costs the upstream nothing.
 */
import { LeaseWatch, type Overdue } from '../core/lease-watch.ts';
import { OrcError } from '../errors.ts';
import type { Oid } from '../git/store.ts';
import type { Head } from '../sync/head.ts';
import { type Asked, Pace, type PaceOptions } from '../sync/pace.ts';
import type { Chance, Clock } from '../sync/ports.ts';
import type { Session } from '../sync/session.ts';

/** What a follower hears beside the heads. It goes on after each of them. */
export type WatchNotice =
  /** Told once, and again when the reason changes. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'reachable' }
  /** The claim was seen unrenewed for its whole length, by this process's steady clock. Nothing was taken over. */
  | { readonly kind: 'lease-over'; readonly overdue: Overdue };

export interface FollowPorts {
  readonly session: Session;
  /** How often to ask where the caller does not say. */
  readonly usualPace: () => Promise<PaceOptions>;
  readonly clock: Clock;
  readonly chance: Chance;
}

export interface FollowOptions {
  /** Ends it, without an error. */
  readonly signal?: AbortSignal | undefined;
  readonly onNotice?: ((notice: WatchNotice) => void) | undefined;
  /** How often the upstream is asked; default: by where it is. */
  readonly pace?: PaceOptions | undefined;
  /** Gives the present head again when nothing has moved for so long, ms; default: never. */
  readonly idleMs?: number | undefined;
  /** How long one question may take, ms. */
  readonly timeoutMs?: number | undefined;
}

/** How often the refs of this machine are looked at, ms. */
const glanceMs = 200;
const defaultTimeoutMs = 30_000;
/** Trouble that may pass: told, and tried again. Anything else ends the following. */
const passing: ReadonlySet<string> = new Set(['unreachable', 'store-busy', 'git-failed', 'io']);

/**
 * The tracking head: at first as it is known here, again when the upstream answered for the first time, then each time that it, or
 * the local head on top of it, has moved.
 * @throws OrcError `history-rewritten`; what is damaged here, such as `store-corrupt`
 */
export async function* followHeads(ports: FollowPorts, options: FollowOptions = {}): AsyncGenerator<Head, void, void> {
  const { clock, chance } = ports;
  const { view } = ports.session;
  const signal = options.signal ?? new AbortController().signal;
  const pace = new Pace(options.pace ?? (await ports.usualPace()));
  const asker = new Asker(ports, options);
  let given: string | null = null;
  let givenAt = clock.monotonic();
  let nextAsk = givenAt;
  while (!signal.aborted) {
    const { tracking, local } = await view.place();
    const place = `${tracking} ${local} ${asker.isHeard}`;
    if (place !== given || clock.monotonic() - givenAt >= (options.idleMs ?? Number.POSITIVE_INFINITY)) {
      given = place;
      givenAt = clock.monotonic();
      yield await view.head();
      continue;
    }
    if (clock.monotonic() >= nextAsk) {
      const asked = await untilAborted(asker.ask(), signal);
      if (asked === null) return;
      nextAsk = clock.monotonic() + pace.next(asked, chance.fraction());
      continue;
    }
    await clock.sleep(Math.min(glanceMs, nextAsk - clock.monotonic()), signal);
  }
}

/** Asks the upstream, and tells when it cannot be reached and when it can again. */
class Asker {
  readonly #ports: FollowPorts;
  readonly #options: FollowOptions;
  readonly #leases = new LeaseWatch();
  #trouble: string | null = null;
  #before: Oid | null = null;
  #isHeard = false;

  constructor(ports: FollowPorts, options: FollowOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Whether the upstream has answered yet. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  async ask(): Promise<Asked> {
    const { session, clock } = this.#ports;
    const began = clock.monotonic();
    try {
      const answer = await session.view.confirm({ timeoutMs: this.#options.timeoutMs ?? defaultTimeoutMs });
      if (answer.outcome === 'unreachable') return this.#fail(answer.reason);
      // Who reads here sees it too.
      if (answer.outcome === 'moved') await session.rebuildLocal();
      const head = await session.view.head();
      this.#succeed(head, began);
      const isNew = head.commit !== this.#before;
      this.#before = head.commit;
      return isNew ? 'moved' : 'quiet';
    } catch (error) {
      if (error instanceof OrcError && passing.has(error.code)) return this.#fail(error.message);
      throw error;
    }
  }

  #fail(reason: string): 'failed' {
    if (this.#trouble !== reason) this.#options.onNotice?.({ kind: 'unreachable', reason });
    this.#trouble = reason;
    return 'failed';
  }

  #succeed(head: Head, began: number): void {
    const { onNotice } = this.#options;
    if (this.#trouble !== null) onNotice?.({ kind: 'reachable' });
    this.#trouble = null;
    this.#isHeard = true;
    if (onNotice === undefined) return;
    for (const overdue of this.#leases.see(head.read.board, began)) onNotice({ kind: 'lease-over', overdue });
  }
}

/** `null` when it was aborted first. What is under way then ends by itself, and nobody hears of it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const ended = new AbortController();
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true, signal: ended.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    ended.abort();
    work.catch(() => {});
  }
}
