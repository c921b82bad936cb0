import { expect, it } from 'vitest';
import { findOperation, operations } from '../../../src/core/operations/index.ts';

it('every operation has a kind of its own, a summary, arguments and actions', () => {
  expect(new Set(operations.map((operation) => operation.kind)).size).toBe(operations.length);
  for (const { kind, summary, actions, arguments: schema } of operations) {
    expect(kind).toMatch(/^(?:[a-z]+\.[a-z]+|undo)$/);
    expect(summary).toMatch(/^[A-Z].*[^.]$/);
    expect(schema()).toBe(schema());
    if (kind !== 'event.log') expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^(?:[a-z]+_[a-z]+|undone)$/);
    expect(findOperation(kind)?.kind).toBe(kind);
  }
});

it('what needs the arbiter is published at once, and dies with its owner where somebody has to wait for it', () => {
  const kinds = (isWanted: (each: (typeof operations)[number]) => boolean): string[] =>
    operations.filter(isWanted).map((each) => each.kind);
  expect(kinds((each) => each.arbitrated)).toEqual([
    'task.claim',
    'task.next',
    'task.renew',
    'lock.acquire',
    'lock.renew',
    'lock.release',
    'lock.break',
  ]);
  expect(kinds((each) => !each.outlivesOwner)).toEqual([
    'board.import',
    'task.claim',
    'task.next',
    'task.renew',
    'agent.heartbeat',
    'lock.acquire',
    'lock.renew',
  ]);
});

it.each(['', 'task', 'task.steal', '__proto__', 'constructor', 'TASK.ADD'])('there is no operation %j', (kind) => {
  expect(findOperation(kind)).toBeUndefined();
});
