/** Where the tools of one server meet the board: who acts, what is kept alive, what is looked at. */
import type { AgentSession } from '../app/agent-session.ts';
import { Refresher } from '../app/freshness.ts';
import type { HandedBack, HoldKeeper } from '../app/hold-keeper.ts';
import type { Orc } from '../app/orc.ts';
import type { MutationOptions } from '../app/perform.ts';
import type { Performed } from '../app/performed.ts';
import type { Lock, Task } from '../core/records.ts';
import { OrcError } from '../errors.ts';

/** Registering is a courtesy: what it accompanies does not wait long for it. */
const registerTimeoutMs = 10_000;

export class Desk {
  readonly orc: Orc;
  readonly agent: string;
  readonly keeper: HoldKeeper;
  readonly refresher: Refresher;
  readonly #session: AgentSession;
  readonly #running = new Set<Promise<unknown>>();
  #registered: Promise<void> | null = null;
  #hasRegistered = false;
  #isOver = false;

  constructor(session: AgentSession) {
    this.#session = session;
    this.orc = session.orc;
    this.agent = session.agent;
    this.keeper = session.keeper;
    this.refresher = new Refresher(session.orc);
  }

  /**
   * Asks for one operation. Whoever acts for the first time is registered, so that others see it.
   * @throws OrcError the refusal
   */
  async change<T>(
    kind: string,
    args: Readonly<Record<string, unknown>>,
    options: MutationOptions & { readonly isTimed?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<Performed<T>> {
    const { isTimed, signal, ...rest } = options;
    return this.doing(async () => {
      const { tasks, locks } = this.keeper;
      const performed = await this.#perform<T>(kind, args, { ...rest, isTimed });
      // With an id that the caller chose it may be asked for again.
      if (signal?.aborted === true && rest.op === undefined) await this.#giveBack(kind, performed, { tasks, locks });
      return performed;
    }, kind);
  }

  async #perform<T>(
    kind: string,
    args: Readonly<Record<string, unknown>>,
    { isTimed, ...options }: MutationOptions & { readonly isTimed?: boolean | undefined },
  ): Promise<Performed<T>> {
    const performed = await this.orc.perform<T>(kind, args, { agent: this.agent, ...options });
    await this.keeper.note(kind, args, performed, isTimed === undefined ? {} : { isTimed });
    return performed;
  }

  /** Whoever called a claim off hears nothing of it: it would be held, and renewed, until the server ends. */
  async #giveBack(kind: string, performed: Performed, before: Held): Promise<void> {
    const release = releaseOf(kind, performed, before);
    if (release === null) return;
    try {
      await this.#perform(release.kind, release.args, {});
    } catch (error) {
      // It is handed back at the end, with all that is kept.
      if (!(error instanceof OrcError)) throw error;
    }
  }

  /** A change is under way: the end waits for it, so that nothing is claimed after all was handed back. */
  async doing<T extends Performed>(work: () => Promise<T>, kind: string): Promise<T> {
    if (this.#isOver) throw new OrcError('not-published', 'the server is ending', { hint: 'connect again' });
    const running = (async () => {
      if (kind !== 'agent.register' && kind !== 'agent.retire') await this.#register();
      return work();
    })();
    this.#running.add(running);
    try {
      const performed = await running;
      if (performed.published === true) this.refresher.heard();
      return performed;
    } finally {
      this.#running.delete(running);
    }
  }

  #register(): Promise<void> {
    this.#registered ??= (async () => {
      const { orc, agent } = this;
      try {
        if ((await orc.ask((board) => board.agents.get(agent))) !== undefined) return;
        await orc.perform('agent.register', { id: agent }, { agent, timeoutMs: registerTimeoutMs });
        this.#hasRegistered = true;
      } catch (error) {
        // Agents need not be registered to work.
        if (!(error instanceof OrcError)) throw error;
      }
    })();
    return this.#registered;
  }

  /** A name that was made up for this process would stay on the board, and never be seen again. */
  async #leave(withinMs: number): Promise<void> {
    if (!this.#session.isMadeUp || !this.#hasRegistered) return;
    const { orc, agent } = this;
    const over = new AbortController();
    const options = { agent, timeoutMs: withinMs, requirePublished: false } as const;
    const leaving = orc.perform('agent.retire', { id: agent }, options).catch(() => null);
    await Promise.race([leaving, orc.world.clock.sleep(withinMs, over.signal)]);
    over.abort();
  }

  /** Hands back what this server's agent holds, and closes the board; takes no longer than `withinMs`. */
  async end(reason: string, withinMs: number): Promise<HandedBack> {
    this.#isOver = true;
    const { clock } = this.orc.world;
    const deadline = clock.monotonic() + withinMs;
    const over = new AbortController();
    // A claim that is on its way is handed back with the others, if it arrives in time.
    await Promise.race([Promise.allSettled(this.#running), clock.sleep(withinMs / 2, over.signal)]);
    over.abort();
    const left = (): number => Math.max(1, deadline - clock.monotonic());
    const back = await this.keeper.handBack(reason, left());
    await this.#leave(left());
    await this.#session.close();
    return back;
  }
}

type Held = Pick<HoldKeeper, 'tasks' | 'locks'>;

/**
 * What gives back that which an operation has newly obtained; `null` where that is nothing. A lock that was shared and is exclusive
 * now, too, has a new hold: but it was held before, and whoever holds it relies on that.
 */
function releaseOf(
  kind: string,
  { data, op }: Performed,
  before: Held,
): { kind: string; args: Record<string, unknown> } | null {
  if (kind === 'task.next' || kind === 'task.claim') {
    const task = data as Task | null;
    if (task?.claim?.id !== op || before.tasks.includes(task.id)) return null;
    return { kind: 'task.release', args: { id: task.id, reason: 'the call that claimed it was cancelled' } };
  }
  if (kind !== 'lock.acquire') return null;
  const lock = data as Lock | null;
  if (lock?.holders.some(({ id }) => id === op) !== true || before.locks.includes(lock.resource)) return null;
  return { kind: 'lock.release', args: { resource: lock.resource } };
}
