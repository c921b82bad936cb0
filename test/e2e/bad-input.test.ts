/** What bad input gets, row by row of the table in the design: a code, a hint, and nothing written. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { dangerous, expectRefusals, fingerprint, type Row } from '../support/refusals.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const invalid = 'invalid-argument';
const hostileText = 'a\u001b[31mred\u001b]52;c;cm0gLXJm\u0007 \u202egnp.exe \u009b2J';

const badNames: readonly string[] = [
  '../x',
  '..',
  '.git',
  '.GIT',
  'git~1',
  '-x',
  'CON',
  'nul.txt',
  'a:b',
  'x.lock',
  'x'.repeat(300),
  'é'.repeat(120),
  'a\nb',
  'a\u001b[31mb',
  'a\u202eb',
  'a\u200bb',
  '__proto__',
  'a\\b',
  'a ',
  'x.',
  'e\u0301',
];

/** Where a name is written, as words that come before and after it. */
const places: Readonly<Record<string, (name: string, task: string) => readonly string[]>> = {
  'of workstreams': (name) => ['ws', 'create', '--', name],
  'of the workstream of a task': (name) => ['t', 'add', '--', name, 'Title'],
  'of the workstream that a task moves to': (name, task) => ['t', 'edit', task, `--workstream=${name}`],
  'of agents': (name) => ['a', 'register', '--', name],
  'of types of agents': (name) => ['a', 'register', '--', 'agent-1', name],
  'of who acts': (name) => [`--agent=${name}`, 't', 'add', 'build', 'Title'],
  'of resources': (name) => ['l', 'acquire', '--', name, 'agent-1'],
  'of who takes a lock': (name) => ['l', 'acquire', '--', 'deploy', name],
  'of topics': (name) => ['kb', 'write', '--', name, 'text'],
  'of tags': (name) => ['kb', 'write', 'topic', 'text', `--tag=${name}`],
  'of labels': (name) => ['t', 'add', 'build', 'Title', `--label=${name}`],
  'of capabilities': (name) => ['t', 'add', 'build', 'Title', `--needs=${name}`],
  'of events': (name) => ['emit', '--', 'agent-1', name],
};

describe('names', () => {
  test.each(Object.entries(places))('%s', async (_what, words) => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    await expectRefusals(
      folder,
      badNames.map((name) => ({ words: words(name, task), code: invalid })),
    );
  });

  test('that differ from one that is there by case alone', async () => {
    const { orc, folder } = await orcWithBoard();
    await orc('ws', 'create', 'task1');
    await orc('a', 'register', 'task1');
    await orc('l', 'acquire', 'task1', 'agent-1');
    await orc('kb', 'write', 'task1', 'text');
    const rows: readonly (readonly string[])[] = [
      ['ws', 'create', 'Task1'],
      ['a', 'register', 'TASK1'],
      ['l', 'acquire', 'tasK1', 'agent-2'],
      ['kb', 'write', 'Task1', 'text'],
      ['kb', 'append', 'tASK1', 'text'],
    ];
    await expectRefusals(
      folder,
      rows.map((words) => ({ words, code: invalid, told: 'use "task1"' })),
    );
  });

  test('of records that are only looked for', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    await expectRefusals(folder, [
      { words: ['ws', 'show', '../x'], code: 'not-found', exit: 3 },
      { words: ['ws', 'pause', '../x'], code: invalid },
      { words: ['t', 'list', '../x'], code: 'not-found', exit: 3 },
      { words: ['kb', 'read', '../../../etc/passwd'], code: 'not-found', exit: 3 },
      { words: ['kb', 'delete', '../x'], code: invalid },
      { words: ['l', 'check', '../x'], code: invalid },
      { words: ['l', 'release', '../x', 'agent-1'], code: invalid },
      { words: ['l', 'break', '../x', 'agent-1', '--reason', 'x'], code: invalid },
      { words: ['a', 'retire', '../x'], code: invalid },
      { words: ['a', 'heartbeat', '../x'], code: invalid },
      { words: ['t', 'claim', 'build', task, '../x'], code: invalid },
      { words: ['brief', '../x'], code: 'not-found', exit: 3 },
      { words: ['history', 'task', '../x'], code: invalid },
      { words: ['rejected', 'show', '../../config'], code: 'not-found', exit: 3 },
    ]);
  });

  test.each([
    '../x',
    '-x',
    'a b',
    'x.lock',
    '.x',
    'a..b',
    'a~1',
    'a:b',
    '@{1}',
    '@',
    'a\u001bb',
    'x'.repeat(300),
    'a/',
  ])('of branches: %j', async (name) => {
    const { folder } = await orcWithBoard();
    const inEnvironment = { env: { ...process.env, ORC_BRANCH: name } };
    await expectRefusals(folder, [
      { words: [`--branch=${name}`, 'status'], code: invalid },
      { words: [`--branch=${name}`, 'ws', 'create', 'x'], code: invalid },
    ]);
    await expectRefusals(folder, [{ words: ['init'], code: invalid }], inEnvironment);
  });
});

describe('numbers, lengths of time, times, ids', () => {
  test('priorities', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    const priorities = ['0', '99', 'high', '1.5', '-1', '', '1e0', 'NaN', '٣', '9'.repeat(400)];
    await expectRefusals(
      folder,
      priorities.flatMap((priority): Row[] => [
        { words: ['t', 'add', '--', 'build', 'Title', 'Text', priority], code: invalid, told: 'from 1' },
        { words: ['t', 'edit', task, `--priority=${priority}`], code: invalid, told: 'from 1' },
        { words: ['ws', 'create', '--', 'docs', 'Text', priority], code: invalid, told: 'from 1' },
        { words: ['ws', 'update', 'build', `--priority=${priority}`], code: invalid, told: 'from 1' },
      ]),
    );
  });

  test('TTLs and leases', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    await orc('t', 'claim', 'build', task, 'agent-1');
    await orc('l', 'acquire', 'mine', 'agent-1');
    const times = ['-5', '0', '0s', '1y', 'NaN', '', 'soon', '1e3', 'Infinity', '5 minutes', '9999d', '9'.repeat(400)];
    await expectRefusals(
      folder,
      times.flatMap((time): Row[] => [
        { words: ['l', 'acquire', 'deploy', 'agent-1', `--ttl=${time}`], code: invalid },
        { words: ['l', 'renew', 'mine', 'agent-1', `--ttl=${time}`], code: invalid },
        { words: ['t', 'next', 'build', 'agent-2', `--lease=${time}`], code: invalid },
        { words: ['t', 'renew', task, `--lease=${time}`], code: invalid },
        { words: ['config', 'set', '--shared', '--', 'lease', time], code: invalid },
      ]),
    );
  });

  test('tokens, versions, counts, times', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    await orc('t', 'claim', 'build', task, 'agent-1');
    const tokens = ['abc', '0', '-1', '1.5', '', '9'.repeat(30), '0x10'];
    await expectRefusals(folder, [
      ...tokens.map((token) => ({ words: ['t', 'complete', task, 'Done', `--token=${token}`], code: invalid })),
      ...tokens.map((token) => ({ words: ['l', 'release', 'deploy', 'agent-1', `--token=${token}`], code: invalid })),
      { words: ['t', 'complete', task, 'Done', '--agent', 'agent-1', '--token', '4711'], code: 'stale-token', exit: 3 },
      ...['x', '-1', '1.5'].map((base) => ({
        words: ['kb', 'write', 'topic', 'text', `--base=${base}`],
        code: invalid,
      })),
      ...['many', '-1', '1.5'].map((last) => ({ words: ['events', `--last=${last}`], code: invalid })),
      ...['nonsense', 'yesterday', '2026-13-45', '-2h', '1y', ''].flatMap((since) => [
        { words: ['events', `--since=${since}`], code: invalid },
        { words: ['collect', `--since=${since}`], code: invalid },
      ]),
      // For events a bare number is that of an event.
      { words: ['collect', '--since=1'], code: invalid },
      ...['1.5', 'v', 'v1.5', '9'.repeat(30)].map((since) => ({
        words: ['events', `--since=${since}`],
        code: invalid,
      })),
      ...['short', '', '../../etc', 'x'.repeat(65), 'a b c d e f'].map((op) => ({
        words: [`--op=${op}`, 'ws', 'create', 'x'],
        code: invalid,
      })),
      ...['-5', '0', '1y'].map((time) => ({ words: [`--timeout=${time}`, 'ws', 'create', 'x'], code: invalid })),
      { words: ['--publish=never', 'ws', 'create', 'x'], code: invalid, told: 'each, claims, sync' },
    ]);
  });

  test('ids of tasks', async () => {
    const { folder } = await orcWithBoard();
    const huge = 'f'.repeat(100_000);
    await expectRefusals(folder, [
      ...['show', 'claim', 'complete', 'fail', 'release', 'block', 'cancel', 'reopen'].map((verb) => ({
        words: ['t', verb, huge, '--agent', 'agent-1'],
        code: invalid,
      })),
      { words: ['t', 'complete', 'build', '../x', 'Done'], code: invalid },
      { words: ['t', 'show', '__proto__'], code: invalid },
      { words: ['t', 'show', 'a\u001b[31mb'], code: invalid },
      { words: ['t', 'show', ''], code: invalid },
      { words: ['t', 'show', '12345678'], code: 'not-found', exit: 3 },
      { words: ['t', 'add', 'build', 'Title', '--depends-on', huge], code: invalid },
      { words: ['t', 'add', 'build', 'Title', '--depends-on', 'zzz'], code: invalid },
      { words: ['t', 'add', 'build', 'Title', '--depends-on', '12345678'], code: 'unknown-dependency', exit: 3 },
      { words: ['t', 'add', 'build', 'Title', '--parent', 'zzz'], code: invalid },
      { words: ['events', '--task', huge], code: invalid },
      { words: ['brief', 'build', huge], code: invalid },
    ]);
  });
});

test('commands and options that are none: the nearest ones', async () => {
  const { folder } = await orcWithBoard();
  await expectRefusals(folder, [
    { words: ['stats'], code: 'usage', told: 'did you mean status?' },
    { words: ['t', 'comlete', 'x'], code: 'usage', told: 'did you mean complete?' },
    { words: ['ws', 'list', '--jsn'], code: 'usage', told: 'did you mean --json?' },
    { words: ['ws', 'create', 'x', '--priorty', '1'], code: 'usage' },
    { words: ['t', 'add', 'build', 'x', '--upload-pack=x'], code: 'usage' },
    { words: ['l', 'acquire', 'x', '--tll', '5'], code: 'usage', told: 'did you mean --ttl?' },
    { words: ['\u001b[31m'], code: 'usage' },
    { words: ['--', 'nonsense'], code: 'usage' },
    { words: ['ws', 'create'], code: 'usage', told: 'usage: orc ws create' },
    { words: ['t', 'add', 'build'], code: 'usage' },
    { words: ['ws', 'list', 'too', 'many'], code: 'usage' },
    { words: ['x'.repeat(100_000)], code: 'usage' },
  ]);
});

describe('texts', () => {
  const tokens: readonly string[] = [
    `ghp_${'a1B2'.repeat(9)}`,
    `glpat-${'a1B2'.repeat(5)}`,
    `AKIA${'A1B2'.repeat(4)}`,
    `xoxb-${'1234567890'.repeat(2)}`,
    `sk-ant-${'a1B2'.repeat(8)}`,
    `npm_${'a1B2'.repeat(9)}`,
    'https://user:s3cr3t-token@example.com/x.git',
    '-----BEGIN RSA PRIVATE KEY-----',
  ];

  test('that hold credentials', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    const told = '--allow-secret';
    const code = 'secret-found';
    await expectRefusals(
      folder,
      tokens.flatMap((token): Row[] => [
        { words: ['t', 'add', 'build', `use ${token} there`], code, told },
        { words: ['kb', 'write', 'topic', '-'], input: `# Access\n\n${token}\n`, code, told },
      ]),
    );
    const [token = ''] = tokens;
    await expectRefusals(folder, [
      { words: ['t', 'add', 'build', 'Title', token], code, told },
      { words: ['t', 'add', 'build', 'Title', '--check', `curl -H ${token}`], code, told },
      { words: ['t', 'note', task, token], code, told },
      { words: ['t', 'complete', task, token], code, told },
      { words: ['t', 'fail', task, token], code, told },
      { words: ['ws', 'create', 'docs', token], code, told },
      { words: ['kb', 'append', 'topic', token], code, told },
      { words: ['kb', 'write', 'topic', 'text', '--title', token], code, told },
      { words: ['l', 'acquire', 'deploy', 'agent-1', '--reason', token], code, told },
      { words: ['emit', 'agent-1', 'deployed', `key=${token}`], code, told },
      {
        words: ['batch', '-'],
        input: `{"op":"task.add","workstream":"build","title":"x"}\n{"op":"task.note","id":"${task}","text":"${token}"}`,
        code,
        told: 'line 2',
      },
    ]);
    expect((await orc('t', 'add', 'build', token)).err).not.toContain(token);
    const insisted = await orc('t', 'add', 'build', `use ${token}`, '--allow-secret', '--json');
    expect([insisted.code, insisted.json().data.title]).toEqual([0, `use ${token}`]);
  });

  test('that are too large', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    const code = 'too-large';
    const text = 'é'.repeat(128 * 1024 + 1);
    await expectRefusals(folder, [
      { words: ['t', 'add', 'build', 'x'.repeat(513)], code, told: '512 characters' },
      { words: ['t', 'edit', task, '--title', 'x'.repeat(513)], code },
      { words: ['t', 'add', 'build', 'Title', '-'], input: text, code, told: '256 KiB' },
      { words: ['t', 'note', task, '-'], input: text, code },
      { words: ['t', 'complete', task, '-'], input: text, code },
      { words: ['ws', 'create', 'docs', text], code },
      { words: ['kb', 'write', 'topic', '-'], input: 'x'.repeat(1024 * 1024 + 1), code, told: '1024 KiB' },
      { words: ['kb', 'write', 'topic', 'text', '--title', 'x'.repeat(513)], code },
      { words: ['l', 'acquire', 'deploy', 'agent-1', '--reason', text], code },
      { words: ['emit', 'agent-1', 'deployed', `data=${'x'.repeat(70_000)}`], code },
    ]);
    const most = await orc('t', 'add', 'build', 'x'.repeat(512), '--json');
    expect(most.code).toBe(0);
  });

  test('that are no text of their kind', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(orc, 'Task');
    await expectRefusals(folder, [
      { words: ['t', 'add', 'build', ''], code: invalid },
      { words: ['t', 'add', 'build', ' \t '], code: invalid },
      { words: ['t', 'add', 'build', 'two\nlines'], code: invalid, told: 'one line' },
      { words: ['t', 'edit', task, '--title', 'two\r\nlines'], code: invalid },
      { words: ['t', 'edit', task], code: invalid },
      { words: ['t', 'add', 'build', 'Title', '--path', '../../etc/**'], code: invalid },
      { words: ['t', 'add', 'build', 'Title', '--path', '/etc/passwd'], code: invalid },
      { words: ['t', 'add', 'build', 'Title', '--path', '{a,b}'], code: invalid },
      { words: ['l', 'acquire', 'path:../../etc', 'agent-1'], code: invalid },
      { words: ['l', 'acquire', 'path:a**b', 'agent-1'], code: invalid },
      { words: ['kb', 'write', 'a.md/b', 'text'], code: invalid },
      { words: ['kb', 'write', 'a//b', 'text'], code: invalid },
      { words: ['emit', 'agent-1', 'task_completed'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', '--data', '{'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', '--data', '[1]'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', 'op=x'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', '__proto__=x'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', '--data', '{"__proto__":{"x":1}}'], code: invalid },
      { words: ['emit', 'agent-1', 'deployed', '--data', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`], code: invalid },
    ]);
  });

  test('with terminal escapes, OSC 52 and right-to-left overrides: kept as data, shown escaped', async () => {
    const { orc, folder } = await orcWithBoard();
    const task = await addTask(
      orc,
      hostileText,
      `first\n${hostileText}`,
      '--check',
      hostileText,
      '--estimate',
      '\u001b[2J',
    );
    await orc('t', 'note', task, hostileText);
    await orc('emit', 'agent-1', 'deployed', `text=${hostileText}`);
    await orc('l', 'acquire', 'deploy', 'agent-1', '--reason', hostileText);
    await orc('kb', 'write', 'topic', hostileText, '--title', hostileText);
    await orc('ws', 'create', 'docs', hostileText);
    await orc('t', 'claim', 'build', task, 'agent-1');
    const terminal = orcIn(folder, { isTty: true, columns: 500, env: { ...process.env, NO_COLOR: '1' } });
    const looks: readonly (readonly string[])[] = [
      ['t', 'list'],
      ['t', 'show', task],
      ['ws', 'list'],
      ['ws', 'show', 'docs'],
      ['l', 'list'],
      ['events'],
      ['status'],
      ['plan'],
      ['collect'],
      ['brief', 'build', task],
      ['history'],
      ['export', '--single-file'],
      ['kb', 'read', 'topic'],
    ];
    for (const words of looks) {
      for (const ran of [await terminal(...words), await terminal(...words, '--json')]) {
        expect({ words, code: ran.code, found: dangerous.exec(ran.out + ran.err) }).toEqual({
          words,
          code: 0,
          found: null,
        });
      }
    }
    expect((await orc('t', 'list')).out).toContain('a\\x1b[31mred\\x1b]52;c;cm0gLXJm\\x07 \\u{202e}gnp.exe \\x9b2J');
    const data = (await orc('t', 'show', task, '--json')).json().data;
    expect([data.title, data.notes[0].text, data.checks[0].command]).toEqual([hostileText, hostileText, hostileText]);
    expect((await orc('kb', 'read', 'topic')).out).toBe(hostileText);
  });
});

test('batches: the line at fault is named, and none is carried out', async () => {
  const { folder } = await orcWithBoard();
  const good = '{"op":"task.add","workstream":"build","title":"x"}';
  const second: readonly (readonly [string, string, number])[] = [
    ['no json', invalid, 2],
    ['[]', invalid, 2],
    ['null', invalid, 2],
    ['{"op":"nonsense"}', 'usage', 2],
    ['{"op":"__proto__"}', 'usage', 2],
    ['{"op":"constructor"}', 'usage', 2],
    ['{"workstream":"build"}', invalid, 2],
    ['{"kind":"task.add","workstream":"build"}', invalid, 2],
    ['{"kind":"task.add","args":[]}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","titel":"y"}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":7}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","priority":0}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","priority":"1"}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","labels":"one"}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","depends_on":["$nobody"]}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","as":"nodollar"}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","agent":7}', invalid, 2],
    ['{"op":"task.add","workstream":"build","title":"x","agent":"../x"}', invalid, 2],
    ['{"op":"workstream.create","name":"../x"}', invalid, 2],
    ['{"op":"lock.acquire","resource":"r","ttl_ms":-5}', invalid, 2],
    ['{"op":"lock.acquire","resource":"r","ttl_ms":1e999}', invalid, 2],
    ['{"op":"board.init","board":"00000000000000000000","settings":""}', 'already-exists', 3],
    ['{"op":"task.add","workstream":"nosuch","title":"x"}', 'not-found', 3],
    [`{"op":"task.note","id":"12345678","text":"x"}`, 'not-found', 3],
    [`{"op":"event.log","action":"x","data":${'['.repeat(5000)}${']'.repeat(5000)}}`, invalid, 2],
  ];
  await expectRefusals(folder, [
    ...second.map(([line, code, exit]) => ({
      words: ['batch', '-'],
      input: `${good}\n${line}\n${good}\n`,
      code,
      exit,
      told: 'line 2',
    })),
    { words: ['batch', '-'], input: '', code: invalid },
    { words: ['batch', 'nosuch.jsonl'], code: invalid },
    { words: ['batch', '.'], code: invalid },
  ]);
});

describe('folders to import that are broken', () => {
  const at = '2026-02-06T07:36:59.474Z';
  const task = { id: '299833bc', title: 'Write', created_at: at, updated_at: at };
  const stateOf = (tasks: readonly unknown[], more: object = {}): string =>
    JSON.stringify({
      version: 3,
      updated_at: at,
      workstreams: { press: { description: '', priority: 1, status: 'active', tasks, created_at: at } },
      agents: {},
      locks: {},
      ...more,
    });
  const failed = 'import-failed';
  const folders: readonly (readonly [string, Readonly<Record<string, string | Uint8Array>>, string])[] = [
    ['nothing', {}, failed],
    ['no JSON', { 'state.json': '{"version": 3,' }, failed],
    ['another shape', { 'state.json': '[]' }, failed],
    ['null', { 'state.json': 'null' }, failed],
    ['no UTF-8', { 'state.json': new Uint8Array([0x7b, 0xff, 0x7d]) }, failed],
    ['a title that is a number', { 'state.json': stateOf([{ ...task, title: 7 }]) }, failed],
    ['a task without an id', { 'state.json': stateOf([{ ...task, id: undefined }]) }, failed],
    ['an id with a path in it', { 'state.json': stateOf([{ ...task, id: '../../x' }]) }, failed],
    ['two tasks of one id', { 'state.json': stateOf([task, task]) }, 'already-exists'],
    ['a workstream called ../x', { 'state.json': stateOf([], { workstreams: { '../x': { tasks: [] } } }) }, failed],
    ['an agent called .git', { 'state.json': stateOf([task], { agents: { '.git': { id: '.git' } } }) }, failed],
    ['a lock on git~1', { 'state.json': stateOf([task], { locks: { 'git~1': { agent: 'a' } } }) }, failed],
    ['a title that is too long', { 'state.json': stateOf([{ ...task, title: 'x'.repeat(513) }]) }, 'too-large'],
    ['events that are no JSON', { 'state.json': stateOf([task]), 'events.jsonl': 'nonsense\n' }, failed],
    ['events that are numbers', { 'state.json': stateOf([task]), 'events.jsonl': '7\n' }, failed],
    ['a topic called CON', { 'state.json': stateOf([task]), 'knowledge/CON.md': 'text' }, failed],
    ['knowledge that is no UTF-8', { 'state.json': stateOf([task]), 'knowledge/x.md': new Uint8Array([0xff]) }, failed],
    ['a credential', { 'state.json': stateOf([{ ...task, title: `ghp_${'a1B2'.repeat(9)}` }]) }, 'secret-found'],
  ];

  test('say so, and nothing is imported', async () => {
    const { folder } = await orcWithBoard();
    const rows = folders.flatMap(([name, files, code]): Row[] => {
      const dir = path.join(makeTempDir(), name.replaceAll(/\W+/g, '-'));
      mkdirSync(path.join(dir, 'knowledge'), { recursive: true });
      for (const [file, content] of Object.entries(files)) writeFileSync(path.join(dir, file), content);
      const exit = code === failed ? 1 : code === 'already-exists' ? 3 : 2;
      return [
        { words: ['import', dir], code, exit },
        { words: ['import', dir, '--dry-run'], code, exit },
      ];
    });
    await expectRefusals(folder, [...rows, { words: ['import', '/nonexistent'], code: invalid }]);
  });

  test('do not begin a board', async () => {
    const folder = makeTempDir();
    git(folder, 'init', '--quiet');
    await expectRefusals(folder, [{ words: ['import', makeTempDir()], code: failed, exit: 1 }]);
  });
});

describe('what a server says', () => {
  const words = 'no pushes\\033]52;c;eA==\\007 on \\033[31mFriday\\033[2J \\342\\200\\256gnp';

  test('when it refuses: without what a terminal would obey', async () => {
    const remote = makeBareRemote();
    const clone = makeClone(remote);
    const orc = orcIn(clone);
    await orc('ws', 'create', 'build');
    const task = await addTask(orc, 'Task');
    installHook(remote, 'pre-receive', `printf '${words}\\n' >&2; exit 1`);
    const row = { code: 'upstream-refused', exit: 1, told: 'no pushes on Friday' };
    await expectRefusals(
      clone,
      [
        { ...row, words: ['t', 'add', 'build', 'Title'] },
        { ...row, words: ['t', 'claim', 'build', task, 'agent-1'] },
      ],
      { remote },
    );
    expect((await orc('t', 'list')).lines()).toHaveLength(1);
  });

  test('when it accepts: nothing of it is shown', async () => {
    const remote = makeBareRemote();
    installHook(remote, 'pre-receive', `printf '${words}\\n' >&2`);
    const clone = makeClone(remote);
    const ran = await orcIn(clone)('ws', 'create', 'build');
    expect([ran.code, dangerous.test(ran.out + ran.err)]).toEqual([0, false]);
    expect(JSON.stringify(fingerprint(clone, remote).remote)).toContain('refs/heads/orc');
  });
});
