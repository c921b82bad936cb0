/** What is said of records that cannot be had: they were compacted away, or their files cannot be read. */
import { expect, test } from 'vitest';
import { retryRejected } from '../../src/app/rejected.ts';
import { readTree } from '../../src/app/task-views.ts';
import { openElsewhere, openSharedBoard, worldAt } from '../support/boards.ts';
import { commitByHand } from '../support/hand-edits.ts';

test('whatever names a task that was compacted away hears that, wherever it names it', async () => {
  const world = worldAt('2026-03-01T10:00:00.000Z');
  const { orc, remote } = await openSharedBoard({ world });
  await orc.createWorkstream('press');
  const { id } = await orc.addTask('press', { title: 'Old' });
  const away = await openElsewhere(remote, { world });
  await away.perform('task.note', { id, text: 'found on the way' }, { publish: 'sync' });
  await orc.completeTask('press', id, 'done');
  world.forward(60_000);
  await orc.compact({ before: world.clock.now() });
  await away.sync();
  const compacted = {
    hint: expect.stringMatching(`compacted at version .* \`orc history task ${id}\`.* \`orc sync\` brings it`),
  };

  await expect(orc.addTask('press', { title: 'New', depends_on: [id] })).rejects.toMatchObject({
    code: 'unknown-dependency',
    ...compacted,
  });
  await expect(orc.addTask('press', { title: 'New', parent: id })).rejects.toMatchObject(compacted);
  const missing = { code: 'not-found', ...compacted };
  await expect(orc.perform('message.send', { to: 'all', text: 'Hm', task: id })).rejects.toMatchObject(missing);
  await expect(readTree(orc, { id })).rejects.toMatchObject(missing);
  const lines = [
    { kind: 'task.add', args: { workstream: 'press', title: 'New' } },
    { kind: 'task.reopen', args: { id } },
  ];
  await expect(orc.batch(lines)).rejects.toMatchObject({ ...missing, details: { line: 2 } });
  const [rejected] = await away.connection.session.queue.listRejected();
  await expect(retryRejected(away, rejected?.operation.id ?? '')).rejects.toMatchObject(missing);
});

test('a workstream or a task whose file cannot be read is not said to be missing', async () => {
  const { orc, remote } = await openSharedBoard();
  await orc.createWorkstream('press');
  await orc.createWorkstream('post');
  const { id } = await orc.addTask('post', { title: 'Stamps' });
  commitByHand(remote, [
    { path: 'workstreams/press.json', content: '{' },
    { path: `tasks/open/${id[0]}/${id[1]}/${id}.json`, content: '{' },
  ]);
  await orc.sync();
  const unreadable = { code: 'board-unreadable', message: expect.stringContaining('workstreams/press.json') };
  await expect(orc.addTask('press', { title: 'New' })).rejects.toMatchObject(unreadable);
  await expect(orc.getNextTask('press', 'ann')).rejects.toMatchObject(unreadable);
  await expect(orc.perform('workstream.update', { name: 'press', priority: 2 })).rejects.toMatchObject(unreadable);
  const line = { kind: 'task.add', args: { workstream: 'press', title: 'New' } };
  await expect(orc.batch([{ kind: 'event.log', args: { action: 'seen' } }, line])).rejects.toMatchObject({
    code: 'board-unreadable',
    message: expect.stringMatching(/^line 2: workstreams\/press.json is set aside/),
    details: { line: 2, path: 'workstreams/press.json' },
  });
  await expect(orc.addTask('nowhere', { title: 'New' })).rejects.toMatchObject({ code: 'not-found' });
  await expect(orc.addTask('post', { title: 'New', depends_on: [id] })).rejects.toMatchObject({
    code: 'board-unreadable',
    message: expect.stringContaining(`${id}.json`),
  });
});
