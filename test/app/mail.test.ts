import { expect, test } from 'vitest';
import { openElsewhere, openNewBoard, openSharedBoard } from '../support/boards.ts';

test('mail is sent, read and acknowledged; the status counts what is unread', async () => {
  const orc = await openNewBoard({ agent: 'ann' });
  await orc.createWorkstream('build');
  for (const id of ['ann', 'bob', 'cid']) await orc.registerAgent(id);
  const task = await orc.addTask('build', { title: 'Paint' });
  const first = await orc.sendMessage('bob', 'about paint', { task: task.id.slice(0, 6) });
  expect(first).toEqual({ id: expect.stringMatching(/^[0-9a-f]{8}$/), sent_to: 'agent:bob', to: ['bob'], skipped: [] });
  const second = await orc.sendMessage('all', 'to you all');
  expect(second.to).toEqual(['bob', 'cid']);
  expect(await orc.inbox('bob')).toMatchObject([
    { id: first.id, from: 'ann', text: 'about paint', task: task.id },
    { id: second.id, sent_to: 'all', task: null },
  ]);
  expect(await orc.inbox()).toEqual([]);
  const asBob = await orc.sendMessage('ann', 'thanks', { agent: 'bob' });
  expect((await orc.status()).unread_mail).toMatchObject({
    by_agent: [
      { agent: 'ann', unread: 1 },
      { agent: 'bob', unread: 2 },
      { agent: 'cid', unread: 1 },
    ],
    agent: 'ann',
    own: [{ id: asBob.id, text: 'thanks' }],
  });
  expect(await orc.statusText()).toContain(
    '--- Unread Mail ---\nann: 1, bob: 2, cid: 1\n`orc msg inbox` shows the 1 for ann, the newest from bob',
  );
  expect(await orc.ackMessages([first.id.slice(0, 7)], { agent: 'bob' })).toEqual([first.id]);
  expect(await orc.ackMessages([first.id], { agent: 'bob' })).toEqual([]);
  expect(await orc.ackMessages('all', { agent: 'bob' })).toEqual([second.id]);
  expect(await orc.ackMessages('all', { agent: 'bob' })).toEqual([]);
  expect(await orc.inbox('bob')).toEqual([]);
  expect((await orc.inbox('bob', { all: true })).map(({ id }) => id)).toEqual([first.id, second.id]);
  const third = await orc.sendMessage('bob', 'once more');
  const again = { agent: 'bob', op: 'a'.repeat(32) };
  expect(await orc.ackMessages('all', again)).toEqual([third.id]);
  expect(await orc.ackMessages('all', again)).toEqual([third.id]);
  await orc.sendMessage('bob', 'came later');
  expect(await orc.ackMessages('all', again)).toEqual([third.id]);
  expect(await orc.inbox('bob')).toMatchObject([{ text: 'came later' }]);
  expect(await orc.ackMessages('all', { agent: 'bob' })).toHaveLength(1);
  await expect(orc.ackMessages([first.id])).rejects.toMatchObject({ code: 'not-found' });
  await expect(orc.ackMessages(['zz'])).rejects.toMatchObject({ code: 'not-found' });
  await expect(orc.ackMessages([''], { agent: 'bob' })).rejects.toMatchObject({ code: 'ambiguous-id' });
  await expect(orc.sendMessage('nobody', 'x')).rejects.toMatchObject({ code: 'not-found' });
  // Mail stays on its board; the log, which an export carries, tells of it.
  const state = await orc.loadState();
  expect(Object.keys(state)).not.toContain('messages');
});

test('mail reaches other clones, and asking again with its id sends nothing twice', async () => {
  const { orc, remote } = await openSharedBoard({ agent: 'ann' });
  const op = 'f'.repeat(32);
  const sent = await orc.sendMessage('agent:bob', 'hello', { op });
  const other = await openElsewhere(remote, { agent: 'bob' });
  expect(await other.inbox()).toMatchObject([{ id: sent.id, text: 'hello' }]);
  expect(await other.ackMessages('all')).toEqual([sent.id]);
  // What was read, or has left the board, is still told as sent.
  expect(await orc.sendMessage('agent:bob', 'hello', { op })).toEqual(sent);
  await orc.sync();
  expect(await orc.inbox('bob', { all: true })).toMatchObject([{ read_at: expect.any(String) }]);
});
