/** The original's quick start, word for word. */
import { expect, test } from 'vitest';
import { type OrcRunner, orcIn } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

async function quickStart(orc: OrcRunner, place: string): Promise<void> {
  const created = await orc('ws', 'create', 'revenue', 'Revenue generation', '1');
  expect(created).toMatchObject({
    code: 0,
    out: 'Created workstream: revenue\n',
    err: `no board yet: began one on ${place}\n`,
  });

  const added = await orc('t', 'add', 'revenue', 'Add payments to API', 'Integrate USDC', '1');
  expect(added.err).toBe('');
  const id = /^Added task ([0-9a-f]{8}): Add payments to API\n$/.exec(added.out)?.[1] as string;
  expect(id).toBeDefined();

  expect(await orc('a', 'register', 'agent-1', 'worker')).toMatchObject({
    code: 0,
    out: 'Registered agent: agent-1 (worker)\n',
    err: '',
  });

  const next = await orc('t', 'next', 'revenue', 'agent-1');
  expect(next.lines()[0]).toBe(`Claimed next task: ${id} - Add payments to API`);
  expect(next.lines()[1]).toBe('Integrate USDC');
  expect(next.out).toMatch(/Lease until: \S+Z \(30m\) \| Token: \d+/);
  expect(next.out).toMatch(new RegExp(`orc t complete revenue ${id} "<result>" --agent agent-1 --token \\d+`));

  const listed = await orc('t', 'list', 'revenue');
  expect(listed.out).toBe(`[in_progress] ${id}: Add payments to API -> agent-1\n`);

  const completed = await orc('t', 'complete', 'revenue', id, 'Done: integrated payments');
  expect(completed).toMatchObject({ code: 0, out: 'Completed: Add payments to API\n', err: '' });

  const content = 'Use REST for external, events for internal';
  expect(await orc('kb', 'write', 'api-design', content)).toMatchObject({
    code: 0,
    out: 'Wrote knowledge: api-design\n',
  });
  expect(await orc('kb', 'read', 'api-design')).toMatchObject({ code: 0, out: content });

  expect(await orc('t', 'next', 'revenue', 'agent-1')).toMatchObject({
    code: 4,
    out: 'No pending tasks in this workstream.\n',
  });
  expect((await orc('ws', 'list')).lines()).toEqual([
    '[P1] revenue - Revenue generation',
    '  Tasks: 0 pending, 0 active, 1 done',
  ]);
  expect((await orc('status')).out).toContain('[P1] revenue: 0 pending, 0 active, 1 done');
  expect(await orc('plan')).toMatchObject({ code: 0 });
}

test('in a repository without a remote', async () => {
  const repository = makeTempDir();
  git(repository, 'init', '--quiet');
  await quickStart(orcIn(repository), 'branch orc of this repository');
  expect(git(repository, 'log', '--format=%s', 'orc')).toContain('task.complete revenue/');
  expect(git(repository, 'status', '--porcelain')).toBe('');
});

test('in a clone with one', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  await quickStart(orcIn(clone), 'branch orc of origin');
  expect(git(remote, 'log', '--format=%s', 'orc')).toContain('task.complete revenue/');
  expect(git(clone, 'status', '--porcelain')).toBe('');

  const other = orcIn(makeClone(remote));
  const listed = await other('t', 'list', 'revenue');
  expect(listed.err).toBe('joined the board on branch orc of origin\n');
  expect(listed.out).toMatch(/^\[done\] [0-9a-f]{8}: Add payments to API -> agent-1\n$/);
  expect((await other('t', 'list')).err).toBe('');
});
