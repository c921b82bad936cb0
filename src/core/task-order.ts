/** The order in which tasks are handed out. */
import type { Task } from './records.ts';

/** The order of `next` within a workstream: priority, then age on the board's own clock, then id. */
export function compareTasks(a: Task, b: Task): number {
  return (
    a.priority - b.priority ||
    a.created_version - b.created_version ||
    a.created_index - b.created_index ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
