import { describe, expect, it } from 'vitest';
import type { Board } from '../../../src/core/board.ts';
import { checkInvariants } from '../../../src/core/invariants.ts';
import type { Cycle } from '../../../src/core/records.ts';
import {
  afterStart,
  boardWith,
  contextFor,
  decideLoading,
  isoAfter,
  minute,
  operationFor,
  partly,
  run,
  runAccepted,
  runRefused,
} from '../../support/board-builder.ts';

const plan = { b: [1, { c: null }], a: 'x', '2026': true };
const results = { completed: [], count: 0.5 };
const opening = { plan, plan_version: 2 };
const ending = { results, results_version: 3 };

function cycleOf(board: Board, number: number): Cycle | undefined {
  return board.cycles.get(String(number));
}

describe('cycle.open', () => {
  it('numbers cycles from 1 and keeps the plan with the version that it was made at', () => {
    const board = boardWith();
    const accepted = runAccepted(board, 'cycle.open', opening, { agent: 'ann', at: afterStart(minute) });
    expect(cycleOf(board, 1)).toEqual({
      number: 1,
      opened_by: 'ann',
      opened_at: isoAfter(minute),
      opened_version: accepted.version,
      plan_version: 2,
      plan,
      collected: null,
    });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'cycle_opened', agent: 'ann', cycle: 1 });
    expect(accepted.result).toEqual({ cycle: 1 });
    expect(accepted.subject).toBe('cycle.open 1 by ann');
    runAccepted(board, 'cycle.collect', ending);
    runAccepted(board, 'cycle.open', opening);
    expect([...board.cycleNumbers]).toEqual([1, 2]);
    expect(checkInvariants(board)).toEqual([]);
  });

  it('is refused while another one is open: already-exists', () => {
    const board = boardWith();
    runAccepted(board, 'cycle.open', opening);
    const refusal = runRefused(board, 'already-exists', 'cycle.open', opening);
    expect(refusal.hint).toContain('orc cycle collect');
    expect(refusal.details).toEqual({ cycle: 1 });
  });

  it.each([
    ['no plan', { plan_version: 1 }],
    ['a plan that is a list', { plan: [], plan_version: 1 }],
    ['a plan that is null', { plan: null, plan_version: 1 }],
    ['a plan that is a text', { plan: '{}', plan_version: 1 }],
    ['what is no JSON', { plan: { a: [undefined] }, plan_version: 1 }],
    ['a number that is none', { plan: { a: Number.NaN }, plan_version: 1 }],
    ['a field that would be its prototype', { plan: JSON.parse('{"a":{"__proto__":{}}}'), plan_version: 1 }],
    ['a depth of forty', { plan: nested(40), plan_version: 1 }],
    ['no version', { plan }],
    ['a version below nought', { plan, plan_version: -1 }],
    ['something else', { ...opening, number: 3 }],
  ])('with %s is refused: invalid-argument', (_what, args) => {
    runRefused(boardWith(), 'invalid-argument', 'cycle.open', args);
  });

  it('takes a plan of 256 KiB as indented JSON, and no longer one: too-large', () => {
    const board = boardWith();
    const room = 256 * 1024 - JSON.stringify({ a: '' }, null, 2).length;
    const args = (length: number) => ({ plan: { a: 'x'.repeat(length) }, plan_version: 1 });
    expect(runRefused(board, 'too-large', 'cycle.open', args(room + 1)).message).toContain('plan');
    runAccepted(board, 'cycle.open', args(room));
    const most = { results: { a: 'x'.repeat(room) }, results_version: 1 };
    runRefused(board, 'too-large', 'cycle.collect', { results: { a: 'é'.repeat(room / 2 + 1) }, results_version: 1 });
    runAccepted(board, 'cycle.collect', most);
  });

  it('has room for two documents of the worst shape', () => {
    const board = boardWith();
    // Indentation weighs most in a list of the shortest values, and grows with the depth at which it stands in the record.
    const worst = { list: Array.from({ length: 37_440 }, () => 0) };
    expect(JSON.stringify(worst, null, 2).length).toBeGreaterThan(255 * 1024);
    runAccepted(board, 'cycle.open', { plan: worst, plan_version: 1 });
    runAccepted(board, 'cycle.collect', { results: worst, results_version: 1 });
  });
});

describe('cycle.collect', () => {
  it('ends the cycle that is open with its results', () => {
    const board = boardWith();
    runAccepted(board, 'cycle.open', opening);
    const accepted = runAccepted(board, 'cycle.collect', ending, { agent: 'bob', at: afterStart(minute) });
    const { version } = accepted;
    const collected = { by: 'bob', at: isoAfter(minute), version, results_version: 3, results };
    expect(cycleOf(board, 1)).toMatchObject({ number: 1, plan, collected });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'cycle_collected', cycle: 1 });
    expect(accepted.result).toEqual({ cycle: 1 });
    expect(checkInvariants(board)).toEqual([]);
  });

  it('takes the cycle by its number too', () => {
    const board = boardWith();
    runAccepted(board, 'cycle.open', opening);
    runAccepted(board, 'cycle.collect', { ...ending, cycle: 1 });
    expect(cycleOf(board, 1)?.collected).not.toBeNull();
  });

  it('is refused where no cycle is open, or the one is unknown: not-found', () => {
    const board = boardWith();
    runRefused(board, 'not-found', 'cycle.collect', ending);
    runAccepted(board, 'cycle.open', opening);
    runRefused(board, 'not-found', 'cycle.collect', { ...ending, cycle: 2 });
    runAccepted(board, 'cycle.collect', ending);
    runRefused(board, 'not-found', 'cycle.collect', ending);
  });

  it('of a cycle that was collected is refused: closed', () => {
    const board = boardWith();
    runAccepted(board, 'cycle.open', opening);
    runAccepted(board, 'cycle.collect', ending);
    const refusal = runRefused(board, 'closed', 'cycle.collect', { ...ending, cycle: 1 });
    expect(refusal.hint).toContain('orc cycle show 1');
  });
});

it('a cycle is loaded where deciding needs it, and the others are not', () => {
  const board = boardWith();
  for (let cycle = 0; cycle < 3; cycle++) {
    runAccepted(board, 'cycle.open', opening);
    runAccepted(board, 'cycle.collect', ending);
  }
  for (const [kind, args] of [
    ['cycle.open', opening],
    ['cycle.collect', ending],
    ['cycle.collect', { ...ending, cycle: 2 }],
  ] as const) {
    const other = partly(board);
    const { decision, rounds } = decideLoading(other, board, operationFor(board, kind, args), contextFor(board));
    expect(decision).toEqual(run(board.clone(), kind, args));
    expect(rounds).toBe(2);
    expect([...other.cycles.loaded()]).toHaveLength(1);
  }
});

it('invariants of cycles are told where somebody broke them', () => {
  const board = boardWith();
  runAccepted(board, 'cycle.open', opening);
  const cycle = cycleOf(board, 1) as Cycle;
  const collected = { by: 'ann', at: 'soon', version: 99, results_version: 1, results };
  const broken = { ...cycle, number: 2, opened_at: 'noon', opened_version: 98, collected };
  board.put([{ collection: 'cycles', key: '2', before: null, after: broken }]);
  board.provide('cycles', '3', { ...cycle, number: 3, collected: { ...collected, at: cycle.opened_at, version: 1 } });
  expect(checkInvariants(board)).toEqual(
    [
      'cycle 1 is open, and a later one was opened',
      "cycle 2 collected.version 99 is beyond the board's version 3",
      "cycle 2 opened_version 98 is beyond the board's version 3",
      'cycle 2 opened_at is no time',
      'cycle 2, collected: at is no time',
      'cycle 3 is not among the cycles',
    ].sort(),
  ); // prettier-ignore
});

function nested(depth: number): object {
  let value: object = {};
  for (let level = 1; level < depth; level++) value = level % 2 === 0 ? { a: value } : [value];
  return { a: value };
}
