import { describe, expect, it } from 'vitest';
import { isOperationId, lineIdFrom, taskIdFrom } from '../../src/core/ids.ts';

const nothing = (): boolean => false;

describe("a task's id", () => {
  const hex = '0123456789abcdef0123456789abcdef';

  it("is the beginning of its operation's id", () => {
    expect(taskIdFrom(hex, nothing)).toBe('01234567');
  });

  it('grows by four digits for each collision', () => {
    const taken = new Set(['01234567']);
    expect(taskIdFrom(hex, (id) => taken.has(id))).toBe('0123456789ab');
    taken.add('0123456789ab');
    expect(taskIdFrom(hex, (id) => taken.has(id))).toBe('0123456789abcdef');
  });

  it('is another one when all beginnings are taken', () => {
    expect(taskIdFrom(hex, (id) => hex.startsWith(id))).toMatch(/^[0-9a-f]{8}$/);
  });

  it('is derived from ids in other alphabets, always alike', () => {
    const id = taskIdFrom('deploy-2026.01', nothing);
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    expect(taskIdFrom('deploy-2026.01', nothing)).toBe(id);
    expect(taskIdFrom('deploy-2026.02', nothing)).not.toBe(id);
  });

  it('seldom collides: ten thousand similar ids give as many tasks', () => {
    const ids = new Set(Array.from({ length: 10_000 }, (_, index) => taskIdFrom(`operation-${index}`, nothing)));
    expect(ids.size).toBeGreaterThanOrEqual(9_999);
  });
});

it("a batch's lines have ids of their own, and so do the tasks that they add", () => {
  const batch = '0123456789abcdef0123456789abcdef';
  const ops = Array.from({ length: 5_000 }, (_, index) => lineIdFrom(batch, index + 1));
  expect(ops.every(isOperationId)).toBe(true);
  const made = new Set<string>();
  for (const op of ops) made.add(taskIdFrom(op, (id) => made.has(id)));
  expect(made.size).toBe(5_000);
});

describe("an operation's id", () => {
  it.each(['12345678', 'a'.repeat(64), 'my-op.1_x', '0123456789abcdef0123456789abcdef'])('may be %j', (id) => {
    expect(isOperationId(id)).toBe(true);
  });

  it.each([
    '',
    '1234567',
    'a'.repeat(65),
    '-abcdefgh',
    '.abcdefgh',
    'abc defgh',
    'abcdefgh\n',
    '../abcdefg',
    'äbcdefgh',
    'abcdefgh/x',
  ])('may not be %j', (id) => {
    expect(isOperationId(id)).toBe(false);
  });
});
