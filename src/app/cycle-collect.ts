/** What came of a cycle: completed, failed, still in progress, learnt. */
import { compareAcrossWorkstreams } from '../core/readiness.ts';
import type { BoardEvent, Cycle, Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { Head } from '../sync/head.ts';
import type { OrcCore } from './orc-core.ts';

interface CollectedTask {
  readonly workstream: string;
  readonly task_id: string;
  readonly title: string;
}

export interface Collected {
  readonly collected_at: string;
  /** The cycle since whose opening this counts; `null`: it counts since a time. */
  readonly cycle: number | null;
  /** `null`: since the board began. What compacting took off the board cannot be counted: then since the time before which it did so. */
  readonly since: string | null;
  readonly completed_this_cycle: readonly (CollectedTask & {
    readonly result: string | null;
    readonly completed_at: string;
  })[];
  /** Attempts that failed; `final`: the task was given up. */
  readonly failed: readonly (CollectedTask & {
    readonly reason: string | null;
    readonly final: boolean;
    readonly failed_at: string;
  })[];
  readonly still_in_progress: readonly (CollectedTask & { readonly assigned_to: string | null })[];
  readonly knowledge_updates: readonly {
    readonly topic: string;
    readonly updated_by: string;
    readonly updated_at: string;
  }[];
}

export interface CollectOptions {
  /** ISO 8601, or anything `Date` reads. */
  readonly since?: string | number | Date | undefined;
  /** Since this cycle was opened. Without either: since the opening of the cycle that is open, else since the board began. */
  readonly cycle?: Cycle | undefined;
}

/** From where on: a time, or a cycle's opening, which is a version and so leaves nothing open. */
interface Start {
  readonly since: number | null;
  readonly cycle: Cycle | null;
}

/** At the present head, unless another is given. @throws OrcError `invalid-argument` for what is no time */
export async function collectResults(orc: OrcCore, options: CollectOptions = {}, given?: Head): Promise<Collected> {
  const head = given ?? (await orc.head());
  const { since, cycle } = await startOf(orc, head, options);
  const { events, begin } = await eventsSince(orc, head, { since, cycle });
  const { board } = head.read;
  const tasksById = await readTasks(orc, head, events);
  return {
    collected_at: toIso(orc.world.clock.now()),
    cycle: cycle?.number ?? null,
    since: cycle?.opened_at ?? (begin === null ? null : toIso(begin)),
    completed_this_cycle: completions(events, tasksById, begin ?? Number.NEGATIVE_INFINITY),
    failed: failures(events, tasksById),
    still_in_progress: [...board.openTasks()]
      .filter(({ status }) => status === 'in_progress')
      .sort(compareAcrossWorkstreams(board))
      .map((task) => ({ ...brief(task), assigned_to: task.assigned_to })),
    knowledge_updates: knowledgeUpdates(events, board.topics),
  };
}

async function startOf(orc: OrcCore, head: Head, { since: given, cycle }: CollectOptions): Promise<Start> {
  if (cycle !== undefined) return { since: null, cycle };
  if (given === undefined) return { since: null, cycle: await findOpenCycle(orc, head) };
  const since = new Date(given).getTime();
  if (!Number.isNaN(since)) return { since, cycle: null };
  throw new OrcError('invalid-argument', `"${String(given)}" is no time`, { hint: 'for example 2026-01-31T12:00:00Z' });
}

interface Counted {
  readonly events: readonly BoardEvent[];
  /** From where on they are counted; `null`: since the board began. */
  readonly begin: number | null;
}

/** Since a cycle's opening by versions, whatever clocks say; but an import in it brings lines that are older. */
async function eventsSince(orc: OrcCore, head: Head, start: Start): Promise<Counted> {
  if (start.cycle === null) return eventsSinceTime(await orc.events({}, head), start.since);
  const events = await orc.events({ afterVersion: start.cycle.opened_version }, head);
  const begin = Date.parse(start.cycle.opened_at);
  return { events: events.filter(({ op, ts }) => op !== undefined || Date.parse(ts) >= begin), begin };
}

/** Compacting takes off what was closed before a time, and events that are older: before that nothing is whole. */
function eventsSinceTime(log: readonly BoardEvent[], since: number | null): Counted {
  const [oldest] = log;
  const losses = log.flatMap(({ action, before }) => (action === 'board_compacted' ? [String(before)] : []));
  if (oldest !== undefined && oldest.n > 1) losses.push(oldest.ts);
  const begins = [...(since === null ? [] : [since]), ...losses.map(Date.parse).filter((at) => !Number.isNaN(at))];
  if (begins.length === 0) return { events: log, begin: null };
  const begin = Math.max(...begins);
  return { events: log.filter(({ ts }) => Date.parse(ts) >= begin), begin };
}

/** The cycle that is open, or `null`. */
export async function findOpenCycle(orc: OrcCore, head: Head): Promise<Cycle | null> {
  return orc.ask((board) => {
    const newest = Math.max(0, ...board.cycleNumbers);
    const cycle = board.cycleNumbers.has(newest) ? board.cycles.get(String(newest)) : undefined;
    return cycle?.collected === null ? cycle : null;
  }, head);
}

/**
 * The tasks that events tell of, by id: the archive is not read for their sake. Only after an import it is, for a board of the
 * original may have tasks done of which its log says nothing.
 */
async function readTasks(orc: OrcCore, head: Head, events: readonly BoardEvent[]): Promise<ReadonlyMap<string, Task>> {
  const closed = importsAmong(events).size > 0 ? await orc.closedTasks(head) : [];
  const named = new Set(events.flatMap((event) => (tellOfTasks.has(event.action) ? taskIdsOf(event) : [])));
  const tasks = await orc.ask((board) => {
    board.tasks.require(named);
    return [...named].flatMap((id) => board.tasks.get(id) ?? []);
  }, head);
  return new Map([...closed, ...tasks].map((task) => [task.id, task]));
}

/** The versions of imports. */
function importsAmong(events: readonly BoardEvent[]): ReadonlySet<number> {
  return new Set(events.flatMap(({ action, op, v }) => (action === 'board_imported' && op !== undefined ? [v] : [])));
}

const tellOfTasks: ReadonlySet<string> = new Set(['task_completed', 'task_failed']);

/** `next` that gives up tasks names several in one event. What was imported may have anything there. */
function taskIdsOf(event: BoardEvent): string[] {
  const ids =
    event.task_id === undefined ? (Array.isArray(event.tasks) ? event.tasks.map(String) : []) : [event.task_id];
  return ids.filter((id) => /^[0-9a-f]{8,32}$/.test(id));
}

function completions(
  events: readonly BoardEvent[],
  tasksById: ReadonlyMap<string, Task>,
  since: number,
): Collected['completed_this_cycle'] {
  const completedAt = newestByTask(events, 'task_completed');
  const imports = importsAmong(events);
  const whenDone = ({ id, created_version, updated_at }: Task): string[] => {
    const told = completedAt.get(id)?.ts;
    if (told !== undefined) return [told];
    return imports.has(created_version) && Date.parse(updated_at) >= since ? [updated_at] : [];
  };
  return [...tasksById.values()]
    .filter(({ status }) => status === 'done')
    .flatMap((task) => whenDone(task).map((at) => ({ task, at })))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.task.id < b.task.id ? -1 : 1))
    .map(({ task, at }) => ({ ...brief(task), result: task.result, completed_at: at }));
}

export function collectText(collected: Collected): string {
  const {
    completed_this_cycle: completed,
    failed,
    still_in_progress: running,
    knowledge_updates: knowledge,
  } = collected;
  const part = (title: string, lines: readonly string[]) => [
    '',
    `--- ${title} (${lines.length}) ---`,
    ...(lines.length === 0 ? ['(none)'] : lines),
  ];
  const name = ({ workstream, task_id, title }: CollectedTask) => `${workstream}/${task_id} ${title}`;
  return [
    '=== orc collect ===',
    `Since: ${sinceWords(collected)} | Collected: ${collected.collected_at}`,
    ...part(
      'Completed',
      completed.map((task) => `${name(task)}${task.result === null ? '' : `: ${task.result}`}`),
    ),
    ...part(
      'Failed',
      failed.map(
        (task) => `${name(task)}${task.final ? ' (given up)' : ''}${task.reason === null ? '' : `: ${task.reason}`}`,
      ),
    ),
    ...part(
      'Still in progress',
      running.map((task) => `${name(task)} (${task.assigned_to})`),
    ),
    ...part(
      'Knowledge',
      knowledge.map(({ topic, updated_by, updated_at }) => `${topic}, by ${updated_by}, ${updated_at}`),
    ),
  ].join('\n');
}

export function sinceWords({ cycle, since }: Pick<Collected, 'cycle' | 'since'>): string {
  if (since === null) return 'the beginning';
  return cycle === null ? since : `cycle ${cycle} was opened, ${since}`;
}

function brief({ workstream, id, title }: Task): CollectedTask {
  return { workstream, task_id: id, title };
}

function newestByTask(events: readonly BoardEvent[], action: string): Map<string, BoardEvent> {
  const newest = new Map<string, BoardEvent>();
  for (const event of events)
    if (event.action === action && event.task_id !== undefined) newest.set(event.task_id, event);
  return newest;
}

/** One entry for each attempt. */
function failures(events: readonly BoardEvent[], tasksById: ReadonlyMap<string, Task>): Collected['failed'] {
  const failed = events.filter(({ action }) => action === 'task_failed');
  return failed.flatMap((event) =>
    taskIdsOf(event).flatMap((id) => {
      const task = tasksById.get(id);
      if (task === undefined) return [];
      const reason = typeof event.reason === 'string' ? event.reason : null;
      return [
        { ...brief(task), reason, final: event.final === true || event.task_id === undefined, failed_at: event.ts },
      ];
    }),
  );
}

/** The newest write of each topic that is still there. */
function knowledgeUpdates(events: readonly BoardEvent[], topics: ReadonlySet<string>): Collected['knowledge_updates'] {
  const newest = new Map<string, Collected['knowledge_updates'][number]>();
  for (const { action, topic, agent, ts } of events) {
    if (action !== 'knowledge_written' || typeof topic !== 'string' || !topics.has(topic)) continue;
    newest.delete(topic);
    newest.set(topic, { topic, updated_by: agent, updated_at: ts });
  }
  return [...newest.values()];
}
