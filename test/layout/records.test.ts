import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Records } from '../../src/core/board.ts';
import type { Task } from '../../src/core/records.ts';
import type { CollectionName } from '../../src/core/shelf.ts';
import { isPlainTask } from '../../src/layout/fast-task.ts';
import { pathOf } from '../../src/layout/paths.ts';
import { decodeRecord } from '../../src/layout/read-board.ts';
import { taskSchema } from '../../src/layout/record-schemas.ts';
import { encodeRecord } from '../../src/layout/write-board.ts';
import {
  anyAgent,
  anyCycle,
  anyKnowledge,
  anyLock,
  anyMessage,
  anyTask,
  anyWorkstream,
} from '../support/board-files.ts';

const encoder = new TextEncoder();

const arbitraries: { readonly [C in CollectionName]?: fc.Arbitrary<Records[C]> } = {
  workstreams: anyWorkstream,
  tasks: anyTask,
  agents: anyAgent,
  locks: anyLock,
  messages: anyMessage,
  cycles: anyCycle,
  knowledge: anyKnowledge,
};

describe('a record', () => {
  it.each(Object.entries(arbitraries))('of %s comes back from its file as it was', async (name, arbitrary) => {
    const collection = name as CollectionName;
    await fc.assert(
      fc.asyncProperty(arbitrary as fc.Arbitrary<Records[CollectionName]>, async (record) => {
        const path = pathOf(collection, record);
        const text = await encodeRecord(collection, record);
        const decoded = await decodeRecord(path, encoder.encode(text));
        expect(decoded).toEqual({ collection, key: expect.any(String), record });
        if (!('record' in decoded)) return;
        expect(await encodeRecord(collection, decoded.record)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is written with its keys in one order, whatever order they are in', async () => {
    await fc.assert(
      fc.asyncProperty(anyTask, async (task) => {
        const reversed = Object.fromEntries(Object.entries(task).reverse()) as unknown as Task;
        expect(await encodeRecord('tasks', reversed)).toBe(await encodeRecord('tasks', task));
      }),
      { numRuns: 50 },
    );
  });

  it('of knowledge with as many tags and paths as there may be, as long as they may be, comes back', async () => {
    const number = (index: number): string => String(index).padStart(3, '0');
    const knowledge = {
      topic: 'many',
      title: '\u0001'.repeat(512),
      tags: Array.from({ length: 256 }, (_, index) => `${number(index)}${'x'.repeat(125)}`),
      // What YAML has to escape.
      paths: Array.from({ length: 256 }, (_, index) => `${number(index)}${'"'.repeat(125)}`),
      updated_by: 'ann',
      updated_at: '2026-03-01T10:00:00.000Z',
      version: 7,
      content: 'text\n',
    };
    const bytes = Buffer.from(await encodeRecord('knowledge', knowledge));
    expect(await decodeRecord('knowledge/many.md', bytes)).toMatchObject({ record: knowledge });
  });

  it('of knowledge that binds no files says nothing of paths; else they stand after the tags', async () => {
    const knowledge = {
      topic: 'api/auth',
      title: 'Auth',
      tags: ['api'],
      paths: [],
      updated_by: 'ann',
      updated_at: '2026-03-01T10:00:00.000Z',
      version: 7,
      content: 'text\n',
    };
    const rest = 'updated_by: ann\nupdated_at: 2026-03-01T10:00:00.000Z\nversion: 7\n---\ntext\n';
    expect(await encodeRecord('knowledge', knowledge)).toBe(`---\ntitle: Auth\ntags:\n  - api\n${rest}`);
    const binding = { ...knowledge, paths: ['src/api/**', '**/*.sql'] };
    const paths = 'paths:\n  - src/api/**\n  - "**/*.sql"\n';
    expect(await encodeRecord('knowledge', binding)).toBe(`---\ntitle: Auth\ntags:\n  - api\n${paths}${rest}`);
  });

  it.each(['paths: src/**', 'paths: [../x]', 'paths: ["a{b}"]', 'paths: [[a]]'])(
    'of knowledge with %j is set aside, and the field named',
    async (line) => {
      const decoded = await decodeRecord('knowledge/a.md', encoder.encode(`---\n${line}\n---\ntext`));
      expect(decoded).toEqual({
        path: 'knowledge/a.md',
        reason: expect.stringMatching(/paths must be a list of globs/),
      });
    },
  );

  it('is JSON of two-space indent with a newline at the end', async () => {
    const lock = { resource: 'deploy', shared: false, holders: [] };
    expect(await encodeRecord('locks', lock)).toBe(
      '{\n  "resource": "deploy",\n  "shared": false,\n  "holders": []\n}\n',
    );
  });
});

const aTask: Task = {
  id: '1a2b3c4d',
  workstream: 'revenue',
  title: 'Write',
  description: '',
  status: 'pending',
  priority: 5,
  estimate: null,
  assigned_to: null,
  claim: null,
  attempts: 0,
  depends_on: [],
  parent: null,
  labels: [],
  needs: [],
  paths: [],
  notes: [],
  result: null,
  checks: [],
  created_by: 'system',
  created_version: 3,
  created_index: 0,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
};

async function reasonOf(path: string, content: string | Uint8Array): Promise<string> {
  const decoded = await decodeRecord(path, typeof content === 'string' ? encoder.encode(content) : content);
  return 'reason' in decoded ? decoded.reason : `no fault: ${JSON.stringify(decoded.record)}`;
}

describe('a faulty record is set aside with a reason', () => {
  const path = 'tasks/open/1/a/1a2b3c4d.json';
  const json = (changes: object): string => JSON.stringify({ ...aTask, ...changes });
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['no JSON', '{"id": ', /is no JSON/],
    ['nothing', '', /is no JSON/],
    ['an array', '[]', /must be an object/],
    ['null', 'null', /must be an object/],
    ['no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), /UTF-8/],
    ['a conflict marker', `<<<<<<< HEAD\n${json({})}`, /is no JSON/],
    ['an unknown field', json({ statsu: 'done' }), /unknown fields: statsu/],
    ['a missing field', JSON.stringify({ ...aTask, title: undefined }), /title is required/],
    ['a wrong type', json({ title: 5 }), /title must be a string/],
    ['an unknown status', json({ status: 'finished' }), /status must be one of pending/],
    ['a priority out of range', json({ priority: 99 }), /priority must be at most 9/],
    ['another id than its path', json({ id: 'ffffffff' }), /belongs at tasks\/open\/f\/f\/ffffffff.json/],
    ['an id that is none', json({ id: '../../x' }), /id/],
    ['a status of another folder', json({ status: 'done' }), /is done and belongs at tasks\/closed\/1\/a/],
    ['a strange name', json({ assigned_to: '../x' }), /assigned_to must not/],
    ['a name with a terminal escape', json({ created_by: 'a\u001b[31m' }), /control characters/],
    ['an unknown time', json({ created_at: 'yesterday' }), /created_at must be a time/],
    ['a day that is not', json({ updated_at: '2026-13-41T00:00:00.000Z' }), /updated_at must be a time/],
    ['an unsafe glob', json({ paths: ['src/{a,b}'] }), /paths.0 must be made of literals/],
    [
      'an unknown field in a claim',
      json({ claim: { id: 'abcdefgh', token: 1, claimed_at: aTask.created_at, lease_until: aTask.created_at, x: 1 } }),
      /claim has unknown fields: x/,
    ],
    [
      'a token of 0',
      json({ claim: { id: 'abcdefgh', token: 0, claimed_at: aTask.created_at, lease_until: aTask.created_at } }),
      /claim.token/,
    ],
    ['a check of two kinds', json({ checks: [{ command: 'x', criterion: 'y' }] }), /checks.0/],
    [
      'what came of a check, with an unknown field',
      json({
        check_results: { at: aTask.created_at, by: 'a', forced: false, runs: [{ criterion: 'x', confirmed: 1 }] },
      }),
      /check_results.runs.0/,
    ],
    ['a prototype', `{"__proto__": {"title": "x"}, ${json({}).slice(1)}`, /unknown fields: __proto__/],
    ['more than a megabyte', json({ description: 'x'.repeat(1024 * 1024) }), /too large/],
    ['fifty megabytes', new Uint8Array(50 * 1024 * 1024), /too large/],
    ['deep nesting', '['.repeat(200_000), /is no JSON|must be an object/],
  ];
  it.each(cases)('%s', async (_what, content, reason) => {
    expect(await reasonOf(path, content)).toMatch(reason);
  });

  it('so is a path that holds no record', async () => {
    expect(await reasonOf('tasks/open/x.json', '{}')).toMatch(/no record/);
    expect(await reasonOf('state.json', '{}')).toMatch(/no record/);
  });

  it('other collections are strict as well', async () => {
    expect(await reasonOf('workstreams/x.json', '{"name":"x"}')).toMatch(/description is required/);
    expect(await reasonOf('locks/x.json', '{"resource":"x","shared":false,"holders":[]}')).toMatch(/holders/);
    expect(
      await reasonOf(
        'agents/x.json',
        JSON.stringify({
          id: 'x',
          type: 'general',
          status: 'retired',
          capabilities: [],
          registered_at: aTask.created_at,
          last_seen: aTask.created_at,
        }),
      ),
    ).toMatch(/belongs at agents\/retired\/x.json/);
  });

  it('a record of a newer format loses what this orc does not know, and nothing else', async () => {
    const text = JSON.stringify({
      ...aTask,
      colour: 'red',
      notes: [{ at: aTask.created_at, by: 'a', text: 't', mood: 1 }],
    });
    const decoded = await decodeRecord(path, encoder.encode(text), { isNewer: true });
    expect(decoded).toEqual({
      collection: 'tasks',
      key: aTask.id,
      record: { ...aTask, notes: [{ at: aTask.created_at, by: 'a', text: 't' }] },
    });
    expect(
      await decodeRecord(path, encoder.encode(JSON.stringify({ ...aTask, title: 5 })), { isNewer: true }),
    ).toHaveProperty('reason');
  });
});

describe('the quick test for tasks', () => {
  const damage = fc.record({
    field: fc.constantFrom(...(Object.keys(aTask) as (keyof Task)[])),
    value: fc.oneof(
      fc.constantFrom(undefined, null, '', 'x', '../x', 0, -1, 1.5, 1e300, true, [], [1], ['a'], [null], {}, [{}]),
      fc.jsonValue(),
    ),
    extra: fc.option(fc.constantFrom('x', 'constructor', '__proto__')),
  });

  it('says yes to whatever orc writes, unless a task has what few have', () => {
    const isQuick = (task: Task): boolean => isPlainTask(JSON.parse(JSON.stringify(task)));
    fc.assert(
      fc.property(
        anyTask,
        (task) => isQuick(task) === (task.check_results === undefined && task.commits === undefined),
      ),
    );
  });

  it('never says yes where the schema says no', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyTask, damage, (task, { field, value, extra }) => {
        const damaged: Record<string, unknown> = { ...task, [field]: value };
        if (value === undefined) delete damaged[field];
        if (extra !== null) Object.defineProperty(damaged, extra, { value: 1, enumerable: true });
        const isValid = taskSchema().safeParse(damaged).success;
        if (!isValid) refused += 1;
        expect(isPlainTask(damaged) && !isValid).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});
