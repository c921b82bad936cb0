import { expect, test } from 'vitest';
import { messageCommands } from '../../src/cli/commands/message.ts';
import { makeLook } from '../../src/cli/look.ts';
import { addTask, orcWithBoard } from '../support/command-line.ts';

test('mail: send, inbox, ack', async () => {
  const { orc } = await orcWithBoard({ input: 'from standard input\nin two lines\u001b[31m' });
  await orc('a', 'register', 'bob');
  expect((await orc('msg', 'send', 'bob', 'hello', 'you', '--agent', 'ann')).out).toMatch(
    /^Sent [0-9a-f]{8} to bob\n$/,
  );
  await orc('message', 'send', 'all', '-', '--agent', 'ann');
  const inbox = await orc('msg', 'inbox', 'bob');
  expect(inbox.lines()).toEqual([
    expect.stringMatching(/^[0-9a-f]{8} from ann, \S+ ago$/),
    '  hello you',
    expect.stringMatching(/^[0-9a-f]{8} from ann to all, \S+ ago$/),
    '  from standard input',
    '  in two lines\\x1b[31m',
  ]);
  expect((await orc('msg', '--agent', 'bob')).lines()).toHaveLength(5);
  expect((await orc('s', '--agent', 'bob')).out).toContain('--- Unread Mail ---\nbob: 2\n');
  expect((await orc('msg', 'ack', '--agent', 'bob')).code).toBe(2);
  expect((await orc('msg', 'ack', '--all')).code).toBe(2);
  expect((await orc('msg', 'ack', '--all', '--agent', 'bob')).out).toMatch(/^Read: [0-9a-f]{8}, [0-9a-f]{8}\n$/);
  expect((await orc('msg', 'ack', '--all', '--agent', 'bob')).out).toBe('Nothing to mark: all of it is read.\n');
  expect((await orc('msg', 'inbox', 'bob')).out).toBe('No unread messages for bob.\n');
  expect((await orc('msg', 'inbox', 'bob', '--all')).out).toContain('(read)');
  const unknown = await orc('msg', 'send', 'bop', 'x', '--json');
  expect([unknown.code, unknown.error().code]).toEqual([3, 'not-found']);
  expect((await orc('s')).out).not.toContain('Unread Mail');
});

test('who did not get a message is named', () => {
  const [send] = messageCommands;
  const look = makeLook({ isTty: false, hasColour: false, columns: undefined, now: 0 });
  const data = { id: '1a2b3c4d', sent_to: 'all', to: ['ann'], skipped: ['bob', 'c\u001b'] };
  expect(send?.view({ data, published: true, version: 1 }, look, null as never)).toEqual([
    'Sent 1a2b3c4d to ann',
    'Not delivered, their mailboxes are full: bob, c\\x1b',
  ]);
});

test('cycles: open, collect, list, show', async () => {
  const { orc } = await orcWithBoard();
  const id = await addTask(orc, 'Task');
  expect((await orc('cycle')).out).toBe('No cycles.\n');
  expect((await orc('cycle', 'show')).code).toBe(3);
  expect((await orc('cycle', 'open', '--agent', 'ann')).out).toContain('Opened cycle 1.');
  const again = await orc('cycle', 'open', '--json');
  expect([again.code, again.error().code]).toEqual([3, 'already-exists']);
  await orc('t', 'complete', id, 'All done');
  expect((await orc('collect')).out).toContain('Since: cycle 1 was opened');
  expect((await orc('collect', '--markdown')).out).toContain('## Completed (1)');
  expect((await orc('cycle', 'collect', 'x')).code).toBe(2);
  expect((await orc('cycle', 'collect')).out).toContain('All done');
  expect((await orc('cycle', 'list')).out).toMatch(/^1 +opened \S+ by ann +collected \S+ +1 completed\n$/);
  expect((await orc('cycle', 'show', '1', '--markdown')).out).toMatch(/^# Cycle 1\n/);
  expect((await orc('cycle', 'show')).out).toContain('--- Plan ---');
});
