import { describe, expect, it } from 'vitest';
import { apply } from '../../../src/core/apply.ts';
import { type Archive, archiveOf, MissingArchive, planCompaction } from '../../../src/core/archive.ts';
import type { Board } from '../../../src/core/board.ts';
import { checkInvariants } from '../../../src/core/invariants.ts';
import type { Decision } from '../../../src/core/operation.ts';
import {
  afterStart,
  boardWith,
  contextFor,
  hour,
  isoAfter,
  operationFor,
  run,
  runAccepted,
  runRefused,
  taskTitled,
} from '../../support/board-builder.ts';

/** Closes the tasks of these titles, so many hours after the start. */
function close(board: Board, hours: number, ...titles: string[]): void {
  for (const title of titles)
    runAccepted(board, 'task.complete', { id: taskTitled(board, title).id }, { at: afterStart(hours * hour) });
}

function compact(board: Board, hours: number, archive: Archive = archiveOf(board)): Decision {
  return run(board, 'board.compact', { before: isoAfter(hours * hour) }, { at: afterStart(100 * hour), archive });
}

function titlesOf(board: Board): string[] {
  return [...board.tasks.loaded()].map(({ title }) => title).sort();
}

const segment = (first: number, v: number, hours: number) => ({ first, last: { v, ts: isoAfter(hours * hour) } });

describe('board.compact', () => {
  it('takes closed tasks that did not change since, and counts what is left', () => {
    const board = boardWith({ tasks: ['old', 'young', 'open', 'noted'] });
    close(board, 1, 'old', 'noted');
    close(board, 10, 'young');
    runAccepted(board, 'task.note', { id: taskTitled(board, 'noted').id, text: 'x' }, { at: afterStart(10 * hour) });
    const old = taskTitled(board, 'old').id;
    const accepted = compact(board, 5);
    expect(accepted).toMatchObject({ outcome: 'accepted', result: { value: 1 }, subject: 'board.compact by agent-1' });
    expect(titlesOf(board)).toEqual(['noted', 'open', 'young']);
    expect(board.countsOf('build')).toMatchObject({ pending: 1, done: 2 });
    expect(board.tasks.get(old)).toBeUndefined();
    expect(checkInvariants(board)).toEqual([]);
    expect(accepted).toMatchObject({
      events: [
        {
          action: 'board_compacted',
          ...{ before: isoAfter(5 * hour), tasks: 1, needed: 0, cycles: 0, events: 0, oldest_event: 1 },
        },
      ],
    });
  });

  it('keeps what a task that stays waits for or is a part of, through others that stay for its sake', () => {
    const board = boardWith({
      tasks: [
        ...['base', 'whole', 'lonely'],
        { title: 'middle', depends_on: ['base'] },
        { title: 'part', parent: 'whole' },
        { title: 'waits', depends_on: ['middle'] },
        { title: 'young', depends_on: ['part'] },
      ],
    });
    close(board, 1, 'base', 'middle', 'whole', 'part', 'lonely');
    close(board, 10, 'young');
    expect(compact(board, 5)).toMatchObject({ outcome: 'accepted', events: [{ tasks: 1, needed: 4 }] });
    expect(titlesOf(board)).toEqual(['base', 'middle', 'part', 'waits', 'whole', 'young']);
    close(board, 99, 'waits');
    expect(compact(board, 50)).toMatchObject({ outcome: 'accepted', events: [{ tasks: 3, needed: 2 }] });
    expect(titlesOf(board)).toEqual(['base', 'middle', 'waits']);
    expect(checkInvariants(board)).toEqual([]);
  });

  it('takes collected cycles but the newest, whose number gives the next one its own', () => {
    const board = boardWith();
    for (let number = 1; number <= 3; number++) {
      const at = { at: afterStart(number * hour) };
      runAccepted(board, 'cycle.open', { plan: {}, plan_version: 1 }, at);
      runAccepted(board, 'cycle.collect', { results: {}, results_version: 1 }, at);
    }
    expect(compact(board, 5)).toMatchObject({ outcome: 'accepted', events: [{ cycles: 2 }] });
    expect([...board.cycleNumbers]).toEqual([3]);
    const opened = runAccepted(board, 'cycle.open', { plan: {}, plan_version: 1 });
    expect(opened.result).toEqual({ cycle: 4 });
  });

  it('keeps all that happened since an open cycle was opened, whatever its age', () => {
    const board = boardWith({ tasks: ['before', 'within'] });
    close(board, 1, 'before');
    const { version } = runAccepted(board, 'cycle.open', { plan: {}, plan_version: 1 }, { at: afterStart(2 * hour) });
    close(board, 3, 'within');
    const archive = {
      ...archiveOf(board),
      segments: [segment(1, version - 1, 1), segment(9, version, 1)],
      newest: 17,
    };
    expect(compact(board, 50, archive)).toMatchObject({
      outcome: 'accepted',
      dropped: { segments: [1] },
      events: [{ tasks: 1, events: 8, oldest_event: 9 }],
    });
    expect(titlesOf(board)).toEqual(['within']);
  });

  it('takes the log from its beginning, up to the first segment that is young or cannot be read, and never the newest', () => {
    const board = boardWith();
    const planned = (segments: Archive['segments']) =>
      planCompaction(board, { ...archiveOf(board), segments, newest: 900 }, afterStart(5 * hour));
    const old = [segment(1, 1, 1), segment(257, 2, 2)];
    expect(planned(old)).toMatchObject({ dropped: { segments: [1, 257] }, events: 899, oldestEvent: 900 });
    expect(planned([...old, segment(300, 3, 9), segment(400, 4, 1)])).toMatchObject({
      dropped: { segments: [1, 257] },
      events: 299,
      oldestEvent: 300,
    });
    expect(planned([{ first: 1, last: null }, segment(257, 2, 2)])).toMatchObject({ events: 0, oldestEvent: 1 });
  });

  it('does nothing where nothing is old', () => {
    const board = boardWith({ tasks: ['young'] });
    close(board, 10, 'young');
    expect(compact(board, 5)).toEqual({ outcome: 'unchanged', result: { value: 0 } });
  });

  it('refuses a time that has yet to come, or that is none', () => {
    const board = boardWith();
    const options = { at: afterStart(hour), archive: archiveOf(board) };
    runRefused(board, 'invalid-argument', 'board.compact', { before: isoAfter(2 * hour) }, options);
    runRefused(board, 'invalid-argument', 'board.compact', { before: 'yesterday' }, options);
    runRefused(board, 'invalid-argument', 'board.compact', {}, options);
  });

  it('asks for the archive, which no board has in memory', () => {
    const board = boardWith();
    const operation = operationFor(board, 'board.compact', { before: isoAfter(0) });
    expect(() => apply(board, operation, contextFor(board))).toThrow(MissingArchive);
  });

  it('cannot be undone', () => {
    const board = boardWith({ tasks: ['old'] });
    close(board, 1, 'old');
    const accepted = compact(board, 5);
    const version = board.meta.version;
    const past = { version, op: 'x', kind: 'board.compact', agent: 'agent-1', changes: [] };
    expect(accepted.outcome).toBe('accepted');
    runRefused(board, 'not-undoable', 'undo', { version }, { past });
  });

  it('leaves nothing to undo of a task that is gone', () => {
    const board = boardWith({ tasks: ['old'] });
    const { id } = taskTitled(board, 'old');
    const done = runAccepted(board, 'task.complete', { id }, { at: afterStart(hour) });
    compact(board, 5);
    const { version, operation, changes } = done;
    const past = { version, op: operation.id, kind: 'task.complete', agent: 'agent-1', changes };
    expect(runRefused(board, 'not-found', 'undo', { version }, { past }).hint).toContain(`orc history task ${id}`);
  });

  it('does not let an undo bring back a reference to what is gone', () => {
    const board = boardWith({ tasks: ['first', { title: 'second', depends_on: ['first'] }] });
    const { id } = taskTitled(board, 'second');
    const edited = runAccepted(board, 'task.edit', { id, depends_on: [] });
    close(board, 1, 'first');
    compact(board, 5);
    const { version, operation, changes } = edited;
    const past = { version, op: operation.id, kind: 'task.edit', agent: 'agent-1', changes };
    runRefused(board, 'unknown-dependency', 'undo', { version }, { past });
  });
});
