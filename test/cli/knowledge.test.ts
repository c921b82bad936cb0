import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { orcIn, orcWithBoard } from '../support/command-line.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('search, for, list by tag and folder, history, and a topic as it was', async () => {
  const { orc, folder } = await orcWithBoard();
  const auth = ['kb', 'write', 'api/auth', 'Tokens last', 'an hour.', '--title', 'How we \u001b[31msign in'];
  await orc(...auth, '--tag', 'api', 'security', '--path', 'src/auth/**');
  await orc('kb', 'write', 'api/errors', 'RFC 9457', '--tag', 'api', '--path', 'src/**', '--agent', 'ann');
  expect((await orc('kb', 'search', 'hour')).lines()).toEqual([
    'api/auth - How we \\x1b[31msign in [api, security]',
    '    Tokens last an *hour*.',
  ]);
  const onTerminal = orcIn(folder, { isTty: true, columns: 80, env: { ...process.env, TERM: 'xterm', NO_COLOR: '' } });
  expect((await onTerminal('kb', 'search', 'hour')).out).toContain('an \u001b[33mhour\u001b[39m.');
  expect((await orc('kb', 'find', 'api', '--tag', 'security', '--json')).json().data).toMatchObject([
    { topic: 'api/auth' },
  ]);
  expect((await orc('kb', 'find', 'api', '--prefix', 'api/e', '--limit', '1', '--json')).json().data).toHaveLength(1);
  expect(await orc('kb', 'search', 'zebra')).toMatchObject({ code: 4, out: '(nothing found)\n' });
  expect((await orc('kb', 'for', 'src/auth/login.ts', './docs/')).lines()).toEqual([
    'api/auth - How we \\x1b[31msign in [api, security]  src/auth/**',
    'api/errors [api]                                   src/**',
  ]);
  expect(await orc('kb', 'for', 'docs/')).toMatchObject({ code: 4, out: '(no knowledge binds these files)\n' });
  expect((await orc('kb', 'list', '--tag', 'security')).out).toBe('api/auth\n');
  expect((await orc('kb', 'list', '--prefix', 'api/')).out).toBe('api/auth\napi/errors\n');

  const { version } = (await orc('kb', 'read', 'api/errors', '--json')).json().data;
  await orc('kb', 'write', 'api/errors', 'one', '--title', '', '--tag', '', '--path', '', '--agent', 'bea');
  expect((await orc('kb', 'read', 'api/errors', '--json')).json().data).toMatchObject({
    title: null,
    tags: [],
    paths: [],
  });
  await orc('kb', 'delete', 'api/errors', '--agent', 'ann');
  expect((await orc('kb', 'read', 'api/errors', '--at', String(version))).out).toBe('RFC 9457');
  const gone = await orc('kb', 'read', 'api/errors', '--at', '1', '--json');
  expect([gone.code, gone.error().code]).toEqual([3, 'not-found']);
  const columns = (await orc('kb', 'history', 'api/errors')).lines().map((line) => line.split(/\s{2,}/));
  expect(columns.map(([, , , agent, kind, size, lines]) => [agent, kind, size, lines])).toEqual([
    ['ann', 'knowledge.delete', 'gone', '+0 -1'],
    ['bea', 'knowledge.write', '3 B', '+1 -1'],
    ['ann', 'knowledge.write', '8 B', '+1 -0'],
  ]);
});

test('what cannot be asked', async () => {
  const { orc } = await orcWithBoard();
  await orc('kb', 'write', 'notes', 'text');
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['kb', 'search', '…'], 2, 'invalid-argument'],
    [['kb', 'search'], 2, 'usage'],
    [['kb', 'search', 'x', '--limit', '0'], 2, 'invalid-argument'],
    [['kb', 'for', '../x'], 2, 'invalid-argument'],
    [['kb', 'for'], 2, 'usage'],
    [['kb', 'history', 'nothing'], 3, 'not-found'],
    [['kb', 'read', 'notes', '--at', 'soon'], 2, 'invalid-argument'],
    [['kb', 'read', 'notes', '--at', '99'], 3, 'not-found'],
    [['kb', 'write', 'notes', 'text', '--path', 'src/{a,b}'], 2, 'invalid-argument'],
    [['kb', 'write', 'notes', 'text', '--editor'], 2, 'usage'],
    [['kb', 'write', 'notes', '--editor', '--base', '1'], 2, 'usage'],
    [['kb', 'write', '../x', '--editor'], 2, 'invalid-argument'],
    [['kb', 'write', 'notes', '-'], 2, 'invalid-argument'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc('--json', ...words);
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
  // What should have come on standard input did not; that it is to be empty is said otherwise.
  expect((await orc('kb', 'read', 'notes')).out).toBe('text');
  expect((await orc('kb', 'append', 'notes', '-')).code).toBe(0);
  expect((await orc('kb', 'write', 'nothing', '')).code).toBe(0);
  // What is not there is the version, not the topic.
  const ran = await orc('kb', 'read', 'notes', '--at', '99');
  expect(ran).toMatchObject({ code: 3, out: '', err: expect.stringContaining('there is no version 99') });
});

test('a text is written in the editor, and not over what somebody else wrote meanwhile', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('kb', 'write', 'api/auth', 'first', '--tag', 'api');
  const seen = path.join(makeTempDir(), 'seen');
  const script = path.join(makeTempDir(), 'it is an editor.sh');
  const edit = (body: string, more: NodeJS.ProcessEnv = {}) => {
    writeFileSync(script, `echo "$1" > "${seen}"\n${body}\n`);
    const env = { ...process.env, VISUAL: '', EDITOR: `sh '${script}'`, ...more };
    return orcIn(folder, { env })('kb', 'write', 'api/auth', '--editor', '--json');
  };
  const file = (): string => readFileSync(seen, 'utf8').trim();

  expect((await edit('printf " and second" >> "$1"')).json().data).toMatchObject({
    content: 'first and second',
    tags: ['api'],
  });
  expect(path.basename(file())).toBe('api-auth.md');
  expect(existsSync(file())).toBe(false);

  const cases: readonly (readonly [string, number, string, boolean])[] = [
    ['true', 2, 'invalid-argument', false],
    [': > "$1"', 2, 'invalid-argument', false],
    ['exit 3', 1, 'io', false],
    ['printf mine > "$1"; exit 3', 1, 'io', true],
    ['rm "$1"', 1, 'io', false],
    [`printf '\\377' > "$1"`, 2, 'invalid-argument', true],
    [`printf -- '-----BEGIN RSA PRIVATE KEY-----' > "$1"`, 2, 'secret-found', true],
  ];
  for (const [body, code, error, isKept] of cases) {
    const ran = await edit(body);
    expect({ body, code: ran.code, error: ran.error().code }).toEqual({ body, code, error });
    expect({ body, isKept: existsSync(file()) }).toEqual({ body, isKept });
    if (isKept) expect(ran.err).toContain(file());
    if (body === 'exit 3') expect(ran.error().hint).toContain('EDITOR names your editor');
  }
  const none = await edit('true', { EDITOR: '' });
  expect([none.code, none.error().code]).toEqual([1, 'unsupported']);
  expect((await orc('kb', 'read', 'api/auth')).out).toBe('first and second');

  const [opened, goOn] = [path.join(folder, 'opened'), path.join(folder, 'go-on')];
  execFileSync('mkfifo', [opened, goOn]);
  const editing = edit(`echo > "${opened}"; read _ < "${goOn}"; printf mine > "$1"`);
  await readFile(opened);
  await orc('kb', 'write', 'api/auth', 'of somebody else');
  await writeFile(goOn, '\n');
  const refused = await editing;
  expect([refused.code, refused.error().code]).toEqual([3, 'conflict']);
  expect(refused.err).toContain(file());
  expect(readFileSync(file(), 'utf8')).toBe('mine');
  expect((await orc('kb', 'read', 'api/auth')).out).toBe('of somebody else');
});
