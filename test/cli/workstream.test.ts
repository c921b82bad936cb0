import { expect, test } from 'vitest';
import { orcWithBoard } from '../support/command-line.ts';

test('create, list, show, update: the lines of the original', async () => {
  const { orc } = await orcWithBoard();
  expect((await orc('workstream', 'create', 'docs')).out).toBe('Created workstream: docs\n');
  await orc('t', 'add', 'build', 'One');
  await orc('t', 'add', 'build', 'Two');
  await orc('t', 'next', 'build', 'agent-1');
  expect((await orc('ws', 'ls')).lines()).toEqual([
    '[P2] build - Build things',
    '  Tasks: 1 pending, 1 active, 0 done',
    '[P5] docs',
    '  Tasks: 0 pending, 0 active, 0 done',
  ]);
  expect((await orc('ws', 'show', 'build')).lines().slice(0, 2)).toEqual([
    '[P2] build - Build things',
    '  Tasks: 1 pending, 1 active, 0 done',
  ]);
  expect((await orc('ws', 'update', 'docs', '--priority', '1', '--description', 'Guides')).out).toBe(
    'Updated workstream: docs\n',
  );
  expect((await orc('ws', 'list')).lines()[0]).toBe('[P1] docs - Guides');
});

test('pause, resume and archive are seen in the list', async () => {
  const { orc } = await orcWithBoard();
  expect((await orc('ws', 'pause', 'build')).out).toBe('Paused workstream: build\n');
  expect((await orc('ws', 'list')).lines()[0]).toBe('[P2] build - Build things (paused)');
  expect((await orc('ws', 'resume', 'build')).out).toBe('Resumed workstream: build\n');
  expect((await orc('ws', 'archive', 'build')).out).toBe('Archived workstream: build\n');
  expect((await orc('ws', 'list')).lines()[0]).toBe('[P2] build - Build things (archived)');
});

test('refusals have their codes', async () => {
  const { orc } = await orcWithBoard();
  await orc('t', 'add', 'build', 'One');
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['ws', 'create', 'build'], 3, 'already-exists'],
    [['ws', 'create', 'BUILD'], 2, 'invalid-argument'],
    [['ws', 'create', '../x'], 2, 'invalid-argument'],
    [['ws', 'create', 'x', 'text', 'high'], 2, 'invalid-argument'],
    [['ws', 'create', 'x', 'text', '0'], 2, 'invalid-argument'],
    [['ws', 'create', 'x', 'a token: ghp_0123456789abcdefghijklmnopqrstuvwxyz'], 2, 'secret-found'],
    [['ws', 'show', 'nosuch'], 3, 'not-found'],
    [['ws', 'update', 'build'], 2, 'invalid-argument'],
    [['ws', 'pause', 'nosuch'], 3, 'not-found'],
    [['ws', 'archive', 'build'], 3, 'has-open-tasks'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc(...words, '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
    expect(ran.out).toBe('');
  }
});

test('--allow-secret lets text through that looks like a credential', async () => {
  const { orc } = await orcWithBoard();
  const text = 'an example: ghp_0123456789abcdefghijklmnopqrstuvwxyz';
  expect(await orc('ws', 'create', 'x', text, '--allow-secret')).toMatchObject({ code: 0 });
});

test('without workstreams it says so', async () => {
  const { orc } = await orcWithBoard();
  const fresh = await orc('--branch', 'other', 'init');
  expect(fresh.code).toBe(0);
  expect((await orc('--branch', 'other', 'ws', 'list')).out).toBe('No workstreams.\n');
});
