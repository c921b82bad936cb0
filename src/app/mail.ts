/** Mail as all surfaces send, show and acknowledge it. */
import type { Board } from '../core/board.ts';
import { countUnread, messagesOf, unreadMessages } from '../core/messages.ts';
import type { BoardEvent, Message } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import type { Performed } from './performed.ts';

/** What became of a message that was sent. */
export interface SentMessage {
  readonly id: string;
  /** `all`, `ws:NAME` or `agent:NAME`. */
  readonly sent_to: string;
  readonly to: readonly string[];
  /** Who did not get it: their mailboxes are full, or they differ by case alone from somebody else. */
  readonly skipped: readonly string[];
}

export interface UnreadMail {
  /** By name; agents without unread mail are left out. */
  readonly by_agent: readonly { readonly agent: string; readonly unread: number }[];
  /** Who asks, as far as that is known here, and what they have not read yet. */
  readonly agent: string;
  readonly own: readonly Message[];
}

/** From the event that the operation wrote: it stays when the message has left the board. */
export function sentMessage(event: BoardEvent): SentMessage {
  const { message, sent_to, to, skipped } = event;
  return {
    id: String(message),
    sent_to: String(sent_to),
    to: textsOf(to),
    skipped: textsOf(skipped),
  };
}

/** Unread mail in the order in which it was sent; `all`: with what was read lately. */
export async function readInbox(orc: OrcCore, agent: string, { all = false } = {}): Promise<Message[]> {
  return orc.ask((board) => (all ? messagesOf(board, agent) : unreadMessages(board, agent)));
}

/**
 * Marks an agent's own messages as read: some, named by ids or what they begin with, or all that are unread here.
 * `null`: none is.
 * @throws OrcError `not-found`, `ambiguous-id`
 */
export async function acknowledge(
  orc: OrcCore,
  given: readonly string[] | 'all',
  options: MutationOptions = {},
): Promise<Performed<BoardEvent | null> | null> {
  const agent = await orc.actor(options.agent);
  // Asked again by its id, "all" means what was unread when it was asked first.
  const before = given === 'all' && options.op !== undefined ? await ackedBy(orc, agent, options.op) : [];
  const ids = await orc.ask((board) => {
    if (given !== 'all') return given.map((prefix) => fullId(board, agent, prefix));
    return before.length > 0 ? before : unreadMessages(board, agent).map(({ id }) => id);
  });
  if (ids.length === 0) return null;
  return orc.perform<BoardEvent | null>('message.ack', { ids }, { ...options, agent });
}

/** Which messages an operation marked as read. */
export function readIds(event: BoardEvent | null): string[] {
  return textsOf(event?.messages);
}

async function ackedBy(orc: OrcCore, agent: string, op: string): Promise<string[]> {
  const events = await orc.events({ agent, action: 'message_read' });
  return readIds(events.find((event) => event.op === op) ?? null);
}

export async function unreadMail(orc: Pick<OrcCore, 'onlooker'>, board: Board): Promise<UnreadMail> {
  const by_agent = [...countUnread(board)]
    .map(([agent, unread]) => ({ agent, unread }))
    .sort((a, b) => (a.agent < b.agent ? -1 : 1));
  const agent = await orc.onlooker();
  return { by_agent, agent, own: unreadMessages(board, agent) };
}

/** A message that is not known here may be upstream: 8 digits pass as they are. */
function fullId(board: Board, agent: string, prefix: string): string {
  const ids = messagesOf(board, agent)
    .map(({ id }) => id)
    .filter((id) => id.startsWith(prefix));
  const [first, ...others] = ids;
  if (ids.includes(prefix) || /^[0-9a-f]{8,32}$/.test(prefix)) return prefix;
  if (first !== undefined && others.length === 0 && prefix !== '') return first;
  if (first !== undefined)
    throw new OrcError('ambiguous-id', `"${prefix}" may be any of ${ids.slice(0, 8).join(', ')}`, {
      hint: 'give more digits',
    });
  throw new OrcError('not-found', `${agent} has no message whose id begins with "${prefix}"`, {
    hint: '`orc msg inbox --all` lists them; `orc sync` brings what others sent',
  });
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
