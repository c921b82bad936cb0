/** Why a task is not handed out: for whoever looks at the board, people and programs alike. */
import type { Board } from './board.ts';
import type { Moment } from './operation.ts';
import { isExhausted, type ObstacleKind, obstacleTo, openDependencies } from './readiness.ts';
import { isOpen, type Task } from './records.ts';

export interface WaitingFor {
  /** What readiness knows, and: it is closed, its workstream rests, or it has no attempts left. */
  readonly kind: ObstacleKind | 'closed' | 'workstream' | 'attempts';
  /** A sentence without its full stop. */
  readonly message: string;
  /** The tasks that have to be done first; also where something else stands against it as well. */
  readonly tasks: readonly string[];
}

/**
 * The first thing that keeps `next` from giving a task to this agent; `null` when nothing does. Says the same as readiness
 * does, in more words: one is `null` exactly when `next` would hand the task out.
 * @throws MissingRecord for dependencies that are not loaded (`requireDependencies` asks for those of many tasks at once)
 */
export function findObstacle(board: Board, task: Task, agent: string, moment: Moment): WaitingFor | null {
  if (!isOpen(task)) return { kind: 'closed', message: `task ${task.id} is ${task.status}`, tasks: [] };
  const tasks = openDependencies(board, task);
  const status = board.workstreams.get(task.workstream)?.status ?? 'missing';
  const obstacle = obstacleTo(board, task, agent, moment);
  if (obstacle?.kind === 'held') return { kind: 'held', message: obstacle.message, tasks };
  if (status !== 'active') {
    return { kind: 'workstream', message: `workstream "${task.workstream}" is ${status}`, tasks };
  }
  if (obstacle !== null) return { kind: obstacle.kind, message: obstacle.message, tasks };
  if (!isExhausted(board, task, moment)) return null;
  const most = board.settings.max_attempts;
  const message = `the lease of ${task.assigned_to} ran out, the last of ${most} attempts: \`next\` gives it up`;
  return { kind: 'attempts', message, tasks };
}
