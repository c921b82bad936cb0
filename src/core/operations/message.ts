/** Mail between agents. A message to many is one record for each of them, so that each reads it for itself. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { taskIdFrom } from '../ids.ts';
import { countUnread, maxRead, maxUnread, messageKey, messagesOf } from '../messages.ts';
import { foldName } from '../names.ts';
import { accept, type Call, defineOperation, lazily, type Refusal, refuse, unchanged } from '../operation.ts';
import type { Message, Task } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import { findTask, findWorkstream, isRefusal, shortened } from './support.ts';

const sendArguments = lazily(() =>
  z.strictObject({
    /** `all`, `ws:NAME`, `agent:NAME`; a name alone is an agent that the board knows, else a workstream. */
    to: arg.mailTarget(),
    text: arg.mailText(),
    task: z.optional(z.nullable(arg.taskId())),
  }),
);

export const messageSend = defineOperation({
  kind: 'message.send',
  summary: 'Send a message to an agent, to those who work in a workstream, or to all',
  arguments: sendArguments,
  actions: ['message_sent'],
  decide(board, { to, text, task }, call) {
    const about = task === undefined || task === null ? null : findTask(board, task, null);
    if (about !== null && isRefusal(about)) return about;
    const target = findTarget(board, to, call);
    if (isRefusal(target)) return target;
    const boxes = new Mailboxes(board);
    const faults = target.recipients.map((agent) => boxes.open(agent));
    const recipients = target.recipients.filter((_, index) => faults[index] === null);
    const [fault] = faults;
    // To many, it goes to those who can get it; nobody's full mailbox keeps it from the others.
    if (recipients.length === 0 && fault) return fault;
    const id = taskIdFrom(call.id, (taken) => boxes.ids.has(taken));
    const { sentTo } = target;
    const message = { id, from: call.agent, sent_to: sentTo, text, task: about?.id ?? null };
    const skipped = target.recipients.filter((_, index) => faults[index] !== null);
    return accept({
      changes: recipients.map((agent) => messageChange(null, { ...message, to: agent, ...sent(call) })),
      event: {
        action: 'message_sent',
        ...placeOf(about, sentTo),
        data: {
          message: id,
          sent_to: sentTo,
          to: recipients,
          ...(skipped.length === 0 ? {} : { skipped }),
          text: shortened(text),
        },
      },
      result: { event: 0 },
      body: text,
    });
  },
});

const ackArguments = lazily(() =>
  z.strictObject({ ids: z.array(arg.taskId()).check(z.minLength(1), z.maxLength(arg.maxListLength)) }),
);

export const messageAck = defineOperation({
  kind: 'message.ack',
  summary: "Mark messages of one's own as read",
  arguments: ackArguments,
  actions: ['message_read'],
  decide(board, { ids }, call) {
    const mail = messagesOf(board, call.agent);
    const unknown = ids.find((id) => !mail.some((message) => message.id === id));
    if (unknown !== undefined) {
      const hint = `\`orc msg inbox ${shellWord(call.agent)}\` lists them; what was read long ago is in the event log`;
      return refuse('not-found', `${call.agent} has no message "${unknown}"`, hint);
    }
    const isAcked = ({ id, read_at }: Message): boolean => read_at === null && ids.includes(id);
    const acked = mail.filter(isAcked);
    if (acked.length === 0) return unchanged({ value: null });
    const after = mail.map((message) => (isAcked(message) ? { ...message, read_at: call.iso } : message));
    const read = after.filter(({ read_at }) => read_at !== null).sort(newestReadFirst);
    const leaving = new Set(read.slice(maxRead));
    const changes = mail.flatMap((before, index) => {
      const now = after[index] as Message;
      if (leaving.has(now)) return [messageChange(before, null)];
      return now === before ? [] : [messageChange(before, now)];
    });
    return accept({
      changes,
      event: { action: 'message_read', data: { messages: acked.map(({ id }) => id) } },
      result: { event: 0 },
    });
  },
});

interface Target {
  /** As the records name it. */
  readonly sentTo: string;
  /** In the order of their names. */
  readonly recipients: readonly string[];
}

/** An agent that the board knows wins over a workstream of the same name. */
function findTarget(board: Board, to: string, call: Call): Target | Refusal {
  if (to === 'all') return manyOr(call, 'all', activeAgents(board), 'no other agent is registered');
  if (to.startsWith('ws:')) return workstreamTarget(board, to.slice('ws:'.length), call);
  const isExplicit = to.startsWith('agent:');
  const name = isExplicit ? to.slice('agent:'.length) : to;
  if (isKnown(board, name)) return { sentTo: `agent:${name}`, recipients: [name] };
  if (!isExplicit && board.workstreams.get(name) !== undefined) return workstreamTarget(board, name, call);
  if (board.agents.get(name)?.status === 'retired') {
    return refuse('not-found', `agent "${name}" is retired`, `\`orc a register ${shellWord(name)}\` brings it back`);
  }
  if (!isExplicit) {
    const hint = `\`${shellWord(`agent:${name}`)}\` sends to an agent that the board does not know yet`;
    return refuse('not-found', `"${name}" is neither an agent nor a workstream of this board`, hint);
  }
  return { sentTo: to, recipients: [name] };
}

function workstreamTarget(board: Board, name: string, call: Call): Target | Refusal {
  const workstream = findWorkstream(board, name);
  if (isRefusal(workstream)) return workstream;
  return manyOr(call, `ws:${name}`, workersOf(board, name), `nobody else works in workstream "${name}"`);
}

function manyOr(call: Call, sentTo: string, agents: ReadonlySet<string>, whyNobody: string): Target | Refusal {
  const recipients = [...agents].filter((agent) => agent !== call.agent).sort();
  if (recipients.length === 0) return refuse('not-found', whyNobody, '`orc a list` shows who is registered');
  return { sentTo, recipients };
}

/**
 * Who works in a workstream, as far as the records in memory tell: who holds a task of it, and registered agents that
 * wrote a note on an open one; handing back, failing and blocking with a reason write notes.
 */
function workersOf(board: Board, workstream: string): ReadonlySet<string> {
  const registered = activeAgents(board);
  const workers = new Set<string>();
  for (const task of board.openTasks()) {
    if (task.workstream !== workstream) continue;
    if (task.status === 'in_progress' && task.assigned_to !== null) workers.add(task.assigned_to);
    for (const { by } of task.notes) if (registered.has(by)) workers.add(by);
  }
  return workers;
}

function activeAgents(board: Board): Set<string> {
  const active = [...board.agents.loaded()].filter(({ status }) => status === 'active');
  return new Set(active.map(({ id }) => id));
}

/** Registered, at work, or in correspondence. A name that is none of these may be misspelt. */
function isKnown(board: Board, name: string): boolean {
  if (activeAgents(board).has(name)) return true;
  for (const task of board.openTasks()) if (task.status === 'in_progress' && task.assigned_to === name) return true;
  let hasWritten = false;
  for (const { to, from } of board.messages.loaded()) {
    if (to === name) return true;
    hasWritten ||= from === name;
  }
  return hasWritten && board.agents.get(name)?.status !== 'retired';
}

/** The mailboxes of the board while a message is put into them. */
class Mailboxes {
  readonly ids = new Set<string>();
  readonly #unread: ReadonlyMap<string, number>;
  readonly #owners: Set<string>;
  readonly #ownerByFold: Map<string, string>;

  constructor(board: Board) {
    this.#unread = countUnread(board);
    this.#owners = activeAgents(board);
    for (const { id, to } of board.messages.loaded()) {
      this.ids.add(id);
      this.#owners.add(to);
    }
    this.#ownerByFold = new Map([...this.#owners].map((owner) => [foldName(owner), owner]));
  }

  /** Why this agent cannot get a message, or `null`: then it has its mailbox from now on. */
  open(agent: string): Refusal | null {
    const folded = foldName(agent);
    const twin = this.#owners.has(agent) ? undefined : this.#ownerByFold.get(folded);
    if (twin !== undefined)
      return refuse('invalid-argument', `agent "${agent}" differs from "${twin}" by case alone`, `use "${twin}"`);
    const unread = this.#unread.get(agent) ?? 0;
    if (unread >= maxUnread) {
      const hint = `${agent} reads with \`orc msg ack --all\`; \`orc a retire ${shellWord(agent)}\` takes away who does not come back`;
      return refuse('too-large', `${agent} has ${unread} unread messages, and gets no more`, hint, { unread });
    }
    this.#owners.add(agent);
    this.#ownerByFold.set(folded, agent);
    return null;
  }
}

function sent(call: Call): Pick<Message, 'sent_version' | 'sent_at' | 'read_at'> {
  return { sent_version: call.version, sent_at: call.iso, read_at: null };
}

/** What the event is about: the task, else the workstream to which it went. */
function placeOf(about: Task | null, sentTo: string): { readonly workstream?: string; readonly task_id?: string } {
  if (about !== null) return { workstream: about.workstream, task_id: about.id };
  return sentTo.startsWith('ws:') ? { workstream: sentTo.slice('ws:'.length) } : {};
}

/** By when they were read; those of one reading by when they were sent. */
function newestReadFirst(a: Message, b: Message): number {
  const [first, second] = [a.read_at ?? '', b.read_at ?? ''];
  if (first !== second) return first < second ? 1 : -1;
  return b.sent_version - a.sent_version || (a.id < b.id ? 1 : -1);
}

function messageChange(before: Message | null, after: Message | null): Change {
  return { collection: 'messages', key: messageKey((after ?? before) as Message), before, after };
}
