/** `--at` on what reads, and not on what does not. Which commit it means is tested in test/app/head-at.test.ts. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { addTask, orcWithBoard } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';

/** Versions: 1 init, 2 ws, 3 task, 4 claim, 5 knowledge, 6 completed, 7 knowledge changed, 8 lock, 9 agent. */
async function makeBoard() {
  const made = await orcWithBoard();
  const { orc } = made;
  const id = await addTask(orc, 'Ship v1');
  await orc('t', 'claim', 'build', id, 'agent-1', '--lease', '1m');
  await orc('kb', 'write', 'notes', 'old text');
  await orc('t', 'complete', 'build', id, 'Shipped');
  await orc('kb', 'write', 'notes', 'new text');
  await orc('l', 'acquire', 'deploy', 'agent-1', '--ttl', '1m');
  await orc('a', 'register', 'agent-1');
  return { ...made, id };
}

test('everything that reads shows the board as it was; all else refuses, before anything is done', async () => {
  const { orc, folder, id } = await makeBoard();
  const at = async (version: number | string, ...words: string[]) => {
    const ran = await orc(...words, '--at', String(version), '--json');
    expect({ words, code: ran.code, err: ran.err }).toEqual({ words, code: 0, err: '' });
    return ran.json();
  };
  expect(await at(3, 't', 'list', 'build')).toMatchObject({ data: [{ id, status: 'pending' }], version: 3 });
  expect((await at(4, 't', 'show', id)).data).toMatchObject({ status: 'in_progress', claim: { token: 4 } });
  expect((await at(6, 't', 'show', id)).data).toMatchObject({ status: 'done' });
  expect((await at(2, 't', 'list')).data).toEqual([]);
  expect((await at(1, 'ws', 'list')).data).toEqual([]);
  expect((await at(5, 'ws', 'show', 'build')).data).toMatchObject({ in_progress: 1, done: 0 });
  expect((await at(5, 'kb', 'read', 'notes')).data).toMatchObject({ content: 'old text' });
  expect((await at(4, 'kb', 'list')).data).toEqual(['notes'].slice(1));
  expect((await at(8, 'a', 'list')).data).toEqual([]);
  expect((await at(7, 'l', 'list')).data).toEqual([]);
  expect((await at(8, 'l', 'list')).data).toMatchObject([{ resource: 'deploy' }]);
  expect((await at(4, 'events')).data).toHaveLength(4);
  expect((await at(4, 'history')).data.entries).toHaveLength(4);
  expect((await at(4, 'status')).data).toMatchObject({ version: 4, in_progress: [{ id, expired: false }] });
  expect((await at(3, 'plan')).data).toMatchObject({ recommended_parallel: [{ task: { id } }] });
  expect((await at(3, 'brief', 'build')).data).toMatchObject({ task_id: id });
  expect((await at(4, 'collect')).data).toMatchObject({ collected_at: expect.any(String) });
  expect((await at(4, 'config', 'get', 'lease')).data).toMatchObject({ key: 'lease' });
  expect((await at(3, 'export', path.join(folder, 'then'))).data).toMatchObject({
    files: expect.arrayContaining(['state.json']),
  });
  const commit = git(folder, 'rev-parse', 'refs/heads/orc~5');
  expect(await at(commit.slice(0, 12), 'status')).toMatchObject({ version: 4 });
  expect(await at('1ms', 'status')).toMatchObject({ version: 9 });

  // People are told which board they see, and leases are judged as of then.
  const ran = await orc('t', 'show', id, '--at', '4');
  expect(ran.err).toMatch(/^the board as it was at version 4, \d{4}-/);
  expect(ran.out).toContain('(60s)');

  const before = git(folder, 'rev-parse', 'refs/heads/orc');
  const lines: string[][] = [
    ['t', 'add', 'build', 'New'],
    ['t', 'next', 'build', 'agent-1'],
    ['kb', 'write', 'notes', 'x'],
    ['ws', 'create', 'other'],
    ['sync'],
    ['watch'],
    ['events', '--follow'],
    ['status', '--watch'],
    ['l', 'check', 'deploy'],
    ['config', 'set', 'lease', '1h', '--shared'],
    ['rejected'],
    ['init'],
  ];
  for (const words of lines) {
    const ran = await orc(...words, '--at', '3', '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code: 2, error: 'usage' });
  }
  expect(git(folder, 'rev-parse', 'refs/heads/orc')).toBe(before);
  for (const [when, code] of [
    ['99', 'not-found'],
    ['0', 'not-found'],
    ['whenever', 'invalid-argument'],
    ['', 'invalid-argument'],
  ])
    expect((await orc('status', '--at', String(when), '--json')).error().code).toBe(code);
});

test('the library has a view of the past, which cannot be changed', async () => {
  const { folder, id } = await makeBoard();
  await using present = await openOrc({ cwd: folder });
  const then = await present.at(5);
  expect((await then.task(id))?.status).toBe('in_progress');
  expect(await then.readKnowledge('notes')).toBe('old text');
  expect((await then.getEvents({ last: 1 }))[0]).toMatchObject({ v: 5 });
  expect((await (await then.at(3)).task(id))?.status).toBe('pending');
  expect(await present.readKnowledge('notes')).toBe('new text');
  const whole = then as typeof present;
  await expect(whole.addTask('build', { title: 'x' })).rejects.toMatchObject({ code: 'usage' });
  await expect(whole.batch([{ kind: 'task.add', args: {} }])).rejects.toMatchObject({ code: 'usage' });
  await expect(whole.sync()).rejects.toMatchObject({ code: 'usage' });
  expect(() => whole.watch()).toThrow(expect.objectContaining({ code: 'usage' }));
  await expect(then.at(7)).rejects.toMatchObject({ code: 'not-found' });
});
