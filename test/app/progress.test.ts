/** How far a batch has come: told to who asked, in steps, and never to two at once. */
import { expect, test } from 'vitest';
import type { BatchProgress } from '../../src/app/progress.ts';
import { openNewBoard } from '../support/boards.ts';

const steps = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ kind: 'event.log', args: { action: `step_${n}` } }));

test('a batch tells how far it has come', async () => {
  const orc = await openNewBoard();
  const heard: BatchProgress[] = [];
  await orc.batch(steps(3), { onProgress: (progress) => heard.push(progress) });
  expect(heard).toEqual([
    { stage: 'checked', done: 3, of: 3 },
    ...[0, 1, 2].map((done) => ({ stage: 'decided', done, of: 3 })),
    { stage: 'settled', done: 3, of: 3 },
  ]);
});

test('of a long one about a hundred steps are told', async () => {
  const orc = await openNewBoard();
  const heard: BatchProgress[] = [];
  await orc.batch(steps(250), { onProgress: (progress) => heard.push(progress) });
  expect(heard.filter(({ stage }) => stage === 'decided')).toHaveLength(84);
});

test('of two at once only one is told, and its last word is that it is settled', async () => {
  const orc = await openNewBoard();
  const heard: BatchProgress[][] = [[], []];
  await Promise.all(heard.map((own) => orc.batch(steps(5), { onProgress: (progress) => own.push(progress) })));
  expect(heard.filter((own) => own.length > 0).map((own) => own.at(-1)?.stage)).toEqual(['settled']);
});

test('a batch that is refused is not settled, and the next one is heard again', async () => {
  const orc = await openNewBoard();
  const heard: BatchProgress[] = [];
  const onProgress = (progress: BatchProgress) => heard.push(progress);
  const unknown = { kind: 'task.note', args: { id: 'ffffffff', text: 'nobody' } };
  await expect(orc.batch([...steps(1), unknown], { onProgress })).rejects.toMatchObject({ code: 'not-found' });
  heard.length = 0;
  await orc.batch(steps(2), { onProgress });
  expect(heard.map(({ stage }) => stage)).toEqual(['checked', 'decided', 'decided', 'settled']);
});
