import { expect, test, vi } from 'vitest';
import { allKnowledge } from '../../src/app/knowledge-base.ts';
import { lineChanges } from '../../src/app/line-changes.ts';
import { openNewBoard, worldAt } from '../support/boards.ts';

const start = '2026-03-01T10:00:00.000Z';
const minute = 60_000;

async function board() {
  const world = worldAt(start);
  const orc = await openNewBoard({ world });
  await orc.writeKnowledge('api/auth', 'Tokens last an hour.\n', 'ann', {
    title: 'How we sign in',
    tags: ['api', 'security'],
    paths: ['src/auth/**'],
  });
  await orc.writeKnowledge('api/errors', 'RFC 9457.\n', 'ann', { tags: ['api'], paths: ['src/**'] });
  await orc.writeKnowledge('coffee', 'No sugar after an hour.\n', 'bea');
  return { orc, world };
}

test('topics are listed by tags and folder', async () => {
  const { orc } = await board();
  expect(await orc.listKnowledge()).toEqual(['api/auth', 'api/errors', 'coffee']);
  expect(await orc.listKnowledge({ prefix: 'api/' })).toEqual(['api/auth', 'api/errors']);
  expect(await orc.listKnowledge({ tags: ['api', 'security'] })).toEqual(['api/auth']);
  expect(await orc.listKnowledge({ tags: ['api'], prefix: 'x' })).toEqual([]);
});

test('topics are found by words, and told with the places where these stand', async () => {
  const { orc } = await board();
  const hits = await orc.searchKnowledge('hour token');
  expect(hits.map(({ topic }) => topic)).toEqual(['api/auth', 'coffee']);
  expect(hits[0]).toMatchObject({
    title: 'How we sign in',
    paths: ['src/auth/**'],
    updated_by: 'ann',
    snippets: [
      {
        text: 'Tokens last an hour.\n',
        at: 0,
        marks: [
          [0, 6],
          [15, 19],
        ],
      },
    ],
  });
  expect(hits[0]).not.toHaveProperty('content');
  expect((await orc.searchKnowledge('hour', { limit: 1 })).length).toBe(1);
  expect((await orc.searchKnowledge('hour', { tags: ['api'] })).map(({ topic }) => topic)).toEqual(['api/auth']);
  await expect(orc.searchKnowledge('… !')).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(orc.searchKnowledge('hour', { limit: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('topics are found by the files that they bind', async () => {
  const { orc } = await board();
  const bound = await orc.knowledgeFor(['src/auth/login.ts']);
  expect(bound.map(({ topic, matched }) => [topic, matched])).toEqual([
    ['api/auth', ['src/auth/**']],
    ['api/errors', ['src/**']],
  ]);
  expect(await orc.knowledgeFor(['docs/'])).toEqual([]);
  await expect(orc.knowledgeFor(['../x'])).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('all texts are read in one go, and again only what changed', async () => {
  const { orc } = await board();
  const { store } = orc.connection;
  expect(await allKnowledge(orc, await orc.head())).toHaveLength(3);
  await orc.writeKnowledge('coffee', 'Now with sugar.', 'bea');
  const head = await orc.head();
  const read = vi.spyOn(store, 'readObjects');
  const all = await allKnowledge(orc, head);
  expect(all.find(({ topic }) => topic === 'coffee')?.content).toBe('Now with sugar.');
  const blobs = await Promise.all(read.mock.results.map(({ value }) => value as ReturnType<typeof store.readObjects>));
  expect(blobs.flatMap((objects) => [...objects.values()]).filter(({ type }) => type === 'blob')).toHaveLength(1);
  read.mockClear();
  expect(await allKnowledge(orc, head)).toBe(all);
  expect(read.mock.calls.length).toBeLessThanOrEqual(2);
});

test('what is found is that of then, on the board as it was', async () => {
  const { orc, world } = await board();
  world.forward(90 * minute);
  await orc.writeKnowledge('coffee', 'Tea.\n', 'bea', { paths: ['src/**'] });
  await orc.deleteKnowledge('api/auth', 'ann');
  const then = await orc.at('2026-03-01T11:00:00Z');
  expect((await then.searchKnowledge('hour')).map(({ topic }) => topic).sort()).toEqual(['api/auth', 'coffee']);
  expect((await then.knowledgeFor(['src/x'])).map(({ topic }) => topic)).toEqual(['api/errors']);
  expect((await then.knowledgeHistory('coffee')).changes).toHaveLength(1);
  expect(await orc.searchKnowledge('hour')).toEqual([]);
  expect((await orc.knowledgeFor(['src/x'])).map(({ topic }) => topic)).toEqual(['api/errors', 'coffee']);
});

test('the history of a topic tells who wrote or deleted it, and how much changed', async () => {
  const { orc } = await board();
  await orc.perform('knowledge.append', { topic: 'coffee', content: 'Milk.\n' }, { agent: 'carl' });
  await orc.deleteKnowledge('coffee', 'ann');
  await orc.writeKnowledge('coffee', 'Milk.\nTea.\n', 'dora', { title: 'Drinks' });
  const { changes, cut } = await orc.knowledgeHistory('coffee');
  expect(cut).toBe(false);
  expect(
    changes.map(({ agent, kind, bytes, added, removed, title }) => [agent, kind, bytes, added, removed, title]),
  ).toEqual([
    ['dora', 'knowledge.write', 11, 2, 0, 'Drinks'],
    ['ann', 'knowledge.delete', null, 0, 2, null],
    ['carl', 'knowledge.append', 30, 1, 0, null],
    ['bea', 'knowledge.write', 24, 1, 0, null],
  ]);
  expect((await orc.knowledgeHistory('coffee', { last: 2 })).changes).toEqual(changes.slice(0, 2));
  expect((await orc.knowledgeHistory('never')).changes).toEqual([]);
});

test('texts of very many lines are compared as heaps of lines', () => {
  expect(lineChanges('a\nb\nc\n', 'a\nx\nc\n')).toEqual({ added: 1, removed: 1 });
  expect(lineChanges('', 'a')).toEqual({ added: 1, removed: 0 });
  const many = (from: number): string =>
    Array.from({ length: 3000 }, (_, line) => `line ${(line * 7 + from) % 3001}`).join('\n');
  expect(lineChanges(many(0), `${many(1)}\nnew`)).toEqual({ added: 2, removed: 1 });
});
