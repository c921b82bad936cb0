import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { describeFault, isLongerThan } from '../../src/core/arguments.ts';
import { findOperation, operations } from '../../src/core/operations/index.ts';
import { boardWith, runRefused } from '../support/board-builder.ts';

afterEach(() => {
  z.config({ localeError: undefined, customError: undefined });
});

const faults: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ['task.add', { workstream: 'build' }, 'title is required'],
  ['task.add', { workstream: 'build', title: 5 }, 'title must be a string'],
  [
    'task.add',
    { workstream: 'build', title: 'a', priority: 'high' },
    'priority must be a whole number from 1 (most urgent) to 9',
  ],
  ['task.add', { workstream: 'build', title: 'a', labels: 'x' }, 'labels must be an array'],
  ['task.claim', { id: 'xyz' }, 'id must be a task id (8 to 32 hexadecimal digits)'],
  ['lock.acquire', { resource: 'x', shared: 'yes' }, 'shared must be true or false'],
  ['lock.break', { resource: 'x', reason: '' }, 'reason must not be empty'],
  [
    'config.set',
    { key: 'x', value: '', text: '' },
    'key must be one of publish, lease, lock_ttl, clock_skew, max_attempts, board_md, manual_edits, edit_locks',
  ],
  ['event.log', { action: 'x', data: { a: Number.NaN } }, 'data.a must be a JSON value'],
  ['workstream.update', { name: 'build' }, 'say what to change: description or priority'],
  ['workstream.create', { name: 'a', color: 1 }, 'unknown arguments: color'],
  ['board.import', { version: 1.5 }, 'version must be a whole number, 0 or more'],
];

describe('what is wrong with arguments', () => {
  it.each(faults)('%s %j is told in so many words', (kind, args, message) => {
    expect(runRefused(boardWith(), 'invalid-argument', kind, args).message).toBe(message);
  });

  it.each(faults)('%s %j is told alike in a process that set another language', (kind, args, message) => {
    z.config({ ...z.locales.de(), customError: () => 'etwas anderes' });
    expect(runRefused(boardWith(), 'invalid-argument', kind, args).message).toBe(message);
  });

  it('is told of a fault without a place, or without a fault', () => {
    expect(describeFault({ issues: [] })).toEqual({ code: 'invalid-argument', message: 'invalid arguments' });
  });
});

describe('every operation', () => {
  const wrong = [null, 0, -1, 1.5, Number.NaN, '', '../x', 'a\nb', [], {}, [null], { a: 1 }, true, 'x'.repeat(300)];
  const namesOf = (schema: unknown): string[] => Object.keys((schema as { def: { shape: object } }).def.shape);

  it.each(operations.map((operation) => operation.kind))(
    '%s refuses arguments of every wrong type, and does not throw',
    (kind) => {
      const board = boardWith();
      const names = namesOf(findOperation(kind)?.arguments());
      for (const value of wrong) {
        const args = Object.fromEntries(names.map((name) => [name, value]));
        const { message, hint } = runRefused(board, 'invalid-argument', kind, args);
        expect(names.some((name) => message.startsWith(name))).toBe(true);
        expect(hint).toBe(`arguments of ${kind}: ${names.join(', ')}`);
      }
    },
  );
});

it('length is counted in bytes, exactly', () => {
  expect([
    isLongerThan('abc', 3),
    isLongerThan('abcd', 3),
    isLongerThan('é', 1),
    isLongerThan('é', 2),
    isLongerThan('🙂', 3),
    isLongerThan('🙂', 4),
  ]).toEqual([false, true, true, false, true, false]);
});
