import type { BoardModel, Change } from './board.ts';
import { leaseEnd, renewed } from './holding.ts';
import { mailOf } from './messages.ts';
import { type Call, type Decide, optionalText, refuse, text, texts } from './operation.ts';
import { type Agent, isClosed, type Task } from './records.ts';
import { caseTwin } from './workstreams.ts';

/** A sign of life is written at most once in a third of a lease. One that lies as far ahead says nothing. */
export function isSeenDue(board: BoardModel, agent: Agent, at: number): boolean {
  return Math.abs(at - Date.parse(agent.last_seen)) >= board.meta.settings.leaseMs / 3;
}

export function agentChange(agent: Agent): Change {
  return { what: 'agent', key: agent.id, after: agent };
}

const register: Decide = (board, call) => {
  const id = text(call.args, 'id');
  const known = board.agents.get(id);
  if (known === undefined) {
    const twin = caseTwin(id, board.agents.keys());
    if (twin !== null) return twin;
  }
  const agent: Agent = {
    id,
    type: optionalText(call.args, 'type') ?? known?.type ?? 'general',
    status: 'active',
    capabilities: call.args.capabilities === undefined ? (known?.capabilities ?? []) : texts(call.args, 'capabilities'),
    registered_at: known?.registered_at ?? call.iso,
    last_seen: call.iso,
  };
  return {
    outcome: 'accepted',
    changes: [agentChange(agent)],
    event: { action: 'agent_registered', agent: id, data: { type: agent.type } },
    result: { agent: id },
  };
};

const heartbeat: Decide = (board, call) => {
  const agent = board.agents.get(text(call.args, 'id'));
  if (agent === undefined || agent.status === 'retired') return refuse('not-found', 'that agent is not registered');
  const claims = texts(call.args, 'claims');
  const held = [...board.openTasks.values()].filter(
    ({ assigned_to, claim }) => assigned_to === agent.id && claim !== null && claims.includes(claim.id),
  );
  // other work of the agent is a sign of life too, and extends nothing: a lease that runs low is a reason of its own
  const { leaseMs } = board.meta.settings;
  const runsLow = held.some((task) => leaseEnd(board, task) - call.at <= (leaseMs * 2) / 3);
  if (!isSeenDue(board, agent, call.at) && !runsLow) return { outcome: 'unchanged' };
  const extended = held.map((task): Change => {
    const after = { ...task, claim: renewed(board, task, call, null), updated_at: call.iso };
    return { what: 'task', key: task.id, after };
  });
  return {
    outcome: 'accepted',
    changes: [agentChange({ ...agent, last_seen: call.iso }), ...extended],
    event: { action: 'agent_seen', agent: agent.id },
    result: { agent: agent.id },
  };
};

const retire: Decide = (board, call) => {
  const agent = board.agents.get(text(call.args, 'id'));
  if (agent === undefined) return refuse('not-found', 'that agent is not registered');
  const seen = call.agent === agent.id ? call.iso : agent.last_seen;
  const changes: Change[] = [agentChange({ ...agent, status: 'retired', last_seen: seen })];
  const released: string[] = [];
  const unlocked: string[] = [];
  for (const task of board.openTasks.values()) {
    if (isClosed(task) || task.status !== 'in_progress' || task.assigned_to !== agent.id) continue;
    released.push(task.id);
    changes.push({ what: 'task', key: task.id, after: releasedBy(task, call) });
  }
  for (const lock of board.locks.values()) {
    const holders = lock.holders.filter((holder) => holder.agent !== agent.id);
    if (holders.length === lock.holders.length) continue;
    unlocked.push(lock.resource);
    changes.push({ what: 'lock', key: lock.resource, after: holders.length === 0 ? null : { ...lock, holders } });
  }
  const mail = mailOf(board, agent.id);
  for (const { id } of mail) changes.push({ what: 'message', key: `${agent.id}/${id}`, after: null });
  const unread = mail.filter(({ read_at }) => read_at === null).map(({ id }) => id);
  const by = call.agent === agent.id ? {} : { by: call.agent };
  return {
    outcome: 'accepted',
    changes,
    event: {
      action: 'agent_retired',
      agent: agent.id,
      data: { released: released.sort(), unlocked: unlocked.sort(), ...(unread.length === 0 ? {} : { unread }), ...by },
    },
    result: { agent: agent.id },
  };
};

function releasedBy(task: Task, call: Call): Task {
  return { ...task, status: 'pending', assigned_to: null, claim: null, updated_at: call.iso };
}

export const agentOperations: Readonly<Record<string, Decide>> = {
  'agent.register': register,
  'agent.heartbeat': heartbeat,
  'agent.retire': retire,
};
