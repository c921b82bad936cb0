import { describe, expect, it } from 'vitest';
import type { Board } from '../../../src/core/board.ts';
import { checkInvariants } from '../../../src/core/invariants.ts';
import { countUnread, maxRead, maxUnread, messageKey, messagesOf, unreadMessages } from '../../../src/core/messages.ts';
import {
  afterStart,
  boardWith,
  claimTask,
  contextFor,
  decideLoading,
  deepFreeze,
  isoAfter,
  minute,
  operationFor,
  partly,
  run,
  runAccepted,
  runRefused,
  taskTitled,
} from '../../support/board-builder.ts';

const crew = () => boardWith({ agents: ['ann', 'bob', 'cid'], tasks: ['paint', 'sand'] });
const toAnn = { to: 'ann', text: 'hello' };

function send(board: Board, to: string, agent = 'ann', text = 'hello'): readonly string[] {
  return runAccepted(board, 'message.send', { to, text }, { agent }).events.at(-1)?.to as readonly string[];
}

describe('message.send', () => {
  it('leaves a record with its recipient, and a line in the log that has the text', () => {
    const board = crew();
    const { id } = taskTitled(board, 'paint');
    const args = { to: 'bob', text: 'two\nlines', task: id };
    const accepted = runAccepted(board, 'message.send', args, { agent: 'ann', at: afterStart(minute) });
    const message = {
      id: accepted.operation.id.slice(0, 8),
      to: 'bob',
      from: 'ann',
      sent_to: 'agent:bob',
      text: 'two\nlines',
      task: id,
      sent_version: accepted.version,
      sent_at: isoAfter(minute),
      read_at: null,
    };
    expect([...board.messages.loaded()]).toEqual([message]);
    expect(accepted.events).toEqual([
      {
        n: board.meta.events,
        v: accepted.version,
        ts: isoAfter(minute),
        agent: 'ann',
        action: 'message_sent',
        workstream: 'build',
        task_id: id,
        message: message.id,
        sent_to: 'agent:bob',
        to: ['bob'],
        text: 'two\nlines',
        op: accepted.operation.id,
      },
    ]);
    expect(accepted.result).toEqual({ event: board.meta.events });
    expect(accepted.subject).toBe('message.send agent:bob by ann');
    expect(accepted.body).toBe('two\nlines');
    expect(checkInvariants(board)).toEqual([]);
  });

  it('to all reaches who is registered and not retired, but not its sender', () => {
    const board = crew();
    runAccepted(board, 'agent.retire', { id: 'cid' });
    runAccepted(board, 'agent.register', { id: 'dan' });
    expect(send(board, 'all')).toEqual(['bob', 'dan']);
    expect([...board.messages.loaded()].map(messageKey).sort()).toEqual(
      ['bob', 'dan'].map((to) => `${to}/${unreadMessages(board, 'bob')[0]?.id}`),
    );
    expect(messagesOf(board, 'dan')[0]?.sent_to).toBe('all');
  });

  it('to a workstream reaches who holds a task of it, registered or not, and registered agents with notes in it', () => {
    const board = crew();
    runAccepted(board, 'workstream.create', { name: 'docs' });
    claimTask(board, taskTitled(board, 'paint').id, { agent: 'stranger' });
    const { token } = claimTask(board, taskTitled(board, 'sand').id, { agent: 'bob' });
    const { id } = taskTitled(board, 'sand');
    runAccepted(board, 'task.release', { id, reason: 'no paper', token }, { agent: 'bob' });
    runAccepted(board, 'task.note', { id, text: 'hm' }, { agent: 'passer-by' });
    expect(send(board, 'build')).toEqual(['bob', 'stranger']);
    expect(send(board, 'ws:build', 'bob')).toEqual(['stranger']);
    expect(messagesOf(board, 'stranger').map(({ sent_to }) => sent_to)).toEqual(['ws:build', 'ws:build']);
    const refusal = runRefused(board, 'not-found', 'message.send', { to: 'docs', text: 'x' }, { agent: 'ann' });
    expect(refusal.message).toContain('nobody else works in workstream "docs"');
    runAccepted(board, 'task.cancel', { id: taskTitled(board, 'paint').id });
    runAccepted(board, 'task.cancel', { id });
    runRefused(board, 'not-found', 'message.send', { to: 'build', text: 'x' }, { agent: 'ann' });
  });

  it('to a name that is both goes to the agent; the prefix tells them apart', () => {
    const board = boardWith({ workstreams: ['build', 'bob'], agents: ['ann', 'bob'] });
    runAccepted(board, 'task.add', { workstream: 'bob', title: 'b' });
    claimTask(board, taskTitled(board, 'b').id, { agent: 'cid' });
    expect(send(board, 'bob')).toEqual(['bob']);
    expect(send(board, 'agent:bob')).toEqual(['bob']);
    expect(send(board, 'ws:bob')).toEqual(['cid']);
    runAccepted(board, 'agent.register', { id: 'all' });
    expect(send(board, 'agent:all')).toEqual(['all']);
  });

  it('to a name that nobody knows is refused: not-found; agent: insists', () => {
    const board = crew();
    const refusal = runRefused(board, 'not-found', 'message.send', { to: 'bop', text: 'x' });
    expect(refusal.hint).toContain('agent:bop');
    expect(send(board, 'agent:bop')).toEqual(['bop']);
    // It has a mailbox now, and may be answered when it writes.
    expect(send(board, 'bop')).toEqual(['bop']);
    send(board, 'ann', 'writer');
    expect(send(board, 'writer')).toEqual(['writer']);
    claimTask(board, taskTitled(board, 'paint').id, { agent: 'worker' });
    expect(send(board, 'worker')).toEqual(['worker']);
    runRefused(board, 'not-found', 'message.send', { to: 'ws:nowhere', text: 'x' });
  });

  it('to a retired agent is refused: not-found', () => {
    const board = crew();
    send(board, 'ann', 'bob');
    runAccepted(board, 'agent.retire', { id: 'bob' });
    for (const to of ['bob', 'agent:bob'])
      expect(runRefused(board, 'not-found', 'message.send', { to, text: 'x' }).message).toBe('agent "bob" is retired');
  });

  it('to all where nobody else is registered is refused: not-found', () => {
    runRefused(boardWith({ agents: ['ann'] }), 'not-found', 'message.send', { to: 'all', text: 'x' }, { agent: 'ann' });
  });

  it('about a task that does not exist is refused: not-found', () => {
    runRefused(crew(), 'not-found', 'message.send', { ...toAnn, task: 'deadbeef' });
  });

  it('is refused without a text, with a long one, and to what is no name', () => {
    const board = crew();
    runRefused(board, 'invalid-argument', 'message.send', { to: 'ann', text: ' \n' });
    runRefused(board, 'too-large', 'message.send', { to: 'ann', text: 'é'.repeat(8193) });
    runAccepted(board, 'message.send', { to: 'ann', text: 'é'.repeat(8192) });
    for (const to of ['', 'agent:', 'ws:', 'agent:ws:x', 'group:x', '../x', 'ALL:']) {
      runRefused(board, 'invalid-argument', 'message.send', { to, text: 'x' });
    }
    runRefused(board, 'secret-found', 'message.send', { to: 'ann', text: `ghp_${'a1B2'.repeat(9)}` });
  });

  it('opens no mailbox that differs from another, or from a registered agent, by case alone', () => {
    const board = crew();
    runRefused(board, 'invalid-argument', 'message.send', { to: 'agent:ANN', text: 'x' });
    send(board, 'agent:zoe');
    runRefused(board, 'invalid-argument', 'message.send', { to: 'agent:Zoe', text: 'x' });
  });

  it('is refused when the mailbox is full, and goes past a full one when it is for many: too-large', () => {
    const board = crew();
    for (let sent = 0; sent < maxUnread; sent++) send(board, 'bob');
    const refusal = runRefused(board, 'too-large', 'message.send', { to: 'bob', text: 'x' });
    expect(refusal.details).toEqual({ unread: maxUnread });
    const event = runAccepted(board, 'message.send', { to: 'all', text: 'x' }, { agent: 'ann' }).events.at(-1);
    expect(event).toMatchObject({ to: ['cid'], skipped: ['bob'] });
    expect(countUnread(board)).toEqual(
      new Map([
        ['bob', maxUnread],
        ['cid', 1],
      ]),
    ); // prettier-ignore
    expect(checkInvariants(board)).toEqual([]);
  });

  it('has the beginning of a long text in the log, and an id of its own', () => {
    const board = crew();
    const long = runAccepted(board, 'message.send', { ...toAnn, text: 'x'.repeat(3000) });
    expect(long.events.at(-1)?.text).toBe(`${'x'.repeat(1999)}…`);
    const { id } = long.operation;
    const again = runAccepted(
      board,
      'message.send',
      { ...toAnn, text: 'y' },
      { id: `${id.slice(0, 8)}${'0'.repeat(24)}` },
    );
    expect(again.events.at(-1)?.message).toBe(`${id.slice(0, 8)}0000`);
    expect(messagesOf(board, 'ann').map(({ text }) => text.length)).toEqual([3000, 1]);
  });

  it('is decided the same by whoever has loaded only what is always loaded', () => {
    const board = crew();
    send(board, 'ann', 'bob');
    runAccepted(board, 'agent.retire', { id: 'bob' });
    runAccepted(board, 'task.cancel', { id: taskTitled(board, 'paint').id });
    for (const args of [
      { to: 'bob', text: 'x' },
      { to: 'agent:bob', text: 'x' },
      { to: 'all', text: 'x', task: taskTitled(board, 'paint').id },
      { to: 'ws:build', text: 'x' },
    ]) {
      const operation = operationFor(board, 'message.send', args);
      const context = contextFor(board);
      const other = decideLoading(partly(board), board, operation, context).decision;
      expect(other).toEqual(run(board.clone(), 'message.send', args));
    }
  });
});

describe('message.ack', () => {
  const idsOf = (board: Board, agent: string) => messagesOf(board, agent).map(({ id }) => id);

  it("marks one's own messages as read, each for its reader alone", () => {
    const board = crew();
    send(board, 'all');
    send(board, 'bob');
    const [first] = idsOf(board, 'bob');
    const accepted = runAccepted(board, 'message.ack', { ids: [first] }, { agent: 'bob', at: afterStart(minute) });
    expect(messagesOf(board, 'bob').map(({ read_at }) => read_at)).toEqual([isoAfter(minute), null]);
    expect(unreadMessages(board, 'cid')).toHaveLength(1);
    expect(accepted.events.at(-1)).toMatchObject({ agent: 'bob', action: 'message_read', messages: [first] });
    expect(accepted.subject).toBe(`message.ack ${first} by bob`);
    expect(board.messages.get(`bob/${first}`)?.read_at).toBe(isoAfter(minute));
  });

  it('changes nothing when all of them are read', () => {
    const board = crew();
    send(board, 'bob');
    const ids = idsOf(board, 'bob');
    runAccepted(board, 'message.ack', { ids }, { agent: 'bob' });
    expect(run(board, 'message.ack', { ids }, { agent: 'bob' })).toEqual({
      outcome: 'unchanged',
      result: { value: null },
    });
  });

  it("refuses ids of others' mail, and unknown ones: not-found", () => {
    const board = crew();
    send(board, 'bob');
    const ids = idsOf(board, 'bob');
    runRefused(board, 'not-found', 'message.ack', { ids }, { agent: 'cid' });
    runRefused(board, 'not-found', 'message.ack', { ids: [...ids, 'deadbeef'] }, { agent: 'bob' });
    runRefused(board, 'invalid-argument', 'message.ack', { ids: [] }, { agent: 'bob' });
    runRefused(board, 'invalid-argument', 'message.ack', { ids: ['x'] }, { agent: 'bob' });
  });

  it('keeps those that were read last, and lets the others leave the board', () => {
    const board = crew();
    for (let sent = 0; sent < maxRead + 2; sent++) send(board, 'bob');
    const ids = idsOf(board, 'bob');
    const [first, ...others] = ids;
    runAccepted(board, 'message.ack', { ids: others }, { agent: 'bob', at: afterStart(minute) });
    expect(idsOf(board, 'bob')).toEqual([first, ...others.slice(1)]);
    runAccepted(board, 'message.ack', { ids: [first] }, { agent: 'bob', at: afterStart(2 * minute) });
    expect(idsOf(board, 'bob')).toEqual([first, ...others.slice(2)]);
    expect(unreadMessages(board, 'bob')).toEqual([]);
    expect(checkInvariants(board)).toEqual([]);
  });
});

describe('an agent that retires', () => {
  it('takes its mail off the board, and the event names what was unread', () => {
    const board = crew();
    send(board, 'bob');
    send(board, 'bob', 'cid');
    const [read, unread] = messagesOf(board, 'bob').map(({ id }) => id);
    runAccepted(board, 'message.ack', { ids: [read] }, { agent: 'bob' });
    const accepted = runAccepted(board, 'agent.retire', { id: 'bob' });
    expect(messagesOf(board, 'bob')).toEqual([]);
    expect(accepted.events.at(-1)).toMatchObject({ action: 'agent_retired', unread: [unread] });
    expect(runAccepted(board, 'agent.retire', { id: 'cid' }).events.at(-1)).not.toHaveProperty('unread');
  });
});

describe('invariants of mail', () => {
  it('are told where somebody broke them', () => {
    const board = crew();
    send(board, 'bob');
    const [message] = messagesOf(board, 'bob');
    if (message === undefined) throw new Error('no mail');
    deepFreeze(message);
    const put = (more: object): void => {
      const after = { ...message, ...more };
      board.put([{ collection: 'messages', key: messageKey(after), before: null, after }]);
    };
    put({ to: 'Bob', from: '../x', sent_version: 99, sent_at: 'noon', read_at: 'soon' });
    for (let n = 0; n <= maxUnread; n++) put({ to: 'cid', id: `${10_000_000 + n}` });
    for (let n = 0; n <= maxRead; n++) put({ to: 'ann', id: `${10_000_000 + n}`, read_at: message.sent_at });
    const at = `message ${message.id} to Bob`;
    expect(checkInvariants(board)).toEqual([
      'ann has more than 16 messages that are read',
      'cid has more than 64 unread messages',
      'mailboxes Bob and bob differ by case alone',
      `${at} read_at is no time`,
      `${at} sent_at is no time`,
      `${at} sent_version 99 is beyond the board's version 8`,
      expect.stringContaining(`${at}: from must not`),
    ]);
  });
});
