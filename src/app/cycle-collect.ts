/** What came of a cycle: completed, failed, still in progress, learnt. */
import { compareAcrossWorkstreams } from '../core/readiness.ts';
import type { BoardEvent, Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';

interface CollectedTask {
  readonly workstream: string;
  readonly task_id: string;
  readonly title: string;
}

export interface Collected {
  readonly collected_at: string;
  /** `null`: since the board began. */
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
  /** ISO 8601, or anything `Date` reads; without it everything since the board began. */
  readonly since?: string | number | Date | undefined;
}

/** @throws OrcError `invalid-argument` for what is no time */
export async function collectResults(orc: OrcCore, options: CollectOptions = {}): Promise<Collected> {
  const since = options.since === undefined ? Number.NEGATIVE_INFINITY : new Date(options.since).getTime();
  if (Number.isNaN(since)) {
    throw new OrcError('invalid-argument', `"${String(options.since)}" is no time`, {
      hint: 'for example 2026-01-31T12:00:00Z',
    });
  }
  const head = await orc.head();
  const { board } = head.read;
  const tasks = [...board.openTasks(), ...(await orc.closedTasks(head))];
  const tasksById = new Map(tasks.map((task) => [task.id, task]));
  const events = await orc.events({}, head);
  const completedAt = newestByTask(events, 'task_completed');
  const isRecent = (time: string): boolean => Date.parse(time) >= since;
  const done = tasks
    .filter(({ status }) => status === 'done')
    // A board of the original may have tasks done of which its log says nothing.
    .map((task) => ({ task, at: completedAt.get(task.id)?.ts ?? task.updated_at }))
    .filter(({ at }) => isRecent(at))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.task.id < b.task.id ? -1 : 1));
  return {
    collected_at: toIso(orc.world.clock.now()),
    since: options.since === undefined ? null : toIso(since),
    completed_this_cycle: done.map(({ task, at }) => ({ ...brief(task), result: task.result, completed_at: at })),
    failed: failures(
      events.filter(({ ts }) => isRecent(ts)),
      tasksById,
    ),
    still_in_progress: [...board.openTasks()]
      .filter(({ status }) => status === 'in_progress')
      .sort(compareAcrossWorkstreams(board))
      .map((task) => ({ ...brief(task), assigned_to: task.assigned_to })),
    knowledge_updates: knowledgeUpdates(
      events.filter(({ ts }) => isRecent(ts)),
      board.topics,
    ),
  };
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
    `Since: ${collected.since ?? 'the beginning'} | Collected: ${collected.collected_at}`,
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

function brief({ workstream, id, title }: Task): CollectedTask {
  return { workstream, task_id: id, title };
}

function newestByTask(events: readonly BoardEvent[], action: string): Map<string, BoardEvent> {
  const newest = new Map<string, BoardEvent>();
  for (const event of events)
    if (event.action === action && event.task_id !== undefined) newest.set(event.task_id, event);
  return newest;
}

/** One entry for each attempt. `next` that gives up tasks names several in one event. */
function failures(events: readonly BoardEvent[], tasksById: ReadonlyMap<string, Task>): Collected['failed'] {
  const failed = events.filter(({ action }) => action === 'task_failed');
  return failed.flatMap((event) => {
    const ids = event.task_id === undefined ? (Array.isArray(event.tasks) ? event.tasks : []) : [event.task_id];
    return ids.flatMap((id: unknown) => {
      const task = tasksById.get(String(id));
      if (task === undefined) return [];
      const reason = typeof event.reason === 'string' ? event.reason : null;
      return [
        { ...brief(task), reason, final: event.final === true || event.task_id === undefined, failed_at: event.ts },
      ];
    });
  });
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
