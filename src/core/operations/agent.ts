import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { messageKey, messagesOf } from '../messages.ts';
import { accept, type Context, defineOperation, lazily, refuse, unchanged } from '../operation.ts';
import { leaseEnd } from '../readiness.ts';
import type { Agent } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import { fromIso } from '../time.ts';
import { dropHolds } from './lock.ts';
import { extendedLease, refuseCaseTwin, taskChange } from './support.ts';

const registerArguments = lazily(() =>
  z.strictObject({
    id: arg.name(),
    /** `general` for a new agent. Whoever registers again keeps what is not said anew. */
    type: z.optional(arg.name()),
    capabilities: z.optional(arg.names()),
  }),
);

export const agentRegister = defineOperation({
  kind: 'agent.register',
  summary: 'Register an agent, or refresh its registration',
  arguments: registerArguments,
  actions: ['agent_registered'],
  decide(board, { id, type, capabilities }, call) {
    const before = board.agents.get(id) ?? null;
    const twin =
      before === null
        ? refuseCaseTwin(
            'agent',
            id,
            [...board.agents.loaded()].map((agent) => agent.id),
          )
        : null;
    if (twin !== null) return twin;
    const after: Agent = {
      id,
      type: type ?? before?.type ?? 'general',
      status: 'active',
      capabilities: [...new Set(capabilities ?? before?.capabilities ?? [])],
      registered_at: before?.registered_at ?? call.iso,
      last_seen: call.iso,
    };
    return accept({
      changes: [agentChange(before, after)],
      event: { action: 'agent_registered', agent: id, data: { type: after.type } },
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
    if (before?.status !== 'active') {
      // A process that goes on after its agent was retired must not bring it back.
      const state = before === undefined ? 'is not registered' : 'is retired';
      return refuse('not-found', `agent "${id}" ${state}`, `\`orc a register ${shellWord(id)}\` registers it`);
    }
    const claimed = [...board.openTasks()].filter(
      (task) => task.assigned_to === id && task.claim !== null && claims.includes(task.claim.id),
    );
    // Other mutations count as signs of life, but extend no lease: so one that runs low is a reason of its own.
    const isDue = claimed.some((task) => leaseEnd(board, task) - call.at <= (board.settings.lease_ms * 2) / 3);
    if (wasSeenLately(board, before, call) && !isDue) return unchanged({ agent: id });
    const extended = claimed.map((task) =>
      taskChange(task, { ...task, claim: extendedLease(board, task, call), updated_at: call.iso }),
    );
    return accept({
      changes: [agentChange(before, { ...before, last_seen: call.iso }), ...extended],
      event: { action: 'agent_seen', agent: id },
      result: { agent: id },
    });
  },
});

const retireArguments = lazily(() => z.strictObject({ id: arg.name() }));

export const agentRetire = defineOperation({
  kind: 'agent.retire',
  summary: 'Retire an agent: its claims and locks are released, its mail leaves the board',
  arguments: retireArguments,
  actions: ['agent_retired'],
  decide(board, { id }, call) {
    const before = board.agents.get(id);
    if (before === undefined) return refuse('not-found', `agent "${id}" is not registered`, 'see `orc a list`');
    const seen = call.agent === id ? call.iso : before.last_seen;
    const changes: Change[] = [agentChange(before, { ...before, status: 'retired', last_seen: seen })];
    const released: string[] = [];
    for (const task of board.openTasks()) {
      if (task.status !== 'in_progress' || task.assigned_to !== id) continue;
      released.push(task.id);
      changes.push(
        taskChange(task, { ...task, status: 'pending', assigned_to: null, claim: null, updated_at: call.iso }),
      );
    }
    const unlocked: string[] = [];
    for (const lock of board.locks.loaded()) {
      const change = dropHolds(lock, (hold) => hold.agent === id);
      if (change === null) continue;
      unlocked.push(lock.resource);
      changes.push(change);
    }
    // Nobody reads it any more. The event names what was unread; the history has the texts.
    const mail = messagesOf(board, id);
    for (const message of mail)
      changes.push({ collection: 'messages', key: messageKey(message), before: message, after: null });
    const unread = mail.filter(({ read_at }) => read_at === null).map((message) => message.id);
    return accept({
      changes,
      // Sorted: the order of what is in memory differs between machines.
      event: {
        action: 'agent_retired',
        agent: id,
        data: {
          released: released.sort(),
          unlocked: unlocked.sort(),
          ...(unread.length === 0 ? {} : { unread }),
          ...(call.agent === id ? {} : { by: call.agent }),
        },
      },
      result: { agent: id },
    });
  },
});

/** Within a third of a lease there is no need to say again that an agent is alive. A time far ahead says nothing. */
export function wasSeenLately(board: Board, agent: Agent, context: Pick<Context, 'at'>): boolean {
  return Math.abs(context.at - fromIso(agent.last_seen)) < board.settings.lease_ms / 3;
}

function agentChange(before: Agent | null, after: Agent): Change {
  return { collection: 'agents', key: after.id, before, after };
}
