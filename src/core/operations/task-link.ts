/** Which commits of the repository belong to a task. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import { accept, defineOperation, lazily, unchanged } from '../operation.ts';
import { findTask, isRefusal, maxCommits, taskChange } from './support.ts';

const linkArguments = lazily(() =>
  z.strictObject({
    id: arg.taskId(),
    workstream: z.optional(z.nullable(arg.name())),
    commit: arg.commit(),
  }),
);

/**
 * Nobody looks whether there is such a commit: the board does not know the repository. A commit is often made known long after it
 * was made, by whoever comes next: so it is no sign of life, and extends no lease.
 */
export const taskLink = defineOperation({
  kind: 'task.link',
  summary: 'Link a commit of the repository to a task',
  arguments: linkArguments,
  actions: ['commit_linked'],
  decide(board, { id, workstream, commit }, call) {
    const before = findTask(board, id, workstream);
    if (isRefusal(before)) return before;
    const linked = before.commits ?? [];
    if (linked.some((each) => each.commit === commit)) return unchanged({ task: id });
    const commits = [...linked, { at: call.iso, by: call.agent, commit }].slice(-maxCommits);
    return accept({
      changes: [taskChange(before, { ...before, commits, updated_at: call.iso })],
      event: { action: 'commit_linked', workstream: before.workstream, task_id: id, data: { commit } },
      result: { task: id },
    });
  },
});
