import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Task } from '../../src/core/records.ts';
import { pathOf } from '../../src/layout/paths.ts';
import { glanceAtTask } from '../../src/layout/plain-task.ts';
import { canonicalJson, decodeJsonRecord, encodeJsonRecord } from '../../src/layout/record-json.ts';
import { anyTask } from '../support/board-files.ts';

const time = '2026-01-01T00:00:00.000Z';
const aTask: Task = {
  ...{ id: '1a2b3c4d', workstream: 'revenue', title: 'Say "hello"\n— ünïcödé', description: '', status: 'in_progress' },
  ...{ priority: 5, estimate: '2h', assigned_to: 'agent-1', attempts: 2, depends_on: ['00000000', '11111111'] },
  claim: { id: '0123456789abcdef', token: 17, claimed_at: time, lease_until: time },
  ...{ parent: '22222222', labels: ['api'], needs: ['gpu', 'ram'], paths: ['src/**', 'docs/*.md'], result: null },
  notes: [
    { at: time, by: 'a', text: 'one' },
    { at: time, by: 'b', text: '' },
  ],
  checks: [{ command: 'npm test' }, { criterion: 'it is fast' }],
  ...{ created_by: 'bench', created_version: 3, created_index: 0, created_at: time, updated_at: time },
};

const asFile = (task: Task): Buffer => Buffer.from(encodeJsonRecord('tasks', task));
const glance = (bytes: Buffer) => glanceAtTask(bytes.toString('latin1'));

test('a task with everything that tasks usually have is recognised', () => {
  expect(glance(asFile(aTask))).toEqual({ id: aTask.id, status: 'in_progress' });
  const bare = { labels: [], needs: [], paths: [], notes: [], checks: [], depends_on: [], parent: null, claim: null };
  expect(glance(asFile({ ...aTask, ...bare, estimate: 3, assigned_to: null, status: 'pending' }))).not.toBeNull();
});

/** What it says yes to is read as a record, and as the same one. */
function expectAgreement(bytes: Buffer): boolean {
  const found = glance(bytes);
  if (found === null) return false;
  const path = `tasks/open/${found.id.charAt(0)}/${found.id.charAt(1)}/${found.id}.json`;
  expect(decodeJsonRecord('tasks', path, bytes)).toMatchObject(found);
  return true;
}

test('nothing is recognised that is set aside, whatever a record holds', () => {
  let recognised = 0;
  fc.assert(
    fc.property(anyTask, fc.boolean(), (task, hasPlainNames) => {
      const { title, description, result, paths, estimate, priority, attempts, depends_on, parent } = task;
      const texts = { title, description, result, paths, estimate, priority, attempts, depends_on, parent };
      if (expectAgreement(asFile(hasPlainNames ? { ...aTask, ...texts } : task))) recognised += 1;
    }),
  );
  expect(recognised).toBeGreaterThan(10);
});

const strange = [
  '"',
  '\\',
  '\n',
  ' ',
  ',',
  '0',
  'x',
  '{',
  '}',
  '[',
  ']',
  '\u0001',
  '/',
  '..',
  'null',
  'CON',
  '[]',
  '-',
];
const fields = Object.keys(aTask) as (keyof Task)[];
const values = [
  'con',
  'LPT1',
  'a b',
  'prototype',
  '../x',
  '',
  'x'.repeat(129),
  0,
  -1,
  1.5,
  10,
  null,
  [''],
  ['*.**'],
  {},
];

test('nothing is recognised that is set aside, whatever was changed in it', () => {
  let refused = 0;
  const text = encodeJsonRecord('tasks', { ...aTask, title: 'Say "hello"\n' });
  const damage = fc.oneof(
    fc
      .tuple(fc.nat(text.length), fc.nat(3), fc.constantFrom(...strange))
      .map(([at, length, by]) => text.slice(0, at) + by + text.slice(at + length)),
    fc
      .tuple(fc.constantFrom(...fields), fc.oneof(fc.constantFrom(...values), fc.jsonValue()))
      .map(([field, value]) => canonicalJson({ ...aTask, [field]: value })),
    fc.constantFrom(...fields).map((field) => text.replace(new RegExp(`\n  "${field}": [^\n]*`), '')),
  );
  fc.assert(
    fc.property(damage, (damaged) => {
      if (!expectAgreement(Buffer.from(damaged))) refused += 1;
    }),
    { numRuns: 2000 },
  );
  expect(refused).toBeGreaterThan(500);
});

test('a task that is closed, and one with what few have, are for the reader of records', () => {
  expect(glance(asFile({ ...aTask, status: 'done' }))).toBeNull();
  expect(glance(asFile({ ...aTask, commits: [{ at: time, by: 'a', commit: 'a'.repeat(40) }] }))).toBeNull();
  expect(pathOf('tasks', aTask)).toBe('tasks/open/1/a/1a2b3c4d.json');
});
