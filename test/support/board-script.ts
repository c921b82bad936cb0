/** Random lives of a board: operations that fit what is on it, most of them accepted. */
import fc from 'fast-check';
import type { Board } from '../../src/core/board.ts';
import { messagesOf } from '../../src/core/messages.ts';
import type { Operation } from '../../src/core/operation.ts';
import { operationId } from './board-builder.ts';

export interface Step {
  readonly kind: string;
  readonly pick: number;
  readonly other: number;
  readonly agent: string;
  readonly text: string;
  /** Time that passes before it, ms. */
  readonly passes: number;
}

const kinds = [
  'workstream.create',
  'workstream.update',
  'workstream.pause',
  'workstream.resume',
  'task.add',
  'task.add',
  'task.add',
  'task.edit',
  'task.next',
  'task.next',
  'task.complete',
  'task.complete',
  'task.fail',
  'task.release',
  'task.block',
  'task.unblock',
  'task.cancel',
  'task.reopen',
  'task.note',
  'agent.register',
  'agent.register',
  'agent.heartbeat',
  'agent.retire',
  'lock.acquire',
  'lock.acquire',
  'lock.release',
  'lock.break',
  'knowledge.write',
  'knowledge.write',
  'knowledge.append',
  'knowledge.delete',
  'message.send',
  'message.send',
  'message.ack',
  'cycle.open',
  'cycle.collect',
  'event.log',
  'config.set',
  'board.import',
];

const agents = ['agent-1', 'agent-2', 'Ärger', 'system'];
const resources = ['deploy', 'db/main', 'path:src/**', 'path:docs/*.md'];
const topics = ['payments', 'api/auth', 'api/keys', '名前'];

export const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  pick: fc.nat({ max: 1000 }),
  other: fc.nat({ max: 1000 }),
  agent: fc.constantFrom(...agents),
  text: fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('---\na: b\n---\n', '| <b>x</b> [l](http://x)', 'line\nline', ''),
  ),
  passes: fc.constantFrom(0, 1, 1000, 61_000, 700_000, 3_600_000),
});

/** The operation that a step means on this board, as it is; `null` when there is nothing that it could be about. */
export function operationOf(step: Step, board: Board): Operation | null {
  const args = argumentsOf(step, board);
  return args === null ? null : { id: operationId(board.meta.version + 1), kind: step.kind, agent: step.agent, args };
}

function argumentsOf({ kind, pick, other, text, agent }: Step, board: Board): Record<string, unknown> | null {
  const from = <T>(values: readonly T[], index: number): T | undefined => values[index % Math.max(values.length, 1)];
  const workstream = from([...board.workstreams.loaded()].map(({ name }) => name).sort(), pick);
  const tasks = [...board.tasks.loaded()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const task = from(tasks, pick);
  const title = text.replace(/[\n\r\0]/g, ' ').trim() || 'a task';
  switch (kind) {
    case 'workstream.create':
      return {
        name: from(['build', 'revenue', '2026', '1', 'social media'], pick),
        priority: (other % 9) + 1,
        description: text,
      };
    case 'workstream.update':
      return workstream === undefined ? null : { name: workstream, description: text };
    case 'workstream.pause':
    case 'workstream.resume':
      return workstream === undefined ? null : { name: workstream };
    case 'task.add':
      return workstream === undefined
        ? null
        : {
            workstream,
            title,
            description: text,
            priority: (other % 9) + 1,
            labels: ['l'],
            ...(task === undefined || other % 3 > 0 ? {} : { depends_on: [task.id] }),
          };
    case 'task.edit':
      return task === undefined
        ? null
        : { id: task.id, title, ...(workstream === undefined || other % 2 > 0 ? {} : { move_to: workstream }) };
    case 'task.next':
      return { workstream: other % 2 > 0 ? (workstream ?? null) : null };
    case 'task.complete':
    case 'task.fail':
    case 'task.release':
    case 'task.block': {
      const held =
        from(
          tasks.filter((each) => each.status === 'in_progress'),
          pick,
        ) ?? task;
      if (held === undefined) return null;
      const proof = held.claim === null || held.assigned_to !== agent ? {} : { token: held.claim.token };
      return { id: held.id, ...(kind === 'task.complete' ? { result: text } : { reason: text }), ...proof };
    }
    case 'task.unblock':
    case 'task.cancel':
    case 'task.reopen':
      return task === undefined ? null : { id: task.id, reason: text };
    case 'task.note':
      return task === undefined ? null : { id: task.id, text: `${text}.` };
    case 'agent.register':
      return { id: agent, capabilities: other % 2 > 0 ? ['js'] : [] };
    case 'agent.heartbeat':
    case 'agent.retire':
      return { id: agent };
    case 'lock.acquire':
      return { resource: from(resources, pick), shared: other % 2 > 0, ttl_ms: 600_000 };
    case 'lock.release':
    case 'lock.break': {
      const lock = from(
        [...board.locks.loaded()].sort((a, b) => (a.resource < b.resource ? -1 : 1)),
        pick,
      );
      if (lock === undefined) return null;
      return kind === 'lock.break'
        ? { resource: lock.resource, reason: 'stuck' }
        : { resource: lock.resource, token: lock.holders[0]?.token };
    }
    case 'knowledge.write':
      return { topic: from(topics, pick), content: text, title, tags: ['t'] };
    case 'knowledge.append':
      return { topic: from(topics, pick), content: text };
    case 'message.send':
      return { to: from([...agents, 'all', 'agent:Zoë', `ws:${workstream}`], other), text: text.trim() || 'hello' };
    case 'message.ack': {
      const mail = messagesOf(board, agent).map(({ id }) => id);
      return mail.length === 0 ? null : { ids: mail.slice(0, 1 + (pick % 4)) };
    }
    case 'cycle.open':
      return { plan: { text, list: [pick] }, plan_version: board.meta.version };
    case 'cycle.collect':
      return { results: { text }, results_version: board.meta.version };
    case 'knowledge.delete':
      return { topic: from(topics, pick) };
    case 'event.log':
      return { action: 'seen', data: { text, pick } };
    case 'config.set':
      return { key: 'board_md', value: String(pick % 2 > 0), text: `# mine\nboard_md: ${pick % 2 > 0}\n` };
    default:
      return importOf(pick, text);
  }
}

function importOf(pick: number, text: string): Record<string, unknown> {
  const at = '2026-02-06T07:36:59.474Z';
  const task = (n: number) => ({
    id: (0xabc00000 + pick * 16 + n).toString(16),
    title: `imported ${n}`,
    status: n % 2 > 0 ? 'done' : 'in_progress',
    assigned_to: n % 2 > 0 ? null : 'main',
    created_at: at,
    updated_at: at,
    result: text,
  });
  return {
    version: 18,
    updated_at: at,
    workstreams: [{ name: `imported-${pick}`, created_at: at, tasks: [task(0), task(1), task(2)] }],
    agents: [{ id: `main-${pick}`, registered_at: at, last_seen: at }],
    locks: [],
    events: Array.from({ length: pick % 400 }, (_, n) => ({
      ts: at,
      agent: 'system',
      action: 'task_created',
      title: `${text} ${n}`,
    })),
    knowledge: [{ topic: `imported/${pick}`, content: text }],
  };
}
