import { describe, expect, it } from 'vitest';
import type { Board } from '../../../src/core/board.ts';
import type { CheckRun } from '../../../src/core/records.ts';
import {
  boardWith,
  claimTask,
  decide,
  isoAfter,
  runAccepted,
  runRefused,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

const commit = 'c0ffee00'.repeat(5);

function ranWith(exitCode: number | null, more: object = {}): CheckRun {
  const place = { duration_ms: 1200, commit, dirty: false };
  return { command: 'npm test', exit_code: exitCode, ...place, output_tail: 'ok', ...more };
}

const confirmed: CheckRun = { criterion: 'it is fast', confirmed: true };

function checkedTask(): { board: Board; id: string } {
  const board = boardWith({
    tasks: [{ title: 'a', checks: [{ command: 'npm test' }, { criterion: 'it is fast' }] }, 'b'],
  });
  return { board, id: taskTitled(board, 'a').id };
}

describe('task.complete with checks', () => {
  it('is accepted when all have passed, and keeps what came of them', () => {
    const { board, id } = checkedTask();
    const proof = claimTask(board, id);
    const runs = [ranWith(0), confirmed];
    const accepted = runAccepted(board, 'task.complete', { id, result: 'fine', checks: runs, ...proof });
    expect(taskOf(board, id)).toMatchObject({
      status: 'done',
      check_results: { at: isoAfter(0), by: 'agent-1', forced: false, runs },
    });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'task_completed', result: 'fine', checks: 2, passed: 2 });
    expect(accepted.events.at(-1)).not.toHaveProperty('forced');
  });

  it('the checks are judged only where they are told: a task may be completed without', () => {
    const { board, id } = checkedTask();
    runAccepted(board, 'task.complete', { id });
    expect(taskOf(board, id)).not.toHaveProperty('check_results');
  });

  it.each([
    ['a command gave another exit code', [ranWith(1), confirmed], '`npm test` gave exit code 1'],
    ['a command was ended', [ranWith(null), confirmed], '`npm test` was ended before it was done'],
    ['a command was not run', [confirmed], '`npm test` was not run'],
    ['a criterion is not confirmed', [ranWith(0), { ...confirmed, confirmed: false }], '"it is fast" is not confirmed'],
    ['none was run', [], '`npm test` was not run, and 1 more'],
  ])('is refused when %s', (_what, checks, message) => {
    const { board, id } = checkedTask();
    const refusal = runRefused(board, 'checks-failed', 'task.complete', { id, checks });
    expect(refusal.message).toBe(`task ${id} does not pass its checks: ${message}`);
    expect(refusal.hint).toContain('--force checks');
    expect(refusal.details?.failed).toBeInstanceOf(Array);
  });

  it('the newest of several runs need not be named: one that passed is enough', () => {
    const { board, id } = checkedTask();
    runAccepted(board, 'task.complete', { id, checks: [ranWith(1), ranWith(0), confirmed] });
  });

  it('force completes it all the same, and says who did', () => {
    const { board, id } = checkedTask();
    const args = { id, checks: [ranWith(1), confirmed], force: ['checks'] };
    const accepted = runAccepted(board, 'task.complete', args, { agent: 'boss' });
    expect(taskOf(board, id)).toMatchObject({ status: 'done', check_results: { by: 'boss', forced: true } });
    expect(accepted.events.at(-1)).toMatchObject({ agent: 'boss', checks: 2, passed: 1, forced: true });
  });

  it('force that was not needed is not told as such', () => {
    const { board, id } = checkedTask();
    runAccepted(board, 'task.complete', { id, checks: [ranWith(0), confirmed], force: ['checks'] });
    expect(taskOf(board, id).check_results?.forced).toBe(false);
  });

  it('force does not stand in for the claim', () => {
    const { board, id } = checkedTask();
    claimTask(board, id);
    const args = { id, checks: [ranWith(0), confirmed], force: ['checks'] };
    runRefused(board, 'not-holder', 'task.complete', args, { agent: 'agent-2' });
    runRefused(board, 'stale-token', 'task.complete', { ...args, token: 1 });
  });

  it('is refused when the checks were changed since they were run', () => {
    const { board, id } = checkedTask();
    runAccepted(board, 'task.edit', { id, checks: [{ command: 'npm run all' }] });
    const refusal = runRefused(board, 'conflict', 'task.complete', { id, checks: [ranWith(0)], force: ['checks'] });
    expect(refusal.message).toBe(`\`npm test\` is no check of task ${id}`);
  });

  it('a task without checks takes an empty list', () => {
    const { board } = checkedTask();
    const { id } = taskTitled(board, 'b');
    runAccepted(board, 'task.complete', { id, checks: [] });
    expect(taskOf(board, id).check_results).toMatchObject({ forced: false, runs: [] });
  });

  it('reopening forgets what came of them', () => {
    const { board, id } = checkedTask();
    runAccepted(board, 'task.complete', { id, checks: [ranWith(0), confirmed] });
    runAccepted(board, 'task.reopen', { id });
    expect(taskOf(board, id)).not.toHaveProperty('check_results');
  });

  it.each([
    [{ checks: [ranWith(0, { exit_code: -1 })] }, 'invalid-argument'],
    [{ checks: [ranWith(0, { output_tail: 'é'.repeat(1025) })] }, 'invalid-argument'],
    [{ checks: [ranWith(0, { commit: 'main' })] }, 'invalid-argument'],
    [{ checks: [{ command: 'npm test', criterion: 'x' }] }, 'invalid-argument'],
    [{ checks: Array.from({ length: 33 }, () => ranWith(0)) }, 'invalid-argument'],
    [{ checks: [ranWith(0)], force: ['lease'] }, 'invalid-argument'],
    [{ checks: [ranWith(0, { output_tail: `gh${'p_'}${'a1B2'.repeat(9)}` })] }, 'secret-found'],
  ])('is refused for %j', (args, code) => {
    const { board, id } = checkedTask();
    expect(decide(board, 'task.complete', { id, ...args })).toMatchObject({ outcome: 'refused', code });
  });
});
