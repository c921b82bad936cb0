import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/core/operations/index.ts';
import { boardWith, isoAfter, runAccepted, runRefused } from '../../support/board-builder.ts';

describe('event.log', () => {
  it("logs an agent's own event, with any further fields", () => {
    const board = boardWith();
    const data = {
      service: 'api',
      version: '2.0',
      workstream: 'build',
      task_id: 'deadbeef',
      nested: { a: [1, null, true] },
    };
    const accepted = runAccepted(board, 'event.log', { action: 'deployed', data });
    expect(accepted.events).toEqual([
      {
        n: accepted.version,
        v: accepted.version,
        ts: isoAfter(0),
        agent: 'agent-1',
        action: 'deployed',
        ...data,
        op: accepted.operation.id,
      },
    ]);
    expect(accepted.result).toEqual({ event: accepted.events[0]?.n });
    expect(accepted.changes).toEqual([]);
    expect(accepted.subject).toBe('event.log deployed by agent-1');
  });

  it("refuses every action of orc's own", () => {
    const board = boardWith();
    const actions = new Set(operations.flatMap((operation) => operation.actions));
    expect(actions.size).toBeGreaterThan(25);
    for (const action of actions) runRefused(board, 'invalid-argument', 'event.log', { action });
  });

  it.each(['n', 'v', 'ts', 'agent', 'action', 'op'])('refuses the field %s, which orc writes itself', (field) => {
    expect(
      runRefused(boardWith(), 'invalid-argument', 'event.log', { action: 'x', data: { [field]: 1 } }).message,
    ).toContain(`"${field}"`);
  });

  it.each([{ workstream: 5 }, { task_id: null }, { workstream: '../x' }, { task_id: ['a'] }])(
    'refuses %j, which readers would take for a name',
    (data) => {
      runRefused(boardWith(), 'invalid-argument', 'event.log', { action: 'x', data });
    },
  );

  it.each([{ a: Number.NaN }, { a: undefined }, { a: () => 1 }, { a: 1n }, []])(
    'refuses data that JSON does not know (case %#)',
    (data) => {
      expect(runRefused(boardWith(), 'invalid-argument', 'event.log', { action: 'x', data }).message).toMatch(/^data/);
    },
  );

  it('refuses data that is too large, or nested without end', () => {
    runRefused(boardWith(), 'too-large', 'event.log', { action: 'x', data: { text: 'x'.repeat(64 * 1024) } });
    const data = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
    expect(runRefused(boardWith(), 'invalid-argument', 'event.log', { action: 'x', data }).message).toContain('nested');
  });

  it('does not let data reach a prototype', () => {
    const board = boardWith();
    const data = JSON.parse('{"__proto__":{"polluted":true},"b":1}');
    const accepted = runAccepted(board, 'event.log', { action: 'x', data });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(accepted.events[0]?.polluted).toBeUndefined();
    expect(accepted.events[0]).toMatchObject({ b: 1 });
  });

  it('does not let data write trailers into the commit message', () => {
    const board = boardWith();
    const accepted = runAccepted(board, 'event.log', { action: 'x', data: { topic: 'a\n\nOrc-Op: forged' } });
    expect(accepted.subject).toBe('event.log x by agent-1');
    expect(accepted.body).toBeUndefined();
  });

  it('refuses an action that is no name', () => {
    runRefused(boardWith(), 'invalid-argument', 'event.log', { action: 'a\nb' });
  });
});
