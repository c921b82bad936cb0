/** Cycles: what their documents hold is nobody's business here. */
import type { BoardModel, Change } from './board.ts';
import { type Call, type Decide, optionalNumber, refuse } from './operation.ts';
import type { Cycle, Json } from './records.ts';

function newest(board: BoardModel): number {
  return Math.max(0, ...[...board.cycles.keys()].map(Number));
}

function change(cycle: Cycle): Change {
  return { what: 'cycle', key: String(cycle.number), after: cycle };
}

function document(call: Call, name: string): Json {
  return call.args[name] as Json;
}

const open: Decide = (board, call) => {
  if (board.cycles.get(String(newest(board)))?.collected === null) return refuse('already-exists', 'a cycle is open');
  const number = newest(board) + 1;
  const cycle: Cycle = {
    number,
    opened_by: call.agent,
    opened_at: call.iso,
    opened_version: call.version,
    plan_version: optionalNumber(call.args, 'plan_version') ?? 0,
    plan: document(call, 'plan'),
    collected: null,
  };
  return {
    outcome: 'accepted',
    changes: [change(cycle)],
    event: { action: 'cycle_opened', data: { cycle: number } },
    result: { cycle: number },
  };
};

const collect: Decide = (board, call) => {
  const named = optionalNumber(call.args, 'cycle');
  const cycle = board.cycles.get(String(named ?? newest(board)));
  if (cycle === undefined || (named === null && cycle.collected !== null))
    return refuse('not-found', 'there is no such cycle');
  if (cycle.collected !== null) return refuse('closed', `cycle ${cycle.number} was collected`);
  const collected = {
    by: call.agent,
    at: call.iso,
    version: call.version,
    results_version: optionalNumber(call.args, 'results_version') ?? 0,
    results: document(call, 'results'),
  };
  return {
    outcome: 'accepted',
    changes: [change({ ...cycle, collected })],
    event: { action: 'cycle_collected', data: { cycle: cycle.number } },
    result: { cycle: cycle.number },
  };
};

export const cycleOperations: Readonly<Record<string, Decide>> = { 'cycle.open': open, 'cycle.collect': collect };
