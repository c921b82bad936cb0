import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exportBoard } from '../../src/app/export-board.ts';
import { importBoard } from '../../src/app/import-board.ts';
import type { Orc } from '../../src/app/orc.ts';
import { makeFolder, openNewBoard, openSharedBoard, readFolder, writeFiles } from '../support/boards.ts';
import { commitByHand, pathsOf } from '../support/hand-edits.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const realBoard = fileURLToPath(new URL('../fixtures/opspawn-board', import.meta.url));
const marker = '.orc-export.json';

async function exported(orc: Orc): Promise<Record<string, string>> {
  const dir = path.join(makeTempDir(), 'out');
  const { files } = await exportBoard(orc, dir);
  const { [marker]: _marker, ...found } = readFolder(dir);
  expect(Object.keys(found).sort()).toEqual([...files].sort());
  return found;
}

async function imported(files: Record<string, string>): Promise<Orc> {
  const orc = await openNewBoard();
  await importBoard(orc, makeFolder(files), { allowSecret: true });
  return orc;
}

describe('there and back', () => {
  test('the real board comes out of an import and an export byte for byte', async () => {
    expect(await exported(await imported(readFolder(realBoard)))).toEqual(readFolder(realBoard));
  });

  test('a board with all that the original lacked survives two exports and an import', async () => {
    const orc = await openNewBoard();
    await orc.createWorkstream('press', { priority: 1 });
    await orc.createWorkstream('later', { description: 'not now' });
    await orc.perform('workstream.pause', { name: 'later' });
    const first = await orc.addTask(
      'press',
      { title: 'Write', labels: ['text'], needs: ['english'], paths: ['src/**'], estimate: 3 },
      { agent: 'ann' },
    );
    await orc.addTask('press', { title: 'Print', depends_on: [first.id], parent: first.id });
    await orc.registerAgent('ann', { type: 'writer', capabilities: ['english'] });
    await orc.registerAgent('bob');
    await orc.perform('agent.retire', { id: 'bob' });
    await orc.claimTask('press', first.id, 'ann');
    await orc.perform('task.note', { id: first.id, text: 'half way' }, { agent: 'ann' });
    await orc.tryLock('ink', 'ann', { shared: true, ttlMs: 3_600_000 });
    await orc.tryLock('ink', 'bea', { shared: true, ttlMs: 3_600_000, reason: 'blue' });
    await orc.acquireLock('path:src/**', 'ann', 3_600_000);
    await orc.perform('knowledge.write', {
      topic: 'style/tone',
      content: 'calm\r\n',
      title: 'Tone -->',
      tags: ['voice'],
    });
    await orc.perform('knowledge.write', { topic: 'style/code', content: 'short', paths: ['src/**', '**/*.sql'] });
    await orc.writeKnowledge('odd', '<!-- orc: {"tags":["not mine"]} -->\n---\nx: 1\n---\n');
    await orc.logEvent('ann', 'sharpened', { pencil: { hardness: 2 } });
    await orc.completeTask('press', first.id, 'done');

    const files = await exported(orc);
    expect(files['knowledge/style/tone.md']).toMatch(
      /^<!-- Updated by system at \S+ -->\n<!-- orc: \{"title":"Tone --\\u003e","tags":\["voice"\]\} -->\ncalm\r\n$/,
    );
    expect(files['knowledge/style/code.md']).toMatch(
      /^<!-- Updated by system at \S+ -->\n<!-- orc: \{"paths":\["src\/\*\*","\*\*\/\*\.sql"\]\} -->\nshort$/,
    );
    expect(files['events.jsonl']).not.toContain('board_created');
    const again = await imported(files);
    expect(await exported(again)).toEqual(files);
    expect(await again.knowledge('style/tone')).toMatchObject({
      title: 'Tone -->',
      tags: ['voice'],
      content: 'calm\r\n',
    });
    expect(await again.knowledge('style/code')).toMatchObject({ paths: ['src/**', '**/*.sql'], content: 'short' });
    expect(await again.readKnowledge('odd')).toBe('<!-- orc: {"tags":["not mine"]} -->\n---\nx: 1\n---\n');
  });

  test('events and knowledge of a form that orc does not write come back letter for letter', async () => {
    const at = '2026-02-06T07:36:59Z';
    const files = {
      'state.json': `${JSON.stringify({ version: 5, updated_at: null, workstreams: {}, agents: {}, locks: {} }, null, 2)}\n`,
      'events.jsonl': [
        `{"ts":"${at}","agent":"a","action":"b"}`,
        '{"ts":"2026-02-06T07:36:59.000Z","agent":"a","action":"b","n":7,"v":"x","op":"mine"}',
        '{"ts":"2026-02-06T07:36:59.000Z","agent":"a","action":"board_imported","workstream":5,"task_id":null}',
        '{"action":"b","agent":"a","ts":"2026-02-06T07:36:59.000Z","big":12345678901234567890}',
        '{"ts":"2026-02-06T07:36:59.000Z","agent":"a","action":"b","__proto__":{"x":1},"imported_line":"y"}',
        '',
      ].join('\n'),
      'knowledge/bare.md': '# No comment\n',
      'knowledge/bom.md': '\ufeff<!-- Updated by a at 2026-02-06T07:36:59.000Z -->\n',
      'knowledge/crlf.md': '<!-- Updated by a at 2026-02-06T07:36:59.000Z -->\r\ntext\r\n',
      'knowledge/empty.md': '',
      'knowledge/deep/er.md': '<!-- Updated by no:name at 2026-02-06T07:36:59.000Z -->\n',
    };
    const orc = await imported(files);
    expect(await exported(orc)).toEqual(files);
    expect(await orc.knowledge('crlf')).toMatchObject({ updated_by: 'a', updated_at: '2026-02-06T07:36:59.000Z' });
    await orc.writeKnowledge('bare', 'now ours', 'ann');
    expect((await exported(orc))['knowledge/bare.md']).toMatch(/^<!-- Updated by ann at \S+ -->\nnow ours$/);
  });

  test('what cannot be read is named: a backup that lacks something says so', async () => {
    const { orc, remote } = await openSharedBoard();
    await orc.writeKnowledge('sound', 'text');
    await orc.createWorkstream('press');
    const { id } = await orc.addTask('press', { title: 'Print it' });
    await orc.completeTask('press', id, 'printed');
    await orc.registerAgent('ann');
    await orc.perform('agent.retire', { id: 'ann' });
    const closed = pathsOf(remote).filter((each) => /^tasks\/closed\/|^agents\/retired\//.test(each));
    expect(closed).toHaveLength(2);
    const hand = ['knowledge/broken.md', 'knowledge/latin.md', 'workstreams/odd.json'];
    const [broken = '', latin = '', odd = ''] = hand;
    const paths = [...closed, ...hand].sort();
    commitByHand(remote, [
      { path: broken, content: '---\ntags: one, two\n---\nThe way we sign in.\n' },
      { path: latin, content: Buffer.from('caf\xe9', 'latin1') },
      { path: odd, content: '{}' },
      ...closed.map((each) => ({ path: each, content: '{}' })),
    ]);
    await orc.sync();
    const { files, left_out: leftOut } = await exportBoard(orc, path.join(makeTempDir(), 'out'));
    expect(files).toEqual(['state.json', 'events.jsonl', 'knowledge/sound.md']);
    expect(leftOut.map((each) => each.path).sort()).toEqual(paths);
    expect(leftOut.every(({ reason }) => reason.length > 5)).toBe(true);
  });

  test('an imported board goes on counting where the original stopped', async () => {
    const orc = await imported(readFolder(realBoard));
    await orc.addTask('revenue', { title: 'One more' });
    expect(JSON.parse((await exported(orc))['state.json'] as string).version).toBe(19);
  });
});

describe('the target folder', () => {
  test('an earlier export of the same board is replaced, what vanished from the board goes', async () => {
    const orc = await openNewBoard();
    await orc.writeKnowledge('a/b', 'one');
    await orc.writeKnowledge('c', 'two');
    const dir = path.join(makeTempDir(), 'new', 'out');
    await exportBoard(orc, dir);
    await orc.deleteKnowledge('a/b');
    await exportBoard(orc, dir);
    expect(Object.keys(readFolder(dir))).toEqual([marker, 'events.jsonl', 'knowledge/c.md', 'state.json']);
    expect(fs.existsSync(path.join(dir, 'knowledge/a'))).toBe(false);
  });

  test('what the marker of a folder names outside of it stays', async () => {
    const orc = await openNewBoard();
    const dir = path.join(makeTempDir(), 'out');
    const { board, files } = await exportBoard(orc, dir).then(() => JSON.parse(readFolder(dir)[marker] as string));
    const mine = path.join(path.dirname(dir), 'mine', 'file');
    fs.mkdirSync(path.dirname(mine));
    fs.writeFileSync(mine, 'mine');
    for (const named of ['../mine/file', mine, 'knowledge/../../mine/file']) {
      writeFiles(dir, { [marker]: JSON.stringify({ board, files: { ...files, [named]: 'x' } }) });
      await exportBoard(orc, dir);
      expect(fs.readFileSync(mine, 'utf8')).toBe('mine');
    }
    writeFiles(dir, { [marker]: JSON.stringify({ board, files: null }) });
    await expect(exportBoard(orc, dir)).rejects.toMatchObject({ code: 'already-exists' });
  });

  // Node's recursive mkdir never comes back from below /proc.
  test.skipIf(!fs.existsSync('/proc/self'))('where no folder can be made it says so, and what helps', async () => {
    const orc = await openNewBoard();
    await expect(exportBoard(orc, '/proc/nowhere/out')).rejects.toMatchObject({
      code: 'io',
      message: 'cannot export to /proc/nowhere/out: ENOENT',
      hint: 'name a folder that can be made and written to',
    });
  });

  test('folders on the way are made; a file is no folder', async () => {
    const orc = await openNewBoard();
    const dir = makeTempDir();
    await exportBoard(orc, path.join(dir, 'a/b/c'));
    expect(fs.existsSync(path.join(dir, 'a/b/c/state.json'))).toBe(true);
    await expect(exportBoard(orc, path.join(dir, 'a/b/c/state.json'))).rejects.toMatchObject({ code: 'io' });
  });

  test('a folder with anything else is refused and left as it was', async () => {
    const orc = await openNewBoard();
    const strange = [readFolder(realBoard), { 'notes.txt': 'mine' }, { [marker]: '{"board":"0","files":{}}' }];
    for (const files of strange) {
      const dir = makeFolder(files);
      await expect(exportBoard(orc, dir)).rejects.toMatchObject({ code: 'already-exists' });
      expect(readFolder(dir)).toEqual(files);
    }
  });

  test('an export that somebody added to, changed or linked away is refused', async () => {
    const orc = await openNewBoard();
    const spoil = [
      (dir: string) => writeFiles(dir, { 'mine.txt': 'x' }),
      (dir: string) => writeFiles(dir, { 'state.json': '{}' }),
      (dir: string) => fs.symlinkSync(makeTempDir(), path.join(dir, 'knowledge')),
    ];
    for (const spoiled of spoil) {
      const dir = makeTempDir();
      await exportBoard(orc, dir);
      spoiled(dir);
      await expect(exportBoard(orc, dir)).rejects.toMatchObject({ code: 'already-exists' });
    }
    const dir = makeTempDir();
    await exportBoard(orc, dir);
    writeFiles(dir, { toString: 'x' });
    await expect(exportBoard(orc, dir)).rejects.toThrow('toString is not of the export');
  });
});

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const isoTime = fc.integer({ min: 0, max: 4e12 }).map((ms) => new Date(ms).toISOString());
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const taskFields = fc.record({
  title: fc.string({ minLength: 1, maxLength: 40 }).map((title) => `T${title.replace(/[\n\r\0]/g, ' ')}`),
  description: text,
  status: fc.constantFrom('pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'),
  priority: fc.integer({ min: -2, max: 12 }),
  estimate: fc.constantFrom(null, 3, '2h'),
  assigned_to: fc.option(name),
  created_at: isoTime,
  updated_at: isoTime,
  result: fc.oneof(fc.constant(null), text, fc.constant({ ok: true })),
});
const folders = fc
  .record({
    version: fc.nat(),
    updated_at: fc.option(isoTime),
    streams: fc.uniqueArray(
      fc.record({
        name,
        priority: fc.integer({ min: 0, max: 10 }),
        created_at: isoTime,
        tasks: fc.array(taskFields, { maxLength: 4 }),
      }),
      { maxLength: 3, selector: (each) => each.name },
    ),
    agents: fc.uniqueArray(fc.record({ name, type: name, registered_at: isoTime, last_seen: isoTime }), {
      maxLength: 3,
      selector: (each) => each.name,
    }),
    events: fc.array(
      fc.tuple(
        isoTime,
        name,
        name,
        fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      ),
      { maxLength: 6 },
    ),
    topics: fc.dictionary(name, fc.tuple(fc.boolean(), name, isoTime, text), { maxKeys: 3 }),
  })
  .map(({ version, updated_at, streams, agents, events, topics }) => {
    let id = 0x10000000;
    const workstreams = Object.fromEntries(
      streams.map(({ name: stream, priority, created_at, tasks }) => {
        const own = tasks.map((fields) => ({ id: (id++).toString(16), ...fields }));
        return [stream, { description: '', priority, status: 'active', tasks: own, created_at }];
      }),
    );
    const byAge = [...agents].sort((a, b) => (a.registered_at < b.registered_at ? -1 : 1));
    const crew = Object.fromEntries(
      byAge.map(({ name: who, ...rest }) => [
        who,
        {
          type: rest.type,
          status: 'active',
          capabilities: [],
          registered_at: rest.registered_at,
          last_seen: rest.last_seen,
        },
      ]),
    );
    return {
      'state.json': `${JSON.stringify({ version, updated_at, workstreams, agents: crew, locks: {} }, null, 2)}\n`,
      'events.jsonl': events
        .map(
          ([ts, agent, action, data]) =>
            `${JSON.stringify(Object.assign({ ts, agent, action }, data, { ts, agent, action }))}\n`,
        )
        .join(''),
      ...Object.fromEntries(
        Object.entries(topics).map(([topic, [isHeaded, by, at, body]]) => [
          `knowledge/${topic}.md`,
          `${isHeaded ? `<!-- Updated by ${by} at ${at} -->\n` : ''}${body}`,
        ]),
      ),
    };
  });

test('any original board comes back equal: the state deeply, events and knowledge byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(folders, async (files) => {
      const found = await exported(await imported(files));
      const { 'state.json': state, ...rest } = found;
      const { 'state.json': expectedState, ...expectedRest } = files;
      expect(JSON.parse(state as string)).toEqual(JSON.parse(expectedState));
      expect(rest).toEqual(expectedRest);
      expect(await exported(await imported(found))).toEqual(found);
    }),
    { numRuns: 25 },
  );
}, 60_000);
