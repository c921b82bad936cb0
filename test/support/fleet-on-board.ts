/** Plays a batch on a board in memory, as `orc batch` would on a branch. */
import { Board } from '../../src/core/board.ts';
import { operationId, runAccepted, startTime } from './board-builder.ts';
import type { FleetRequest } from './fleet-board.ts';

const references: readonly string[] = ['id', 'workstream', 'parent', 'depends_on'];

export function boardOf(requests: readonly FleetRequest[]): Board {
  const board = Board.empty();
  const options = { agent: 'system', at: startTime };
  runAccepted(board, 'board.init', { board: 'b0a4d000b0a4d000', settings: 'format: 1\n' }, options);
  const idByName = new Map<string, string>();
  const replace = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(replace) : typeof value === 'string' ? (idByName.get(value) ?? value) : value;
  for (const { kind, args, name } of requests) {
    const known = Object.entries(args).map(([key, value]) => [key, references.includes(key) ? replace(value) : value]);
    const id = operationId(board.meta.version + 1);
    const { result } = runAccepted(board, kind, Object.fromEntries(known), { ...options, id });
    if (name !== undefined && 'task' in result) idByName.set(name, result.task);
  }
  return board;
}
