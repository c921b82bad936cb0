import { describe, expect, it } from 'vitest';
import {
  afterStart,
  boardWith,
  isoAfter,
  minute,
  pastOf,
  runAccepted,
  runRefused,
} from '../../support/board-builder.ts';

const mebibyte = 1024 * 1024;

describe('knowledge.write', () => {
  it('writes a topic, with who, when and at which version', () => {
    const board = boardWith();
    const args = { topic: 'api/auth', content: '# Auth\n', title: 'Auth', tags: ['api', 'api'] };
    const accepted = runAccepted(board, 'knowledge.write', args, { at: afterStart(minute) });
    expect(board.knowledge.get('api/auth')).toEqual({
      topic: 'api/auth',
      content: '# Auth\n',
      title: 'Auth',
      tags: ['api'],
      paths: [],
      updated_by: 'agent-1',
      updated_at: isoAfter(minute),
      version: accepted.version,
    });
    expect([...board.topics]).toEqual(['api/auth']);
    expect(accepted.events.at(-1)).toMatchObject({ action: 'knowledge_written', agent: 'agent-1', topic: 'api/auth' });
    expect(accepted.events.at(-1)).not.toHaveProperty('appended');
    expect(accepted.result).toEqual({ knowledge: 'api/auth' });
    expect(accepted.subject).toBe('knowledge.write api/auth by agent-1');
  });

  it('keeps title and tags unless they are given; null takes the title away', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '1', title: 'T', tags: ['x'] });
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '2' });
    expect(board.knowledge.get('a')).toMatchObject({ content: '2', title: 'T', tags: ['x'] });
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '3', title: null, tags: [] });
    expect(board.knowledge.get('a')).toMatchObject({ title: null, tags: [] });
  });

  it('names the files that it binds, each glob once, and keeps them unless others are given', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '1', paths: ['src/**', 'src/**', 'docs/?.md'] });
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '2' });
    runAccepted(board, 'knowledge.append', { topic: 'a', content: '3' });
    expect(board.knowledge.get('a')).toMatchObject({ content: '2\n3', paths: ['src/**', 'docs/?.md'] });
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '4', paths: [] });
    expect(board.knowledge.get('a')).toMatchObject({ paths: [] });
  });

  it.each(['../x', '/src', 'src/', 'a**', 'src/{a,b}', '[ab]', '!x', '', 'a\u202eb'])('refuses the path %j', (glob) => {
    const args = { topic: 'a', content: '', paths: ['src/**', glob] };
    expect(runRefused(boardWith(), 'invalid-argument', 'knowledge.write', args).message).toMatch(/^paths\.1 must/);
  });

  it('is taken when the author started from the present version, and refused otherwise: conflict', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '1', base: 0 });
    const { version } = runAccepted(board, 'knowledge.write', { topic: 'a', content: '2', base: board.meta.version });
    const refusal = runRefused(
      board,
      'conflict',
      'knowledge.write',
      { topic: 'a', content: '3', base: version - 1 },
      { agent: 'bob' },
    );
    expect(refusal.details).toEqual({ current: version });
    expect(refusal.message).toContain('agent-1 wrote version');
    expect(refusal.hint).toContain(`--base ${version}`);
    runRefused(board, 'conflict', 'knowledge.write', { topic: 'a', content: '3', base: 0 });
  });

  it('refuses to write over a deletion that the author did not know of', () => {
    const board = boardWith();
    const { version } = runAccepted(board, 'knowledge.write', { topic: 'a', content: '1' });
    runAccepted(board, 'knowledge.delete', { topic: 'a' });
    expect(
      runRefused(board, 'conflict', 'knowledge.write', { topic: 'a', content: '2', base: version }).message,
    ).toContain('deleted');
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '2', base: 0 });
  });

  it('refuses topics that differ from others by case alone, in a folder too', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'Api/auth', content: '' });
    runRefused(board, 'invalid-argument', 'knowledge.write', { topic: 'Api/AUTH', content: '' });
    expect(
      runRefused(board, 'invalid-argument', 'knowledge.write', { topic: 'api/other', content: '' }).message,
    ).toContain('"Api"');
    runAccepted(board, 'knowledge.write', { topic: 'Api/other', content: '' });
    runAccepted(board, 'knowledge.write', { topic: 'api', content: '' });
  });

  it.each(['a.md', 'a.MD', 'a.md/b', '../x', '/a', 'a//b', '.git', 'x.lock', '-x', '__proto__', 'a\nb', 'a:b'])(
    'refuses the topic %j',
    (topic) => {
      expect(runRefused(boardWith(), 'invalid-argument', 'knowledge.write', { topic, content: '' }).message).toMatch(
        /^topic must/,
      );
    },
  );

  it('takes a MiB, and not a byte more: too-large', () => {
    runAccepted(boardWith(), 'knowledge.write', { topic: 'a', content: 'x'.repeat(mebibyte) });
    runRefused(boardWith(), 'too-large', 'knowledge.write', { topic: 'a', content: 'x'.repeat(mebibyte + 1) });
    runRefused(boardWith(), 'too-large', 'knowledge.write', { topic: 'a', content: 'é'.repeat(mebibyte / 2 + 1) });
  });

  it('refuses a credential, unless the author insists: secret-found', () => {
    const board = boardWith();
    const content = `the token is gh${'p_'}${'a1B2'.repeat(10)}`;
    const refusal = runRefused(board, 'secret-found', 'knowledge.write', { topic: 'a', content });
    expect(refusal.message).toBe('the text holds what looks like a GitHub token');
    expect(refusal.hint).toContain('--allow-secret');
    runRefused(board, 'secret-found', 'knowledge.write', { topic: 'a', content, allow_secret: 'true' });
    runAccepted(board, 'knowledge.write', { topic: 'a', content, allow_secret: true });
  });
});

describe('knowledge.append', () => {
  it('adds at the end, on a line of its own', () => {
    const board = boardWith();
    const accepted = runAccepted(board, 'knowledge.append', { topic: 'a', content: 'one' });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'knowledge_written', topic: 'a', appended: true });
    runAccepted(board, 'knowledge.append', { topic: 'a', content: 'two\n' });
    runAccepted(board, 'knowledge.append', { topic: 'a', content: 'three' }, { agent: 'bob' });
    expect(board.knowledge.get('a')).toMatchObject({
      content: 'one\ntwo\nthree',
      updated_by: 'bob',
      version: board.meta.version,
    });
  });

  it('keeps title and tags', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: '', title: 'T', tags: ['x'] });
    runAccepted(board, 'knowledge.append', { topic: 'a', content: 'x' });
    expect(board.knowledge.get('a')).toMatchObject({ content: 'x', title: 'T', tags: ['x'] });
  });

  it('refuses what would make the topic too large', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: 'x'.repeat(mebibyte - 1) });
    expect(runRefused(board, 'too-large', 'knowledge.append', { topic: 'a', content: 'y' }).message).toContain(
      '1024 KiB',
    );
  });
});

describe('knowledge.delete', () => {
  it('removes the topic', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: 'x' });
    const accepted = runAccepted(board, 'knowledge.delete', { topic: 'a' });
    expect(board.knowledge.get('a')).toBeUndefined();
    expect([...board.topics]).toEqual([]);
    expect(accepted.events.at(-1)).toMatchObject({ action: 'knowledge_deleted', topic: 'a' });
    expect(accepted.result).toEqual({ value: true });
    expect(accepted.subject).toBe('knowledge.delete a by agent-1');
  });

  it('refuses a topic that is not there: not-found', () => {
    runRefused(boardWith(), 'not-found', 'knowledge.delete', { topic: 'a' });
  });
});

describe('a topic whose file cannot be read', () => {
  /** As whoever reads the branch finds it: the file is there, and there is no record. */
  function broken() {
    const board = boardWith();
    board.topics.add('a');
    return board;
  }

  it('is neither appended to nor deleted: somebody wrote a text there', () => {
    for (const kind of ['knowledge.append', 'knowledge.delete']) {
      const args = { topic: 'a', ...(kind === 'knowledge.append' ? { content: 'more' } : {}) };
      expect(runRefused(broken(), 'board-unreadable', kind, args).hint).toContain('orc kb write');
    }
  });

  it('is no topic that is not there yet', () => {
    runRefused(broken(), 'board-unreadable', 'knowledge.write', { topic: 'a', content: 'x', base: 0 });
  });

  it('is replaced by who says so', () => {
    const board = broken();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: 'x' });
    expect(board.knowledge.get('a')).toMatchObject({ content: 'x' });
  });

  it('is not written over by taking back an earlier deletion', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a', content: 'x' });
    const deleted = runAccepted(board, 'knowledge.delete', { topic: 'a' });
    board.topics.add('a');
    const { version } = deleted;
    runRefused(board, 'board-unreadable', 'undo', { version }, { past: pastOf(deleted) });
  });
});
