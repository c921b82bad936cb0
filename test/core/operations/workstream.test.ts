import { describe, expect, it } from 'vitest';
import {
  afterStart,
  boardWith,
  isoAfter,
  minute,
  runAccepted,
  runRefused,
  taskTitled,
} from '../../support/board-builder.ts';

describe('workstream.create', () => {
  it('makes an active workstream', () => {
    const board = boardWith({ workstreams: [] });
    const accepted = runAccepted(board, 'workstream.create', {
      name: 'build',
      description: 'Build things',
      priority: 2,
    });
    expect(board.workstreams.get('build')).toEqual({
      name: 'build',
      description: 'Build things',
      priority: 2,
      status: 'active',
      created_version: accepted.version,
      created_index: 0,
      created_at: isoAfter(0),
      updated_at: isoAfter(0),
    });
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'workstream_created',
      agent: 'agent-1',
      workstream: 'build',
    });
    expect(accepted.events.at(-1)).not.toHaveProperty('task_id');
    expect(accepted.result).toEqual({ workstream: 'build' });
    expect(accepted.subject).toBe('workstream.create build by agent-1');
  });

  it('has priority 5 and no description unless told', () => {
    const board = boardWith();
    expect(board.workstreams.get('build')).toMatchObject({ priority: 5, description: '' });
  });

  it('refuses a name that is there: already-exists', () => {
    expect(runRefused(boardWith(), 'already-exists', 'workstream.create', { name: 'build' }).hint).toContain(
      'orc ws show build',
    );
  });

  it('refuses a name that differs by case alone, and names the other', () => {
    expect(runRefused(boardWith(), 'invalid-argument', 'workstream.create', { name: 'BUILD' }).message).toContain(
      '"build"',
    );
  });

  it.each([0, 10, 99, 1.5, 'high', Number.NaN, Number.POSITIVE_INFINITY, null, '5'])(
    'refuses priority %j and says what is allowed',
    (priority) => {
      const { message } = runRefused(boardWith(), 'invalid-argument', 'workstream.create', { name: 'x', priority });
      expect(message).toBe('priority must be a whole number from 1 (most urgent) to 9');
    },
  );

  it.each([
    '../x',
    '.git',
    'git~1',
    '-x',
    'CON',
    'a:b',
    'x.lock',
    'x'.repeat(300),
    'a\nb',
    'a\u001b[2J',
    'a\u202eb',
    '__proto__',
  ])('refuses the name %j and says which argument it is', (name) => {
    expect(runRefused(boardWith(), 'invalid-argument', 'workstream.create', { name }).message).toMatch(/^name must /);
  });
});

describe('workstream.update', () => {
  it('changes what is given and keeps the rest', () => {
    const board = boardWith({ workstreams: [{ name: 'build', description: 'old', priority: 3 }] });
    const accepted = runAccepted(
      board,
      'workstream.update',
      { name: 'build', description: 'new' },
      { at: afterStart(minute) },
    );
    expect(board.workstreams.get('build')).toMatchObject({
      description: 'new',
      priority: 3,
      updated_at: isoAfter(minute),
      created_at: isoAfter(0),
    });
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'workstream_updated',
      workstream: 'build',
      changed: ['description'],
    });
    runAccepted(board, 'workstream.update', { name: 'build', priority: 1, description: undefined });
    expect(board.workstreams.get('build')).toMatchObject({ description: 'new', priority: 1 });
  });

  it('refuses an unknown workstream: not-found, and tells the known ones', () => {
    const refusal = runRefused(boardWith({ workstreams: ['b', 'a'] }), 'not-found', 'workstream.update', {
      name: 'x',
      priority: 1,
    });
    expect(refusal.hint).toBe('known workstreams: a, b');
    expect(
      runRefused(boardWith({ workstreams: [] }), 'not-found', 'workstream.update', { name: 'x', priority: 1 }).hint,
    ).toBe('create it with `orc ws create x`');
  });

  it('refuses to change nothing', () => {
    expect(runRefused(boardWith(), 'invalid-argument', 'workstream.update', { name: 'build' }).message).toContain(
      'description or priority',
    );
  });
});

describe('workstream.pause and workstream.resume', () => {
  it('go from active to paused and back', () => {
    const board = boardWith();
    const paused = runAccepted(board, 'workstream.pause', { name: 'build' });
    expect(board.workstreams.get('build')?.status).toBe('paused');
    expect(paused.events.at(-1)).toMatchObject({ action: 'workstream_paused', workstream: 'build' });
    expect(paused.result).toEqual({ workstream: 'build' });
    expect(paused.subject).toBe('workstream.pause build by agent-1');
    const resumed = runAccepted(board, 'workstream.resume', { name: 'build' });
    expect(board.workstreams.get('build')?.status).toBe('active');
    expect(resumed.events.at(-1)).toMatchObject({ action: 'workstream_resumed', workstream: 'build' });
  });

  it('resume brings an archived workstream back, pause does not', () => {
    const board = boardWith();
    runAccepted(board, 'workstream.archive', { name: 'build' });
    runRefused(board, 'archived', 'workstream.pause', { name: 'build' });
    runAccepted(board, 'workstream.resume', { name: 'build' });
    expect(board.workstreams.get('build')?.status).toBe('active');
  });

  it.each(['workstream.pause', 'workstream.resume', 'workstream.archive'])(
    '%s refuses an unknown workstream: not-found',
    (kind) => {
      runRefused(boardWith(), 'not-found', kind, { name: 'x' });
    },
  );
});

describe('workstream.archive', () => {
  it('archives a workstream whose tasks are closed', () => {
    const board = boardWith({ tasks: ['a'] });
    runAccepted(board, 'task.complete', { id: taskTitled(board, 'a').id });
    const accepted = runAccepted(board, 'workstream.archive', { name: 'build' });
    expect(board.workstreams.get('build')?.status).toBe('archived');
    expect(accepted.events.at(-1)).toMatchObject({ action: 'workstream_archived', workstream: 'build' });
  });

  it('refuses one with open tasks, and says how many: has-open-tasks', () => {
    const board = boardWith({ tasks: ['a', 'b', 'c'] });
    runAccepted(board, 'task.block', { id: taskTitled(board, 'a').id });
    const refusal = runRefused(board, 'has-open-tasks', 'workstream.archive', { name: 'build' });
    expect(refusal.details).toEqual({ open: 3 });
    expect(refusal.message).toContain('3 open tasks');
  });
});
