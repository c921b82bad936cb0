/** What a machine whose clock is off may not do: say that somebody's time is up. All else it may. */
import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import { MissingClock } from '../../src/core/operation.ts';
import {
  afterStart,
  boardWith,
  claimTask,
  decide,
  hour,
  minute,
  type RunOptions,
  runAccepted,
  runRefused,
  second,
  taskTitled,
} from '../support/board-builder.ts';

const year = 365 * 24 * hour;
/** So far off, in either direction, the clock cannot be trusted; nearer it can. */
const wrong = [-year, -hour, -5001, 5001, hour, year];
const right = [-5000, -1, 0, 1, 5000, null];

/** `bob`, long after everybody's time was up, on a clock that is so far off. */
function bob(clockOffMs: RunOptions['clockOffMs']): RunOptions {
  return { agent: 'bob', at: afterStart(hour), clockSkewMs: 5 * second, clockOffMs };
}

/** Of three tasks `agent-1` holds the first, and let its lease run out. */
function boardWithLapse(): { board: Board; held: string; free: string } {
  const board = boardWith({ tasks: ['held', 'free'] });
  const [held, free] = ['held', 'free'].map((title) => taskTitled(board, title).id) as [string, string];
  claimTask(board, held);
  return { board, held, free };
}

describe.each(wrong)('a clock that is %d ms off', (off) => {
  test('takes no task over, and says why', () => {
    const { board, held } = boardWithLapse();
    const refusal = runRefused(board, 'clock-off', 'task.claim', { id: held }, bob(off));
    expect(refusal.message).toContain(off > 0 ? 'ahead of the upstream' : 'behind the upstream');
    expect(refusal.hint).toContain('timedatectl');
    expect(refusal.details).toEqual({ off_ms: off });
  });

  test('gets from next what is free, and hears of the clock when nothing is', () => {
    const { board, free } = boardWithLapse();
    const accepted = runAccepted(board, 'task.next', { workstream: 'build' }, bob(off));
    expect(accepted.result).toEqual({ task: free });
    runRefused(board, 'clock-off', 'task.next', { workstream: 'build' }, { ...bob(off), agent: 'eve' });
  });

  test('gives up no task that used all its attempts', () => {
    const board = boardWith({ settings: { max_attempts: 1 }, tasks: ['held'] });
    claimTask(board, taskTitled(board, 'held').id);
    runRefused(board, 'clock-off', 'task.next', { workstream: null }, bob(off));
  });

  test('takes no lock, and sweeps none away', () => {
    const { board, free } = boardWithLapse();
    runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/**', shared: true });
    runRefused(board, 'clock-off', 'lock.acquire', { resource: 'deploy' }, bob(off));
    runRefused(board, 'clock-off', 'lock.acquire', { resource: 'path:src/a.ts' }, bob(off));
    const accepted = runAccepted(board, 'task.claim', { id: free }, bob(off));
    expect(accepted.changes.map(({ collection }) => collection)).toEqual(['tasks']);
    expect([...board.locks.loaded()]).toHaveLength(2);
  });

  test('is not let past the locks on the files of a task', () => {
    const board = boardWith({ tasks: [{ title: 'a', paths: ['src/a.ts'] }] });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/**' });
    const { id } = taskTitled(board, 'a');
    runRefused(board, 'clock-off', 'task.claim', { id }, bob(off));
    runRefused(board, 'clock-off', 'task.next', { workstream: 'build' }, bob(off));
  });

  test('does all else: works, renews, completes, releases, writes, and waits for what is not ready', () => {
    const { board, free } = boardWithLapse();
    const { token } = claimTask(board, free, bob(off));
    for (const kind of ['task.renew', 'task.complete']) runAccepted(board, kind, { id: free, token }, bob(off));
    const lock = runAccepted(board, 'lock.acquire', { resource: 'deploy' }, bob(off));
    runAccepted(board, 'lock.renew', { resource: 'deploy', token: lock.version }, bob(off));
    runAccepted(board, 'lock.release', { resource: 'deploy', token: lock.version }, bob(off));
    runAccepted(board, 'knowledge.write', { topic: 'notes', content: 'Text\n' }, bob(off));
    const waiting = runAccepted(
      board,
      'task.add',
      { workstream: 'build', title: 'b', depends_on: [taskTitled(board, 'held').id] },
      bob(off),
    );
    runRefused(board, 'not-ready', 'task.claim', { id: (waiting.result as { task: string }).task }, bob(off));
    expect(decide(board, 'task.next', { workstream: 'build', label: 'none' }, bob(off)).outcome).toBe('unchanged');
  });

  test('hears who holds what is held by its own clock, too', () => {
    const { board, held } = boardWithLapse();
    const early = { ...bob(off), at: afterStart(minute) };
    runRefused(board, 'already-claimed', 'task.claim', { id: held }, early);
  });
});

test.each(right)('a clock that is %s ms off is near enough', (off) => {
  const { board, held } = boardWithLapse();
  runAccepted(board, 'lock.acquire', { resource: 'deploy' });
  const accepted = runAccepted(board, 'task.claim', { id: held }, bob(off));
  expect(accepted.events.at(-1)).toMatchObject({ action: 'task_reclaimed', from: 'agent-1' });
  expect([...board.locks.loaded()]).toEqual([]);
});

describe('a clock that can be compared', () => {
  const unknown = bob('unknown');

  test('is asked about only when the decision depends on it', () => {
    const { board, held } = boardWithLapse();
    const asks = (kind: string, args: Record<string, unknown>): boolean => {
      try {
        decide(board, kind, args, unknown);
        return false;
      } catch (error) {
        if (error instanceof MissingClock) return true;
        throw error;
      }
    };
    expect(asks('task.claim', { id: held })).toBe(true);
    // `held` is older: it would be handed out first.
    expect(asks('task.next', { workstream: 'build' })).toBe(true);
    runAccepted(board, 'task.edit', { id: held, priority: 9 });
    expect(asks('task.next', { workstream: 'build' })).toBe(false);
    expect(asks('task.next', { workstream: 'build', label: 'none' })).toBe(false);
    expect(asks('event.log', { action: 'looked' })).toBe(false);
    runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    expect(asks('event.log', { action: 'looked' })).toBe(true);
  });
});
