import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Change } from '../board.ts';
import { accept, defineOperation, lazily, refuse, unchanged } from '../operation.ts';
import type { Agent } from '../records.ts';
import { fromIso } from '../time.ts';
import { dropHolds } from './lock.ts';
import { extendedLease, refuseCaseTwin, taskChange } from './support.ts';

const registerArguments = lazily(() =>
  z.strictObject({
    id: arg.name(),
    type: z._default(arg.name(), 'general'),
    capabilities: z._default(arg.names(), []),
  }),
);

export const agentRegister = defineOperation({
  kind: 'agent.register',
  summary: 'Register an agent, or refresh its registration',
  arguments: registerArguments,
  actions: ['agent_registered'],
  decide(board, { id, type, capabilities }, call) {
    const before = board.agents.get(id) ?? null;
    const twin = refuseCaseTwin('agent', id, [...board.agents.loaded()].map((agent) => agent.id));
    if (twin !== null) return twin;
    const after: Agent = {
      id,
      type,
      status: 'active',
      capabilities: [...new Set(capabilities)],
      registered_at: before?.registered_at ?? call.iso,
      last_seen: call.iso,
    };
    return accept({
      changes: [agentChange(before, after)],
      event: { action: 'agent_registered', agent: id, data: { type } },
      result: { agent: id },
    });
  },
});

const heartbeatArguments = lazily(() =>
  z.strictObject({
    id: arg.name(),
    /** Ids of the claims whose leases it may extend: those that the caller remembers. */
    claims: z._default(z.array(z.string()), []),
  }),
);

export const agentHeartbeat = defineOperation({
  kind: 'agent.heartbeat',
  summary: 'Say that an agent is alive: extends its leases; at most once in a third of a lease',
  arguments: heartbeatArguments,
  actions: ['agent_seen'],
  outlivesOwner: false,
  decide(board, { id, claims }, call) {
    const before = board.agents.get(id);
    if (before === undefined) return refuse('not-found', `agent "${id}" is not registered`, `\`orc a register ${id}\` registers it`);
    if (before.status === 'active' && call.at - fromIso(before.last_seen) < board.settings.lease_ms / 3) {
      return unchanged({ agent: id });
    }
    const extended: Change[] = [];
    for (const task of board.openTasks()) {
      if (task.assigned_to !== id || task.claim === null || !claims.includes(task.claim.id)) continue;
      extended.push(taskChange(task, { ...task, claim: extendedLease(board, task, call), updated_at: call.iso }));
    }
    return accept({
      changes: [agentChange(before, { ...before, status: 'active', last_seen: call.iso }), ...extended],
      event: { action: 'agent_seen', agent: id },
      result: { agent: id },
    });
  },
});

const retireArguments = lazily(() => z.strictObject({ id: arg.name() }));

export const agentRetire = defineOperation({
  kind: 'agent.retire',
  summary: 'Retire an agent: its claims and locks are released',
  arguments: retireArguments,
  actions: ['agent_retired'],
  decide(board, { id }, call) {
    const before = board.agents.get(id);
    if (before === undefined) return refuse('not-found', `agent "${id}" is not registered`, 'see `orc a list`');
    const changes: Change[] = [agentChange(before, { ...before, status: 'retired', last_seen: call.iso })];
    const released: string[] = [];
    for (const task of board.openTasks()) {
      if (task.status !== 'in_progress' || task.assigned_to !== id) continue;
      released.push(task.id);
      changes.push(taskChange(task, { ...task, status: 'pending', assigned_to: null, claim: null, updated_at: call.iso }));
    }
    const unlocked: string[] = [];
    for (const lock of board.locks.loaded()) {
      const change = dropHolds(lock, (hold) => hold.agent === id);
      if (change === null) continue;
      unlocked.push(lock.resource);
      changes.push(change);
    }
    return accept({
      changes,
      event: { action: 'agent_retired', agent: id, data: { released, unlocked } },
      result: { agent: id },
    });
  },
});

function agentChange(before: Agent | null, after: Agent): Change {
  return { collection: 'agents', key: after.id, before, after };
}
