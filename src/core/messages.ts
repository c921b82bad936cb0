/** Mail between agents: whose it is, what is unread, and how much of it the board keeps. */
import type { Board } from './board.ts';
import type { Message } from './records.ts';

/** Unread messages of one agent. Who has so many does not read them: more are refused, so that nothing unread gets lost. */
export const maxUnread = 64;
/** Read messages of one agent that stay on the board; those that were read before them are in the history and the event log. */
export const maxRead = 16;

/** Where a message stands on its shelf. */
export function messageKey({ to, id }: Pick<Message, 'to' | 'id'>): string {
  return `${to}/${id}`;
}

/** The mail of one agent that is on the board, read and unread, in the order in which it was sent. */
export function messagesOf(board: Board, agent: string): Message[] {
  return [...board.messages.loaded()].filter(({ to }) => to === agent).sort(compareMessages);
}

/** What an agent has not read yet, in the order in which it was sent. */
export function unreadMessages(board: Board, agent: string): Message[] {
  return messagesOf(board, agent).filter(({ read_at }) => read_at === null);
}

/** How many unread messages each agent has; agents without any are left out. */
export function countUnread(board: Board): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { to, read_at } of board.messages.loaded()) {
    if (read_at === null) counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  return counts;
}

export function compareMessages(a: Message, b: Message): number {
  return a.sent_version - b.sent_version || compareText(a.id, b.id) || compareText(a.to, b.to);
}

/** By code unit: the same on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
