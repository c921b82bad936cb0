import { describe, expect, test, vi } from 'vitest';
import { collectResults } from '../../src/app/cycle.ts';
import { collectedOf, listCycles } from '../../src/app/cycle-board.ts';
import { collectMarkdown } from '../../src/app/cycle-report.ts';
import { cycleMarkdown, cycleText } from '../../src/app/cycle-text.ts';
import { asDocument, documentLines } from '../../src/app/document.ts';
import { importBoard } from '../../src/app/import-board.ts';
import { maxDocumentLength } from '../../src/core/arguments.ts';
import type { Cycle, JsonDocument } from '../../src/core/records.ts';
import { makeFolder, openElsewhere, openNewBoard, openSharedBoard, worldAt } from '../support/boards.ts';
import { commitByHand, pathsOf } from '../support/hand-edits.ts';

const start = '2026-03-01T10:00:00.000Z';
const minute = 60_000;

test('a cycle is opened with its plan, and ends with what came of it since', async () => {
  const world = worldAt(start);
  const orc = await openNewBoard({ world, agent: 'ann' });
  await orc.createWorkstream('press');
  const add = async (title: string) => (await orc.addTask('press', { title })).id;
  await orc.completeTask('press', await add('Old'), 'before');
  const write = await add('Write');
  const print = await add('Print');
  await expect(orc.getCycle()).rejects.toMatchObject({ code: 'not-found' });
  await expect(orc.collectCycle()).rejects.toMatchObject({ code: 'not-found' });
  const opened = await orc.openCycle();
  expect(opened).toMatchObject({ number: 1, opened_by: 'ann', opened_at: start, collected: null });
  expect(opened.plan_version).toBe(opened.opened_version - 1);
  expect(JSON.stringify(opened.plan)).toContain(write);
  expect(JSON.stringify(opened.plan)).not.toContain('Agent Brief');
  await expect(orc.openCycle()).rejects.toMatchObject({ code: 'already-exists' });
  // A clock that goes back hides nothing: what counts is the order of the log.
  world.forward(-minute);
  await orc.completeTask('press', write, 'written');
  await orc.claimTask('press', print, 'bea');
  await orc.perform('task.fail', { id: print, reason: 'no paper' }, { agent: 'bea' });
  await orc.writeKnowledge('paper', 'Mondays.', 'bea');

  const closedTasks = vi.spyOn(orc, 'closedTasks');
  const collected = await collectResults(orc);
  expect(collected).toMatchObject({ cycle: 1, since: start, completed_this_cycle: [{ task_id: write }] });
  expect(collected.failed).toMatchObject([{ task_id: print, reason: 'no paper', final: false }]);
  expect((await collectResults(orc, { since: '2020-01-01' })).completed_this_cycle).toHaveLength(2);
  expect(closedTasks).not.toHaveBeenCalled();

  await expect(orc.collectCycle(2)).rejects.toMatchObject({ code: 'not-found' });
  const op = 'c'.repeat(32);
  const ended = await orc.collectCycle(undefined, { op });
  expect(ended.collected?.results).toMatchObject({ completed_this_cycle: [{ result: 'written' }] });
  expect((await orc.collectCycle(undefined, { op })).number).toBe(1);
  await expect(orc.collectCycle(1)).rejects.toMatchObject({ code: 'closed' });
  expect((await collectResults(orc)).cycle).toBe(null);
  expect((await orc.openCycle({ agent: 'bob' })).number).toBe(2);
  expect(await listCycles(orc, 1)).toMatchObject([{ number: 2, opened_by: 'bob', completed: null }]);
  expect(await orc.listCycles()).toMatchObject([{ number: 2 }, { number: 1, collected_by: 'ann', completed: 1 }]);
  const text = cycleText(await orc.getCycle(1));
  expect(text).toContain('--- Plan ---');
  expect(text).toContain(`press/${write} Write: written`);
  expect(cycleMarkdown(await orc.getCycle(1))).toMatch(/^# Cycle 1\n/);
  expect(cycleText(await orc.getCycle())).toContain('Open: `orc cycle collect` ends it');
  expect(cycleMarkdown(await orc.getCycle())).toContain('Open. Its plan:\n\n```text\n{');
});

test('plan and results are made of what the upstream has, not of what this clone saw last', async () => {
  const { orc, remote } = await openSharedBoard({ world: worldAt(start), agent: 'ann' });
  await orc.createWorkstream('press');
  const elsewhere = await openElsewhere(remote, { world: worldAt(start), agent: 'bea' });
  const { id } = await orc.addTask('press', { title: 'Write' });
  expect(JSON.stringify((await elsewhere.openCycle()).plan)).toContain(id);
  await orc.completeTask('press', id, 'written');
  const { collected } = await elsewhere.collectCycle();
  expect(collected?.results).toMatchObject({ completed_this_cycle: [{ task_id: id, result: 'written' }] });
  // Of a cycle that this clone has not seen yet, too.
  await orc.openCycle();
  const { id: second } = await orc.addTask('press', { title: 'Print' });
  await orc.completeTask('press', second, 'printed');
  expect((await elsewhere.collectCycle()).collected?.results).toMatchObject({
    cycle: 2,
    completed_this_cycle: [{ task_id: second }],
  });
});

test('after an import the archive is read: what the original had done counts by its own times', async () => {
  const orc = await openNewBoard({ world: worldAt(start) });
  await orc.openCycle();
  const done = { description: '', status: 'done', priority: 5, estimate: null, assigned_to: null, result: 'x' };
  const task = (id: string, updated_at: string) => ({ id, title: id, ...done, created_at: updated_at, updated_at });
  const tasks = [task('00000001', '2020-01-01T00:00:00.000Z'), task('00000002', '2026-03-01T10:00:00.000Z')];
  const workstreams = { old: { description: '', priority: 5, status: 'active', created_at: start, tasks } };
  const state = { version: 1, updated_at: start, workstreams, agents: {}, locks: {} };
  const event = { ts: '2020-01-01T00:00:00.000Z', agent: 'ann', action: 'task_failed', task_id: '00000001' };
  await importBoard(orc, makeFolder({ 'state.json': JSON.stringify(state), 'events.jsonl': JSON.stringify(event) }));
  const inCycle = await collectResults(orc);
  expect(inCycle.completed_this_cycle.map(({ task_id }) => task_id)).toEqual(['00000002']);
  expect(inCycle.failed).toEqual([]);
  const all = await collectResults(orc, { since: 0 });
  expect(all.completed_this_cycle.map(({ task_id }) => task_id)).toEqual(['00000001', '00000002']);
  expect(all.failed).toHaveLength(1);
});

test('on a board that was compacted what an import brings counts from the same time as all else', async () => {
  const world = worldAt(start);
  const orc = await openNewBoard({ world });
  await orc.createWorkstream('press');
  await orc.completeTask('press', (await orc.addTask('press', { title: 'Old' })).id, 'long ago');
  world.forward(minute);
  const before = new Date(world.clock.now()).toISOString();
  await orc.compact({ before });
  const done = { description: '', status: 'done', priority: 5, estimate: null, assigned_to: null, result: 'x' };
  const task = (id: string, updated_at: string) => ({ id, title: id, ...done, created_at: updated_at, updated_at });
  const tasks = [task('00000001', '2020-01-01T00:00:00.000Z'), task('00000002', before)];
  const workstreams = { old: { description: '', priority: 5, status: 'active', created_at: start, tasks } };
  const state = { version: 1, updated_at: start, workstreams, agents: {}, locks: {} };
  await importBoard(orc, makeFolder({ 'state.json': JSON.stringify(state) }));
  for (const since of [undefined, 0])
    expect(await collectResults(orc, { since })).toMatchObject({
      since: before,
      completed_this_cycle: [{ task_id: '00000002' }],
    });
});

describe('a report in Markdown', () => {
  const hostile = 'x\n```\n# Heading\r<script>\u202e [a](http://b) @all | `';
  const report = collectMarkdown({
    collected_at: start,
    cycle: 3,
    since: start,
    completed_this_cycle: [
      { workstream: 'press', task_id: '1a2b3c4d', title: hostile, result: hostile, completed_at: start },
    ],
    failed: [{ workstream: 'press', task_id: '1a2b3c4e', title: 'Shoot', reason: null, final: true, failed_at: start }],
    still_in_progress: [],
    knowledge_updates: [{ topic: 'a/b', updated_by: 'bea', updated_at: start }],
  });

  test('says what was collected', () => {
    expect(report).toContain(`# Cycle 3\n\nSince cycle 3 was opened, ${start}; collected ${start}.\n`);
    expect(report).not.toContain('\n\n\n');
    expect(report).toContain(`## Failed (1)\n\n- press 1a2b3c4e: Shoot, ${start}, given up\n`);
    expect(report).toContain('## Still in progress (0)\n\nNone.\n');
    expect(report).toContain(`- a/b, by bea, ${start}`);
  });

  test('keeps texts of others in code and fences', () => {
    const lines = report.split('\n');
    const opening = lines.indexOf('  ````text');
    const closing = lines.indexOf('  ````');
    expect(opening).toBeGreaterThan(0);
    expect(lines.slice(opening + 1, closing)).toEqual([
      '  x',
      '  ```',
      expect.stringMatching(/^ {2}# Heading\\r<script>\\u\{202e\} /),
    ]);
    const outside = [...lines.slice(0, opening), ...lines.slice(closing + 1)].join('\n');
    expect(outside.match(/^#.*/gm)).toHaveLength(5);
    expect(outside.replace(/`[^`\n]*`/g, '')).not.toMatch(/[<[@|\u202e]/);
  });
});

describe('a document', () => {
  test('has no briefs, and what JSON has no word for is gone', () => {
    const value = { brief: 'x', list: [{ brief: 'y', a: 1, none: undefined }], when: new Date(0) };
    expect(asDocument(value, 'first')).toEqual({ list: [{ a: 1 }], when: '1970-01-01T00:00:00.000Z' });
  });

  test('that is too long is cut until it fits, and says so', () => {
    const texts = Array.from({ length: 3000 }, (_, n) => `${n} ${'é'.repeat(700)}`);
    const first = asDocument({ texts }, 'first');
    expect(Buffer.byteLength(JSON.stringify(first, null, 2))).toBeLessThanOrEqual(maxDocumentLength);
    expect(first.cut).toBe(true);
    expect((first.texts as string[])[0]).toMatch(/^0 é+…$/);
    const last = asDocument({ texts }, 'last');
    expect((last.texts as string[]).at(-1)).toMatch(/^2999 é+…$/);
    expect(asDocument({ texts: texts.slice(0, 100) }, 'first').cut).toBeUndefined();
  });

  test('is shown in lines whatever is in it', () => {
    const document: JsonDocument = {
      a: 'two\nlines',
      none: null,
      list: [1, 'x'],
      empty: [],
      tasks: [{ id: '1', title: 'T', workstream: 'w' }, { b: { c: true } }, [{ d: [] }]],
    };
    expect(documentLines(document)).toEqual([
      'a: two lines',
      'none: –',
      'list: 1, x',
      'empty: –',
      'tasks: 3',
      '  - w/1 T',
      '  - b:',
      '      c: true',
      '  - - d: –',
    ]);
  });

  test('of another orc is shown as it is where it is no result as this one writes it', () => {
    const collected = { by: 'ann', at: start, version: 3, results_version: 2, results: { done: ['a'] } };
    const cycle: Cycle = {
      number: 1,
      opened_by: 'ann',
      opened_at: start,
      opened_version: 2,
      plan_version: 1,
      plan: {},
      collected,
    };
    expect(collectedOf(cycle)).toBe(null);
    expect(cycleText(cycle)).toContain('done: a');
    expect(cycleMarkdown(cycle)).toContain('Its results:\n\n```text');
    const lists = { failed: [], still_in_progress: [], knowledge_updates: [] };
    const withEntry = (entry: JsonDocument): Cycle => {
      return { ...cycle, collected: { ...collected, results: { ...lists, completed_this_cycle: [entry] } } };
    };
    expect(collectedOf(withEntry({ title: 3 }))).toBe(null);
    const entry = { workstream: 'w', task_id: 'x', title: 't', completed_at: start, result: null };
    expect(collectedOf(withEntry(entry))).toMatchObject({ cycle: 1, since: start, collected_at: start });
  });
});

test('what somebody broke by hand is told as that, not as what is not there', async () => {
  const { orc, remote } = await openSharedBoard({ agent: 'ann' });
  await orc.createWorkstream('press');
  const { id } = await orc.addTask('press', { title: 'Print' });
  await orc.completeTask('press', id, 'printed');
  const { version } = await orc.status();
  await orc.openCycle();
  const files = pathsOf(remote).filter((path) => /^(?:cycles|tasks\/closed)\//.test(path));
  expect(files).toHaveLength(2);
  commitByHand(
    remote,
    files.map((path) => ({ path, content: '{' })),
  );
  await orc.sync();
  const unreadable = { code: 'board-unreadable', message: expect.stringContaining('is set aside') };
  await expect(orc.getCycle(1)).rejects.toMatchObject(unreadable);
  await expect(orc.getCycle()).rejects.toMatchObject(unreadable);
  await expect(orc.getCycle(2)).rejects.toMatchObject({ code: 'not-found' });
  await expect(orc.undo(version)).rejects.toMatchObject(unreadable);
  await expect(orc.collectCycle()).rejects.toMatchObject(unreadable);
  await expect(orc.perform('task.reopen', { id })).rejects.toMatchObject(unreadable);
  await expect(orc.brief(null, id)).rejects.toMatchObject(unreadable);
  await expect(orc.perform('task.reopen', { id: 'f'.repeat(8) })).rejects.toMatchObject({ code: 'not-found' });
});
