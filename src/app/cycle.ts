/** The cycle: plan the work, brief those who do it, collect what came of it. */
import type { Board } from '../core/board.ts';
import { canStart, type PlannedWork, planWork } from '../core/plan.ts';
import { planMermaid } from '../core/plan-diagram.ts';
import { compareTasks, requireDependencies } from '../core/readiness.ts';
import type { BoardEvent, Knowledge, Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { Head } from '../sync/head.ts';
import { briefMarkdown } from './cycle-brief.ts';
import type { OrcCore } from './orc-core.ts';
import { relevantKnowledge } from './relevance.ts';
import { skewOf } from './skew.ts';
import { staleAfterMs } from './status.ts';

export { type Collected, collectResults, collectText } from './cycle-collect.ts';

/** Plain JSON; the first four are those of the original tool. */
export interface Plan extends Omit<PlannedWork, 'parallel' | 'serial'> {
  readonly generated_at: string;
  /** What can start now, all of it at the same time. `agent`: who could do it; `null`: it needs nothing, so whoever comes may. */
  readonly recommended_parallel: readonly {
    readonly workstream: string;
    readonly task: Task;
    readonly agent: string | null;
    readonly is_critical: boolean;
    readonly brief: string;
  }[];
  /** What must not run at the same time, or not yet, and why. */
  readonly recommended_serial: PlannedWork['serial'];
}

export interface Brief {
  readonly workstream: string;
  readonly task_id: string;
  readonly title: string;
  /** The topics that it quotes, best first. */
  readonly knowledge: readonly string[];
  readonly markdown: string;
}

const knowledgeCount = 5;
const eventCount = 5;
/** How far back events that touch a task are looked for. */
const eventsLookedAt = 500;

export async function makePlan(orc: OrcCore): Promise<Plan> {
  const head = await orc.head();
  const at = orc.world.clock.now();
  const { parallel, serial, workstreams, ...rest } = await orc.ask((board) => planAt(orc, board, at), head);
  const context = await readContext(orc, head);
  const recommended: Plan['recommended_parallel'][number][] = [];
  for (const { task, agent, is_critical } of parallel) {
    const { markdown } = await briefOf(orc, context, task);
    recommended.push({ workstream: task.workstream, task, agent, is_critical, brief: markdown });
  }
  return {
    generated_at: toIso(at),
    workstreams,
    recommended_parallel: recommended,
    recommended_serial: serial,
    ...rest,
  };
}

/** The plan as a flowchart in Mermaid. */
export async function drawPlan(orc: OrcCore): Promise<string> {
  const at = orc.world.clock.now();
  return orc.ask((board) => planMermaid(board, planAt(orc, board, at)));
}

function planAt(orc: OrcCore, board: Board, at: number): PlannedWork {
  return planWork(board, { at, clockSkewMs: skewOf(orc, board) }, staleAfterMs);
}

/**
 * Without an id for the workstream's next task, `null` when none is ready.
 * @throws OrcError `not-found`
 */
export async function makeBrief(orc: OrcCore, workstream: string, taskId?: string): Promise<Brief | null> {
  const head = await orc.head();
  if (head.read.board.workstreams.get(workstream) === undefined) {
    throw new OrcError('not-found', `workstream "${workstream}" not found`, { hint: 'see `orc ws list`' });
  }
  const task = taskId === undefined ? await nextOf(orc, head, workstream) : await orc.task(taskId);
  if (task === null && taskId === undefined) return null;
  if (task?.workstream !== workstream) {
    const where = task === null ? 'does not exist' : `is in workstream "${task.workstream}"`;
    throw new OrcError('not-found', `task ${taskId} ${where}`, { hint: `see \`orc t list ${workstream}\`` });
  }
  return briefOf(orc, await readContext(orc, head), task);
}

interface CycleContext {
  readonly head: Head;
  readonly events: readonly BoardEvent[];
  readonly knowledge: readonly Knowledge[];
}

async function readContext(orc: OrcCore, head: Head): Promise<CycleContext> {
  const topics = [...head.read.board.topics].sort();
  const knowledge = await Promise.all(topics.map((topic) => orc.knowledge(topic, head)));
  const events = await orc.events({ last: eventsLookedAt }, head);
  return { head, events, knowledge: knowledge.filter((each) => each !== null) };
}

async function briefOf(orc: OrcCore, { head, events, knowledge }: CycleContext, task: Task): Promise<Brief> {
  const dependencies = await orc.ask((board) => {
    board.tasks.require(task.depends_on);
    return task.depends_on.flatMap((id) => board.tasks.get(id) ?? []);
  }, head);
  const others = [...head.read.board.openTasks()]
    .filter(({ status, id }) => status === 'in_progress' && id !== task.id)
    .sort(compareTasks);
  const relevant = relevantKnowledge(task, knowledge, knowledgeCount);
  const markdown = briefMarkdown({
    task,
    dependencies,
    others,
    knowledge: relevant,
    events: recentEvents(task, events),
  });
  const { id, workstream, title } = task;
  return { workstream, task_id: id, title, knowledge: relevant.map(({ topic }) => topic), markdown };
}

/** The newest few, those about the task before those about its workstream before all others; in their own order. */
function recentEvents(task: Task, events: readonly BoardEvent[]): BoardEvent[] {
  const near = (event: BoardEvent): number =>
    event.task_id === task.id ? 0 : event.workstream === task.workstream ? 1 : 2;
  return [...events]
    .sort((a, b) => near(a) - near(b) || b.n - a.n)
    .slice(0, eventCount)
    .sort((a, b) => a.n - b.n);
}

async function nextOf(orc: OrcCore, head: Head, workstream: string): Promise<Task | null> {
  const at = orc.world.clock.now();
  return orc.ask((board) => {
    const own = [...board.openTasks()].filter((task) => task.workstream === workstream).sort(compareTasks);
    requireDependencies(board, own);
    return own.find((task) => canStart(board, task, { at, clockSkewMs: skewOf(orc, board) })) ?? null;
  }, head);
}
