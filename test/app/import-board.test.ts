import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { exportBoard } from '../../src/app/export-board.ts';
import { importBoard } from '../../src/app/import-board.ts';
import { checkInvariants } from '../../src/core/invariants.ts';
import { loadHead } from '../../src/sync/head.ts';
import { makeFolder, openElsewhere, openNewBoard, openSharedBoard, readFolder } from '../support/boards.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const realBoard = fileURLToPath(new URL('../fixtures/opspawn-board', import.meta.url));
const at = '2026-02-06T07:36:59.474Z';

function task(fields: Record<string, unknown> = {}) {
  return { id: '299833bc', title: 'Write', created_at: at, updated_at: at, ...fields };
}

function stateWith(tasks: unknown[], more: Record<string, unknown> = {}): Record<string, string> {
  const workstreams = { press: { description: '', priority: 1, status: 'active', tasks, created_at: at } };
  return {
    'state.json': JSON.stringify({ version: 3, updated_at: at, workstreams, agents: {}, locks: {}, ...more }, null, 2),
  };
}

describe('importing the board of the original tool', () => {
  test('takes everything over: ids, texts, times, results, the order of the events', async () => {
    const orc = await openNewBoard();
    const { data, published } = await importBoard(orc, realBoard);
    expect(published).toBe(true);
    expect(data).toMatchObject({
      workstreams: 4,
      tasks: 8,
      agents: 1,
      events: 19,
      knowledge: 2,
      locks: 0,
      adjusted: [],
      skipped: [],
    });
    const original = readFolder(realBoard);
    expect(await orc.loadState()).toEqual(JSON.parse(original['state.json'] as string));
    const lines = (original['events.jsonl'] as string)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const events = (await orc.getEvents()).filter(({ op }) => op === undefined);
    expect(events.map(({ n: _n, v: _v, ...event }) => event)).toEqual(lines);
    const payments = await orc.knowledge('payments');
    expect(payments).toMatchObject({ updated_by: 'system', updated_at: '2026-02-06T07:41:48.711Z' });
    const file = original['knowledge/payments.md'] as string;
    expect(payments?.content).toBe(file.slice(file.indexOf('\n') + 1));
  });

  test('makes one commit, and a board on which work goes on', async () => {
    const orc = await openNewBoard();
    const before = (await orc.head()).read.board.meta.version;
    const { version } = await importBoard(orc, realBoard, { agent: 'archivist' });
    expect(version).toBe(before + 1);
    const log = git(orc.connection.store.path, 'log', '--format=%an %s', 'orc');
    expect(log.split('\n')).toHaveLength(2);
    expect(log).toContain('archivist board.import by archivist');
    expect((await orc.getNextTask('revenue', 'main'))?.id).toBe('494af3c1');
    await orc.completeTask('revenue', '494af3c1', 'listed');
    const { store } = orc.connection;
    const fresh = await loadHead(store, (await orc.head()).commit as never, null);
    expect(fresh.read.faults).toEqual([]);
    expect(checkInvariants(fresh.read.board)).toEqual([]);
  });

  test('a dry run counts and changes nothing', async () => {
    const orc = await openNewBoard();
    const before = (await orc.head()).commit;
    const { data, published } = await importBoard(orc, realBoard, { dryRun: true });
    expect(published).toBe(null);
    expect(data).toMatchObject({ tasks: 8, events: 19 });
    expect((await orc.head()).commit).toBe(before);
  });

  test('a second import is refused and brings nothing', async () => {
    const orc = await openNewBoard();
    await importBoard(orc, realBoard);
    const before = (await orc.head()).commit;
    await expect(importBoard(orc, realBoard)).rejects.toMatchObject({ code: 'already-exists' });
    await expect(importBoard(orc, realBoard, { dryRun: true })).rejects.toMatchObject({ code: 'already-exists' });
    expect((await orc.head()).commit).toBe(before);
  });

  test('tolerates what the original may leave out', async () => {
    const orc = await openNewBoard();
    const dir = makeFolder({
      'state.json': JSON.stringify({ workstreams: { press: { created_at: at, tasks: [task()] } } }),
    });
    const { data } = await importBoard(orc, dir);
    expect(data).toMatchObject({ workstreams: 1, tasks: 1, events: 0, knowledge: 0 });
    expect(await orc.task('299833bc')).toMatchObject({ status: 'pending', priority: 5, estimate: null, result: null });
  });

  test('what the template brought and nobody changed gives way', async () => {
    const template = makeFolder({ 'orc.yaml': 'format: 1\n', 'knowledge/welcome.md': '# Hello\n' });
    const orc = await openNewBoard({ create: { upstream: 'none', template } });
    await importBoard(orc, makeFolder({ ...stateWith([]), 'knowledge/welcome.md': 'Ours\n' }));
    expect(await orc.readKnowledge('welcome')).toBe('Ours\n');
  });

  test('notices files that belong to no board and leaves them', async () => {
    const orc = await openNewBoard();
    const dir = makeFolder({
      ...stateWith([]),
      'notes.txt': 'x',
      'knowledge/plan.png': 'x',
      'knowledge/.DS_Store': 'x',
    });
    expect((await importBoard(orc, dir)).data.skipped).toEqual(['notes.txt', 'knowledge/plan.png']);
  });

  test('is never queued: offline it fails, and nothing waits', async () => {
    const { orc, remote } = await openSharedBoard();
    fs.renameSync(remote, `${remote}.away`);
    const before = (await orc.head()).commit;
    await expect(importBoard(orc, realBoard)).rejects.toMatchObject({
      code: 'not-published',
      details: { state: 'none' },
    });
    expect(await orc.connection.session.queue.list()).toEqual([]);
    expect((await orc.head()).commit).toBe(before);
    fs.renameSync(`${remote}.away`, remote);
    await importBoard(orc, realBoard);
    const elsewhere = await openElsewhere(remote);
    expect(await elsewhere.loadState()).toEqual(await orc.loadState());
  });
});

describe('what an import makes of values that orc does not have', () => {
  test('keeps a priority outside 1 to 9 as the nearest one, and the old one for an export', async () => {
    const orc = await openNewBoard();
    const files = stateWith([task({ priority: 12 }), task({ id: '494af3c1', priority: 0 })]);
    const { data } = await importBoard(orc, makeFolder(files));
    expect(data.adjusted).toEqual(['task 299833bc: priority 12 became 9', 'task 494af3c1: priority 0 became 1']);
    expect((await orc.getNextTask('press', 'ann'))?.id).toBe('494af3c1');
    const out = path.join(makeTempDir(), 'out');
    await exportBoard(orc, out);
    const exported = JSON.parse(readFolder(out)['state.json'] as string).workstreams.press.tasks;
    expect(exported.map(({ priority }: { priority: number }) => priority)).toEqual([12, 0]);
  });

  test('keeps a result that is no text as JSON', async () => {
    const orc = await openNewBoard();
    await importBoard(orc, makeFolder(stateWith([task({ status: 'done', result: { ok: true } })])));
    expect((await orc.task('299833bc'))?.result).toBe('{"ok":true}');
    expect((await orc.loadState()).workstreams.press?.tasks[0]?.result).toEqual({ ok: true });
  });
});

describe('a folder that is refused', () => {
  const refusals: [string, Record<string, string>, string, RegExp][] = [
    ['no state.json', { 'events.jsonl': '' }, 'import-failed', /no state\.json/],
    [
      'state.json is no JSON',
      { 'state.json': '{\n "version": 1,\n "x": nope\n}' },
      'import-failed',
      /state\.json, line 3: is no JSON/,
    ],
    [
      'state.json is cut off',
      { 'state.json': '{\n "version": 1,\n' },
      'import-failed',
      /state\.json, line 2: is no JSON/,
    ],
    ['state.json is a list', { 'state.json': '[]' }, 'import-failed', /state\.json, line 1: must be a JSON object/],
    [
      'a workstream twice',
      { 'state.json': '{"workstreams": {\n"a": {},\n"a": {}}}' },
      'import-failed',
      /line 3: has the name "a" twice/,
    ],
    ['a strange part', stateWith([], { plugins: {} }), 'import-failed', /plugins is no part/],
    [
      'tasks are no list',
      { 'state.json': `{"workstreams": {"a": {"created_at": "${at}", "tasks": {}}}}` },
      'import-failed',
      /workstreams\.a\.tasks must be a list/,
    ],
    [
      'a bad id',
      stateWith([task({ id: 'xyz' })]),
      'import-failed',
      /state\.json, line 11: workstreams\.press\.tasks\[0\]\.id must be a task id/,
    ],
    [
      'a bad time',
      stateWith([task(), task({ id: '494af3c1', updated_at: 'yesterday' })]),
      'import-failed',
      /line 20: workstreams\.press\.tasks\[1\]\.updated_at must be a time/,
    ],
    [
      'a priority in words',
      stateWith([task({ priority: 'high' })]),
      'import-failed',
      /tasks\[0\]\.priority must be a whole number/,
    ],
    ['an unknown status', stateWith([task({ status: 'maybe' })]), 'import-failed', /status must be one of/],
    [
      'an unknown field',
      stateWith([task({ colour: 'red' })]),
      'import-failed',
      /tasks\[0\] has unknown fields: colour/,
    ],
    [
      'a name that no file may have',
      { 'state.json': `{"workstreams": {"../x": {"created_at": "${at}"}}}` },
      'import-failed',
      /workstreams\.\.\.\/x\.name must not/,
    ],
    [
      'an agent with a bad name',
      stateWith([], { agents: { 'a:b': { registered_at: at, last_seen: at } } }),
      'import-failed',
      /agents\.a:b\.id must not/,
    ],
    [
      'a lock without a length',
      stateWith([], { locks: { git: { agent: 'ann', acquired_at: at, ttl_ms: 0 } } }),
      'import-failed',
      /locks\.git\.ttl_ms must be/,
    ],
    ['a task twice', stateWith([task(), task()]), 'already-exists', /task "299833bc" is there twice/],
    [
      'names that differ by case',
      { ...stateWith([]), 'knowledge/A.md': '', 'knowledge/a.md': '' },
      'already-exists',
      /knowledge "a" is there twice/,
    ],
    [
      'an unknown dependency',
      stateWith([task({ depends_on: ['494af3c1'] })]),
      'unknown-dependency',
      /494af3c1, which does not exist/,
    ],
    [
      'a circle',
      stateWith([task({ depends_on: ['494af3c1'] }), task({ id: '494af3c1', depends_on: ['299833bc'] })]),
      'dependency-cycle',
      /waits for itself/,
    ],
    [
      'an event that is no JSON',
      { ...stateWith([]), 'events.jsonl': `{"ts":"${at}","agent":"a","action":"b"}\n{"ts":` },
      'import-failed',
      /events\.jsonl, line 2: is no JSON/,
    ],
    [
      'an event without an agent',
      { ...stateWith([]), 'events.jsonl': `\n{"ts":"${at}","action":"b"}\n` },
      'import-failed',
      /events\.jsonl, line 2: agent is required/,
    ],
    [
      'an event that is a number',
      { ...stateWith([]), 'events.jsonl': '7\n' },
      'import-failed',
      /line 1: must be a JSON object/,
    ],
    [
      'an event that is nested without end',
      {
        ...stateWith([]),
        'events.jsonl': `\n{"ts":"${at}","agent":"a","action":"b","c":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`,
      },
      'import-failed',
      /events\.jsonl, line 2: must not be nested deeper than 64/,
    ],
    [
      'a result that is nested without end',
      {
        'state.json': String(stateWith([task({ result: 'deep' })])['state.json']).replace(
          '"deep"',
          `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
        ),
      },
      'import-failed',
      /state\.json: must not be nested deeper than 64/,
    ],
    [
      'a topic that no file may have',
      { ...stateWith([]), 'knowledge/x.lock.md': '' },
      'import-failed',
      /knowledge\/x\.lock\.md: its name must not/,
    ],
    [
      'knowledge that is too long',
      { ...stateWith([]), 'knowledge/x.md': 'x'.repeat(1024 * 1024 + 1) },
      'too-large',
      /knowledge\/x\.md: content must not be longer/,
    ],
    [
      'a credential',
      { ...stateWith([task({ description: `token ghp_${'a'.repeat(36)}` })]) },
      'secret-found',
      /state\.json, line 15: workstreams\.press\.tasks\[0\]\.description .*GitHub token/,
    ],
  ];

  test.each(refusals)('%s', async (_name, files, code, message) => {
    const orc = await openNewBoard();
    const before = (await orc.head()).commit;
    const error = await importBoard(orc, makeFolder(files)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await orc.head()).commit).toBe(before);
    expect(await orc.connection.session.queue.list()).toEqual([]);
  });

  test('links are not followed, wherever they stand', async () => {
    const orc = await openNewBoard();
    const secret = path.join(makeFolder({ 'secret.md': 'mine' }), 'secret.md');
    for (const link of ['state.json', 'events.jsonl', 'knowledge/x.md', 'knowledge']) {
      const dir = makeFolder(link.startsWith('state') ? {} : stateWith([]));
      if (link.includes('/')) fs.mkdirSync(path.join(dir, 'knowledge'));
      fs.symlinkSync(link === 'knowledge' ? path.dirname(secret) : secret, path.join(dir, link));
      await expect(importBoard(orc, dir)).rejects.toMatchObject({
        code: 'import-failed',
        message: `${link}: is a symbolic link`,
      });
    }
  });

  test('text that is not UTF-8', async () => {
    const orc = await openNewBoard();
    const dir = makeFolder({ ...stateWith([]), 'knowledge/x.md': '' });
    fs.writeFileSync(path.join(dir, 'knowledge/x.md'), Buffer.from([0xff, 0xfe]));
    await expect(importBoard(orc, dir)).rejects.toMatchObject({ code: 'import-failed', message: /not valid UTF-8/ });
  });

  test('a credential passes when its owner insists', async () => {
    const orc = await openNewBoard();
    const files = stateWith([task({ description: `token ghp_${'a'.repeat(36)}` })]);
    expect((await importBoard(orc, makeFolder(files), { allowSecret: true })).data.tasks).toBe(1);
  });
});
