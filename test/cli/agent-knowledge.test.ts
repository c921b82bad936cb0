import { expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard, worldWithoutWaiting } from '../support/command-line.ts';

test('register, list, heartbeat, retire', async () => {
  const world = worldWithoutWaiting();
  const { orc } = await orcWithBoard({ world });
  expect((await orc('a', 'list')).out).toBe('No agents.\n');
  expect((await orc('a', 'register', 'agent-1', 'worker', '--capability', 'rust', 'sql')).out).toBe(
    'Registered agent: agent-1 (worker)\n',
  );
  expect((await orc('agent', 'register', 'agent-2')).out).toBe('Registered agent: agent-2 (general)\n');
  expect((await orc('a', 'ls')).lines()).toEqual([
    'agent-1 (worker): active   seen 0ms ago  rust, sql',
    'agent-2 (general): active  seen 0ms ago',
  ]);
  world.pass(12 * 60_000);
  expect((await orc('a', 'list')).lines()[1]).toBe('agent-2 (general): active [STALE]  seen 12m ago');
  expect(await orc('a', 'heartbeat', 'agent-2')).toMatchObject({ code: 0, out: 'Heartbeat: agent-2\n' });
  expect((await orc('a', 'list')).lines()[1]).toBe('agent-2 (general): active         seen 0ms ago');
  const again = await orc('a', 'heartbeat', 'agent-2', '--json');
  expect([again.code, again.json().published]).toEqual([0, null]);
  await addTask(orc, 'Task');
  await orc('t', 'next', 'build', 'agent-2');
  expect((await orc('a', 'retire', 'agent-2')).out).toBe('Retired agent: agent-2\n');
  expect((await orc('t', 'list')).out).toMatch(/^\[pending\] /);
  expect((await orc('a', 'list', '--json')).json().data).toHaveLength(1);
});

test('agents that are not registered, and names that are none', async () => {
  const { orc } = await orcWithBoard();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['a', 'heartbeat', 'agent-9'], 3, 'not-found'],
    [['a', 'heartbeat'], 2, 'usage'],
    [['a', 'retire', 'agent-9'], 3, 'not-found'],
    [['a', 'register', 'x\u202ey'], 2, 'invalid-argument'],
    [['a', 'register', 'CON'], 2, 'invalid-argument'],
    [['a', 'register'], 2, 'usage'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc('--json', ...words);
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
});

test('write, read, list, append, delete', async () => {
  const { orc, folder } = await orcWithBoard();
  expect((await orc('kb', 'write', 'notes', 'two', 'words')).out).toBe('Wrote knowledge: notes\n');
  expect((await orc('kb', 'read', 'notes')).out).toBe('two words');
  const piped = orcIn(folder, { input: '# Title\n\nText with \u001b[31mcolour\n' });
  expect((await piped('kb', 'write', 'api/auth', '-', '--title', 'Auth', '--tag', 'api', 'security')).code).toBe(0);
  // Byte for byte where nobody looks at it directly.
  expect((await orc('kb', 'read', 'api/auth')).out).toBe('# Title\n\nText with \u001b[31mcolour\n');
  const onTerminal = orcIn(folder, { isTty: true, columns: 80 });
  expect((await onTerminal('kb', 'read', 'api/auth')).out).toBe('# Title\n\nText with \\x1b[31mcolour\n');
  expect((await orc('kb', 'read', 'api/auth', '--json')).json().data).toMatchObject({
    topic: 'api/auth',
    title: 'Auth',
    tags: ['api', 'security'],
  });
  expect((await orc('kb', 'append', 'notes', 'more')).out).toBe('Wrote knowledge: notes\n');
  expect((await orc('knowledge', 'read', 'notes')).out).toBe('two words\nmore');
  expect((await orc('kb', 'ls')).out).toContain('api/auth\n');
  expect((await orc('kb', 'delete', 'notes')).out).toBe('Deleted knowledge: notes\n');
  expect(await orc('kb', 'read', 'notes')).toMatchObject({ code: 3, out: '(no knowledge on "notes")\n' });
  const missing = await orc('kb', 'read', 'my notes');
  expect(missing.err).toBe(
    "hint: `orc kb list` shows what there is, `orc kb history 'my notes'` whether it was deleted; `orc sync` brings what others wrote\n",
  );
  expect(await orc('kb', 'delete', 'notes')).toMatchObject({ code: 3, out: '(no knowledge on "notes")\n' });
});

test('--base refuses to write over what somebody else wrote', async () => {
  const { orc } = await orcWithBoard();
  const { version } = (await orc('kb', 'write', 'notes', 'first', '--json')).json().data;
  await orc('kb', 'write', 'notes', 'second', '--base', String(version));
  const ran = await orc('kb', 'write', 'notes', 'third', '--base', String(version), '--json');
  expect([ran.code, ran.error().code]).toEqual([3, 'conflict']);
  expect((await orc('kb', 'read', 'notes')).out).toBe('second');
});

test('knowledge that is not there, not named, not given', async () => {
  const { orc } = await orcWithBoard();
  for (const topic of (await orc('kb', 'list', '--json')).json().data) await orc('kb', 'delete', topic);
  expect((await orc('kb', 'list')).out).toBe('(empty)\n');
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['kb', 'read', 'nothing'], 3, 'not-found'],
    [['kb', 'write', 'topic'], 2, 'usage'],
    [['kb', 'write', '../x', 'text'], 2, 'invalid-argument'],
    [['kb', 'write', 'topic', 'text', '--base', 'x'], 2, 'invalid-argument'],
    [['kb', 'write', 'topic', '-----BEGIN RSA PRIVATE KEY-----'], 2, 'usage'],
    [['kb', 'write', 'topic', '--', '-----BEGIN RSA PRIVATE KEY-----'], 2, 'secret-found'],
    [['kb', 'delete', 'nothing'], 3, 'not-found'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc('--json', ...words);
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
});
