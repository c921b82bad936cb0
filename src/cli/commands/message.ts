/** Mail between agents: send, inbox, ack. */
import { acknowledge, readIds, readInbox, type SentMessage, sentMessage } from '../../app/mail.ts';
import type { BoardEvent, Message } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { textFrom } from '../text-words.ts';
import { messageLines } from '../views/message.ts';

const send = defineCommand<SentMessage | null>({
  name: 'send',
  words: '<to> <text...>',
  summary: 'Send a message to an agent, to those who work in a workstream, or to all',
  details:
    'A name is that of an agent that the board knows, else of a workstream; agent:NAME and ws:NAME say which, and agent:NAME also reaches one that has never been heard of. With - in the place of the text it is read from standard input.',
  options: [{ flags: '--task <id>', summary: 'the task that it is about' }],
  examples: [
    'orc msg send agent-2 "The API returns cents now" --task 1a2b3c4d',
    'orc msg send ws:revenue "Deploy freeze until noon"',
    'orc msg send all - < notes.txt',
  ],
  data: 'SentMessage',
  async run(call) {
    const text = await textFrom(call, call.words.slice(1));
    const args = { to: call.word(0), text, task: call.text('task') };
    const { data, ...rest } = await call.perform<BoardEvent | null>('message.send', args);
    return { ...rest, data: data === null ? null : sentMessage(data) };
  },
  view: ({ data }, look) => {
    if (data === null) return [];
    const skipped =
      data.skipped.length === 0 ? [] : [`Not delivered, their mailboxes are full: ${data.skipped.join(', ')}`];
    return [`Sent ${data.id} to ${data.to.join(', ')}`, ...skipped].map((line) => look.line(line));
  },
});

const inbox = defineCommand<{ readonly messages: readonly Message[]; readonly agent: string; readonly all: boolean }>({
  name: 'inbox',
  isDefault: true,
  words: '[agent]',
  summary: "Show an agent's unread messages",
  options: [{ flags: '--all', summary: 'with those that were read lately' }],
  examples: ['orc msg inbox agent-1', 'orc msg inbox --all', 'orc msg'],
  data: 'Message[]',
  async run(call) {
    const orc = await call.openToRead();
    const agent = await call.actor(call.words[0]);
    const all = call.flag('all');
    return call.answer({ agent, all, messages: await readInbox(orc, agent, { all }) });
  },
  toJson: ({ messages }) => messages,
  view: ({ data: { messages, agent, all } }, look) =>
    messages.length === 0
      ? [look.line(`No ${all ? '' : 'unread '}messages for ${agent}.`)]
      : messageLines(messages, look),
});

const ack = defineCommand<readonly string[]>({
  name: 'ack',
  words: '[ids...]',
  summary: "Mark messages of one's own as read",
  details:
    'The newest that were read stay in the inbox (--all shows them); older ones are in the history and the event log.',
  options: [{ flags: '--all', summary: 'all that are unread' }],
  examples: ['orc msg ack 1a2b3c4d', 'orc msg ack --all --agent agent-1'],
  data: 'string[]',
  async run(call) {
    const isAll = call.flag('all');
    if (isAll === call.words.length > 0) {
      throw new OrcError('usage', 'say which messages: their ids, or --all', { hint: '`orc msg inbox` lists them' });
    }
    const orc = await call.openToRead();
    const agent = await call.actor(null);
    const { op } = call.globals;
    const performed = await acknowledge(orc, isAll ? 'all' : call.words, { agent, op });
    if (performed === null) return call.answer([]);
    return { ...performed, data: readIds(performed.data) };
  },
  view: ({ data }, look) => [
    data.length === 0 ? 'Nothing to mark: all of it is read.' : look.line(`Read: ${data.join(', ')}`),
  ],
});

export const messageCommands: readonly CommandSpec[] = [send, inbox, ack];
