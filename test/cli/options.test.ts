/** The command line itself: positions of options, values that are none, words that are none, what is shown of them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('options of every command are taken before, between and after its words', async () => {
  const { orc } = await orcWithBoard();
  for (const words of [
    ['--json', 'ws', 'list'],
    ['ws', '--json', 'list'],
    ['ws', 'list', '--json'],
  ]) {
    expect((await orc(...words)).json().data[0].name).toBe('build');
  }
  const by = await orc('--agent', 'agent-1', 't', 'add', 'build', '--priority-less', 'x');
  expect(by.code).toBe(2);
  const added = await orc(
    '--agent',
    'agent-1',
    't',
    '--json',
    'add',
    '--timeout=5',
    'build',
    'Task',
    '--publish',
    'each',
  );
  expect(added.json().data.created_by).toBe('agent-1');
});

test('values that are none are told with what is allowed', async () => {
  const { orc } = await orcWithBoard();
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['--publish', 'never'], 'each, claims, sync'],
    [['--timeout', '-5'], '90s'],
    [['--timeout', '0'], '90s'],
    [['--timeout', '1y'], '90s'],
    [['--op', 'short'], '8 to 64'],
    [['--agent', ''], 'must not be empty'],
    [['-C', '/nonexistent'], 'no folder'],
  ];
  for (const [options, told] of cases) {
    const ran = await orc('ws', 'list', ...options);
    expect({ options, code: ran.code, out: ran.out }).toEqual({ options, code: 2, out: '' });
    expect(ran.err).toContain(told);
    expect((await orc('ws', 'list', '--json', ...options)).error().code).toBe('invalid-argument');
  }
  const agent = await orc('t', 'add', 'build', 'x', '--agent', '../x', '--json');
  expect([agent.code, agent.error().code]).toEqual([2, 'invalid-argument']);
});

test('the name of an agent that is none is told with the place that it comes from', async () => {
  const { orc, folder } = await orcWithBoard();
  const told = async (run: typeof orc, ...words: string[]) => (await run('t', 'add', 'build', 'x', ...words)).err;
  const inShell = orcIn(folder, { env: { ...process.env, ORC_AGENT: 'team/ann' } });
  expect(await told(inShell)).toContain('ORC_AGENT must not hold a slash, as "team/ann" does');
  expect((await inShell('l', 'acquire', 'deploy')).err).toContain('ORC_AGENT must not hold a slash');
  expect(await told(inShell, '--agent', 'team/ann')).toContain('error: agent must not hold a slash');
  git(folder, 'config', 'orc.agent', '.bob');
  expect(await told(orc)).toContain('git config orc.agent must not begin with .');
  expect(await told(orc, '--agent', 'team/ann')).toContain('error: agent must not hold a slash');
  expect((await inShell('t', 'list')).code).toBe(0);
  git(folder, 'config', '--unset', 'orc.agent');
  const linked = path.join(makeTempDir(), '.hotfix'); // git calls it `-hotfix`
  git(folder, 'commit', '--quiet', '--allow-empty', '--message', 'code');
  git(folder, 'worktree', 'add', '--quiet', '--detach', linked);
  const there = (await orcIn(linked)('t', 'add', 'build', 'x')).err;
  expect(there).toContain(`an agent called as the linked work tree's folder must not begin with -, as "-hotfix" does`);
  expect(there).toContain('hint: --agent, ORC_AGENT or `git config orc.agent ID` names another one');
  expect((await orcIn(linked)('t', 'add', 'build', 'x', '--agent', 'ann')).code).toBe(0);
});

test('a path that is empty is a mistake, and never the folder that one is in', async () => {
  const { orc, folder } = await orcWithBoard();
  const before = git(folder, 'status', '--porcelain', '--ignored');
  for (const words of [
    ['hooks', 'install', '--server', ''],
    ['hooks', 'uninstall', '--server', ''],
    ['hooks', 'status', '--server', ''],
    ['init', '--template', ''],
    ['export', ''],
    ['import', ''],
    ['batch', ''],
  ]) {
    const ran = await orc(...words, '--json');
    expect({ words, exit: ran.code, code: ran.error().code }).toEqual({ words, exit: 2, code: 'invalid-argument' });
  }
  expect(existsSync(path.join(folder, '.git/hooks/update'))).toBe(false);
  expect(git(folder, 'status', '--porcelain', '--ignored')).toBe(before);
});

test('a value that the operation does not take: the command’s own help, and the arguments for those who write them', async () => {
  const { orc, folder } = await orcWithBoard();
  expect((await orc('t', 'add', 'build', '', '--json')).error()).toMatchObject({
    code: 'invalid-argument',
    hint: 'see `orc t add --help`',
  });
  const input = '{"kind":"task.add","args":{"workstream":"build","title":""}}\n';
  expect((await orcIn(folder, { input })('batch', '-', '--json')).error()).toMatchObject({
    code: 'invalid-argument',
    hint: expect.stringContaining('arguments of task.add: workstream, title'),
  });
});

test('a word that is none: the nearest one', async () => {
  const orc = orcIn(makeTempDir());
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['stats'], 'hint: did you mean status?'],
    [['t', 'comlete'], 'hint: did you mean complete?'],
    [['stats', '--help'], 'hint: did you mean status?'],
    [['help', 'stats'], 'hint: did you mean status?'],
    [['ws', 'list', '--jsn'], 'hint: did you mean --json?'],
    [['xyzzyx'], 'hint: see `orc --help`'],
    [['next', 'build'], 'hint: did you mean `orc t next`?'],
    [['complete', '1a2b', '--agent', 'x'], 'hint: did you mean `orc t complete`?'],
    [['rm', 'topic'], 'hint: did you mean `orc kb delete`?'],
    [['release'], 'hint: did you mean one of `orc t release`, `orc l release`?'],
    [['run'], 'hint: see `orc --help`'],
    [['t'], 'hint: `orc t --help` explains them'],
    [['t', 'add'], 'hint: usage: orc t add <workstream> <title> [description] [priority] [options]'],
    [['t', 'complete', 'build', '1a2b3c4d', '- did it'], 'goes after --'],
    [['ws', 'list', 'too', 'many'], 'hint: usage: orc ws list'],
    [['ws', 'create', 'x', '--board'], 'hint: usage: orc ws create'],
  ];
  for (const [words, told] of cases) {
    const ran = await orc(...words);
    expect({ words, code: ran.code, out: ran.out }).toEqual({ words, code: 2, out: '' });
    expect(ran.err).toContain(told);
    expect(ran.err).toMatch(/^error: .+\nhint: .+\n$/);
  }
  expect((await orc('stats', '--json')).error()).toMatchObject({ code: 'usage', hint: 'did you mean status?' });
});

test('text that begins with - goes after --', async () => {
  const { orc } = await orcWithBoard();
  const id = await addTask(orc, 'Task');
  expect((await orc('t', 'complete', '--', 'build', id, '- did it')).out).toBe('Completed: Task\n');
  expect((await orc('t', 'show', id, '--json')).json().data.result).toBe('- did it');
});

test('--version', async () => {
  const orc = orcIn(makeTempDir());
  expect((await orc('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await orc('-V')).code).toBe(0);
});

test('what others wrote cannot reach the terminal', async () => {
  const { orc, folder } = await orcWithBoard();
  const hostile = 'a\u001b[31mred\u001b]52;c;eA==\u0007 \u202egnp.exe \u009b0m';
  const id = await addTask(orc, hostile, 'first line\nsecond\r\u001b[2J line');
  const terminal = orcIn(folder, { isTty: true, columns: 200, env: { ...process.env, NO_COLOR: '1' } });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
  const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
  for (const words of [
    ['t', 'list'],
    ['t', 'show', id],
    ['events'],
    ['status'],
    ['plan'],
    ['t', 'list', '--json'],
    ['brief', 'build'],
  ]) {
    const ran = await terminal(...words);
    expect(ran.code).toBe(0);
    expect(ran.out).not.toMatch(dangerous);
    expect((await orc(...words)).out).not.toMatch(dangerous);
  }
  expect((await orc('t', 'list')).out).toContain('a\\x1b[31mred\\x1b]52;c;eA==\\x07 \\u{202e}gnp.exe \\x9b0m');
  expect((await orc('t', 'show', id)).out).toContain('first line\nsecond\\r\\x1b[2J line\n');
  expect((await orc('t', 'list', '--json')).json().data[0].title).toBe(hostile);
  const error = await orc('t', 'show', '\u001b[31m');
  expect(error.err).not.toMatch(dangerous);
});

test('colour only on a terminal, and not where it is unwanted', async () => {
  const { NO_COLOR: _, ...env } = process.env;
  const { orc, folder } = await orcWithBoard({ env });
  await addTask(orc, 'Task');
  const colour = '\u001b[';
  expect((await orc('t', 'list')).out).not.toContain(colour);
  const terminal = orcIn(folder, { env, isTty: true, columns: 80 });
  expect((await terminal('t', 'list')).out).toContain(`${colour}36m[pending]`);
  expect((await terminal('t', 'list', '--no-color')).out).not.toContain(colour);
  expect((await orcIn(folder, { env: { ...env, NO_COLOR: '1' }, isTty: true })('t', 'list')).out).not.toContain(colour);
});

test('lines are cut to the width of the terminal, and only there', async () => {
  const { orc, folder } = await orcWithBoard();
  const title = `A title that goes on ${'and on '.repeat(20)}日本語日本語`;
  await addTask(orc, title.trim());
  expect((await orc('t', 'list')).out).toContain('日本語日本語\n');
  const narrow = orcIn(folder, { isTty: true, columns: 60 });
  const [line = ''] = (await narrow('t', 'list')).lines();
  expect(line.length).toBe(60);
  expect(line.endsWith('…')).toBe(true);
});

test('on a terminal a change says where it was published', async () => {
  const { folder } = await orcWithBoard();
  const terminal = orcIn(folder, { isTty: true, columns: 80 });
  expect((await terminal('ws', 'create', 'docs')).lines()).toEqual([
    'Created workstream: docs',
    'published to this repository, version 3',
  ]);
});

test('a bug is called one, and shows its stack only when asked', async () => {
  const { folder } = await orcWithBoard();
  const broken = { isTty: false, stdin: async () => Promise.reject(new TypeError('x is not a function')) };
  const ran = await orcIn(folder, broken)('kb', 'write', 'topic', '-');
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(/^error: orc has a bug: x is not a function\nhint: please report it.*ORC_DEBUG=1.*\n$/);
  expect((await orcIn(folder, broken)('kb', 'write', 'topic', '-', '--json')).error().code).toBe('bug');
  const debugged = await orcIn(folder, { ...broken, env: { ...process.env, ORC_DEBUG: '1' } })(
    'kb',
    'write',
    'topic',
    '-',
  );
  expect(debugged.err).toContain('    at ');
});
