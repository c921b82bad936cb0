/** A reader that lives long looks at the upstream before it reads: not again and again, and never for long. */
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';

export interface Freshness {
  /** Whether the upstream was asked just now, and answered. */
  readonly isFresh: boolean;
  /** Why it was not. */
  readonly reason: string | null;
}

export interface RefreshOptions {
  /** How long the upstream may take, ms. */
  readonly timeoutMs?: number;
  /** Who asked within so long need not ask again, ms. */
  readonly freshForMs?: number;
  /** An upstream that did not answer is left alone for so long, ms. */
  readonly restMs?: number;
}

/** Trouble that may pass: what is known here can be read all the same. */
const passing: ReadonlySet<string> = new Set(['unreachable', 'store-busy', 'git-failed', 'io']);

export class Refresher {
  readonly #orc: OrcCore;
  readonly #options: Required<RefreshOptions>;
  #last: { readonly at: number; readonly told: Freshness } | null = null;
  #running: Promise<Freshness> | null = null;

  constructor(orc: OrcCore, { timeoutMs = 3_000, freshForMs = 500, restMs = 15_000 }: RefreshOptions = {}) {
    this.#orc = orc;
    this.#options = { timeoutMs, freshForMs, restMs };
  }

  /** Brings what others did, and publishes what waits here. @throws OrcError `history-rewritten` and the like */
  async refresh(): Promise<Freshness> {
    const now = this.#orc.world.clock.monotonic();
    const { freshForMs, restMs } = this.#options;
    if (this.#last !== null && now - this.#last.at < (this.#last.told.isFresh ? freshForMs : restMs))
      return this.#last.told;
    this.#running ??= this.#ask().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Something was published just now, so the upstream can be reached again. */
  heard(): void {
    if (this.#last?.told.isFresh === false) this.#last = null;
  }

  async #ask(): Promise<Freshness> {
    const told = await this.#look().catch((error: unknown): Freshness => {
      if (error instanceof OrcError && passing.has(error.code)) return { isFresh: false, reason: error.message };
      throw error;
    });
    this.#last = { at: this.#orc.world.clock.monotonic(), told };
    return told;
  }

  async #look(): Promise<Freshness> {
    const { session } = this.#orc.connection;
    const { timeoutMs } = this.#options;
    const waiting = (await session.queue.list()).some(({ outcome }) => outcome === null);
    if (waiting) {
      const { reachable, reason } = await this.#orc.sync({ timeoutMs });
      return { isFresh: reachable, reason };
    }
    const answer = await session.view.confirm({ timeoutMs });
    if (answer.outcome === 'unreachable') return { isFresh: false, reason: answer.reason };
    if (answer.outcome === 'moved') await session.rebuildLocal();
    return { isFresh: true, reason: null };
  }
}
