import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard, worldWithoutWaiting } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('events: the line of the original, without the bookkeeping', async () => {
  const world = worldWithoutWaiting();
  const { orc } = await orcWithBoard({ world });
  const id = await addTask(orc, 'Task');
  world.pass(90 * 60_000);
  await orc('t', 'next', 'build', 'agent-1');
  await orc('emit', 'agent-1', 'deployed', 'service=api', 'version=2.0');
  expect((await orc('events')).lines()).toEqual([
    '[12:00:00] system: board_created',
    '[12:00:00] system: workstream_created {workstream=build}',
    `[12:00:00] system: task_created {workstream=build, task_id=${id}, title=Task}`,
    `[13:30:00] agent-1: task_claimed {workstream=build, task_id=${id}}`,
    '[13:30:00] agent-1: deployed {service=api, version=2.0}',
  ]);
  expect((await orc('e', '--last', '1')).lines()).toHaveLength(1);
  expect((await orc('e', '--agent', 'agent-1')).lines()).toHaveLength(2);
  expect((await orc('e', '--action', 'task_created')).lines()).toHaveLength(1);
  expect((await orc('e', '--since', '1h')).lines()).toHaveLength(2);
  expect((await orc('e', '--since', '2026-01-31T13:00:00Z')).lines()).toHaveLength(2);
  expect((await orc('e', '--task', id.slice(0, 6))).lines()).toHaveLength(2);
  expect((await orc('e', '-v', '--last', '1')).out).toMatch(/\{n=5, v=5, service=api, version=2\.0, op=[0-9a-f]{32}\}/);
  expect((await orc('e', '--action', 'nothing')).out).toBe('No events.\n');
  expect((await orc('e', '--last', '1', '--json')).json().data).toEqual([
    expect.objectContaining({
      n: 5,
      v: 5,
      agent: 'agent-1',
      action: 'deployed',
      service: 'api',
      op: expect.any(String),
    }),
  ]);
});

test('emit takes data as words or as JSON', async () => {
  const { orc } = await orcWithBoard();
  const ran = await orc('emit', 'agent-1', 'measured', 'unit=ms', '--data', '{"p99": 81, "tags": ["a"]}', '--json');
  expect(ran.json().data).toMatchObject({ action: 'measured', unit: 'ms', p99: 81, tags: ['a'] });
});

test('events and emit: what is refused', async () => {
  const { orc } = await orcWithBoard();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['events', '--last', 'many'], 2, 'invalid-argument'],
    [['events', '--since', 'yesterday'], 2, 'invalid-argument'],
    [['events', '--task', '0123'], 3, 'not-found'],
    [['emit', 'agent-1'], 2, 'usage'],
    [['emit', 'agent-1', 'task_completed'], 2, 'invalid-argument'],
    [['emit', 'agent-1', 'deployed', 'service'], 2, 'invalid-argument'],
    [['emit', 'agent-1', 'deployed', '--data', '[1]'], 2, 'invalid-argument'],
    [['emit', 'agent-1', 'deployed', '--data', '{'], 2, 'invalid-argument'],
    [['emit', 'agent-1', 'deployed', 'op=x'], 2, 'invalid-argument'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc(...words, '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
});

const plan = [
  '{"kind":"workstream.create","args":{"name":"api","priority":1},"name":"$ws"}',
  '{"kind":"task.add","args":{"workstream":"$ws","title":"Design"},"name":"$design"}',
  '',
  '{"op":"task.add","workstream":"api","title":"Implement","depends_on":["$design"],"as":"$build","agent":"agent-1"}',
  '{"op":"task.note","id":"$build","text":"after $design"}',
].join('\n');

test('batch: later lines name the records of earlier ones', async () => {
  const { orc, folder } = await orcWithBoard();
  writeFileSync(path.join(folder, 'plan.jsonl'), plan);
  const ran = await orc('batch', 'plan.jsonl');
  expect(ran.err).toBe('');
  expect(ran.lines()[0]).toBe('Batch accepted: 4 operations');
  expect(ran.lines()[2]).toMatch(/^ {2}2\. task\.add [0-9a-f]{8}: Design \(\$design\)$/);
  const tasks = (await orc('t', 'list', 'api', '--json')).json().data;
  const [design, build] = tasks;
  expect(build).toMatchObject({
    title: 'Implement',
    depends_on: [design.id],
    created_by: 'agent-1',
    notes: [{ text: 'after $design' }],
  });
});

test('batch from standard input, in JSON', async () => {
  const { folder } = await orcWithBoard();
  const orc = orcIn(folder, { input: plan });
  const { data, published } = (await orc('batch', '-', '--json')).json();
  expect(published).toBe(true);
  expect(data).toHaveLength(4);
  expect(data[1]).toMatchObject({
    kind: 'task.add',
    name: '$design',
    op: expect.any(String),
    data: { title: 'Design' },
  });
});

test('batch: one line that is refused refuses all, and is named', async () => {
  const { folder } = await orcWithBoard();
  const cases: readonly (readonly [string, number, string, number | undefined])[] = [
    [
      '{"op":"task.add","workstream":"build","title":"x"}\n{"op":"task.add","workstream":"nosuch","title":"x"}',
      3,
      'not-found',
      2,
    ],
    [
      '{"op":"task.add","workstream":"build","title":"x"}\n{"op":"task.add","workstream":"build","title":"x","priority":0}',
      2,
      'invalid-argument',
      2,
    ],
    ['{"op":"task.add","workstream":"build","title":"x"}\nno json', 2, 'invalid-argument', 2],
    ['{"op":"nosuch"}', 2, 'usage', undefined],
    ['{"workstream":"build"}', 2, 'invalid-argument', 1],
    ['{"kind":"task.add","workstream":"build"}', 2, 'invalid-argument', 1],
    ['{"op":"task.note","id":"$x","text":"x"}', 2, 'invalid-argument', 1],
    ['{"op":"task.add","workstream":"build","title":"x","as":"x"}', 2, 'invalid-argument', 1],
    ['{"op":"kb","as":"$x"}', 2, 'invalid-argument', 1],
    ['', 2, 'invalid-argument', undefined],
  ];
  for (const [input, code, error, line] of cases) {
    const ran = await orcIn(folder, { input })('batch', '-', '--json');
    expect({ input, code: ran.code, error: ran.error().code, line: ran.error().details?.line }).toEqual({
      input,
      code,
      error,
      line,
    });
  }
  const orc = orcIn(folder);
  expect((await orc('batch', 'nosuch.jsonl')).code).toBe(2);
  expect((await orc('t', 'list')).out).toBe('No tasks.\n');
});

test('export and import: a whole board, there and back', async () => {
  const { orc, folder } = await orcWithBoard();
  const id = await addTask(orc, 'Task', 'Text');
  await orc('kb', 'write', 'notes', 'text');
  const exported = await orc('export', 'out');
  expect(exported.out).toMatch(/^Exported \d+ files to .*out\n$/);
  expect(JSON.parse(readFileSync(path.join(folder, 'out/state.json'), 'utf8')).workstreams.build.tasks[0].id).toBe(id);
  const single = await orc('export', '--single-file');
  expect(JSON.parse(single.out).workstreams.build.tasks[0].title).toBe('Task');
  expect((await orc('export', '--single-file', 'out')).code).toBe(2);

  const other = makeTempDir();
  git(other, 'init', '--quiet');
  const fresh = orcIn(other);
  const dry = await fresh('import', path.join(folder, 'out'), '--dry-run', '--json');
  expect([dry.code, dry.json().data.tasks, dry.json().version]).toEqual([0, 1, 0]);
  const told = await fresh('import', path.join(folder, 'out'), '--dry-run');
  expect(told.lines()[0]).toMatch(/^Would import: 1 workstream, 1 task, /);
  expect(told.err).toContain('no board yet: the import would begin one');
  expect((await fresh('t', 'list', '--json')).error().code).toBe('no-board');
  const imported = await fresh('import', path.join(folder, 'out'));
  expect(imported.err).toContain('no board yet: began one');
  expect(imported.lines()[0]).toMatch(/^Imported: 1 workstream, 1 task, /);
  expect((await fresh('t', 'list')).out).toBe(`[pending] ${id}: Task\n`);
  const twice = await fresh('import', path.join(folder, 'out'), '--json');
  expect([twice.code, twice.error().code]).toEqual([3, 'already-exists']);
  expect((await fresh('import', path.join(folder, 'out'), '--dry-run', '--json')).code).toBe(3);
});

test('import and export: what is refused', async () => {
  const { orc, folder } = await orcWithBoard();
  const missing = await orc('import', 'nosuch', '--json');
  expect([missing.code, missing.error().code]).toEqual([2, 'invalid-argument']);
  const fresh = makeTempDir();
  git(fresh, 'init', '--quiet');
  mkdirSync(path.join(fresh, 'in'));
  writeFileSync(path.join(fresh, 'in/state.json'), '{');
  const damaged = await orcIn(fresh)('import', 'in', '--json');
  expect([damaged.code, damaged.error().code]).toEqual([1, 'import-failed']);
  expect(git(fresh, 'for-each-ref')).toBe('');
  mkdirSync(path.join(folder, 'full'));
  writeFileSync(path.join(folder, 'full/precious.txt'), 'text');
  const full = await orc('export', 'full', '--json');
  expect([full.code, full.error().code]).toEqual([3, 'already-exists']);
  expect(existsSync(path.join(folder, 'full/state.json'))).toBe(false);
});

test('plan, brief, collect', async () => {
  const { orc } = await orcWithBoard();
  const none = await orc('brief', 'build');
  expect([none.code, none.out]).toEqual([4, 'No pending tasks in this workstream.\n']);
  const id = await addTask(orc, 'Task', 'What to do');
  expect((await orc('p', '--json')).json().data).toBeTypeOf('object');
  expect((await orc('plan')).out).toContain('Task');
  const brief = await orc('b', 'build');
  expect(brief.out).toContain('What to do');
  expect((await orc('brief', 'build', id.slice(0, 5), '--json')).json().data).toMatchObject({
    markdown: expect.any(String),
  });
  await orc('t', 'complete', id, 'All done');
  expect((await orc('c', '--since', '1h')).out).toContain('All done');
  expect((await orc('collect', '--json')).json().data).toBeTypeOf('object');
  const unknown = await orc('brief', 'nosuch', '--json');
  expect([unknown.code, unknown.error().code]).toEqual([3, 'not-found']);
  expect((await orc('collect', '--since', 'then')).code).toBe(2);
});

test('history: all, and of one record', async () => {
  const { orc } = await orcWithBoard();
  const id = await addTask(orc, 'Task');
  await orc('kb', 'write', 'notes', 'text');
  await orc('t', 'complete', id, 'All\nis done');
  const all = (await orc('history')).lines();
  expect(all[0]).toMatch(/^v5 [0-9a-f]{10} \[\S+\] task\.complete build\/[0-9a-f]{8} by system$/);
  expect(all.slice(1, 3)).toEqual(['    All', '    is done']);
  expect(all).toHaveLength(7);
  expect((await orc('history', '--last', '1')).lines()).toHaveLength(3);
  expect(
    (await orc('history', 'task', id.slice(0, 6), '--json'))
      .json()
      .data.entries.map(({ kind }: { kind: string }) => kind),
  ).toEqual(['task.complete', 'task.add']);
  expect((await orc('history', 'kb', 'notes')).lines()).toHaveLength(1);
  for (const words of [
    ['history', 'task'],
    ['history', 'cycle', 'first'],
    ['history', 'thing', 'x'],
    ['history', '--last', '0'],
  ])
    expect((await orc(...words)).code).toBe(2);
});

test('config: list, get, set for this clone and for the board', async () => {
  const { orc, folder } = await orcWithBoard();
  expect((await orc('config')).out).toMatch(/^publish = each +\(orc\.yaml\)$/m);
  expect((await orc('config', 'set', 'lease', '1h', '--shared')).out).toBe('Set lease = 1h (orc.yaml)\n');
  expect((await orc('config', 'get', 'lease')).out).toBe('1h\n');
  expect((await orc('config', 'set', 'agent', 'agent-5')).out).toBe('Set agent = agent-5 (git config: local)\n');
  await addTask(orc, 'Task');
  expect((await orc('t', 'next', 'build', '--json')).json().data).toMatchObject({ assigned_to: 'agent-5' });
  expect((await orc('config', 'set', 'publish', 'sync')).code).toBe(0);
  expect(await orc('ws', 'create', 'later')).toMatchObject({ code: 0, err: 'queued (publish: sync)\n' });
  git(folder, 'config', 'orc.publish', 'never');
  expect((await orc('ws', 'create', 'bad')).code).toBe(2);
  const cases: readonly (readonly string[])[] = [
    ['config', 'get', 'nosuch'],
    ['config', 'set', 'lease', '1h'],
    ['config', 'set', 'lease', 'long', '--shared'],
    ['config', 'set', 'agent', '../x'],
  ];
  for (const words of cases) {
    const ran = await orc(...words, '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code: 2, error: 'invalid-argument' });
  }
});

test('init: takes a board that began without a remote to one that came later, and says so', async () => {
  const { orc, folder } = await orcWithBoard();
  git(folder, 'remote', 'add', 'later', makeBareRemote());
  const moved = await orc('init', '--remote', 'later');
  expect(moved).toMatchObject({ code: 0, out: 'Moved the board to branch orc of later\n' });
});

test('init: begins, finds what is there, joins, refuses to move', async () => {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  const orc = orcIn(clone);
  const begun = await orc('init');
  expect(begun).toMatchObject({ code: 0, out: 'Began a board on branch orc of origin\n', err: '' });
  expect((await orc('init')).out).toBe('The board is here already: on branch orc of origin\n');
  expect((await orc('init', '--remote', 'origin')).code).toBe(0);
  const moved = await orc('init', '--remote', 'host', '--json');
  expect([moved.code, moved.error().code]).toEqual([3, 'already-exists']);
  expect((await orc('init', '--agents-md')).out).toContain('AGENTS.md tells agents about orc now\n');
  expect(readFileSync(path.join(clone, 'AGENTS.md'), 'utf8')).toContain('orc t next');
  expect((await orc('init', '--agents-md', '--json')).json().data.agents_md).toBe('unchanged');
  // Leaving needs no board.
  const leaving = orcIn(clone, { env: { ...process.env, ORC_BRANCH: 'none' } });
  expect((await leaving('init', '--agents-md', '--remove')).out).toBe("orc's part is taken out of AGENTS.md\n");
  expect(existsSync(path.join(clone, 'AGENTS.md'))).toBe(false);
  const again = (await leaving('init', '--agents-md', '--remove', '--json')).json();
  expect(again).toMatchObject({ data: { board: null, how: null, agents_md: 'unchanged' }, published: null });
  expect((await orc('init', '--remove')).code).toBe(2);
  const other = await orcIn(makeClone(remote))('init', '--json');
  expect(other.json().data).toMatchObject({ how: 'joined', branch: 'orc', upstream: 'origin', agents_md: null });
});

test('init: several remotes have to be chosen from', async () => {
  const clone = makeClone(makeBareRemote());
  git(clone, 'remote', 'add', 'fork', makeBareRemote());
  const orc = orcIn(clone);
  const ambiguous = await orc('ws', 'create', 'build', '--json');
  expect([ambiguous.code, ambiguous.error().code]).toEqual([1, 'ambiguous-remote']);
  const asked = orcIn(clone, { ask: async (question) => (question.includes('fork') ? 'fork' : '') });
  expect((await asked('init', '--yes')).code).toBe(1);
  expect((await asked('init')).out).toBe('Began a board on branch orc of fork\n');
  expect((await orc('init', '--branch', 'second', '--remote', 'nosuch')).code).toBe(3);
  expect((await orc('init', '--branch', 'second', '--template', 'nosuch', '--remote', 'host')).code).toBe(3);
});

test('no repository, no board: one line, and the command that helps', async () => {
  const nowhere = await orcIn(makeTempDir())('status');
  expect(nowhere.code).toBe(1);
  expect(nowhere.err).toMatch(/^error: .* is not in a git repository\nhint: .*git init.*\n$/);
  const folder = makeTempDir();
  git(folder, 'init', '--quiet');
  const none = await orcIn(folder)('t', 'list', '--json');
  expect([none.code, none.error().code]).toEqual([1, 'no-board']);
  // A mistake in the words must not begin a board.
  expect((await orcIn(folder)('ws', 'create', 'x', 'text', 'high')).code).toBe(2);
  expect((await orcIn(folder)('ws', 'create', '../x')).code).toBe(2);
  expect(git(folder, 'for-each-ref')).toBe('');
});

test('--board: a board without a clone around it', async () => {
  const remote = makeBareRemote();
  await orcIn(makeClone(remote))('ws', 'create', 'build');
  const cache = makeTempDir();
  const orc = orcIn(makeTempDir(), { env: { ...process.env, XDG_CACHE_HOME: cache } });
  expect((await orc('--board', remote, 't', 'add', 'build', 'From afar')).code).toBe(0);
  expect((await orc('t', 'list', '--board', remote)).out).toContain('From afar');
});

test('-C works as if started there', async () => {
  const { folder } = await orcWithBoard();
  const orc = orcIn(path.dirname(folder));
  expect((await orc('-C', path.basename(folder), 'ws', 'list')).out).toContain('build');
  expect((await orc('ws', 'list', '-C', folder)).out).toContain('build');
  expect((await orc('-C', 'nosuch', 'ws', 'list')).code).toBe(2);
});

test('batch: of a long one one hears how far it has come', async () => {
  const { orc, folder } = await orcWithBoard();
  const line = JSON.stringify({ op: 'event.log', action: 'measured' });
  writeFileSync(path.join(folder, 'long.jsonl'), `${line}\n`.repeat(1000));
  const ran = await orc('batch', 'long.jsonl');
  expect(ran.err.split('\n').slice(0, 3)).toEqual([
    '100 of 1000 operations decided',
    '200 of 1000 operations decided',
    '300 of 1000 operations decided',
  ]);
  expect(ran.code).toBe(0);
});
