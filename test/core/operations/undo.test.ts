import { describe, expect, it } from 'vitest';
import { apply } from '../../../src/core/apply.ts';
import type { Board } from '../../../src/core/board.ts';
import { isSame } from '../../../src/core/is-same.ts';
import { type Accepted, MissingPast } from '../../../src/core/operation.ts';
import {
  type Args,
  boardWith,
  contextFor,
  isoAfter,
  minute,
  operationFor,
  pastOf,
  type RunOptions,
  run,
  runAccepted,
  runRefused,
  startTime,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

const later: RunOptions = { at: startTime + minute, agent: 'agent-9' };

/** Takes back what an operation did, a minute later, as `agent-9`. */
function undo(board: Board, accepted: Accepted, args: Args = {}, options: RunOptions = {}): Accepted {
  return runAccepted(
    board,
    'undo',
    { version: accepted.version, ...args },
    { ...later, past: pastOf(accepted), ...options },
  );
}

function refuseUndo(
  board: Board,
  code: Parameters<typeof runRefused>[1],
  accepted: Accepted,
  args: Args = {},
  options: RunOptions = {},
) {
  return runRefused(
    board,
    code,
    'undo',
    { version: accepted.version, ...args },
    { ...later, past: pastOf(accepted), ...options },
  );
}

const idOf = (board: Board, title = 'T'): string => taskTitled(board, title).id;

describe('undo of what was done to a task', () => {
  it('logs what was taken back, and why', () => {
    const board = boardWith({ tasks: ['T'] });
    const done = runAccepted(board, 'task.complete', { id: idOf(board), result: 'oops' }, { agent: 'agent-1' });
    const undone = undo(board, done, { reason: 'wrong task' });
    expect(undone.events).toMatchObject([
      {
        action: 'undone',
        agent: 'agent-9',
        workstream: 'build',
        task_id: idOf(board),
        version: done.version,
        kind: 'task.complete',
        by: 'agent-1',
        reason: 'wrong task',
      },
    ]);
    expect(undone).toMatchObject({ body: 'wrong task', result: { task: idOf(board) } });
    expect(taskOf(board, idOf(board))).toMatchObject({ status: 'pending', result: null, updated_at: isoAfter(minute) });
    expect(board.countsOf('build')).toMatchObject({ pending: 1, done: 0 });
  });

  it('a task that was added is cancelled, unless others refer to it', () => {
    const board = boardWith();
    const added = runAccepted(board, 'task.add', { workstream: 'build', title: 'T' });
    const id = idOf(board);
    const dependent = runAccepted(board, 'task.add', { workstream: 'build', title: 'D', depends_on: [id] });
    expect(refuseUndo(board, 'conflict', added).details).toEqual({ tasks: [idOf(board, 'D')] });
    undo(board, dependent);
    runAccepted(board, 'task.add', { workstream: 'build', title: 'P', parent: id });
    refuseUndo(board, 'conflict', added);
    runAccepted(board, 'task.cancel', { id: idOf(board, 'P') });
    undo(board, added);
    expect(taskOf(board, id)).toMatchObject({ status: 'cancelled', notes: [] });
  });

  it('an edit gives back what was there before, and leaves the holder its claim', () => {
    const board = boardWith({ workstreams: ['build', 'other'], tasks: ['T', 'U'] });
    const id = idOf(board);
    const claimed = runAccepted(board, 'task.claim', { id }, { agent: 'agent-1' });
    const before = taskOf(board, id);
    const edited = runAccepted(board, 'task.edit', {
      id,
      title: 'New',
      depends_on: [idOf(board, 'U')],
      labels: ['x'],
      move_to: 'other',
    });
    undo(board, edited);
    expect(taskOf(board, id)).toEqual({ ...before, updated_at: isoAfter(minute) });
    expect(taskOf(board, id).claim?.token).toBe(claimed.version);
  });

  it('an edit is not taken back where that would close a circle, or where its workstream was archived', () => {
    const board = boardWith({ workstreams: ['build', 'other'], tasks: ['T', { title: 'U', depends_on: ['T'] }] });
    const edited = runAccepted(board, 'task.edit', { id: idOf(board, 'U'), depends_on: [] });
    runAccepted(board, 'task.edit', { id: idOf(board), depends_on: [idOf(board, 'U')] });
    refuseUndo(board, 'dependency-cycle', edited);
    const moved = boardWith({ workstreams: ['build', 'other'], tasks: ['T'] });
    const move = runAccepted(moved, 'task.edit', { id: idOf(moved), move_to: 'other' });
    runAccepted(moved, 'workstream.archive', { name: 'build' });
    refuseUndo(moved, 'archived', move);
  });

  it('a note goes, and a lease that it extended stays extended', () => {
    const board = boardWith({ tasks: ['T'] });
    const id = idOf(board);
    const { version: token } = runAccepted(board, 'task.claim', { id }, { agent: 'agent-1' });
    const noted = runAccepted(
      board,
      'task.note',
      { id, text: 'x', token },
      { agent: 'agent-1', at: startTime + minute },
    );
    const { claim } = taskOf(board, id);
    undo(board, noted);
    expect(taskOf(board, id)).toMatchObject({ notes: [], claim });
  });

  it('a claim is handed back, by its holder alone', () => {
    for (const kind of ['task.claim', 'task.next']) {
      const board = boardWith({ tasks: ['T'] });
      const id = idOf(board);
      const claimed = runAccepted(board, kind, kind === 'task.claim' ? { id } : { workstream: 'build' }, {
        agent: 'agent-1',
      });
      refuseUndo(board, 'not-holder', claimed);
      refuseUndo(board, 'not-holder', claimed, {}, { agent: 'agent-1' });
      refuseUndo(board, 'stale-token', claimed, { token: 999 }, { agent: 'agent-1' });
      undo(board, claimed, { token: claimed.version }, { agent: 'agent-1' });
      expect(taskOf(board, id)).toMatchObject({ status: 'pending', assigned_to: null, claim: null, attempts: 0 });
    }
  });

  it('a takeover gives nothing back to whom it was taken from, and stays an attempt', () => {
    const board = boardWith({ tasks: ['T'] });
    const id = idOf(board);
    runAccepted(board, 'task.claim', { id, lease_ms: 1000 }, { agent: 'agent-1' });
    const taken = runAccepted(board, 'task.claim', { id }, { agent: 'agent-2', at: startTime + minute });
    undo(board, taken, { token: taken.version }, { agent: 'agent-2' });
    expect(taskOf(board, id)).toMatchObject({ status: 'pending', assigned_to: null, claim: null, attempts: 1 });
  });

  it('what was done with a claim leaves a pending task: no claim and no token comes back', () => {
    for (const [kind, more] of [
      ['task.complete', { result: 'x' }],
      ['task.fail', { reason: 'x' }],
      ['task.block', { reason: 'x' }],
      ['task.cancel', { reason: 'x' }],
    ] as const) {
      const board = boardWith({ tasks: ['T'], settings: { max_attempts: 1 } });
      const id = idOf(board);
      const { version: token } = runAccepted(board, 'task.claim', { id }, { agent: 'agent-1' });
      const proof = kind === 'task.cancel' ? {} : { token };
      const worked = runAccepted(board, kind, { id, ...more, ...proof }, { agent: 'agent-1' });
      undo(board, worked);
      const expected = { status: 'pending', assigned_to: null, claim: null, attempts: 0, notes: [], result: null };
      expect(taskOf(board, id)).toMatchObject(expected);
      runRefused(board, 'stale-token', 'task.complete', { id, token }, { agent: 'agent-1' });
    }
  });

  it('unblocking and reopening go back as well', () => {
    const board = boardWith({ tasks: ['T'] });
    const id = idOf(board);
    runAccepted(board, 'task.block', { id });
    undo(board, runAccepted(board, 'task.unblock', { id }));
    expect(taskOf(board, id).status).toBe('blocked');
    runAccepted(board, 'task.complete', { id, result: 'Done' });
    undo(board, runAccepted(board, 'task.reopen', { id }));
    expect(taskOf(board, id)).toMatchObject({ status: 'done', result: 'Done' });
    expect(board.countsOf('build')).toMatchObject({ done: 1, pending: 0, blocked: 0 });
  });

  it('what others were begun for is not taken back', () => {
    const board = boardWith({ tasks: ['T', { title: 'U', depends_on: ['T'] }] });
    const done = runAccepted(board, 'task.complete', { id: idOf(board) });
    runAccepted(board, 'task.claim', { id: idOf(board, 'U') });
    expect(refuseUndo(board, 'conflict', done).details).toEqual({ tasks: [idOf(board, 'U')] });
  });

  it('a note or a commit of a task that stays done is nothing that others were begun for', () => {
    for (const [kind, args] of [
      ['task.note', { text: 'x' }],
      ['task.link', { commit: 'a'.repeat(40) }],
    ] as const) {
      const board = boardWith({ tasks: ['T', { title: 'U', depends_on: ['T'] }] });
      const id = idOf(board);
      runAccepted(board, 'task.complete', { id, result: 'Done' });
      runAccepted(board, 'task.claim', { id: idOf(board, 'U') });
      const before = taskOf(board, id);
      undo(board, runAccepted(board, kind, { id, ...args }));
      expect(taskOf(board, id)).toEqual({ ...before, updated_at: isoAfter(minute) });
    }
  });

  it('a closed task does not come back into an archived workstream', () => {
    const board = boardWith({ tasks: ['T'] });
    const done = runAccepted(board, 'task.complete', { id: idOf(board) });
    runAccepted(board, 'workstream.archive', { name: 'build' });
    refuseUndo(board, 'archived', done);
  });

  it('any later change of the task stands in the way', () => {
    const board = boardWith({ tasks: ['T'] });
    const id = idOf(board);
    const done = runAccepted(board, 'task.complete', { id });
    runAccepted(board, 'task.note', { id, text: 'thanks' });
    const { hint } = refuseUndo(board, 'conflict', done);
    expect(hint).toContain(`orc history task ${id}`);
  });

  it('an undo can be undone, but not into a claim', () => {
    const board = boardWith({ tasks: ['T'] });
    const id = idOf(board);
    const claimed = runAccepted(board, 'task.claim', { id }, { agent: 'agent-1' });
    const handedBack = undo(board, claimed, { token: claimed.version }, { agent: 'agent-1' });
    refuseUndo(board, 'not-undoable', handedBack);
    const done = runAccepted(board, 'task.complete', { id, result: 'Done' });
    undo(board, undo(board, done));
    expect(taskOf(board, id)).toMatchObject({ status: 'done', result: 'Done' });
  });

  it('several tasks that `next` gave up at once are left alone', () => {
    const board = boardWith({ tasks: ['T', 'U'], settings: { max_attempts: 1 } });
    for (const title of ['T', 'U'])
      runAccepted(board, 'task.claim', { id: idOf(board, title), lease_ms: 1000 }, { agent: 'agent-1' });
    const failed = runAccepted(
      board,
      'task.next',
      { workstream: 'build' },
      { agent: 'agent-2', at: startTime + minute },
    );
    refuseUndo(board, 'not-undoable', failed);
  });
});

describe('undo of workstreams and knowledge', () => {
  it('a workstream that was created goes, if it is empty; it can come back', () => {
    const board = boardWith({ workstreams: [] });
    const created = runAccepted(board, 'workstream.create', { name: 'build' });
    const added = runAccepted(board, 'task.add', { workstream: 'build', title: 'T' });
    refuseUndo(board, 'conflict', created);
    undo(board, added);
    refuseUndo(board, 'conflict', created); // a cancelled task is one, too
    const other = runAccepted(board, 'workstream.create', { name: 'other', priority: 2 });
    const gone = undo(board, other);
    expect(gone.result).toEqual({ workstream: 'other' });
    expect(board.workstreams.get('other')).toBe(undefined);
    const back = undo(board, gone);
    expect(board.workstreams.get('other')).toMatchObject({ priority: 2, created_version: other.version });
    undo(board, back);
    runAccepted(board, 'workstream.create', { name: 'Other' });
    refuseUndo(board, 'invalid-argument', gone);
  });

  it('priority, description and status go back', () => {
    const board = boardWith({ tasks: ['T'] });
    const updated = runAccepted(board, 'workstream.update', { name: 'build', description: 'New', priority: 1 });
    undo(board, updated);
    expect(board.workstreams.get('build')).toMatchObject({ description: '', priority: 5 });
    undo(board, runAccepted(board, 'workstream.pause', { name: 'build' }));
    expect(board.workstreams.get('build')?.status).toBe('active');
    runAccepted(board, 'task.cancel', { id: idOf(board) });
    undo(board, runAccepted(board, 'workstream.archive', { name: 'build' }));
    expect(board.workstreams.get('build')?.status).toBe('active');
    runAccepted(board, 'workstream.archive', { name: 'build' });
    const resumed = runAccepted(board, 'workstream.resume', { name: 'build' });
    runAccepted(board, 'task.add', { workstream: 'build', title: 'Open' });
    refuseUndo(board, 'has-open-tasks', resumed);
    refuseUndo(board, 'conflict', updated);
  });

  it('a text comes back as a new version, whether it was replaced, appended to or deleted', () => {
    const board = boardWith();
    const first = runAccepted(board, 'knowledge.write', { topic: 'api', content: 'one', title: 'API', tags: ['x'] });
    const second = runAccepted(board, 'knowledge.write', { topic: 'api', content: 'two', title: null });
    const undone = undo(board, second);
    expect(board.knowledge.get('api')).toEqual({
      ...{ topic: 'api', title: 'API', tags: ['x'], paths: [], content: 'one' },
      ...{ updated_by: 'agent-9', updated_at: isoAfter(minute), version: undone.version },
    });
    expect(undone.events.at(-1)).toMatchObject({ action: 'undone', topic: 'api', kind: 'knowledge.write' });
    undo(board, runAccepted(board, 'knowledge.append', { topic: 'api', content: 'more' }));
    const deleted = runAccepted(board, 'knowledge.delete', { topic: 'api' });
    undo(board, deleted);
    expect(board.knowledge.get('api')?.content).toBe('one');
    refuseUndo(board, 'conflict', first);
    refuseUndo(board, 'conflict', second);
    refuseUndo(board, 'conflict', deleted);
  });

  it('a text that was written first goes; a deleted one does not come back beside a twin', () => {
    const board = boardWith();
    const written = runAccepted(board, 'knowledge.write', { topic: 'docs/api', content: 'one' });
    const gone = undo(board, written);
    expect([...board.topics]).toEqual([]);
    runAccepted(board, 'knowledge.write', { topic: 'Docs/other', content: 'x' });
    refuseUndo(board, 'invalid-argument', gone);
  });
});

describe('undo is refused', () => {
  it('for all kinds that are not on the list, with what to do instead', () => {
    const board = boardWith({ tasks: ['T'], agents: ['agent-1'] });
    const id = idOf(board);
    const { version: token } = runAccepted(board, 'task.claim', { id }, { agent: 'agent-1' });
    const asked: readonly [string, Args][] = [
      ['task.renew', { id, token, lease_ms: 1000 }],
      ['task.release', { id, token }],
      ['agent.register', { id: 'agent-2' }],
      ['lock.acquire', { resource: 'deploy' }],
      ['lock.break', { resource: 'deploy', reason: 'x' }],
      ['event.log', { action: 'deployed' }],
      ['config.set', { key: 'publish', value: 'sync', text: 'publish: sync\n' }],
      ['agent.retire', { id: 'agent-1' }],
    ];
    for (const [kind, args] of asked) {
      const accepted = runAccepted(board, kind, args, { agent: 'agent-1' });
      expect(refuseUndo(board, 'not-undoable', accepted).hint).toMatch(/`orc |log another event/);
    }
  });

  it('where there is no such version, or this store does not go back so far', () => {
    const board = boardWith({ tasks: ['T'] });
    const { version } = runAccepted(board, 'task.complete', { id: idOf(board) });
    runRefused(board, 'not-found', 'undo', { version: version + 1 });
    runRefused(board, 'not-found', 'undo', { version }, { past: null });
    expect(runRefused(board, 'not-found', 'undo', { version }, { past: 'cut' }).message).toContain('shallow');
    for (const wrong of [0, -1, 1.5, '3', null]) runRefused(board, 'invalid-argument', 'undo', { version: wrong });
  });

  it('when another operation is meant than the one under that version', () => {
    const board = boardWith({ tasks: ['T'] });
    const done = runAccepted(board, 'task.complete', { id: idOf(board) });
    refuseUndo(board, 'conflict', done, { op: 'another-one' });
    undo(board, done, { op: done.operation.id });
  });

  it('and asks for the mutation when nobody has looked it up, or another one', () => {
    const board = boardWith({ tasks: ['T'] });
    const done = runAccepted(board, 'task.complete', { id: idOf(board) });
    const operation = operationFor(board, 'undo', { version: done.version });
    const decide = (past?: Accepted) => () =>
      apply(board, operation, contextFor(board, past === undefined ? {} : { past: pastOf(past) }));
    expect(decide()).toThrow(MissingPast);
    const other = { ...done, version: done.version - 1 };
    expect(decide(other)).toThrow(expect.objectContaining({ version: done.version }));
    expect(run(board, 'undo', { version: done.version }, { past: pastOf(done) }).outcome).toBe('accepted');
  });
});

describe('plain data', () => {
  it('says the same whatever the order of its fields, and nothing else does', () => {
    expect(isSame({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
    for (const [a, b] of [
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { a: 1, b: undefined }],
      [[1], { 0: 1 }],
      [
        [1, 2],
        [2, 1],
      ],
      [null, {}],
      [{ a: undefined }, { b: undefined }],
      ['1', 1],
    ])
      expect(isSame(a, b)).toBe(false);
  });
});
