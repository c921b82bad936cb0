import { describe, expect, it } from 'vitest';
import { Board } from '../../src/core/board.ts';
import { LeaseWatch, type Overdue } from '../../src/core/lease-watch.ts';
import type { Claim, Task } from '../../src/core/records.ts';
import { toIso } from '../../src/core/time.ts';

const minute = 60_000;

function taskWith(fields: Partial<Task> & { readonly claim: Claim | null }): Task {
  const base: Task = {
    id: '1a2b3c4d',
    workstream: 'w',
    title: 'T',
    description: '',
    status: 'in_progress',
    priority: 5,
    estimate: null,
    assigned_to: 'agent-1',
    claim: null,
    attempts: 0,
    depends_on: [],
    parent: null,
    labels: [],
    needs: [],
    paths: [],
    notes: [],
    result: null,
    checks: [],
    created_by: 'agent-1',
    created_version: 1,
    created_index: 0,
    created_at: toIso(0),
    updated_at: toIso(0),
  };
  return { ...base, ...fields };
}

/** A board whose one task was written at `at` (on its holder's clock) with a lease of so many minutes. */
function boardAt(at: number, minutes: number, id = 'claim-one', fields: Partial<Task> = {}): Board {
  const claim = { id, token: 2, claimed_at: toIso(at), lease_until: toIso(at + minutes * minute) };
  const task = taskWith({ claim, updated_at: toIso(at), ...fields });
  const board = Board.empty();
  board.put([{ collection: 'tasks', key: task.id, before: null, after: task }]);
  board.settings = { ...board.settings, clock_skew_ms: 0 };
  return board;
}

const ids = (overdue: readonly Overdue[]): string[] => overdue.map(({ claim }) => claim.id);

describe('a watcher of leases', () => {
  it('tells a claim once, when it has been seen unrenewed for its full length', () => {
    const watch = new LeaseWatch();
    const board = boardAt(0, 30);
    expect(ids(watch.see(board, 100))).toEqual([]);
    expect(ids(watch.see(board, 100 + 30 * minute - 1))).toEqual([]);
    expect(ids(watch.see(board, 100 + 30 * minute))).toEqual(['claim-one']);
    expect(ids(watch.see(board, 100 + 60 * minute))).toEqual([]);
  });

  it('goes by its own clock, wherever that of the holder stands', () => {
    for (const year of [-1, 1]) {
      const watch = new LeaseWatch();
      const board = boardAt(Date.UTC(2026 + year, 0), 30);
      watch.see(board, 5);
      expect(ids(watch.see(board, 5 + 29 * minute))).toEqual([]);
      expect(ids(watch.see(board, 5 + 30 * minute))).toEqual(['claim-one']);
    }
  });

  it('counts anew when the lease was renewed, and when somebody else claimed', () => {
    const watch = new LeaseWatch();
    watch.see(boardAt(0, 30), 0);
    watch.see(boardAt(20 * minute, 30), 20 * minute);
    expect(ids(watch.see(boardAt(20 * minute, 30), 40 * minute))).toEqual([]);
    expect(ids(watch.see(boardAt(45 * minute, 30, 'claim-two'), 50 * minute))).toEqual([]);
    expect(ids(watch.see(boardAt(45 * minute, 30, 'claim-two'), 80 * minute))).toEqual(['claim-two']);
  });

  it('is not fooled by a board that is loaded anew, nor by what others write on the task', () => {
    const watch = new LeaseWatch();
    watch.see(boardAt(0, 30), 0);
    watch.see(boardAt(0, 30, 'claim-one', { updated_at: toIso(20 * minute) }), 20 * minute);
    expect(ids(watch.see(boardAt(0, 30), 29 * minute))).toEqual([]);
    expect(ids(watch.see(boardAt(0, 30), 30 * minute))).toEqual(['claim-one']);
  });

  it('waits for the margin that the board gives to clocks', () => {
    const watch = new LeaseWatch();
    const board = boardAt(0, 30);
    board.settings = { ...board.settings, clock_skew_ms: 5_000 };
    watch.see(board, 0);
    expect(ids(watch.see(board, 30 * minute))).toEqual([]);
    expect(ids(watch.see(board, 30 * minute + 5_000))).toEqual(['claim-one']);
  });

  it('has nothing to say of tasks that nobody holds, or that were imported without a claim', () => {
    const watch = new LeaseWatch();
    const board = boardAt(0, 1, 'claim-one', { claim: null });
    watch.see(board, 0);
    expect(watch.see(board, 60 * minute)).toEqual([]);
  });
});
