/** Gathers what a brief tells: from the board, the log, and the knowledge base. */
import { bindingTopics } from '../core/binding.ts';
import type { Board } from '../core/board.ts';
import { globOf, globsOverlap } from '../core/globs.ts';
import { unreadMessages } from '../core/messages.ts';
import type { Moment } from '../core/operation.ts';
import { canStart } from '../core/plan.ts';
import {
  compareAcrossWorkstreams,
  isGivenOut,
  isHoldExpired,
  isLeaseExpired,
  requireDependencies,
} from '../core/readiness.ts';
import type { BoardEvent, Lock, Task } from '../core/records.ts';
import { shellWord } from '../core/shell-word.ts';
import { compareTasks } from '../core/task-order.ts';
import { OrcError } from '../errors.ts';
import type { Head } from '../sync/head.ts';
import { placeOfTask } from './brief-place.ts';
import type { ReportWith } from './brief-sections.ts';
import { type BriefContents, briefMarkdown } from './cycle-brief.ts';
import { allKnowledge, knowledgeIndex } from './knowledge-base.ts';
import type { OrcCore } from './orc-core.ts';
import { relevantTopics } from './relevance.ts';
import { skewOf } from './skew.ts';
import { showTask, waitingOperations } from './tentative-claims.ts';

export interface Brief {
  readonly workstream: string;
  readonly task_id: string;
  readonly title: string;
  /** The topics that it was made from: first those that bind the task's files, then the others, best first. */
  readonly knowledge: readonly string[];
  /** What had no room, one entry for each section. */
  readonly dropped: readonly string[];
  /** What is wrong with the board's template. */
  readonly warnings: readonly string[];
  readonly markdown: string;
}

export interface BriefOptions {
  /** Who is briefed: for the next task, the commands, the locks of others. Default: who holds the task. */
  readonly agent?: string | undefined;
  /** At most so many characters, in UTF-16 units. */
  readonly maxChars?: number | undefined;
  /** Whether the instructions are commands, or tools of `orc mcp`. Default: `commands`. */
  readonly reportWith?: ReportWith | undefined;
}

const templatePath = 'templates/brief.md';
/** Topics beside those that bind, and those. */
const relevantCount = 5;
const bindingCount = 10;
const eventCount = 8;
/** How far back events that touch a task are looked for. */
const eventsLookedAt = 500;

/**
 * `workstream`: `null` for any. Without an id for the next task, `null` when none is ready: of an agent that is named what
 * it has in hand, else what its `next` would give; without one whatever could begin.
 * @throws OrcError `not-found`; `board-unreadable` for a task whose file cannot be read; `invalid-argument` for a length that cannot hold the task
 */
export async function makeBrief(
  orc: OrcCore,
  workstream: string | null,
  taskId?: string,
  options: BriefOptions = {},
): Promise<Brief | null> {
  const head = await orc.head();
  if (workstream !== null && head.read.board.workstreams.get(workstream) === undefined) {
    throw new OrcError('not-found', `workstream "${workstream}" not found`, { hint: 'see `orc ws list`' });
  }
  if (taskId === undefined) {
    const next = await nextOf(orc, head, workstream, options.agent);
    return next === null ? null : (await openBriefs(orc, head))(next, options);
  }
  const task = await orc.task(taskId);
  if (task === null || (workstream !== null && task.workstream !== workstream)) {
    const where = task === null ? 'does not exist' : `is in workstream "${task.workstream}"`;
    const hint = workstream === null ? 'see `orc t list`' : `see \`orc t list ${shellWord(workstream)}\``;
    const error = new OrcError('not-found', `task ${taskId} ${where}`, { hint });
    if (task !== null) throw error;
    const { missingTaskError } = await import('./set-aside.ts');
    throw await missingTaskError(orc, taskId, error);
  }
  return (await openBriefs(orc, head))(task, options);
}

/** Reads once what every brief of a board is made from, and gives what makes one. */
export async function openBriefs(
  orc: OrcCore,
  head: Head,
): Promise<(task: Task, options?: BriefOptions) => Promise<Brief>> {
  const events = await orc.events({ last: eventsLookedAt }, head);
  const waiting = await waitingOperations(orc);
  const template = await orc.ask((board) => board.files.get(templatePath)?.text ?? null, head);
  return async (task, { agent, maxChars, reportWith } = {}) => {
    const contents = await gather(orc, head, { task, agent: agent ?? null, events, waiting });
    const text = briefMarkdown(contents, { template, maxChars, reportWith });
    const topics = [
      ...contents.binding.map(({ knowledge }) => knowledge.topic),
      ...contents.relevant.map(({ topic }) => topic),
    ];
    return { workstream: task.workstream, task_id: task.id, title: task.title, knowledge: topics, ...text };
  };
}

interface Gathering {
  readonly task: Task;
  readonly agent: string | null;
  readonly events: readonly BoardEvent[];
  /** Operations that are not published: what they claimed has no token yet. */
  readonly waiting: ReadonlySet<string>;
}

async function gather(orc: OrcCore, head: Head, { task, agent, events, waiting }: Gathering): Promise<BriefContents> {
  const now = orc.world.clock.now();
  const own = agent ?? task.assigned_to;
  const onBoard = await orc.ask(
    (board) => boardContents(board, task, own, { at: now, clockSkewMs: skewOf(orc, board) }),
    head,
  );
  const all = await allKnowledge(orc, head);
  const binding = task.paths.length === 0 ? [] : bindingTopics(all, task.paths).slice(0, bindingCount);
  const isBinding = new Set(binding.map(({ knowledge }) => knowledge.topic));
  const topics = relevantTopics(task, await knowledgeIndex(orc, head), {
    count: relevantCount,
    isCandidate: (topic) => !isBinding.has(topic),
  });
  const relevant = topics.flatMap((topic) => all.find((knowledge) => knowledge.topic === topic) ?? []);
  const contents: Omit<BriefContents, 'events'> = {
    ...onBoard,
    dependencies: onBoard.dependencies.map((each) => ({ ...each, by: each.by ?? whoCompleted(each.task, events) })),
    now,
    agent,
    task: showTask(task, waiting),
    binding,
    relevant,
  };
  return { ...contents, events: recentEvents(contents, events) };
}

/** A task that nobody had claimed does not say itself who completed it. */
function whoCompleted({ id, status }: Task, events: readonly BoardEvent[]): string | null {
  if (status !== 'done') return null;
  return events.findLast(({ action, task_id }) => action === 'task_completed' && task_id === id)?.agent ?? null;
}

type OnBoard = Pick<
  BriefContents,
  'workstream' | 'place' | 'dependencies' | 'parent' | 'siblings' | 'children' | 'locks' | 'others' | 'mail'
>;

/** @throws MissingRecord when it needs a task that is not loaded */
function boardContents(board: Board, task: Task, own: string | null, moment: Moment): OnBoard {
  board.tasks.require(task.parent === null ? task.depends_on : [...task.depends_on, task.parent]);
  const open = [...board.openTasks()].filter(({ id }) => id !== task.id).sort(compareTasks);
  const others = open
    .filter(({ status }) => status === 'in_progress')
    .map((each) => ({
      task: each,
      isOver: isLeaseExpired(board, each, moment),
      isNear: task.paths.some((path) => each.paths.some((theirs) => globsOverlap(path, theirs))),
    }));
  const { priority = 5, status = 'active', description = '' } = board.workstreams.get(task.workstream) ?? {};
  return {
    workstream: { priority, status, description },
    place: placeOfTask(board, task),
    dependencies: task.depends_on
      .flatMap((id) => board.tasks.get(id) ?? [])
      .map((each) => ({ task: each, by: each.assigned_to })),
    parent: task.parent === null ? null : (board.tasks.get(task.parent) ?? null),
    siblings: task.parent === null ? [] : open.filter(({ parent }) => parent === task.parent),
    children: open.filter(({ parent }) => parent === task.id),
    locks: othersLocks(board, task, own, moment),
    mail:
      own === null
        ? []
        : unreadMessages(board, own).map(({ from, sent_at: at, text, task: about }) => ({
            from,
            at,
            text,
            task: about,
          })),
    others: others.sort((a, b) => Number(b.isNear) - Number(a.isNear)),
  };
}

/** Those on the task's files first, then by resource. */
function othersLocks(board: Board, task: Task, own: string | null, moment: Moment): BriefContents['locks'] {
  return [...board.locks.loaded()]
    .map((lock): Lock => {
      const holders = lock.holders.filter((hold) => hold.agent !== own && !isHoldExpired(hold, moment));
      return { ...lock, holders };
    })
    .filter(({ holders }) => holders.length > 0)
    .map((lock) => {
      const glob = globOf(lock.resource);
      return { lock, isNear: glob !== null && task.paths.some((path) => globsOverlap(path, glob)) };
    })
    .sort((a, b) => Number(b.isNear) - Number(a.isNear) || (a.lock.resource < b.lock.resource ? -1 : 1));
}

/**
 * The newest that touch it, in their own order: about the task before those about its neighbours, its locks and the knowledge that
 * is quoted, before those of its workstream.
 */
function recentEvents(contents: Omit<BriefContents, 'events'>, events: readonly BoardEvent[]): BoardEvent[] {
  const { task, dependencies, place, parent, siblings, children, locks, binding, relevant } = contents;
  const neighbours = new Set(
    [
      ...dependencies.map((each) => each.task),
      ...place.dependents,
      ...siblings,
      ...children,
      ...(parent === null ? [] : [parent]),
    ].map(({ id }) => id),
  );
  const topics = new Set([...binding.map(({ knowledge }) => knowledge.topic), ...relevant.map(({ topic }) => topic)]);
  const resources = new Set(locks.flatMap(({ lock, isNear }) => (isNear ? [lock.resource] : [])));
  const distance = ({ action, task_id, workstream, topic, resource }: BoardEvent): number => {
    // Mail has a part of its own, where it is for the reader.
    if (action.startsWith('message_')) return 3;
    if (task_id === task.id) return 0;
    if (task_id !== undefined && neighbours.has(task_id)) return 1;
    if (topics.has(String(topic)) || resources.has(String(resource))) return 1;
    return workstream === task.workstream ? 2 : 3;
  };
  return events
    .map((event) => ({ event, far: distance(event) }))
    .filter(({ far }) => far < 3)
    .sort((a, b) => a.far - b.far || b.event.n - a.event.n)
    .slice(0, eventCount)
    .map(({ event }) => event)
    .sort((a, b) => a.n - b.n);
}

async function nextOf(
  orc: OrcCore,
  head: Head,
  workstream: string | null,
  agent: string | undefined,
): Promise<Task | null> {
  return orc.ask((board) => {
    const moment = { at: orc.world.clock.now(), clockSkewMs: skewOf(orc, board) };
    const open = [...board.openTasks()]
      .filter((task) => workstream === null || task.workstream === workstream)
      .sort(workstream === null ? compareAcrossWorkstreams(board) : compareTasks);
    requireDependencies(board, open);
    const isRunning = (task: Task): boolean => task.status === 'in_progress' && !isLeaseExpired(board, task, moment);
    if (agent !== undefined) {
      const inHand = open.find((task) => task.assigned_to === agent && isRunning(task));
      return inHand ?? open.find((task) => isGivenOut(board, task, agent, moment)) ?? null;
    }
    const isActive = (task: Task): boolean => board.workstreams.get(task.workstream)?.status === 'active';
    return open.find((task) => (workstream !== null || isActive(task)) && canStart(board, task, moment)) ?? null;
  }, head);
}
