import { describe, expect, it } from 'vitest';
import {
  afterStart,
  boardWith,
  claimTask,
  hour,
  isoAfter,
  minute,
  operationId,
  run,
  runAccepted,
  runRefused,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

describe('task.add', () => {
  it('makes a pending task with everything that was said of it', () => {
    const board = boardWith({ tasks: ['first'] });
    const first = taskTitled(board, 'first').id;
    const said = {
      title: 'second',
      description: 'long',
      priority: 2,
      estimate: '2h',
      depends_on: [first],
      parent: first,
      labels: ['ui'],
      needs: ['browser'],
      paths: ['src/**'],
      checks: [{ command: 'npm test' }, { criterion: 'looks good' }],
    };
    const id = 'feedbeef'.repeat(4);
    const accepted = runAccepted(board, 'task.add', { workstream: 'build', ...said }, { id, at: afterStart(minute) });
    expect(taskOf(board, 'feedbeef')).toEqual({
      ...said,
      id: 'feedbeef',
      workstream: 'build',
      status: 'pending',
      assigned_to: null,
      claim: null,
      attempts: 0,
      notes: [],
      result: null,
      created_by: 'agent-1',
      created_version: accepted.version,
      created_index: 0,
      created_at: isoAfter(minute),
      updated_at: isoAfter(minute),
    });
    expect(accepted.result).toEqual({ task: 'feedbeef' });
    expect(accepted.events).toEqual([
      {
        n: accepted.version,
        v: accepted.version,
        ts: isoAfter(minute),
        agent: 'agent-1',
        action: 'task_created',
        workstream: 'build',
        task_id: 'feedbeef',
        title: 'second',
        op: id,
      },
    ]);
    expect(accepted.subject).toBe('task.add build/feedbeef by agent-1');
    expect(board.countsOf('build').pending).toBe(2);
  });

  it('fills in what was not said', () => {
    const board = boardWith({ tasks: ['a'] });
    expect(taskTitled(board, 'a')).toMatchObject({
      description: '',
      priority: 5,
      estimate: null,
      depends_on: [],
      parent: null,
      labels: [],
      needs: [],
      paths: [],
      checks: [],
    });
  });

  it('keeps each label and dependency once', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a', 'a'], labels: ['x', 'x'] }] });
    expect(taskTitled(board, 'b')).toMatchObject({ depends_on: [taskTitled(board, 'a').id], labels: ['x'] });
  });

  it('takes a longer id when the short one is taken', () => {
    const board = boardWith();
    runAccepted(board, 'task.add', { workstream: 'build', title: 'a' }, { id: `01234567${'a'.repeat(24)}` });
    const again = runAccepted(
      board,
      'task.add',
      { workstream: 'build', title: 'b' },
      { id: `01234567${'b'.repeat(24)}` },
    );
    expect(again.result).toEqual({ task: '01234567bbbb' });
  });

  it('keeps what a terminal would act on as data', () => {
    const board = boardWith();
    const title = 'red \u001b[31m, clipboard \u001b]52;c;aGk=\u0007, right to left \u202e';
    const { result } = runAccepted(board, 'task.add', { workstream: 'build', title });
    expect(taskOf(board, (result as { task: string }).task).title).toBe(title);
  });

  it('refuses an unknown workstream: not-found', () => {
    runRefused(boardWith(), 'not-found', 'task.add', { workstream: 'x', title: 'a' });
  });

  it('refuses an archived workstream, and takes a paused one', () => {
    const board = boardWith({ workstreams: ['old', 'later'] });
    runAccepted(board, 'workstream.archive', { name: 'old' });
    runAccepted(board, 'workstream.pause', { name: 'later' });
    expect(runRefused(board, 'archived', 'task.add', { workstream: 'old', title: 'a' }).hint).toContain(
      'orc ws resume old',
    );
    runAccepted(board, 'task.add', { workstream: 'later', title: 'a' });
  });

  it.each([{ depends_on: ['deadbeef'] }, { parent: 'deadbeef' }])(
    'refuses what does not exist: unknown-dependency %j',
    (args) => {
      const refusal = runRefused(boardWith(), 'unknown-dependency', 'task.add', {
        workstream: 'build',
        title: 'a',
        ...args,
      });
      expect(refusal.details).toEqual({ id: 'deadbeef' });
    },
  );

  it.each(['depends_on', 'parent'])(
    'refuses a task that names itself in %s, for who knows its id beforehand',
    (field) => {
      const id = operationId(99);
      const own = id.slice(0, 8);
      const args = { workstream: 'build', title: 'a', [field]: field === 'parent' ? own : [own] };
      runRefused(boardWith(), 'dependency-cycle', 'task.add', args, { id });
    },
  );

  it.each([
    [{ title: '' }, /^title must not be empty/],
    [{ title: '  ' }, /^title must not be empty/],
    [{ title: 'a\nb' }, /^title must be one line/],
    [{ title: undefined }, /^title is required/],
    [{ priority: 0 }, /^priority must be a whole number from 1 \(most urgent\) to 9/],
    [{ estimate: -1 }, /^estimate must be at least 0/],
    [{ estimate: true }, /^estimate must be a number from 0, a text of at most 64 characters, or null/],
    [{ depends_on: ['xyz'] }, /^depends_on\.0 must be a task id/],
    [{ depends_on: 'deadbeef' }, /^depends_on must be an array/],
    [{ labels: ['ok', '-x'] }, /^labels\.1 must not begin with -/],
    [{ labels: new Array(257).fill('a') }, /^labels must not hold more than 256/],
    [{ needs: ['../x'] }, /^needs\.0 must not/],
    [{ paths: ['{a,b}'] }, /^paths\.0 must be made of/],
    [{ checks: [{ script: 'x' }] }, /^checks\.0 must be \{ command \} or \{ criterion \}/],
    [{ owner: 'me' }, /^unknown arguments: owner/],
  ])('refuses %j in words that name the argument', (args, words) => {
    const refusal = runRefused(boardWith(), 'invalid-argument', 'task.add', {
      workstream: 'build',
      title: 'a',
      ...args,
    });
    expect(refusal.message).toMatch(words);
    expect(refusal.hint).toBe(
      'arguments of task.add: workstream, title, description, priority, estimate, depends_on, parent, labels, needs, paths, checks',
    );
  });

  it.each([
    [{ title: 'x'.repeat(513) }, 'title must not be longer than 512 characters (it has 513)'],
    [{ description: 'x'.repeat(256 * 1024 + 1) }, 'description must not be longer than 256 KiB'],
    [{ description: '語'.repeat(100 * 1024) }, 'description must not be longer than 256 KiB'],
  ])('refuses what is too large (case %#)', (args, message) => {
    expect(runRefused(boardWith(), 'too-large', 'task.add', { workstream: 'build', title: 'a', ...args }).message).toBe(
      message,
    );
  });

  it('takes texts of exactly the greatest length', () => {
    const description = '語'.repeat((256 * 1024 - 1) / 3) + 'x'.repeat((256 * 1024) % 3);
    runAccepted(boardWith(), 'task.add', { workstream: 'build', title: 'x'.repeat(512), description });
  });
});

describe('task.edit', () => {
  it('changes what is given, and tells what', () => {
    const board = boardWith({ workstreams: ['build', 'ship'], tasks: ['a', 'b'] });
    const [a, b] = [taskTitled(board, 'a').id, taskTitled(board, 'b').id];
    const changes = {
      title: 'c',
      description: 'd',
      priority: 1,
      estimate: 3,
      depends_on: [b],
      parent: b,
      labels: ['l', 'l'],
      needs: ['n'],
      paths: ['*'],
      checks: [],
    };
    const accepted = runAccepted(board, 'task.edit', { id: a, ...changes }, { at: afterStart(minute) });
    expect(taskOf(board, a)).toMatchObject({
      ...changes,
      labels: ['l'],
      status: 'pending',
      updated_at: isoAfter(minute),
    });
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'task_edited',
      workstream: 'build',
      task_id: a,
      changed: Object.keys(changes),
    });
    expect(accepted.result).toEqual({ task: a });
  });

  it('moves a task to another workstream, and the counts with it', () => {
    const board = boardWith({ workstreams: ['build', 'ship'], tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const accepted = runAccepted(board, 'task.edit', { id, workstream: 'build', move_to: 'ship' });
    expect(taskOf(board, id).workstream).toBe('ship');
    expect([board.countsOf('build').pending, board.countsOf('ship').pending]).toEqual([0, 1]);
    expect(accepted.events.at(-1)).toMatchObject({ workstream: 'ship', changed: ['workstream'] });
    runRefused(board, 'not-found', 'task.edit', { id, move_to: 'nowhere' });
    runAccepted(board, 'workstream.archive', { name: 'build' });
    runRefused(board, 'archived', 'task.edit', { id, move_to: 'build' });
  });

  it('ignores what is undefined: JSON would have left it out', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const accepted = runAccepted(board, 'task.edit', { id, title: undefined, priority: 2 });
    expect(taskOf(board, id)).toMatchObject({ title: 'a', priority: 2 });
    expect(accepted.events.at(-1)?.changed).toEqual(['priority']);
    runRefused(board, 'invalid-argument', 'task.edit', { id, title: undefined });
  });

  it('refuses a cycle through dependencies, and tells it: dependency-cycle', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }, { title: 'c', depends_on: ['b'] }] });
    const [a, b, c] = ['a', 'b', 'c'].map((title) => taskTitled(board, title).id) as [string, string, string];
    expect(runRefused(board, 'dependency-cycle', 'task.edit', { id: a, depends_on: [c] }).details).toEqual({
      cycle: [a, c, b, a],
    });
    runRefused(board, 'dependency-cycle', 'task.edit', { id: a, depends_on: [a] });
    runRefused(board, 'dependency-cycle', 'task.edit', { id: a, parent: a });
  });

  it('follows closed tasks too: they can be reopened', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', depends_on: ['a'] }] });
    const [a, b] = [taskTitled(board, 'a').id, taskTitled(board, 'b').id];
    runAccepted(board, 'task.cancel', { id: b });
    runRefused(board, 'dependency-cycle', 'task.edit', { id: a, depends_on: [b] });
  });

  it('refuses a cycle of parents', () => {
    const board = boardWith({ tasks: ['a', { title: 'b', parent: 'a' }] });
    runRefused(board, 'dependency-cycle', 'task.edit', {
      id: taskTitled(board, 'a').id,
      parent: taskTitled(board, 'b').id,
    });
  });

  it('refuses dependencies that do not exist', () => {
    const board = boardWith({ tasks: ['a'] });
    runRefused(board, 'unknown-dependency', 'task.edit', { id: taskTitled(board, 'a').id, depends_on: ['deadbeef'] });
  });

  it('leaves dependencies alone that nobody changes, broken by hand as they may be', () => {
    const board = boardWith({ tasks: ['a'] });
    const before = taskTitled(board, 'a');
    board.put([{ collection: 'tasks', key: before.id, before, after: { ...before, depends_on: ['deadbeef'] } }]);
    runAccepted(board, 'task.edit', { id: before.id, title: 'still editable' });
  });

  it('finds no cycle in a chain of ten thousand in good time', () => {
    const board = boardWith({ tasks: ['a'] });
    const last = taskTitled(board, 'a');
    const idOf = (index: number): string => index.toString(16).padStart(8, '0');
    for (let index = 0; index < 10_000; index++) {
      const depends = index === 0 ? [] : [idOf(index - 1)];
      board.put([
        {
          collection: 'tasks',
          key: idOf(index),
          before: null,
          after: { ...last, id: idOf(index), depends_on: depends },
        },
      ]);
    }
    const before = process.cpuUsage();
    runAccepted(board, 'task.edit', { id: last.id, depends_on: [idOf(9_999)] });
    runRefused(board, 'dependency-cycle', 'task.edit', { id: idOf(0), depends_on: [last.id] });
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1500);
  });

  it('refuses what is closed, unknown or elsewhere', () => {
    const board = boardWith({ workstreams: ['build', 'ship'], tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    runRefused(board, 'not-found', 'task.edit', { id: 'deadbeef', title: 'x' });
    expect(runRefused(board, 'not-found', 'task.edit', { id, workstream: 'ship', title: 'x' }).hint).toContain(
      '"build"',
    );
    runAccepted(board, 'task.cancel', { id });
    expect(runRefused(board, 'closed', 'task.edit', { id, title: 'x' }).details).toEqual({ status: 'cancelled' });
  });
});

describe('task.note', () => {
  it('keeps author and time', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const accepted = runAccepted(
      board,
      'task.note',
      { id, text: 'look here' },
      { agent: 'bob', at: afterStart(minute) },
    );
    expect(taskOf(board, id).notes).toEqual([{ at: isoAfter(minute), by: 'bob', text: 'look here' }]);
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'task_noted',
      agent: 'bob',
      workstream: 'build',
      task_id: id,
      text: 'look here',
    });
    expect(accepted.body).toBe('look here');
    expect(accepted.result).toEqual({ task: id });
  });

  it('keeps the newest 50', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    for (let i = 1; i <= 52; i++) runAccepted(board, 'task.note', { id, text: `note ${i}` });
    expect(taskOf(board, id).notes.map((note) => note.text)).toEqual(
      Array.from({ length: 50 }, (_, i) => `note ${i + 3}`),
    );
  });

  it('is taken for closed tasks as well', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    runAccepted(board, 'task.complete', { id });
    runAccepted(board, 'task.note', { id, text: 'well done' });
    expect(taskOf(board, id).status).toBe('done');
    expect(board.countsOf('build').done).toBe(1);
  });

  it('refuses an unknown task, and an empty note', () => {
    const board = boardWith({ tasks: ['a'] });
    runRefused(board, 'not-found', 'task.note', { id: 'deadbeef', text: 'x' });
    expect(
      runRefused(board, 'invalid-argument', 'task.note', { id: taskTitled(board, 'a').id, text: '' }).message,
    ).toBe('text must not be empty');
  });
});

describe('working on a claimed task', () => {
  const edits = [
    ['task.note', { text: 'at it' }],
    ['task.edit', { priority: 1 }],
  ] as const;

  it.each(edits)('%s by its holder extends the lease', (kind, args) => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id);
    runAccepted(board, kind, { id, token, ...args }, { at: afterStart(20 * minute) });
    expect(taskOf(board, id).claim).toMatchObject({ token, lease_until: isoAfter(50 * minute) });
  });

  it.each(edits)('%s by anybody else, or the same name without proof, does not', (kind, args) => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id);
    runAccepted(board, kind, { id, ...args }, { at: afterStart(20 * minute) });
    runAccepted(board, kind, { id, token, ...args }, { agent: 'bob', at: afterStart(20 * minute) });
    runAccepted(board, kind, { id, token: token - 1, ...args }, { at: afterStart(20 * minute) });
    expect(taskOf(board, id).claim?.lease_until).toBe(isoAfter(30 * minute));
  });

  it('never shortens a lease', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id, { lease_ms: 5 * hour });
    runAccepted(board, 'task.note', { id, token, text: 'x' }, { at: afterStart(minute) });
    expect(taskOf(board, id).claim?.lease_until).toBe(isoAfter(5 * hour));
  });
});

describe('task.block and task.unblock', () => {
  it('take a task out of circulation and back, with the reason as a note', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const blocked = runAccepted(board, 'task.block', { id, reason: 'waiting for legal' });
    expect(taskOf(board, id)).toMatchObject({ status: 'blocked', assigned_to: null, claim: null });
    expect(taskOf(board, id).notes.at(-1)?.text).toBe('blocked: waiting for legal');
    expect(blocked.events.at(-1)).toMatchObject({
      action: 'task_blocked',
      workstream: 'build',
      task_id: id,
      reason: 'waiting for legal',
    });
    expect(blocked.body).toBe('waiting for legal');
    expect(run(board, 'task.next', { workstream: 'build' }).outcome).toBe('unchanged');
    const unblocked = runAccepted(board, 'task.unblock', { id });
    expect(taskOf(board, id).status).toBe('pending');
    expect(unblocked.events.at(-1)).toMatchObject({ action: 'task_unblocked', task_id: id });
    expect(unblocked.events.at(-1)).not.toHaveProperty('reason');
    expect(unblocked.result).toEqual({ task: id });
  });

  it('block by the holder ends its claim; by others it is refused: not-holder', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id);
    runRefused(board, 'not-holder', 'task.block', { id }, { agent: 'bob' });
    runRefused(board, 'not-holder', 'task.block', { id });
    runRefused(board, 'stale-token', 'task.block', { id, token: token + 1 });
    runAccepted(board, 'task.block', { id, token });
    expect(taskOf(board, id).claim).toBeNull();
  });

  it('refuse a closed task, and unblocking what is not blocked', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    runRefused(board, 'conflict', 'task.unblock', { id });
    claimTask(board, id);
    runRefused(board, 'conflict', 'task.unblock', { id });
    runAccepted(board, 'task.cancel', { id });
    runRefused(board, 'closed', 'task.block', { id });
    runRefused(board, 'closed', 'task.unblock', { id });
  });
});

describe('task.cancel and task.reopen', () => {
  it('cancel closes a task, whoever holds it', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id);
    const accepted = runAccepted(board, 'task.cancel', { id, reason: 'not wanted' }, { agent: 'bob' });
    expect(taskOf(board, id)).toMatchObject({ status: 'cancelled', assigned_to: null, claim: null });
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'task_cancelled',
      agent: 'bob',
      task_id: id,
      reason: 'not wanted',
    });
    runRefused(board, 'closed', 'task.complete', { id, token });
    runRefused(board, 'closed', 'task.cancel', { id });
  });

  it('reopen makes a closed task pending, its attempts and result forgotten', () => {
    const board = boardWith({ settings: { max_attempts: 1 }, tasks: ['a', 'b'] });
    const [a, b] = [taskTitled(board, 'a').id, taskTitled(board, 'b').id];
    runAccepted(board, 'task.fail', { id: a });
    runAccepted(board, 'task.complete', { id: b, result: 'yes' });
    const accepted = runAccepted(board, 'task.reopen', { id: a, reason: 'once more' });
    runAccepted(board, 'task.reopen', { id: b });
    expect(taskOf(board, a)).toMatchObject({ status: 'pending', attempts: 0 });
    expect(taskOf(board, b)).toMatchObject({ status: 'pending', result: null, assigned_to: null });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'task_reopened', task_id: a, reason: 'once more' });
    expect(board.countsOf('build')).toMatchObject({ pending: 2, done: 0, failed: 0 });
  });

  it('reopen refuses an open task, and one whose workstream is archived', () => {
    const board = boardWith({ tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    expect(runRefused(board, 'not-closed', 'task.reopen', { id }).details).toEqual({ status: 'pending' });
    runAccepted(board, 'task.cancel', { id });
    runAccepted(board, 'workstream.archive', { name: 'build' });
    runRefused(board, 'archived', 'task.reopen', { id });
    runRefused(board, 'not-found', 'task.reopen', { id: 'deadbeef' });
  });
});

it.each(['task.note', 'task.block', 'task.unblock', 'task.cancel', 'task.reopen'])(
  '%s refuses a task of another workstream',
  (kind) => {
    const board = boardWith({ workstreams: ['build', 'ship'], tasks: ['a'] });
    const args = { id: taskTitled(board, 'a').id, workstream: 'ship', ...(kind === 'task.note' ? { text: 'x' } : {}) };
    runRefused(board, 'not-found', kind, args);
  },
);
