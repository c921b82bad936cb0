/** The agents of a plan: who is live, who has what, and how many more would find work. */
import type { Assignment } from './assignment.ts';
import type { Board } from './board.ts';
import type { Moment } from './operation.ts';
import { nameOf, sharedPaths } from './plan-conflicts.ts';
import { conflictingLock } from './readiness.ts';
import type { Agent, Task } from './records.ts';
import { fromIso } from './time.ts';

export interface PlannedAgent {
  readonly id: string;
  readonly capabilities: readonly string[];
  /** `workstream/id` of what it is at work on. Who has something is given nothing more. */
  readonly tasks: readonly string[];
  /** What this plan gives it. */
  readonly task: string | null;
}

/** So many more agents with all of these capabilities could start a task now, beside all that the plan recommends. */
export interface MissingAgents {
  readonly capabilities: readonly string[];
  readonly count: number;
  /** `workstream/id` of the tasks that wait for them. */
  readonly tasks: readonly string[];
}

/** Active agents that were seen since a time, ms, by id. */
export function liveAgents(board: Board, seenSince: number): Agent[] {
  return [...board.agents.loaded()]
    .filter(({ status, last_seen }) => status === 'active' && fromIso(last_seen) >= seenSince)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

export interface AgentsAtWork {
  readonly live: readonly Agent[];
  readonly running: readonly Task[];
  /** Tasks that are ready, by id: those that were assigned. */
  readonly recommended: readonly Task[];
  readonly assignment: Assignment;
}

export function plannedAgents({ live, running, recommended, assignment }: AgentsAtWork): PlannedAgent[] {
  const nameById = new Map(recommended.map((task) => [task.id, nameOf(task)]));
  return live.map(({ id, capabilities }) => ({
    id,
    capabilities,
    tasks: running.filter(({ assigned_to }) => assigned_to === id).map(nameOf),
    task: nameById.get(assignment.taskOf(id) ?? '') ?? null,
  }));
}

/**
 * How many agents are missing, by what they would have to be able to do.
 * @param waiting what waits for an agent; what would wait for something else as well is not counted
 * @param starting what runs, and what the plan starts
 */
export function missingAgents(
  board: Board,
  waiting: readonly Task[],
  starting: readonly Task[],
  now: Moment,
): MissingAgents[] {
  const together = [...starting];
  const groups = new Map<string, { readonly capabilities: readonly string[]; readonly tasks: string[] }>();
  for (const task of waiting) {
    if (conflictingLock(board, task, '', now) !== null) continue;
    if (together.some((other) => sharedPaths(task, other) !== null)) continue;
    together.push(task);
    const capabilities = [...task.needs].sort();
    const key = JSON.stringify(capabilities);
    const group = groups.get(key) ?? { capabilities, tasks: [] };
    groups.set(key, group);
    group.tasks.push(nameOf(task));
  }
  return [...groups.values()]
    .map(({ capabilities, tasks }) => ({ capabilities, count: tasks.length, tasks }))
    .sort((a, b) => b.count - a.count || (JSON.stringify(a.capabilities) < JSON.stringify(b.capabilities) ? -1 : 1));
}
