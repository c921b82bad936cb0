/**
 * The Node API. The first nineteen functions are those of the original single-machine tool, with its names, arguments and
 * results, behind `await`; the rest of the operations follow.
 *
 * What changed is said in docs/api.md: completing a closed task is refused, priority 0 is refused, listings carry counts.
 */

import type { Agent, BoardEvent, CheckRun, Lock, Task, Workstream } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Brief, BriefOptions } from './brief.ts';
import type { Compacted, CompactOptions } from './compact.ts';
import { realWorld } from './connect.ts';
import type { When } from './head-at.ts';
import type { BoundKnowledge, KnowledgeFilter, KnowledgeHit, KnowledgeSearch } from './knowledge-base.ts';
import type { KnowledgeTrail } from './knowledge-history.ts';
import { openBoard, openOrCreateBoard } from './open-board.ts';
import type { OpenOptions } from './orc-core.ts';
import { OrcOfCrew } from './orc-of-crew.ts';
import type {
  CompleteOptions,
  KnowledgeOptions,
  LeaseOptions,
  LockOptions,
  NewTask,
  NewWorkstream,
} from './orc-options.ts';
import type { MutationOptions } from './perform.ts';
import { defined, notPublished, told } from './performed.ts';
import type { Prime, PrimeOptions } from './prime.ts';
import type { EventFilter } from './reading.ts';
import type { RunChecksOptions } from './run-checks.ts';
import { readSingleFile, type SingleFileState } from './single-file.ts';
import { readStatus, type StatusReport, statusText, summarizeWorkstreams, type WorkstreamSummary } from './status.ts';
import { findSurroundings } from './surroundings.ts';
import { type Undone, type UndoOptions, undoVersion } from './undo.ts';
import { attemptLock, type LockAttempt } from './wait-for-lock.ts';
import { type EventStream, type WatchOptions, watchEvents, watchPortsOf } from './watch.ts';
import type { WorkHandler, WorkOptions } from './work.ts';
import type { WorkSummary } from './worker-ports.ts';

/** What can be asked of the board as it was. */
export type OrcView = Pick<
  Orc,
  | 'loadState'
  | 'status'
  | 'statusText'
  | 'listWorkstreams'
  | 'getEvents'
  | 'readKnowledge'
  | 'listKnowledge'
  | 'searchKnowledge'
  | 'knowledgeFor'
  | 'knowledgeHistory'
  | 'brief'
  | 'prime'
  | 'inbox'
  | 'getCycle'
  | 'listCycles'
  | 'task'
  | 'knowledge'
  | 'closedTasks'
  | 'resolveTaskId'
  | 'at'
>;

interface OpenHints {
  /** A change will be asked for: git is asked for the clone's configuration at once, while the board is being opened. */
  readonly anticipatesChange?: boolean;
}

/**
 * Opens the board of a clone: the store that is there, else the board that a remote has, which is joined.
 * @throws OrcError `no-repository`, `no-board` (unless `create`), `ambiguous-remote`, `unreachable`
 */
export async function openOrc(options: OpenOptions & OpenHints = {}): Promise<Orc> {
  const env = options.env ?? process.env;
  const world = options.world ?? realWorld;
  const surroundings = findSurroundings({
    cwd: options.cwd ?? process.cwd(),
    env,
    board: options.board,
    branch: options.branch,
  });
  // Whoever needs it hears what is wrong with it.
  if (options.anticipatesChange === true) void surroundings.config().catch(() => undefined);
  const create = options.create === true ? {} : options.create;
  const opened = create
    ? await openOrCreateBoard(surroundings, world, { ...create, timeoutMs: options.timeoutMs })
    : await openBoard(surroundings, world, { timeoutMs: options.timeoutMs });
  return new Orc(opened, world, options);
}

export class Orc extends OrcOfCrew {
  // — the original's nineteen —

  /** The whole board in the original's single-file shape. */
  async loadState(): Promise<SingleFileState> {
    return readSingleFile(this);
  }

  /** Logs an event of an agent's own. @throws OrcError `invalid-argument` for one of orc's own actions */
  async logEvent(agent: string, action: string, data: Readonly<Record<string, unknown>> = {}): Promise<BoardEvent> {
    return this.#data('event.log', { action, data }, { agent });
  }

  async getEvents(filter: EventFilter = {}): Promise<BoardEvent[]> {
    return this.events(filter);
  }

  /** @throws OrcError `already-exists`, `invalid-argument` */
  async createWorkstream(name: string, options: NewWorkstream & MutationOptions = {}): Promise<Workstream> {
    const { description, priority, ...rest } = options;
    return this.#data('workstream.create', defined({ name, description, priority }), rest);
  }

  /** By priority, each with its counts. */
  async listWorkstreams(): Promise<WorkstreamSummary[]> {
    return this.ask(summarizeWorkstreams);
  }

  /** @throws OrcError `not-found`, `archived`, `unknown-dependency`, `invalid-argument`, `too-large`, `secret-found` */
  async addTask(workstream: string, task: NewTask, options: MutationOptions = {}): Promise<Task> {
    return this.#data('task.add', defined({ workstream, ...task }), options);
  }

  /** @throws OrcError `not-found`, `already-claimed`, `not-ready`, `closed`, `lacks-capability`, `not-published` */
  async claimTask(workstream: string | null, taskId: string, agent: string, options: LeaseOptions = {}): Promise<Task> {
    const { leaseMs, ...rest } = options;
    return this.#arbitrated('task.claim', defined({ workstream, id: taskId, lease_ms: leaseMs }), { ...rest, agent });
  }

  /** @throws OrcError `not-found`, `closed`, `not-holder`, `stale-token`; with `checks` also `checks-failed`, `conflict` */
  async completeTask(
    workstream: string | null,
    taskId: string,
    result: string | null = null,
    options: CompleteOptions = {},
  ): Promise<Task> {
    const { token, checks, force, ...rest } = options;
    return this.#data('task.complete', defined({ workstream, id: taskId, result, token, checks, force }), rest);
  }

  /** Claims the first ready task, or gives `null`. @throws OrcError `not-found` for an unknown workstream, `not-published` */
  async getNextTask(
    workstream: string | null,
    agent: string,
    options: LeaseOptions & { readonly label?: string } = {},
  ): Promise<Task | null> {
    const { leaseMs, label, ...rest } = options;
    return this.#arbitrated('task.next', defined({ workstream, label, lease_ms: leaseMs }), { ...rest, agent });
  }

  async registerAgent(
    id: string,
    options: { readonly type?: string; readonly capabilities?: readonly string[] } & MutationOptions = {},
  ): Promise<Agent> {
    const { type, capabilities, ...rest } = options;
    return this.#data('agent.register', defined({ id, type, capabilities }), { agent: id, ...rest });
  }

  /** Shows that an agent is alive; does nothing for one that is not registered. */
  async heartbeat(id: string, options: MutationOptions = {}): Promise<void> {
    try {
      await this.perform('agent.heartbeat', { id }, { agent: id, ...options });
    } catch (error) {
      if (!(error instanceof OrcError && error.code === 'not-found')) throw error;
    }
  }

  /** `true` when the lock is the agent's now. `tryLock` tells more. @throws OrcError `not-published` when nobody could arbitrate */
  async acquireLock(
    resource: string,
    agent: string,
    ttlMs = 60_000,
    options: Omit<LockOptions, 'ttlMs'> = {},
  ): Promise<boolean> {
    return (await this.tryLock(resource, agent, { ...options, ttlMs })).outcome === 'acquired';
  }

  /** `false` when the agent does not hold it. */
  async releaseLock(
    resource: string,
    agent: string,
    options: MutationOptions & { readonly token?: number } = {},
  ): Promise<boolean> {
    const { token, ...rest } = options;
    try {
      await this.perform('lock.release', defined({ resource, token }), { ...rest, agent });
      return true;
    } catch (error) {
      if (error instanceof OrcError && (error.code === 'not-holder' || error.code === 'stale-token')) return false;
      throw error;
    }
  }

  async writeKnowledge(
    topic: string,
    content: string,
    agent?: string,
    options: MutationOptions & KnowledgeOptions = {},
  ): Promise<void> {
    const { base, title, tags, paths, ...rest } = options;
    const args = defined({ topic, content, title, tags, paths, base });
    await this.perform('knowledge.write', args, { ...rest, agent: agent ?? rest.agent });
  }

  /** The body of a topic, or `null`. */
  async readKnowledge(topic: string): Promise<string | null> {
    return (await this.knowledge(topic))?.content ?? null;
  }

  /** `false` when there is none. */
  async deleteKnowledge(topic: string, agent?: string, options: MutationOptions = {}): Promise<boolean> {
    try {
      await this.perform('knowledge.delete', { topic }, { ...options, agent: agent ?? options.agent });
      return true;
    } catch (error) {
      if (error instanceof OrcError && error.code === 'not-found') return false;
      throw error;
    }
  }

  /** The topics, sorted; with a filter only those that have all its tags, and begin with its prefix. */
  async listKnowledge(filter: KnowledgeFilter = {}): Promise<string[]> {
    return (await import('./knowledge-base.ts')).listTopics(this, filter);
  }

  async status(): Promise<StatusReport> {
    return readStatus(this);
  }

  async statusText(): Promise<string> {
    return statusText(await this.status(), this.world.clock.now());
  }

  // — beyond the original —

  /**
   * Tells who holds a lock and until when, instead of throwing. With `waitMs` it waits for it first.
   * @throws OrcError `not-published`, `clock-off`, `invalid-argument`, `not-found` for a retired agent
   */
  async tryLock(resource: string, agent: string, options: LockOptions = {}): Promise<LockAttempt> {
    const { ttlMs, shared, reason, token, waitMs, signal, ...rest } = options;
    const args = defined({ resource, ttl_ms: ttlMs, shared, reason, token });
    const acquire = () => this.#arbitrated<Lock>('lock.acquire', args, { ...rest, agent });
    return attemptLock(this, { resource, agent, waitMs, signal }, acquire);
  }

  /**
   * Takes tasks and has them done by `handler`, as `orc work` does with a command: what it gives is the result, what it throws is
   * the reason why the task failed. Each claim is renewed at a third of its lease. Resolves when there is nothing to do any more, as
   * `mode` has it, or when `signal` is aborted and what was under way is handed back.
   * @throws OrcError `usage` when no agent is named, `invalid-argument`, `not-found` for an unknown workstream, `not-published` where it
   * cannot be known whether there is work, `history-rewritten` and the like
   */
  async work(options: WorkOptions, handler: WorkHandler): Promise<WorkSummary> {
    const { workWithHandler } = await import('./work.ts');
    return workWithHandler(this, options, handler);
  }

  /** Lists a commit of the repository with a task, open or closed; once. @throws OrcError `not-found`, `invalid-argument` */
  async linkCommit(taskId: string, commit: string, options: MutationOptions = {}): Promise<Task> {
    return this.#data('task.link', { id: taskId, commit }, options);
  }

  /**
   * Runs a task's checks in this clone's work tree, for `completeTask(…, { checks })`. Their commands come from the board: they run only
   * with `isAllowed` or `git config orc.runChecks true`. One that fails is a result, not an error.
   * @throws OrcError `not-found`, `checks-not-allowed`, `no-repository` where there is no work tree
   */
  async runChecks(taskId: string, options: RunChecksOptions = {}): Promise<readonly CheckRun[]> {
    const task = await this.task(taskId);
    if (task === null) throw new OrcError('not-found', `task "${taskId}" not found`, { hint: 'see `orc t list`' });
    const { runChecks } = await import('./run-checks.ts');
    return runChecks(this, task.checks, options);
  }

  /** Topics in which the words stand, best first. @throws OrcError `invalid-argument` */
  async searchKnowledge(words: string, search: KnowledgeSearch = {}): Promise<KnowledgeHit[]> {
    return (await import('./knowledge-base.ts')).searchKnowledge(this, words, search);
  }

  /** Topics that bind these files, the most specific first. @throws OrcError `invalid-argument` */
  async knowledgeFor(paths: readonly string[]): Promise<BoundKnowledge[]> {
    return (await import('./knowledge-base.ts')).knowledgeFor(this, paths);
  }

  /** Each time that a topic was written or deleted, the newest first; also of one that is gone. */
  async knowledgeHistory(topic: string, options: { readonly last?: number } = {}): Promise<KnowledgeTrail> {
    return (await import('./knowledge-history.ts')).knowledgeHistory(this, topic, options);
  }

  /**
   * What an agent has to know for a task, as Markdown; `null` when none is ready. `workstream`: `null` for any; without an id for
   * the next task. @throws OrcError `not-found`, `invalid-argument`
   */
  async brief(workstream: string | null, taskId?: string, options: BriefOptions = {}): Promise<Brief | null> {
    const { makeBrief } = await import('./brief.ts');
    return makeBrief(this, workstream, taskId === undefined ? undefined : await this.resolveTaskId(taskId), options);
  }

  /**
   * What a coding agent has to know before it begins: how to use orc, and what the board has for it now, as facts and as `text`.
   * `agent`: default as for operations, `null` where that is nobody in particular.
   */
  async prime(options: Partial<PrimeOptions> = {}): Promise<Prime> {
    const { prime } = await import('./prime.ts');
    const { agent = await this.actor(undefined), maxChars } = options;
    return prime(this, { agent: agent === 'system' ? null : agent, maxChars });
  }

  /**
   * The board as it was at a version, a commit or a time: the same reading functions, on published history. What depends on the
   * present time, such as leases, is judged at the time of that commit. It needs no closing.
   * @throws OrcError `not-found` (no such version, before the board began, cut off in a shallow store), `invalid-argument`, `ambiguous-id`
   */
  async at(when: When): Promise<OrcView> {
    const { opened, world, options, past } = await this.lookBack(when);
    return new Orc(opened, world, options, past);
  }

  /**
   * The board's events as they are published, here or elsewhere: an iterator that goes on until `break`, `return()` or the signal.
   * Begins after event `after`, or after board version `afterVersion`; by default with what this clone has not seen at this call.
   * The upstream is asked every second at first, less often while nothing happens; its troubles are told to `onNotice`, and it goes on.
   * Iterating throws OrcError `history-rewritten`, `invalid-argument` (the log ends before `after`; a filter that is none).
   */
  watch(options: WatchOptions = {}): EventStream {
    this.refusePast();
    return watchEvents(watchPortsOf(this), options);
  }

  /**
   * Takes an earlier mutation back where nothing was built on it: a mutation of its own. Claims and locks never come back.
   * @throws OrcError `not-found`, `conflict`, `not-undoable`, `not-holder`, `stale-token`, `archived`, `has-open-tasks`, `dependency-cycle`
   */
  async undo(version: number, options: UndoOptions = {}): Promise<Undone> {
    const performed = await undoVersion(this, version, options);
    if (performed.state === 'unknown') throw notPublished('undo', performed);
    return performed.data;
  }

  /**
   * Takes closed tasks, cycles and events that are older than a time off the board; history keeps them. With `dryRun` it only says
   * what would go.
   * @throws OrcError `invalid-argument` for a time that is none, or has yet to come; `not-published`
   */
  async compact(options: CompactOptions): Promise<Compacted> {
    this.refusePast();
    const { compactBoard } = await import('./compact.ts');
    const performed = await compactBoard(this, options);
    if (performed.state === 'unknown') throw notPublished('board.compact', performed);
    return performed.data;
  }

  async #data<T>(kind: string, args: Readonly<Record<string, unknown>>, options: MutationOptions): Promise<T> {
    return told(kind, await this.perform<T>(kind, args, options));
  }

  /**
   * Claims and locks: a caller that asked for arbitration and could not have it must not take silence for a yes, or for a no.
   * Where publishing is deferred on purpose, the answer is tentative, and its token is `null`.
   */
  async #arbitrated<T>(kind: string, args: Readonly<Record<string, unknown>>, options: MutationOptions): Promise<T> {
    const performed = await this.perform<T>(kind, args, options);
    if (performed.published !== true && performed.reason !== null) throw notPublished(kind, performed);
    return performed.data;
  }
}
