/** What a plan says of tasks that are not ready: behind which ones they stand, and which wait in vain. */
import type { Board } from './board.ts';
import { alone, namedTask, nameOf, type SerialGroup } from './plan-conflicts.ts';
import type { Task } from './records.ts';

/** Tasks of active workstreams that wait for one of those that run or can start now: a group for each of these. */
export function groupDependents(board: Board, open: readonly Task[], first: readonly Task[]): SerialGroup[] {
  const dependents = new Map<string, Task[]>(first.map(({ id }) => [id, []]));
  for (const task of open) {
    if (!isPlanned(board, task)) continue;
    for (const id of new Set(task.depends_on)) dependents.get(id)?.push(task);
  }
  return first.flatMap((task): SerialGroup[] => {
    const behind = dependents.get(task.id) ?? [];
    const waits = behind.map(namedTask);
    if (waits.length === 0) return [];
    const who = waits.length === 1 ? 'the second waits' : 'the others wait';
    const reason = `${who} for the result of the first`;
    return [{ kind: 'dependency', reason, tasks: [task, ...behind].map(nameOf), waits }];
  });
}

/** Tasks that wait for something which nobody works towards: it is blocked, or was closed without being done. */
export function groupStuck(board: Board, open: readonly Task[]): SerialGroup[] {
  return open.flatMap((task): SerialGroup[] => {
    if (!isPlanned(board, task)) return [];
    const vain = task.depends_on.flatMap((id) => {
      const dependency = board.tasks.get(id);
      if (dependency === undefined) return [`${id}, which does not exist`];
      const { status } = dependency;
      if (status === 'blocked') return [`${nameOf(dependency)}, which is blocked`];
      return status === 'failed' || status === 'cancelled'
        ? [`${nameOf(dependency)}, which was ${spoken[status]}`]
        : [];
    });
    if (vain.length === 0) return [];
    return [alone('stuck', task, `it waits for ${vain.join(', and for ')}`)];
  });
}

const spoken = { failed: 'given up', cancelled: 'cancelled' } as const;

/** Somebody would be given it in time: it is not at work, not blocked itself, and its workstream is active. */
function isPlanned(board: Board, { status, workstream }: Task): boolean {
  return status === 'pending' && board.workstreams.get(workstream)?.status === 'active';
}
