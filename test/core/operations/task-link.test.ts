import { describe, expect, it } from 'vitest';
import {
  boardWith,
  isoAfter,
  minute,
  pastOf,
  run,
  runAccepted,
  runRefused,
  startTime,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

const commit = 'a1'.repeat(20);
const nth = (n: number): string => n.toString(16).padStart(40, '0');

describe('task.link', () => {
  it('lists the commit with who linked it and when', () => {
    const board = boardWith({ tasks: ['T'] });
    const { id } = taskTitled(board, 'T');
    expect(taskOf(board, id)).not.toHaveProperty('commits');
    const accepted = runAccepted(board, 'task.link', { id, commit }, { agent: 'ann', at: startTime + minute });
    expect(taskOf(board, id)).toMatchObject({
      commits: [{ at: isoAfter(minute), by: 'ann', commit }],
      updated_at: isoAfter(minute),
    });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'commit_linked', agent: 'ann', task_id: id, commit });
    expect(accepted.result).toEqual({ task: id });
  });

  it('changes nothing the second time', () => {
    const board = boardWith({ tasks: ['T'] });
    const { id } = taskTitled(board, 'T');
    runAccepted(board, 'task.link', { id, commit });
    expect(run(board, 'task.link', { id, commit }, { agent: 'bob' })).toEqual({
      outcome: 'unchanged',
      result: { task: id },
    });
    expect(taskOf(board, id).commits).toHaveLength(1);
  });

  it('keeps the newest 50, of closed tasks too, and through a reopening', () => {
    const board = boardWith({ tasks: ['T'] });
    const { id } = taskTitled(board, 'T');
    runAccepted(board, 'task.complete', { id });
    for (let n = 1; n <= 52; n++) runAccepted(board, 'task.link', { id, commit: nth(n) });
    runAccepted(board, 'task.reopen', { id });
    expect(taskOf(board, id).commits?.map((each) => each.commit)).toEqual(
      Array.from({ length: 50 }, (_, n) => nth(n + 3)),
    );
  });

  it('takes commits of both hashes by their whole names, and known tasks', () => {
    const board = boardWith({ workstreams: ['build', 'ship'], tasks: ['T'] });
    const { id } = taskTitled(board, 'T');
    runAccepted(board, 'task.link', { id, commit: 'b'.repeat(64) });
    for (const wrong of ['a1b2c3d', 'A1'.repeat(20), 'a'.repeat(41), 'HEAD', ''])
      runRefused(board, 'invalid-argument', 'task.link', { id, commit: wrong });
    runRefused(board, 'not-found', 'task.link', { id: 'deadbeef', commit });
    runRefused(board, 'not-found', 'task.link', { id, workstream: 'ship', commit });
  });

  it('extends no lease, and can be taken back', () => {
    const board = boardWith({ tasks: ['T'] });
    const { id } = taskTitled(board, 'T');
    runAccepted(board, 'task.claim', { id }, { agent: 'ann' });
    const { claim } = taskOf(board, id);
    const linked = runAccepted(board, 'task.link', { id, commit }, { agent: 'ann', at: startTime + minute });
    expect(taskOf(board, id).claim).toEqual(claim);
    runAccepted(board, 'undo', { version: linked.version }, { agent: 'bob', past: pastOf(linked) });
    expect(taskOf(board, id)).toMatchObject({ status: 'in_progress', assigned_to: 'ann', claim });
    expect(taskOf(board, id)).not.toHaveProperty('commits');
  });
});
