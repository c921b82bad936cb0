/** `orc undo`: its words, what it proves by itself, and what it shows. What it decides: test/core/operations/undo.test.ts. */
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { commitByHand } from '../support/hand-edits.ts';

test('a wrong completion is taken back, in words and as JSON, and that again', async () => {
  const { orc } = await orcWithBoard();
  const id = await addTask(orc, 'Ship v1');
  await orc('t', 'complete', 'build', id, 'Shipped', '--agent', 'agent-1');
  const undone = await orc('undo', '4', '--reason', 'the wrong one', '--agent', 'agent-2');
  expect(undone).toMatchObject({ code: 0, err: '' });
  expect(undone.lines()).toEqual([
    `Took back version 4: task.complete build/${id} by agent-1`,
    `[pending] ${id}: Ship v1`,
  ]);
  const again = await orc('undo', 'v5', '--json');
  expect(again.json()).toMatchObject({
    data: { undone: 5, kind: 'undo', agent: 'agent-2', target: `build/${id}`, record: { id, status: 'done' } },
    published: true,
    version: 6,
  });
  const trail = (await orc('history', 'task', id, '--json')).json().data.entries;
  expect(trail.map(({ kind }: { kind: string }) => kind)).toEqual(['undo', 'undo', 'task.complete', 'task.add']);
  expect(trail[1]).toMatchObject({ body: 'the wrong one', subject: `undo build/${id} by agent-2` });
});

test('a claim that was made here needs no token, one from elsewhere does; then nothing is remembered of it', async () => {
  const { orc, folder } = await orcWithBoard();
  const id = await addTask(orc, 'Ship v1');
  await orc('t', 'claim', 'build', id, 'agent-1');
  const stranger = orcIn(folder, { env: { ...process.env, ORC_SESSION: 'elsewhere' } });
  expect((await stranger('undo', '4', '--agent', 'agent-1', '--json')).error().code).toBe('not-holder');
  expect((await stranger('undo', '4', '--agent', 'agent-1', '--token', '9', '--json')).error().code).toBe(
    'stale-token',
  );
  // The remembered holder acts.
  expect((await orc('undo', '4', '--json')).json().data.record).toMatchObject({ status: 'pending', claim: null });
  expect((await orc('t', 'complete', 'build', id, 'Done')).code).toBe(0);
});

test('workstreams and knowledge, gone and back', async () => {
  const { orc } = await orcWithBoard();
  await orc('ws', 'create', 'oops');
  expect((await orc('undo', '3')).lines()).toEqual([
    'Took back version 3: workstream.create oops by system',
    'oops is gone',
  ]);
  expect((await orc('undo', '4')).lines()[1]).toBe('oops is active, priority 5');
  await orc('kb', 'write', 'api', 'one');
  await orc('kb', 'delete', 'api');
  expect((await orc('undo', '7')).lines()[1]).toBe('api is as it was before, as version 8');
  expect((await orc('kb', 'read', 'api')).out).toBe('one');
});

test('refusals have a code, an exit code and a hint', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('l', 'acquire', 'deploy', 'agent-1');
  const before = git(folder, 'rev-parse', 'refs/heads/orc');
  for (const [words, code, exit] of [
    [['3'], 'not-undoable', 3],
    [['99'], 'not-found', 3],
    [['0'], 'invalid-argument', 2],
    [['last'], 'invalid-argument', 2],
    [[], 'usage', 2],
    [['2', '--at', '2'], 'usage', 2],
  ] as const) {
    const ran = await orc('undo', ...words, '--json');
    expect({ words, exit: ran.code, code: ran.error().code }).toEqual({ words, exit, code });
    expect(ran.error().hint).toBeTruthy();
  }
  expect(git(folder, 'rev-parse', 'refs/heads/orc')).toBe(before);
});

test('what is not published yet has no number to be named by', async () => {
  const folder = makeClone(makeBareRemote());
  await using orc = await openOrc({ cwd: folder, create: true });
  await orc.createWorkstream('build');
  await orc.writeKnowledge('notes', 'queued', 'agent-1', { publish: 'sync' });
  await expect(orc.undo(3)).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('orc sync') });
  await orc.sync();
  expect(await orc.undo(3, { agent: 'agent-1' })).toMatchObject({ undone: 3, kind: 'knowledge.write', record: null });
  expect(await orc.listKnowledge()).toEqual([]);
});

test('a text that replaced one which could not be read stays: taking it back would leave nothing', async () => {
  const { orc, folder } = await orcWithBoard();
  commitByHand(folder, [{ path: 'knowledge/notes.md', content: '---\ntitle: [\n---\nby hand\n' }]);
  await orc('kb', 'write', 'notes', 'written anew');
  const { version } = (await orc('status', '--json')).json();
  expect((await orc('undo', String(version), '--json')).error().code).toBe('not-undoable');
  expect((await orc('kb', 'read', 'notes')).out).toBe('written anew');
});
