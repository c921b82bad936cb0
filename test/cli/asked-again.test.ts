/** An operation that is asked again by its id, after what it made is over: its outcome is told, and nothing is held or given up by it. */
import { expect, test } from 'vitest';
import { addTask, orcWithBoard } from '../support/command-line.ts';

async function board() {
  const { orc: run } = await orcWithBoard();
  const orc = async (...words: readonly string[]) => {
    const ran = await run(...words, '--agent', 'ann');
    expect({ words, code: ran.code, err: ran.err }).toEqual({ words, code: 0, err: '' });
    return ran;
  };
  return { orc, id: await addTask(run, 'First') };
}

test('a lock that was released since is told as it was acquired', async () => {
  const { orc } = await board();
  const acquired = await orc('l', 'acquire', 'git', '--op', 'acquired-1', '--json');
  await orc('l', 'release', 'git');
  expect((await orc('l', 'acquire', 'git', '--op', 'acquired-1', '--json')).json().data).toEqual(acquired.json().data);
  expect((await orc('l', 'acquire', 'git', '--op', 'acquired-1')).out).toContain('Lock acquired: git');
  expect((await orc('l', 'list', '--json')).json().data).toEqual([]);
});

test('a lock that it extended is still proven', async () => {
  const { orc } = await board();
  await orc('l', 'acquire', 'git', '--ttl', '10m');
  await orc('l', 'acquire', 'git', '--ttl', '10m', '--op', 'extended-1');
  await orc('l', 'acquire', 'git', '--ttl', '10m', '--op', 'extended-1');
  await orc('l', 'release', 'git');
});

test('a later claim is proven all the same, whether the earlier one or its end is asked for again', async () => {
  const { orc, id } = await board();
  await orc('t', 'claim', id, '--op', 'claimed-1');
  await orc('t', 'release', id, '--op', 'released-1');
  await orc('t', 'claim', id);
  await orc('t', 'claim', id, '--op', 'claimed-1');
  await orc('t', 'release', id, '--op', 'released-1');
  await orc('t', 'complete', id, 'done');
  await orc('l', 'acquire', 'git', '--op', 'acquired-1');
  await orc('l', 'release', 'git', '--op', 'released-2');
  await orc('l', 'acquire', 'git');
  await orc('l', 'acquire', 'git', '--op', 'acquired-1');
  await orc('l', 'release', 'git', '--op', 'released-2');
  await orc('l', 'release', 'git');
});

test('a claim that is over is not remembered for having been asked for again', async () => {
  const { orc, id } = await board();
  await orc('t', 'claim', id, '--op', 'claimed-1');
  await orc('t', 'release', id, '--op', 'released-1');
  await orc('t', 'claim', id, '--op', 'claimed-1');
  await orc('t', 'complete', id, 'done');
});
