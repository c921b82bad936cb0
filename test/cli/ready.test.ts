/** What is shown as ready is what `next` hands out: a task that it would give up is not. */
import { expect, test } from 'vitest';
import { openOrc } from '../../src/app/orc.ts';
import { addTask, orcWithBoard } from '../support/command-line.ts';
import { steppedWorld } from '../support/stepped-world.ts';

const hour = 3_600_000;

test('a task whose lease ran out for the last allowed attempt is not told as ready', async () => {
  const world = steppedWorld();
  const { orc, folder } = await orcWithBoard({ world });
  const id = await addTask(orc, 'First');
  for (let attempt = 1; attempt <= 3; attempt++) {
    expect((await orc('t', 'claim', id, '--agent', 'ann')).code).toBe(0);
    world.pass(hour);
  }
  const board = await openOrc({ cwd: folder, world });
  try {
    const [task] = (await orc('t', 'list', '--agent', 'bob', '--json')).json().data;
    expect(task).toMatchObject({ attempts: 2, obstacle: { kind: 'attempts' } });
    expect((await orc('t', 'list', '--ready', '--agent', 'bob', '--json')).json().data).toEqual([]);
    expect((await board.prime({ agent: 'bob' })).ready).toEqual([]);
    expect(await board.brief('build', undefined, { agent: 'bob' })).toBeNull();
  } finally {
    await board.close();
  }
  const next = await orc('t', 'next', '--any', '--agent', 'bob');
  expect([next.code, next.out, next.err]).toEqual([4, 'No pending tasks in any workstream.\n', '']);
  expect((await orc('t', 'show', id, '--json')).json().data.status).toBe('failed');
});

test('a next that only gives tasks up answers with nothing, on every surface', async () => {
  const world = steppedWorld();
  const { orc, folder } = await orcWithBoard({ world });
  const giveUpNext = async (title: string) => {
    const id = await addTask(orc, title);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await orc('t', 'claim', id, '--agent', 'ann');
      world.pass(hour);
    }
  };
  await giveUpNext('First');
  const told = await orc('t', 'next', '--any', '--agent', 'bob', '--json');
  expect([told.code, told.json()]).toMatchObject([4, { data: null, published: true, state: 'published' }]);
  await giveUpNext('Second');
  const board = await openOrc({ cwd: folder, world });
  try {
    expect(await board.getNextTask('build', 'bob')).toBeNull();
  } finally {
    await board.close();
  }
});
