import { describe, expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';

test('next --any takes no workstream: a known one in its place is a mistake, not an agent', async () => {
  const { orc } = await orcWithBoard();
  await addTask(orc, 'First');
  const ran = await orc('t', 'next', '--any', 'build', '--json');
  expect([ran.code, ran.error().code]).toEqual([2, 'usage']);
  expect((await orc('t', 'next', '--any', 'agent-1')).code).toBe(0);
});

describe('add', () => {
  test('takes everything that describes a task', async () => {
    const { orc } = await orcWithBoard();
    const first = await addTask(orc, 'First');
    const ran = await orc(
      ...[
        't',
        'add',
        'build',
        'Second',
        'What to do',
        '3',
        '--depends-on',
        first,
        '--label',
        'api',
        'rest',
        '--path',
        'src/api/**',
      ],
      ...['--needs', 'rust', '--parent', first, '--estimate', '2d', '--check', 'npm test', '--json'],
    );
    expect(ran.json()).toMatchObject({
      published: true,
      state: 'published',
      op: expect.any(String),
      version: expect.any(Number),
    });
    expect(ran.json().data).toMatchObject({
      workstream: 'build',
      title: 'Second',
      description: 'What to do',
      status: 'pending',
      priority: 3,
      depends_on: [first],
      labels: ['api', 'rest'],
      paths: ['src/api/**'],
      needs: ['rust'],
      parent: first,
      estimate: '2d',
      checks: [{ command: 'npm test' }],
    });
  });

  test('reads a long description from standard input', async () => {
    const { folder } = await orcWithBoard();
    const orc = orcIn(folder, { input: '# Plan\n\n- one\n' });
    expect((await orc('t', 'add', 'build', 'Plan', '-', '--json')).json().data.description).toBe('# Plan\n\n- one\n');
  });

  test('takes the description and the priority as options too, but not twice', async () => {
    const { orc } = await orcWithBoard();
    const ran = await orc('t', 'add', 'build', 'First', '--priority', '2', '--description', 'As said', '--json');
    expect(ran.json().data).toMatchObject({ priority: 2, description: 'As said' });
    const made = await orc('ws', 'create', 'docs', '--priority', '3', '--description', 'Words', '--json');
    expect(made.json().data).toMatchObject({ priority: 3, description: 'Words' });
    for (const words of [
      ['t', 'add', 'build', 'Second', 'Words', '--description', 'Others'],
      ['t', 'add', 'build', 'Second', 'Words', '4', '--priority', '4'],
      ['ws', 'create', 'more', 'Words', '--description', 'Others'],
    ])
      expect((await orc(...words, '--json')).error()).toMatchObject({ code: 'usage', hint: 'leave out one of them' });
    expect((await orc('t', 'add', 'build', 'Second', '--priority', 'high', '--json')).error().code).toBe(
      'invalid-argument',
    );
  });
});

describe('list', () => {
  test('shows the open tasks, and of one workstream all of them', async () => {
    const { orc } = await orcWithBoard();
    const done = await addTask(orc, 'Done already');
    const open = await addTask(orc, 'Still open');
    await orc('t', 'complete', 'build', done);
    expect((await orc('t', 'list')).lines()).toEqual([`[pending] ${open}: Still open`]);
    expect((await orc('t', 'list', 'build')).lines()).toEqual([
      `[done] ${done}: Done already`,
      `[pending] ${open}: Still open`,
    ]);
    expect((await orc('t', 'ls', '--all')).lines()).toHaveLength(2);
    expect((await orc('t', 'ls', '--status', 'done')).lines()).toEqual([`[done] ${done}: Done already`]);
  });

  test('selects by label, holder and readiness', async () => {
    const { orc } = await orcWithBoard();
    const first = await addTask(orc, 'First', '--label', 'api');
    const second = await addTask(orc, 'Second', '--depends-on', first);
    const third = await addTask(orc, 'Third', '--needs', 'rust');
    expect((await orc('t', 'list', '--label', 'api')).lines()).toEqual([`[pending] ${first}: First`]);
    expect((await orc('t', 'list', '--ready')).lines()).toEqual([`[pending] ${first}: First`]);
    await orc('a', 'register', 'agent-1', '--capability', 'rust');
    expect((await orc('t', 'list', '--ready', '--agent', 'agent-1')).lines()).toEqual([
      `[pending] ${first}: First`,
      `[pending] ${third}: Third`,
    ]);
    await orc('t', 'claim', first, 'agent-1');
    expect((await orc('t', 'list', '--mine', '--agent', 'agent-1')).lines()).toEqual([
      `[in_progress] ${first}: First -> agent-1`,
    ]);
    expect((await orc('t', 'list', '--mine', '--agent', 'agent-2')).out).toBe('No tasks.\n');
    expect((await orc('t', 'list', '--mine', '--json')).error().code).toBe('usage');
    expect(second).not.toBe(first);
  });

  test('refuses a workstream and a status that there are not', async () => {
    const { orc } = await orcWithBoard();
    const unknown = await orc('t', 'list', 'nosuch', '--json');
    expect([unknown.code, unknown.error().code]).toEqual([3, 'not-found']);
    const status = await orc('t', 'list', '--status', 'open');
    expect(status.code).toBe(2);
    expect(status.err).toContain('pending, in_progress, blocked, done, failed, cancelled');
  });
});

describe('the workstream may be left out', () => {
  test('claim, renew, note, release, fail: by the id alone', async () => {
    const { orc } = await orcWithBoard();
    const id = await addTask(orc, 'Task');
    expect((await orc('t', 'claim', id, 'agent-1')).lines()[0]).toBe('Claimed: Task -> agent-1');
    expect((await orc('t', 'renew', id, 'agent-1', '--lease', '2h')).out).toMatch(
      /^Renewed: Task\nLease until: \S+ \(2h\) \| Token: \d+\n$/,
    );
    expect((await orc('t', 'note', id, 'halfway')).out).toBe('Noted: Task\n');
    expect((await orc('t', 'release', id, 'somebody else')).out).toBe('Released: Task\n');
    await orc('t', 'claim', 'build', id, 'agent-1');
    expect((await orc('t', 'fail', 'build', id, 'no', 'access')).out).toBe('Failed: Task (attempt 1, pending again)\n');
    const notes = (await orc('t', 'show', id, '--json')).json().data.notes.map(({ text }: { text: string }) => text);
    expect(notes).toEqual(['halfway', 'released: somebody else', 'failed: no access']);
  });

  test('block, unblock, cancel, reopen, done', async () => {
    const { orc } = await orcWithBoard();
    const id = await addTask(orc, 'Task');
    expect((await orc('t', 'block', id, 'waits')).out).toBe('Blocked: Task\n');
    expect((await orc('t', 'unblock', id)).out).toBe('Unblocked: Task\n');
    expect((await orc('t', 'cancel', 'build', id)).out).toBe('Cancelled: Task\n');
    expect((await orc('t', 'reopen', id, 'needed', 'again')).out).toBe('Reopened: Task\n');
    expect((await orc('t', 'done', id, 'It', 'works')).out).toBe('Completed: Task\n');
    expect((await orc('t', 'show', id, '--json')).json().data.result).toBe('It works');
  });

  test('a workstream whose name could be an id comes first all the same', async () => {
    const { orc } = await orcWithBoard();
    await orc('ws', 'create', 'feed');
    const id = (await orc('t', 'add', 'feed', 'Task', '--json')).json().data.id as string;
    expect((await orc('t', 'complete', 'feed', id)).out).toBe('Completed: Task\n');
  });

  test('a short id before what looks like an id is not guessed at', async () => {
    const { orc } = await orcWithBoard();
    const id = await addTask(orc, 'Task');
    const ran = await orc('t', 'complete', 'feed', id, '--json');
    expect([ran.code, ran.error().code]).toEqual([2, 'invalid-argument']);
  });

  test('a prefix of the id is enough; one that fits several is refused', async () => {
    const { orc } = await orcWithBoard();
    const ids: string[] = [];
    while (new Set(ids.map((id) => id[0])).size === ids.length) ids.push(await addTask(orc, `Task ${ids.length}`));
    const twin = ids.at(-1) as string;
    const ambiguous = await orc('t', 'show', twin.slice(0, 1), '--json');
    expect([ambiguous.code, ambiguous.error().code]).toEqual([2, 'ambiguous-id']);
    expect((await orc('t', 'show', twin.slice(0, 7), '--json')).json().data.id).toBe(twin);
  });
});

describe('next', () => {
  test('takes by label, from any workstream, and tells what the agent needs', async () => {
    const { orc } = await orcWithBoard();
    await addTask(orc, 'Urgent', '', '1');
    const labelled = await addTask(orc, 'Labelled', '--label', 'api');
    const ran = await orc('t', 'next', '--any', 'agent-1', '--label', 'api', '--lease', '90s', '--json');
    expect(ran.json().data).toMatchObject({
      id: labelled,
      assigned_to: 'agent-1',
      claim: { token: expect.any(Number) },
    });
    expect((await orc('t', 'next', '--any', 'agent-2')).lines()[0]).toMatch(
      /^Claimed next task: [0-9a-f]{8} - Urgent$/,
    );
    const none = await orc('t', 'next', '--any', 'agent-2');
    expect([none.code, none.out]).toEqual([4, 'No pending tasks in any workstream.\n']);
  });

  test('none: data is null, exit code 4', async () => {
    const { orc } = await orcWithBoard();
    const ran = await orc('t', 'next', 'build', 'agent-1', '--json');
    expect(ran.code).toBe(4);
    expect(ran.json()).toMatchObject({ data: null, published: null });
  });

  test('needs somebody who acts: named, or known from the settings', async () => {
    const { orc, folder } = await orcWithBoard();
    await addTask(orc, 'Task');
    const nobody = await orc('t', 'next', 'build', '--json');
    expect([nobody.code, nobody.error().code]).toEqual([2, 'usage']);
    expect(nobody.error().hint).toMatch(/^give its id as the last word or with --agent, /);
    // Where the last word means something else, it is not recommended.
    for (const words of [
      ['t', 'list', '--mine'],
      ['msg', 'ack', '--all'],
      ['work', 'build', '--', 'true'],
    ])
      expect((await orc('--json', ...words)).error().hint).toMatch(/^give its id with --agent, or set ORC_AGENT /);
    const known = orcIn(folder, { env: { ...process.env, ORC_AGENT: 'agent-7' } });
    expect((await known('t', 'next', 'build', '--json')).json().data.assigned_to).toBe('agent-7');
    expect((await orc('t', 'next')).code).toBe(2);
    expect((await orc('t', 'next', 'a', 'b', 'c')).code).toBe(2);
  });

  test('the printed command completes it from anywhere', async () => {
    const { orc, folder } = await orcWithBoard();
    await addTask(orc, 'Task');
    const told = (await orc('t', 'next', 'build', 'agent-1')).lines().at(-1) as string;
    const command = (told.split(': orc ')[1] as string).replace('"<result>"', 'Done').split(' ');
    // Another session knows nothing of the claim: it is the token that proves it.
    const elsewhere = orcIn(folder, { env: { ...process.env, ORC_SESSION: 'elsewhere' } });
    expect(await elsewhere(...command)).toMatchObject({ code: 0, out: 'Completed: Task\n' });
  });
});

test('edit changes what it is told to change', async () => {
  const { orc } = await orcWithBoard();
  await orc('ws', 'create', 'docs');
  const id = await addTask(orc, 'Task', 'Text', '4');
  expect(
    (await orc('t', 'edit', id, '--title', 'New title', '--priority', '1', '--workstream', 'docs', '--label', 'x')).out,
  ).toBe(`Changed task ${id}: New title\n`);
  expect((await orc('t', 'show', id, '--json')).json().data).toMatchObject({
    title: 'New title',
    priority: 1,
    workstream: 'docs',
    labels: ['x'],
    description: 'Text',
  });
});

test('edit takes away what is told to be empty; add takes no such thing', async () => {
  const { orc } = await orcWithBoard();
  const first = await addTask(orc, 'First');
  const lists = [
    '--label',
    'x',
    'y',
    '--path',
    'src/**',
    '--needs',
    'rust',
    '--check',
    'make',
    '--criterion',
    'it runs',
  ];
  const whole = ['--depends-on', first, '--parent', first, '--estimate', '3'];
  const id = await addTask(orc, 'Task', ...lists, ...whole);
  const dataOf = async () => (await orc('t', 'show', id, '--json')).json().data;
  expect(await dataOf()).toMatchObject({ labels: ['x', 'y'], depends_on: [first], parent: first, estimate: '3' });
  expect((await orc('t', 'edit', id, '--label', '', '--criterion', 'it runs')).code).toBe(0);
  expect(await dataOf()).toMatchObject({ labels: [], needs: ['rust'], depends_on: [first] });
  const none = ['--path', '', '--needs', '', '--check', '', '--depends-on', '', '--parent', '', '--estimate', ''];
  expect((await orc('t', 'edit', id, ...none)).code).toBe(0);
  expect(await dataOf()).toMatchObject({
    paths: [],
    needs: [],
    checks: [],
    depends_on: [],
    parent: null,
    estimate: null,
  });
  for (const option of ['--label', '--depends-on', '--parent']) {
    const ran = await orc('t', 'add', 'build', 'Another', option, '', '--json');
    expect({ option, exit: ran.code, code: ran.error().code }).toEqual({ option, exit: 2, code: 'invalid-argument' });
  }
  const unestimated = await addTask(orc, 'Third', '--estimate', '');
  expect((await orc('t', 'show', unestimated, '--json')).json().data.estimate).toBe(null);
});

test('show tells everything in text', async () => {
  const { orc } = await orcWithBoard();
  const first = await addTask(orc, 'First');
  const id = await addTask(orc, 'Task', 'What to do', '--depends-on', first, '--estimate', '3', '--check', 'make test');
  await orc('t', 'note', id, 'a note', '--agent', 'agent-1');
  const { out } = await orc('t', 'show', id);
  for (const part of [
    `[pending] ${id}: Task`,
    `Depends on: ${first}`,
    'Estimate: 3',
    'Checks: `make test`',
    '\nWhat to do\n',
    'agent-1: a note',
  ]) {
    expect(out).toContain(part);
  }
});

test('refusals have their codes', async () => {
  const { orc, folder } = await orcWithBoard();
  const held = await addTask(orc, 'Held');
  const open = await addTask(orc, 'Open');
  const waiting = await addTask(orc, 'Waiting', '--depends-on', open);
  const able = await addTask(orc, 'Able', '--needs', 'rust');
  const closed = await addTask(orc, 'Closed');
  await orc('t', 'claim', held, 'agent-1');
  await orc('t', 'complete', closed);
  const elsewhere = orcIn(folder, { env: { ...process.env, ORC_SESSION: 'elsewhere' } });
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['t', 'add', 'nosuch', 'x'], 3, 'not-found'],
    [['t', 'add', 'build', ''], 2, 'invalid-argument'],
    [['t', 'add', 'build', 'x'.repeat(600)], 2, 'too-large'],
    [['t', 'add', 'build', 'x', '', '10'], 2, 'invalid-argument'],
    [['t', 'add', 'build', 'x', '--depends-on', '0123456789abcdef'], 3, 'unknown-dependency'],
    [['t', 'add'], 2, 'usage'],
    [['t', 'claim', held, 'agent-2'], 3, 'already-claimed'],
    [['t', 'claim', waiting, 'agent-2'], 3, 'not-ready'],
    [['t', 'claim', able, 'agent-2'], 3, 'lacks-capability'],
    [['t', 'claim', closed, 'agent-2'], 3, 'closed'],
    [['t', 'claim', open, 'agent-2', 'and', 'more'], 2, 'usage'],
    [['t', 'claim', open, 'agent-2', '--lease', '-5'], 2, 'invalid-argument'],
    [['t', 'claim', open, 'agent-2', '--lease', '1y'], 2, 'invalid-argument'],
    [['t', 'complete', held, 'x', '--agent', 'agent-2'], 3, 'not-holder'],
    [['t', 'complete', held, 'x', '--agent', 'agent-1', '--token', '1'], 3, 'stale-token'],
    [['t', 'complete', 'nosuch', held], 3, 'not-found'],
    [['t', 'complete', 'zzz'], 2, 'invalid-argument'],
    [['t', 'complete', '0123456789'], 3, 'not-found'],
    [['t', 'complete', closed], 3, 'closed'],
    [['t', 'complete'], 2, 'usage'],
    [['t', 'reopen', open], 3, 'not-closed'],
    [['t', 'unblock', open], 3, 'conflict'],
    [['t', 'note', open], 2, 'usage'],
    [['t', 'edit', open], 2, 'invalid-argument'],
    [['t', 'edit', open, '--depends-on', waiting], 3, 'dependency-cycle'],
    [['t', 'show', '0123456789'], 3, 'not-found'],
    [['t', 'next', 'nosuch', 'agent-1'], 3, 'not-found'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc(...words, '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
    expect(ran.out).toBe('');
  }
  const noProof = await elsewhere('t', 'complete', held, '--agent', 'agent-1', '--json');
  expect([noProof.code, noProof.error().code]).toEqual([3, 'not-holder']);
});
