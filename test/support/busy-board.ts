/** A fleet board in the midst of things, out of a seed: tasks held, done, blocked and given up, files locked, agents gone quiet. */
import type { Board } from '../../src/core/board.ts';
import { randomSource } from '../checker/random-source.ts';
import { afterStart, claimTask, minute, run } from './board-builder.ts';
import { fleetAgents, fleetBoard, fleetWorkstreams } from './fleet-board.ts';
import { boardOf } from './fleet-on-board.ts';

/** When all of it has happened. */
export const busyAt = afterStart(20 * minute);

export function busyBoard(seed: number, tasks = 30): Board {
  const random = randomSource(seed);
  const board = boardOf(fleetBoard(seed, { tasks }));
  const ids = [...board.openTasks()].map(({ id }) => id);
  const at = (minutes: number): number => afterStart(minutes * minute);
  for (let n = 0; n < tasks; n++) {
    const id = random.pick(ids);
    const kind = random.pick(['task.complete', 'task.complete', 'task.complete', 'task.block', 'task.cancel', 'claim']);
    const agent = random.pick(fleetAgents).id;
    if (kind !== 'claim') run(board, kind, { id }, { agent, at: at(1) });
    else if (run(board, 'task.claim', { id, lease_ms: 1 }, { agent, at: at(2) }).outcome === 'accepted') {
      // Of those that were claimed some lapsed, and of these some for the last time.
      for (let lapses = random.below(4); lapses > 1; lapses--)
        claimTask(board, id, { agent, at: at(7 - lapses), lease_ms: 1 });
      if (random.chance(0.7)) claimTask(board, id, { agent, at: at(8), lease_ms: 60 * minute });
    }
  }
  for (const resource of ['path:deploy/**', 'path:src/api/users/*.ts', 'deploy'])
    if (random.chance(0.3)) run(board, 'lock.acquire', { resource, ttl_ms: 60 * minute }, { agent: 'ada', at: at(9) });
  for (const { id } of fleetAgents)
    if (random.chance(0.7)) run(board, 'agent.register', { id }, { agent: id, at: at(18) });
  for (const { name } of fleetWorkstreams)
    if (random.chance(0.1)) run(board, 'workstream.pause', { name }, { at: at(19) });
  return board;
}
