/** Mail: docs/operations.md, under "Mail", and docs/format.md. */
import { type BoardModel, type Change, compareText } from './board.ts';
import { foldCase } from './names.ts';
import { type Call, type Decide, isRefused, optionalText, type Refused, refuse, text, texts } from './operation.ts';
import type { Message, Task } from './records.ts';
import { findWorkstream } from './workstreams.ts';

const mostUnread = 64;
const mostRead = 16;
const longestInLog = 2000;

interface Addressed {
  readonly as: string;
  readonly to: readonly string[];
}

function registered(board: BoardModel): Set<string> {
  return new Set([...board.agents.values()].filter(({ status }) => status === 'active').map(({ id }) => id));
}

function holders(tasks: Iterable<Task>): string[] {
  return [...tasks].flatMap(({ status, assigned_to }) =>
    status === 'in_progress' && assigned_to !== null ? [assigned_to] : [],
  );
}

/** Registered, at work, with mail, or the author of mail (unless retired). */
function isKnown(board: BoardModel, name: string): boolean {
  const mail = [...board.messages.values()];
  return (
    registered(board).has(name) ||
    holders(board.openTasks.values()).includes(name) ||
    mail.some(({ to }) => to === name) ||
    (mail.some(({ from }) => from === name) && board.agents.get(name)?.status !== 'retired')
  );
}

function addressed(board: BoardModel, given: string, sender: string): Addressed | Refused {
  const [, prefix, name = ''] = /^(?:(ws|agent):)?(.*)$/s.exec(given) ?? [];
  const many = (as: string, agents: Iterable<string>): Addressed | Refused => {
    const to = [...new Set(agents)].filter((agent) => agent !== sender).sort();
    return to.length === 0 ? refuse('not-found', `nobody for ${as}`) : { as, to };
  };
  const ofWorkstream = (): Addressed | Refused => {
    const found = findWorkstream(board, name);
    if (isRefused(found)) return found;
    const tasks = [...board.openTasks.values()].filter(({ workstream }) => workstream === name);
    const crew = registered(board);
    const writers = tasks.flatMap(({ notes }) => notes.map(({ by }) => by)).filter((by) => crew.has(by));
    return many(`ws:${name}`, [...holders(tasks), ...writers]);
  };
  if (given === 'all') return many('all', registered(board));
  if (prefix === 'ws') return ofWorkstream();
  if (isKnown(board, name)) return { as: `agent:${name}`, to: [name] };
  if (prefix === undefined)
    return board.workstreams.has(name) ? ofWorkstream() : refuse('not-found', `who is ${name}?`);
  if (board.agents.get(name)?.status === 'retired') return refuse('not-found', `${name} is retired`);
  return { as: `agent:${name}`, to: [name] };
}

/** Who can get a message and who cannot; the first fault, where it has to be told. */
function deliverable(board: BoardModel, agents: readonly string[]) {
  const owners = new Set([...registered(board), ...[...board.messages.values()].map(({ to }) => to)]);
  const can: string[] = [];
  const cannot: string[] = [];
  let fault: Refused | null = null;
  for (const agent of agents) {
    const isTwin = !owners.has(agent) && [...owners].some((owner) => foldCase(owner) === foldCase(agent));
    const unread = [...board.messages.values()].filter(({ to, read_at }) => to === agent && read_at === null).length;
    if (isTwin || unread >= mostUnread) {
      cannot.push(agent);
      if (agent === agents[0]) fault = refuse(isTwin ? 'invalid-argument' : 'too-large', `${agent} cannot get mail`);
    } else {
      can.push(agent);
      owners.add(agent);
    }
  }
  return { can, cannot, fault };
}

function newMessageId(board: BoardModel, call: Call): string {
  const taken = new Set([...board.messages.values()].map(({ id }) => id));
  if (/^[0-9a-f]{32,}$/.test(call.id)) {
    for (let length = 8; length <= 32; length += 4) {
      if (!taken.has(call.id.slice(0, length))) return call.id.slice(0, length);
    }
  }
  // As with tasks: a hash that the documents do not name. The log says which.
  return call.newMessage ?? 'unknown';
}

const send: Decide = (board, call) => {
  const words = text(call.args, 'text');
  const taskId = optionalText(call.args, 'task');
  const task = taskId === null ? null : board.tasks.get(taskId);
  if (task === undefined) return refuse('not-found', `there is no task ${taskId}`);
  const target = addressed(board, text(call.args, 'to'), call.agent);
  if (isRefused(target)) return target;
  const { can, cannot, fault } = deliverable(board, target.to);
  if (can.length === 0 && fault !== null) return fault;
  const id = newMessageId(board, call);
  const changes = can.map((to): Change => {
    const sent = { sent_version: call.version, sent_at: call.iso, read_at: null };
    const after: Message = { id, to, from: call.agent, sent_to: target.as, text: words, task: taskId, ...sent };
    return { what: 'message', key: `${to}/${id}`, after };
  });
  const workstream = task?.workstream ?? (target.as.startsWith('ws:') ? target.as.slice(3) : null);
  return {
    outcome: 'accepted',
    changes,
    event: {
      action: 'message_sent',
      ...(workstream === null ? {} : { workstream }),
      ...(task === null ? {} : { task_id: task.id }),
      data: {
        message: id,
        sent_to: target.as,
        to: can,
        ...(cannot.length === 0 ? {} : { skipped: cannot }),
        text: words.length > longestInLog ? `${words.slice(0, longestInLog - 1)}…` : words,
      },
    },
    result: { event: board.meta.events + 1 },
    body: words,
  };
};

export function mailOf(board: BoardModel, agent: string): Message[] {
  return [...board.messages.values()]
    .filter(({ to }) => to === agent)
    .sort((a, b) => a.sent_version - b.sent_version || (a.id < b.id ? -1 : 1));
}

const acknowledge: Decide = (board, call) => {
  const ids = texts(call.args, 'ids');
  const mail = mailOf(board, call.agent);
  if (ids.some((id) => !mail.some((message) => message.id === id))) return refuse('not-found', 'no such mail');
  const acked = mail.filter(({ id, read_at }) => read_at === null && ids.includes(id));
  if (acked.length === 0) return { outcome: 'unchanged' };
  const read = mail
    .map((message) => (acked.includes(message) ? { ...message, read_at: call.iso } : message))
    .filter(({ read_at }) => read_at !== null)
    // the last read first; of those read together the last sent
    .sort(
      (a, b) =>
        compareText(b.read_at ?? '', a.read_at ?? '') || b.sent_version - a.sent_version || compareText(b.id, a.id),
    );
  const stays = new Set(read.slice(0, mostRead));
  const changes = read.flatMap((message): Change[] => {
    const key = `${message.to}/${message.id}`;
    if (!stays.has(message)) return [{ what: 'message', key, after: null }];
    return acked.some(({ id }) => id === message.id) ? [{ what: 'message', key, after: message }] : [];
  });
  return {
    outcome: 'accepted',
    changes,
    event: { action: 'message_read', data: { messages: acked.map(({ id }) => id) } },
    result: { event: board.meta.events + 1 },
  };
};

export const messageOperations: Readonly<Record<string, Decide>> = {
  'message.send': send,
  'message.ack': acknowledge,
};
