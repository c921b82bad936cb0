import { describe, expect, it } from 'vitest';
import { Board } from '../../../src/core/board.ts';
import { boardWith, isoAfter, runAccepted, runRefused } from '../../support/board-builder.ts';

const boardId = '0123456789abcdef';

describe('board.init', () => {
  it('begins a board, with its settings, files and first knowledge', () => {
    const board = Board.empty();
    const args = {
      board: boardId,
      settings: 'format: 1\n',
      files: [{ path: 'README.md', text: 'hello' }],
      knowledge: [{ topic: 'start', content: 'here' }],
    };
    const accepted = runAccepted(board, 'board.init', args, { agent: 'system' });
    expect(board.meta).toEqual({ id: boardId, format: 1, version: 1, updated_at: isoAfter(0), events: 1 });
    expect(board.settingsText).toBe('format: 1\n');
    expect(board.files.get('README.md')).toEqual({ path: 'README.md', text: 'hello' });
    expect(board.knowledge.get('start')).toMatchObject({ content: 'here', version: 1, updated_by: 'system' });
    expect(accepted).toMatchObject({
      boardId,
      settingsText: 'format: 1\n',
      result: { value: boardId },
      subject: 'board.init by system',
    });
    expect(accepted.events).toEqual([
      { n: 1, v: 1, ts: isoAfter(0), agent: 'system', action: 'board_created', op: accepted.operation.id },
    ]);
  });

  it('refuses a board that has begun: already-exists', () => {
    runRefused(boardWith(), 'already-exists', 'board.init', { board: boardId, settings: '' });
  });

  it.each(['', 'xyz', '0123', 'g'.repeat(16)])('refuses the board id %j', (board) => {
    expect(runRefused(Board.empty(), 'invalid-argument', 'board.init', { board, settings: '' }).message).toBe(
      'board must be 16 to 64 hexadecimal digits',
    );
  });
});

describe('config.set', () => {
  it('puts the new text of orc.yaml in the place of the old', () => {
    const board = boardWith();
    const accepted = runAccepted(board, 'config.set', {
      key: 'publish',
      value: 'sync',
      text: 'publish: sync\n',
      base: 'format: 1\n',
    });
    expect(board.settingsText).toBe('publish: sync\n');
    expect(accepted.settingsText).toBe('publish: sync\n');
    expect(accepted.changes).toEqual([]);
    expect(accepted.events.at(-1)).toMatchObject({ action: 'config_changed', key: 'publish', value: 'sync' });
    expect(accepted.result).toEqual({ value: 'sync' });
  });

  it('refuses a text that was made from another one: conflict', () => {
    const board = boardWith();
    const base = board.settingsText;
    runAccepted(board, 'config.set', { key: 'lease', value: '1h', text: 'lease: 1h\n', base });
    runRefused(board, 'conflict', 'config.set', { key: 'publish', value: 'sync', text: 'publish: sync\n', base });
  });

  it('refuses a setting that there is not, and tells those that there are', () => {
    const { message } = runRefused(boardWith(), 'invalid-argument', 'config.set', {
      key: 'lose',
      value: '1',
      text: '',
    });
    expect(message).toBe(
      'key must be one of publish, lease, lock_ttl, clock_skew, max_attempts, board_md, manual_edits, edit_locks',
    );
  });
});
