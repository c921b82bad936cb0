import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../src/core/records.ts';
import { patchBoard, readBoard } from '../../src/layout/read-board.ts';
import { runAccepted } from '../support/board-builder.ts';
import { Branch, diffOf, openTree, type Tree, textAt, textFile, treeOf } from '../support/board-files.ts';

/** A small board in use: its tree. */
async function smallTree(): Promise<{ readonly tree: Tree; readonly task: string }> {
  const branch = new Branch();
  const run = async (kind: string, args: object, agent = 'agent-1'): Promise<void> => {
    const accepted = runAccepted(branch.board.clone(), kind, args as Record<string, unknown>, { agent });
    await branch.commit(accepted);
  };
  await run('board.init', {
    board: 'b0a4d000b0a4d000',
    settings: 'format: 1\n',
    files: [{ path: 'README.md', text: 'x' }],
  });
  await run('workstream.create', { name: 'build' });
  await run('agent.register', { id: 'agent-1' });
  await run('agent.register', { id: 'agent-2' });
  await run('agent.retire', { id: 'agent-2' });
  await run('task.add', { workstream: 'build', title: 'First' });
  await run('task.add', { workstream: 'build', title: 'Second' });
  await run('knowledge.write', { topic: 'api/auth', content: 'text' });
  await run('lock.acquire', { resource: 'deploy', ttl_ms: 60_000 });
  const [first, second] = [...branch.board.openTasks()].sort((a, b) => (a.title < b.title ? -1 : 1));
  await run('task.complete', { id: second?.id, result: 'done' });
  return { tree: branch.tree, task: first?.id ?? '' };
}

function changed(tree: Tree, files: Readonly<Record<string, string | null>>): Tree {
  const after = new Map(tree);
  for (const [path, text] of Object.entries(files)) {
    if (text === null) after.delete(path);
    else after.set(path, textFile(text));
  }
  return after;
}

describe('opening a board', () => {
  it('loads what is hot and leaves the rest to be asked for', async () => {
    const { tree, task } = await smallTree();
    const { board, faults, writeBlock } = await openTree(tree);
    expect(faults).toEqual([]);
    expect(writeBlock).toBeNull();
    expect([...board.openTasks()].map(({ id }) => id)).toEqual([task]);
    expect(board.countsOf('build')).toMatchObject({ pending: 1, done: 1 });
    expect([...board.topics]).toEqual(['api/auth']);
    expect(board.knowledge.isLoaded('api/auth')).toBe(false);
    expect(board.agents.get('agent-1')?.status).toBe('active');
    expect(board.agents.isLoaded('agent-2')).toBe(false);
    expect(board.locks.get('nobody')).toBeUndefined();
    expect(board.workstreams.get('nothing')).toBeUndefined();
    expect(board.meta).toMatchObject({ id: 'b0a4d000b0a4d000', version: 10, events: 10 });
  });

  it('of which nothing is there blocks writing', async () => {
    const { board, writeBlock, faults } = await readBoard({ hot: [], entries: [] });
    expect(board.meta.id).toBe('');
    expect(writeBlock).toMatchObject({ code: 'board-unreadable', message: 'state.json is missing' });
    expect(faults.map(({ path }) => path)).toEqual(['orc.yaml', 'state.json']);
  });
});

const aMessage = JSON.stringify({
  id: '1a2b3c4d',
  to: 'ann',
  from: 'bob',
  sent_to: 'agent:ann',
  text: 'x',
  task: null,
  sent_version: 1,
  sent_at: '2026-01-01T00:00:00.000Z',
  read_at: null,
});

describe('a faulty file', () => {
  const hostile: readonly (readonly [string, string, string, RegExp])[] = [
    ['no JSON', 'agents/agent-1.json', '{', /is no JSON/],
    ['a record under another name', 'agents/agent-3.json', '{"id":"agent-1"}', /is required/],
    ['a strange name', 'workstreams/a:b.json', '{}', /has a name that must not hold any of/],
    ['a name with an escape', 'workstreams/\u001b[31m.json', '{}', /control characters/],
    ['a bidi name', 'agents/\u202egnp.json', '{}', /invisible/],
    ['a device name', 'workstreams/CON.json', '{}', /must not be a device|has a name/],
    ['a misplaced task', 'tasks/open/0/0/1a2b3c4d.json', '{}', /no file in this folder has/],
    ['a nested agent', 'agents/x/y.json', '{}', /no file in this folder has/],
    ['a message of no recipient', 'messages/1a2b3c4d.json', '{}', /no file in this folder has/],
    [
      "a message in another's mailbox",
      'messages/bob/1a2b3c4d.json',
      aMessage,
      /belongs at messages\/ann\/1a2b3c4d\.json/,
    ],
    ['an undecodable lock', 'locks/%zz.json', '{}', /no file in this folder has/],
    ['a topic under a topic', 'knowledge/api.md/x.md', 'x', /no file in this folder has/],
    ['a dangerous name at the root', 'git~1', 'x', /has a name that/],
    ['a dash at the root', '-rf', 'x', /must not begin with -/],
  ];
  it.each(hostile)('that has %s is set aside and named; the rest works', async (_what, path, text, reason) => {
    const { tree, task } = await smallTree();
    const { board, faults, writeBlock } = await openTree(changed(tree, { [path]: text }));
    expect(faults).toEqual([{ path, reason: expect.stringMatching(reason) }]);
    expect(writeBlock).toBeNull();
    expect(board.tasks.get(task)?.title).toBe('First');
  });

  it.each([
    ['120000', /symbolic link/],
    ['100755', /executable/],
    ['160000', /submodule/],
    ['100664', /mode 100664/],
  ])('of mode %s is set aside, whatever it holds', async (mode, reason) => {
    const { tree, task } = await smallTree();
    const path = `tasks/open/${task[0]}/${task[1]}/${task}.json`;
    for (const [place, kept] of [
      [path, 'agents/agent-1.json'],
      ['knowledge/api/auth.md', path],
      ['README.md', path],
    ] as const) {
      const after = new Map(tree).set(place, { mode, bytes: tree.get(place)?.bytes ?? new Uint8Array() });
      const { board, faults, writeBlock } = await openTree(after);
      expect(faults).toEqual([{ path: place, reason: expect.stringMatching(reason) }]);
      expect(writeBlock).toBeNull();
      expect(board.topics.has('api/auth')).toBe(!place.startsWith('knowledge'));
      expect([...board.openTasks()]).toHaveLength(place === path ? 0 : 1);
      expect(after.has(kept)).toBe(true);
    }
  });

  it('that could not be loaded is named', async () => {
    const { tree, task } = await smallTree();
    const entries = [...tree].map(([path, { mode }]) => ({ path, mode }));
    const hot = ['state.json', 'orc.yaml'].map((path) => ({ path, bytes: tree.get(path)?.bytes ?? new Uint8Array() }));
    const { faults, board } = await readBoard({ hot, entries });
    expect(faults.map(({ path, reason }) => [path, reason])).toContainEqual([
      `tasks/open/${task[0]}/${task[1]}/${task}.json`,
      'could not be read',
    ]);
    expect(board.countsOf('build').done).toBe(1);
  });

  it.each([
    'LICENSE',
    '.gitignore',
    '.github/workflows/x.yml',
    'knowledge/picture.png',
    'knowledge/.gitkeep',
    'docs/a:b.md',
    'pictures/a/b.json',
  ])('is not what %s is: it is left alone', async (path) => {
    const { tree } = await smallTree();
    expect((await openTree(changed(tree, { [path]: 'x' }))).faults).toEqual([]);
  });

  it('beside a name that differs by case alone is named, and both are kept', async () => {
    const { tree } = await smallTree();
    const upper = textAt(tree, 'agents/agent-1.json').replace('"agent-1"', '"Agent-1"');
    const read = await openTree(changed(tree, { 'knowledge/API/auth.md': 'x', 'agents/Agent-1.json': upper }));
    expect(read.faults).toEqual([
      { path: 'agents/agent-1.json', reason: 'has a name that differs from "Agent-1" by case alone', kind: 'twin' },
      { path: 'knowledge/api/auth.md', reason: 'has a name that differs from "API/auth" by case alone', kind: 'twin' },
    ]);
    expect([...read.board.topics].sort()).toEqual(['API/auth', 'api/auth']);
    expect(read.board.agents.get('Agent-1')).toBeDefined();
    expect(read.writeBlock).toBeNull();
    const mended = await patchBoard(read, diffOf(changed(tree, { 'knowledge/API/auth.md': 'x' }), tree));
    expect(mended.faults.map(({ path }) => path)).toEqual(['agents/agent-1.json']);
  });
});

describe('without a readable state.json', () => {
  it.each([
    ['no JSON', '{'],
    [
      'an unknown field',
      '{"board":"b0a4d000b0a4d000","format":1,"version":1,"updated_at":null,"events":0,"workstreams":{},"agents":0,"locks":0,"x":1}',
    ],
    [
      'a strange id',
      '{"board":"../x","format":1,"version":1,"updated_at":null,"events":0,"workstreams":{},"agents":0,"locks":0}',
    ],
    [
      'a negative version',
      '{"board":"b0a4d000b0a4d000","format":1,"version":-1,"updated_at":null,"events":0,"workstreams":{},"agents":0,"locks":0}',
    ],
    ['nothing', ''],
  ])('(it has %s) writing is blocked; reading goes on, and open tasks are counted anew', async (_what, text) => {
    const { tree, task } = await smallTree();
    const { board, writeBlock, faults } = await openTree(changed(tree, { 'state.json': text }));
    expect(writeBlock).toEqual({
      code: 'board-unreadable',
      message: expect.stringMatching(/^state.json /),
      hint: expect.stringMatching(/last good version/),
    });
    expect(faults).toEqual([{ path: 'state.json', reason: expect.any(String), kind: 'blocking' }]);
    expect(board.countsOf('build')).toMatchObject({ pending: 1, done: 0 });
    expect(board.tasks.get(task)?.title).toBe('First');
  });

  it('it comes back by a patch', async () => {
    const { tree } = await smallTree();
    const broken = changed(tree, { 'state.json': null });
    const read = await openTree(broken);
    expect(read.writeBlock?.message).toBe('state.json is missing');
    const mended = await patchBoard(read, diffOf(broken, tree));
    expect(mended).toMatchObject({ faults: [], writeBlock: null });
    expect(mended.board.countsOf('build')).toMatchObject({ pending: 1, done: 1 });
  });
});

describe('orc.yaml', () => {
  it('that is unreadable blocks writing, and the defaults hold', async () => {
    const { tree } = await smallTree();
    const { board, writeBlock } = await openTree(changed(tree, { 'orc.yaml': 'publish: [' }));
    expect(writeBlock).toMatchObject({
      code: 'board-unreadable',
      message: expect.stringMatching(/^orc.yaml /),
      hint: expect.stringMatching(/last good version/),
    });
    expect(board.settings).toEqual(defaultSettings);
  });

  it('that is missing or has a bad value is named, and does not block', async () => {
    const { tree } = await smallTree();
    expect(await openTree(changed(tree, { 'orc.yaml': null }))).toMatchObject({
      writeBlock: null,
      faults: [{ reason: 'is missing: the defaults hold' }],
    });
    expect(await openTree(changed(tree, { 'orc.yaml': 'lease: never\nboard_md: false\n' }))).toMatchObject({
      writeBlock: null,
      faults: [{ path: 'orc.yaml', reason: 'lease must be a length of time with its unit, such as 30m or 2h' }],
      board: { settings: { ...defaultSettings, board_md: false } },
    });
  });
});

describe('a board of a newer format', () => {
  it('is read as far as possible, and never written', async () => {
    const { tree, task } = await smallTree();
    const path = `tasks/open/${task[0]}/${task[1]}/${task}.json`;
    const newer = changed(tree, {
      'state.json': textAt(tree, 'state.json')
        .replace('"format": 1', '"format": 3,\n  "mood": "good"')
        .replace('"pending"', '"dreaming": 1, "pending"'),
      [path]: textAt(tree, path).replace('"title"', '"colour": "red",\n  "title"'),
    });
    const { board, writeBlock, faults } = await openTree(newer);
    expect(faults).toEqual([]);
    expect(writeBlock).toEqual({
      code: 'newer-format',
      message: 'the board has format 3, this orc writes format 1',
      hint: expect.stringMatching(/newer orc/),
    });
    expect(board.tasks.get(task)?.title).toBe('First');
    expect(board.countsOf('build').pending).toBe(1);
  });

  it('whose state.json has another shape is still called newer, not broken', async () => {
    const { tree } = await smallTree();
    const { writeBlock, board } = await openTree(
      changed(tree, { 'state.json': '{"format": 2, "everything": "else"}' }),
    );
    expect(writeBlock?.code).toBe('newer-format');
    expect([...board.openTasks()]).toHaveLength(1);
  });

  it('says so in orc.yaml as well', async () => {
    const { tree } = await smallTree();
    expect((await openTree(changed(tree, { 'orc.yaml': 'format: 2\n' }))).writeBlock?.code).toBe('newer-format');
  });
});

describe('bringing a board up to date', () => {
  it('drops a closed task that was loaded and changed', async () => {
    const { tree } = await smallTree();
    const path = [...tree.keys()].find((each) => each.startsWith('tasks/closed/')) ?? '';
    const read = await openTree(tree);
    const closed = JSON.parse(textAt(tree, path));
    read.board.provide('tasks', closed.id, closed);
    const after = changed(tree, { [path]: textAt(tree, path).replace('"done"', '"failed"') });
    const { board } = await patchBoard(read, diffOf(tree, after));
    expect(board.tasks.isLoaded(closed.id)).toBe(false);
    expect(read.board.tasks.get(closed.id)?.status).toBe('done');
  });

  it('learns that a record exists that was looked for in vain', async () => {
    const { tree } = await smallTree();
    const read = await openTree(tree);
    read.board.provide('knowledge', 'new', null);
    const { board } = await patchBoard(read, diffOf(tree, changed(tree, { 'knowledge/new.md': 'x' })));
    expect(board.knowledge.isLoaded('new')).toBe(false);
    expect(board.topics.has('new')).toBe(true);
  });

  it('reads an empty tree of files as nothing at all', async () => {
    expect((await openTree(treeOf({ LICENSE: 'x' }))).writeBlock?.code).toBe('board-unreadable');
  });
});
