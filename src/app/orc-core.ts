/**
 * The core of the facade: it decides nothing; it names operations, hands them to sync, and reads heads. The named
 * functions of the API stand on it, in orc.ts.
 */
import type { Board } from '../core/board.ts';
import { faultInName } from '../core/names.ts';
import type { BoardEvent, Knowledge, PublishMode, Task } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { isShallowStore } from '../git/store-folder.ts';
import type { Head } from '../sync/head.ts';
import { knownRefusalHint, refusalHint } from '../sync/refusal-hint.ts';
import { shared } from '../sync/shared.ts';
import { onlookerIn } from './board-glance.ts';
import { carrySpool } from './commit-spool.ts';
import type { Connection, World } from './connect.ts';
import { givenClaim, isTruthy } from './environment.ts';
import { headAt, type When } from './head-at.ts';
import { rememberedHolder } from './hold-proofs.ts';
import { Holds } from './holds.ts';
import { refreshHostView } from './host-view.ts';
import { putBackHint } from './kept-chain.ts';
import type { CreateOptions, OpenedBoard } from './open-board.ts';
import { type MutationOptions, perform, performBatch, type Request } from './perform.ts';
import type { PerformContext, Performed } from './performed.ts';
import {
  type ArchiveOptions,
  ask,
  type EventFilter,
  readClosedTasks,
  readEvents,
  readKnowledgeRecord,
  readTask,
  resolveTaskId,
} from './reading.ts';
import { writeStoreConfig } from './store-config.ts';
import { type Surroundings, sessionOf } from './surroundings.ts';
import { showTask, waitingOperations } from './tentative-claims.ts';

export interface OpenOptions {
  /** Any folder of a clone; default the present one. */
  readonly cwd?: string | undefined;
  /** A board without a clone around it: URL or path of the repository that holds it. */
  readonly board?: string | undefined;
  readonly branch?: string | undefined;
  /** Who acts where a call does not say. */
  readonly agent?: string | undefined;
  /** When mutations are published; default: `ORC_PUBLISH`, else what `orc.yaml` says. */
  readonly publish?: PublishMode | undefined;
  /** How long a mutation may wait for the upstream, ms; default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** Treat "not published" as a failure; default: whether `CI` is set. */
  readonly requirePublished?: boolean | undefined;
  /** Begin a board where there is none. */
  readonly create?: boolean | Omit<CreateOptions, 'timeoutMs'> | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly world?: World | undefined;
}

/** One operation of a batch; who acts, and its id, where they are not the batch's own matter. */
export interface BatchRequest extends Pick<Request, 'kind' | 'args'> {
  readonly agent?: string | undefined;
  readonly op?: string | undefined;
}

export interface SyncResult {
  readonly published: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly version: number;
  readonly reachable: boolean;
  readonly reason: string | null;
  /** What helps, where the upstream's words tell: the exemption to ask for when a rule set refuses the branch. */
  readonly hint: string | null;
  /** With `acceptRewrite`: the store's ref that keeps the chain which the upstream gave up. */
  readonly kept: string | null;
}

export interface SyncOptions {
  readonly timeoutMs?: number;
  /** Go on from a rewritten upstream (see `history-rewritten`). */
  readonly acceptRewrite?: boolean;
}

export const defaultTimeoutMs = 30_000;
const publishModes: readonly string[] = ['each', 'claims', 'sync'];

export class OrcCore implements AsyncDisposable {
  readonly connection: Connection;
  readonly surroundings: Surroundings;
  /** Whether this call joined or began the board. */
  readonly how: OpenedBoard['how'];
  readonly world: World;
  /** Where this looks at the board as it was: its head of then, which nothing moves. */
  readonly past: Head | null;
  readonly #options: OpenOptions;
  readonly #holds: Holds;

  constructor(opened: OpenedBoard, world: World, options: OpenOptions = {}, past: Head | null = null) {
    this.past = past;
    this.connection = opened;
    this.surroundings = opened.surroundings;
    this.how = opened.how;
    this.world = world;
    this.#options = options;
    this.#holds = new Holds(opened.store.path, sessionOf(opened.surroundings));
  }

  /** Ends helper processes. Nothing is lost without it. */
  async close(): Promise<void> {
    if (this.past === null) await this.connection.session.view.keepSnapshot();
    await this.connection.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // — changing —

  /** Asks for one operation by its kind. `args` are those of the operation's schema; task ids may be prefixes. */
  async perform<T = unknown>(
    kind: string,
    args: Readonly<Record<string, unknown>>,
    options: MutationOptions = {},
  ): Promise<Performed<T>> {
    this.refusePast();
    await this.#carry();
    const request = await this.request(kind, args, options);
    try {
      return (await perform(await this.#context(options), request)) as Performed<T>;
    } catch (error) {
      throw await this.#explained(error, [request]);
    }
  }

  /**
   * Several operations, accepted and published whole or refused whole: the error is that of the line at fault. With `op` the batch
   * has an id: asking again with it gives the recorded outcomes.
   * `id`: its id where nobody chose one, for who has to know it beforehand.
   */
  async batch(
    requests: readonly BatchRequest[],
    options: MutationOptions = {},
    id: string = options.op ?? this.world.chance.id(),
  ): Promise<Performed[]> {
    this.refusePast();
    if (requests.length === 0) return [];
    await this.#carry();
    const prepared: Request[] = [];
    for (const { kind, args, agent, op } of requests) {
      prepared.push(await this.request(kind, args, { ...options, agent: agent ?? options.agent, op }));
    }
    try {
      return await performBatch(await this.#context(options), prepared, {
        id,
        isChosen: options.op !== undefined,
        onProgress: options.onProgress,
      });
    } catch (error) {
      throw await this.#explained(error, prepared);
    }
  }

  /** Of a record that was not found more may be known; the error of a batch says which line is at fault. */
  async #explained(error: unknown, requests: readonly Request[]): Promise<unknown> {
    if (!(error instanceof OrcError && (error.code === 'not-found' || error.code === 'unknown-dependency')))
      return error;
    const line = error.details?.line;
    const request = requests[typeof line === 'number' ? line - 1 : 0];
    if (request === undefined) return error;
    const { explainMissing } = await import('./set-aside.ts');
    return explainMissing(this, request, error);
  }

  /** Publishes what waits and brings what others did; refreshes the clone's own view of the branch. */
  async sync(options: SyncOptions = {}): Promise<SyncResult> {
    this.refusePast();
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs;
    await this.#carry();
    const kept = options.acceptRewrite === true ? await this.#acceptRewrite(timeoutMs) : null;
    const { head, ...report } = await this.connection.session.sync({ timeoutMs });
    if (report.reachable) await refreshHostView(this.connection, this.surroundings);
    const { reason, reachable } = report;
    const { store, config } = this.connection;
    const { version } = head.read.board.meta;
    const hintOf = reachable ? refusalHint : knownRefusalHint;
    const hint = reason === null ? null : hintOf(reason, config.branch);
    if (kept === null || version > 0) return { ...report, hint, version, kept };
    return {
      ...report,
      hint: putBackHint({ kept, storePath: store.path, isShallow: this.isShallow }, config),
      version,
      kept,
    };
  }

  /** The ref under which the chain that the upstream gave up is kept; `null` when nothing had been rewritten. */
  async #acceptRewrite(timeoutMs: number): Promise<string | null> {
    const { session, store, config } = this.connection;
    const { kept, boardId } = await session.view.acceptRewrite({ timeoutMs });
    if (boardId !== config.boardId) await writeStoreConfig(store.path, { ...config, boardId });
    return kept;
  }

  /** Who acts: named by the call, the process, the clone; else the remembered holder, the work tree's name, `system`. */
  async actor(named: string | undefined, kind?: string, args: Readonly<Record<string, unknown>> = {}): Promise<string> {
    // Registering and heartbeats are an agent's own acts.
    const explicit = named ?? this.#options.agent ?? (kind?.startsWith('agent.') ? String(args.id) : undefined);
    if (explicit !== undefined) return explicit;
    const { env, host } = this.surroundings;
    if (env.ORC_AGENT) return env.ORC_AGENT;
    const configured = (await this.surroundings.config()).get('orc.agent');
    if (configured !== null) return configured;
    const holder = kind === undefined ? null : await rememberedHolder(this.#holds, kind, args);
    return holder ?? host?.worktreeName ?? 'system';
  }

  /** Who looks, as `actor` has it. Starts no process. */
  async onlooker(): Promise<string> {
    return onlookerIn(this.surroundings, this.#options.agent);
  }

  /** What hooks of this clone have noted goes along. */
  readonly #carry = shared(async () => {
    if (this.surroundings.board !== null) return;
    const { session, store } = this.connection;
    await carrySpool({ storePath: store.path, session, actor: () => this.actor(undefined) });
  });

  async request(kind: string, args: Readonly<Record<string, unknown>>, options: MutationOptions): Promise<Request> {
    const resolved = await this.#resolveIds(kind, args);
    const allowed = options.allowSecret === true ? { ...resolved, allow_secret: true } : resolved;
    const agent = await this.actor(options.agent, kind, resolved);
    await this.refuseBadName(agent);
    return { kind, args: allowed, agent, op: options.op ?? null };
  }

  /**
   * What was set once for a shell or a clone nobody looks for in the command: the error says where it stands.
   * @throws OrcError `invalid-argument` for a name from there that is none
   */
  async refuseBadName(agent: string): Promise<void> {
    const fault = faultInName(agent);
    if (fault === null || agent === this.#options.agent) return;
    const where = await this.#sourceOf(agent);
    if (where === null) return;
    const hint = '--agent, ORC_AGENT or `git config orc.agent ID` names another one';
    throw new OrcError('invalid-argument', `${where} ${fault}, as "${agent}" does`, { hint });
  }

  /** What names the agent, as the beginning of a sentence; `null`: nothing that is set for longer than a call. */
  async #sourceOf(agent: string): Promise<string | null> {
    const { env, host } = this.surroundings;
    if (agent === env.ORC_AGENT) return 'ORC_AGENT';
    if ((await this.surroundings.config()).get('orc.agent') === agent) return 'git config orc.agent';
    return agent === host?.worktreeName ? "an agent called as the linked work tree's folder" : null;
  }

  // — reading —

  /** The local head: the upstream's last known state with this store's queue on top; `fresh` asks the upstream first. */
  async head(options: { readonly fresh?: boolean } = {}): Promise<Head> {
    if (this.past !== null) return this.past;
    const { session } = this.connection;
    if (options.fresh === true) {
      const fetched = await session.view.fetch({ timeoutMs: this.#options.timeoutMs ?? defaultTimeoutMs });
      if (fetched.outcome === 'unreachable')
        throw new OrcError('unreachable', `the upstream could not be reached: ${fetched.reason}`);
      if (fetched.outcome === 'moved') return session.rebuildLocal();
    }
    return session.localHead();
  }

  /** Asks a question of the local board; records are loaded as it needs them. */
  async ask<T>(question: (board: Board) => T, head?: Head): Promise<T> {
    return ask(this.connection.store, head ?? (await this.head()), question);
  }

  async task(id: string): Promise<Task | null> {
    const head = await this.head();
    const task = await readTask(this.connection.store, head, await this.resolveTaskId(id));
    return task === null ? null : showTask(task, await waitingOperations(this));
  }

  async closedTasks(head?: Head, options: ArchiveOptions = {}): Promise<Task[]> {
    return readClosedTasks(this.connection.store, head ?? (await this.head()), options);
  }

  async events(filter: EventFilter, head?: Head): Promise<BoardEvent[]> {
    return readEvents(this.connection.store, head ?? (await this.head()), filter);
  }

  async knowledge(topic: string, head?: Head): Promise<Knowledge | null> {
    return readKnowledgeRecord(this.connection.store, head ?? (await this.head()), topic);
  }

  /** @throws OrcError `ambiguous-id`, `not-found`, `invalid-argument` */
  async resolveTaskId(given: string): Promise<string> {
    return resolveTaskId(this.connection.store, await this.head(), given);
  }

  /** Whether the store lacks older commits. */
  get isShallow(): boolean {
    return isShallowStore(this.connection.store.path);
  }

  /** Claims and locks that were obtained here, by this session. */
  get holds(): Holds {
    return this.#holds;
  }

  async #resolveIds(kind: string, args: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const resolved: Record<string, unknown> = { ...args };
    const resolve = async (given: unknown): Promise<unknown> =>
      typeof given === 'string' && !/^[0-9a-f]{8,32}$/.test(given) ? this.resolveTaskId(given) : given;
    if (kind.startsWith('task.')) resolved.id = await resolve(args.id);
    if (Array.isArray(args.depends_on)) resolved.depends_on = await Promise.all(args.depends_on.map(resolve));
    if (typeof args.parent === 'string') resolved.parent = await resolve(args.parent);
    if (kind === 'message.send' && typeof args.task === 'string') resolved.task = await resolve(args.task);
    return resolved;
  }

  /** The same board as it was. @throws OrcError `not-found`, `invalid-argument`, `ambiguous-id` */
  protected async lookBack(
    when: When,
  ): Promise<{ opened: OpenedBoard; world: World; options: OpenOptions; past: Head }> {
    const { clock } = this.world;
    const published = this.past ?? (await this.connection.session.view.head());
    const { head, at } = await headAt(this.connection.store, published, when, clock.now());
    const opened = { ...this.connection, surroundings: this.surroundings, how: this.how };
    // What depends on the present time (leases, locks, who is stale) is judged at the time of that commit.
    const world = { ...this.world, clock: { ...clock, now: () => at } };
    return { opened, world, options: this.#options, past: head };
  }

  /** @throws OrcError `usage` */
  protected refusePast(): void {
    if (this.past === null) return;
    throw new OrcError('usage', 'the board as it was cannot be changed', {
      hint: 'ask without `at` for the present board',
    });
  }

  async #context(options: MutationOptions): Promise<PerformContext> {
    const { env } = this.surroundings;
    return {
      connection: this.connection,
      world: this.world,
      holds: this.#holds,
      given: givenClaim(env),
      publish: options.publish ?? (await this.publishMode()),
      timeoutMs: options.timeoutMs ?? this.#options.timeoutMs ?? defaultTimeoutMs,
      requirePublished: options.requirePublished ?? this.#options.requirePublished ?? isTruthy(env.CI),
    };
  }

  /** The process, the clone, the board. Reading the clone's configuration costs nothing here: who commits is asked of it too. */
  /** When mutations are published: as this process, this clone or the board says, in that order. @throws OrcError `invalid-argument` */
  async publishMode(): Promise<PublishMode> {
    const { env } = this.surroundings;
    if (this.#options.publish !== undefined) return this.#options.publish;
    if (env.ORC_PUBLISH) return checkedMode(env.ORC_PUBLISH, 'ORC_PUBLISH');
    const configured = (await this.surroundings.config()).get('orc.publish');
    if (configured !== null) return checkedMode(configured, 'git config orc.publish');
    return (await this.connection.session.view.settings()).publish;
  }
}

function checkedMode(text: string, where: string): PublishMode {
  if (publishModes.includes(text)) return text as PublishMode;
  throw new OrcError('invalid-argument', `${where} must be one of ${publishModes.join(', ')}, not "${text}"`);
}
