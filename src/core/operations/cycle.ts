/**
 * Cycles of planned work. Their plan and their results are made by the app, from events and closed tasks that deciding
 * does not have; here they are documents, which are numbered and kept.
 */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { accept, defineOperation, lazily, refuse } from '../operation.ts';
import type { Cycle } from '../records.ts';

const openArguments = lazily(() =>
  z.strictObject({
    plan: arg.document(),
    /** The board version that it was made at. */
    plan_version: arg.count(),
  }),
);

export const cycleOpen = defineOperation({
  kind: 'cycle.open',
  summary: 'Open a cycle of work with its plan',
  arguments: openArguments,
  actions: ['cycle_opened'],
  bulk: ['plan'],
  decide(board, { plan, plan_version }, call) {
    const newest = newestCycle(board);
    if (newest?.collected === null) {
      const { number, opened_by, opened_at } = newest;
      const message = `cycle ${number} is open, since ${opened_at} by ${opened_by}`;
      return refuse('already-exists', message, '`orc cycle collect` ends it', { cycle: number });
    }
    const number = Math.max(0, ...board.cycleNumbers) + 1;
    const opened = { opened_by: call.agent, opened_at: call.iso, opened_version: call.version };
    return accept({
      changes: [cycleChange(null, { number, ...opened, plan_version, plan, collected: null })],
      event: { action: 'cycle_opened', data: { cycle: number } },
      result: { cycle: number },
    });
  },
});

const collectArguments = lazily(() =>
  z.strictObject({
    /** The one that is open, unless it is named. */
    cycle: z.optional(arg.count()),
    results: arg.document(),
    /** The board version that they were made at. */
    results_version: arg.count(),
  }),
);

export const cycleCollect = defineOperation({
  kind: 'cycle.collect',
  summary: 'End a cycle of work with its results',
  arguments: collectArguments,
  actions: ['cycle_collected'],
  bulk: ['results'],
  decide(board, { cycle, results, results_version }, call) {
    const found = cycle === undefined ? newestCycle(board) : findCycle(board, cycle);
    if (cycle === undefined && found?.collected !== null) {
      return refuse('not-found', 'no cycle is open', '`orc cycle open` opens one');
    }
    if (found === undefined) return refuse('not-found', `cycle ${cycle} not found`, 'see `orc cycle list`');
    const { number, collected } = found;
    if (collected !== null) {
      const message = `cycle ${number} was collected at ${collected.at} by ${collected.by}`;
      return refuse('closed', message, `\`orc cycle show ${number}\` shows what came of it`, { cycle: number });
    }
    const after = { by: call.agent, at: call.iso, version: call.version, results_version, results };
    return accept({
      changes: [cycleChange(found, { ...found, collected: after })],
      event: { action: 'cycle_collected', data: { cycle: number } },
      result: { cycle: number },
    });
  },
});

/** @throws MissingRecord when it is not loaded */
function newestCycle(board: Board): Cycle | undefined {
  return findCycle(board, Math.max(0, ...board.cycleNumbers));
}

/** @throws MissingRecord when it is not loaded */
function findCycle(board: Board, number: number): Cycle | undefined {
  return board.cycleNumbers.has(number) ? board.cycles.get(String(number)) : undefined;
}

function cycleChange(before: Cycle | null, after: Cycle): Change {
  return { collection: 'cycles', key: String(after.number), before, after };
}
