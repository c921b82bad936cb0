import { expect, test } from 'vitest';
import { readProgress, withoutProgress } from '../../src/git/native/fetch-progress.ts';

const said =
  'remote: Enumerating objects: 9, done.        \nremote: Counting objects:  50% (4/9)\rremote: Total 9 (delta 0), reused 9\n' +
  'Receiving objects:  33% (3/9)\rReceiving objects: 100% (9/9), 1.2 KiB | 1.20 MiB/s, done.\nResolving deltas: 100% (2/2), done.\n';

test('tells how many objects were received, however the words come in pieces', () => {
  for (const size of [1, 7, 1000]) {
    const heard: [number, number][] = [];
    const read = readProgress((done, of) => heard.push([done, of]));
    for (let at = 0; at < said.length; at += size) read(said.slice(at, at + size));
    expect(heard).toEqual([
      [3, 9],
      [9, 9],
    ]);
  }
});

test('what goes wrong is told without it', () => {
  const left = withoutProgress(`${said}fatal: early EOF\n`);
  expect(left.trim()).toBe('fatal: early EOF');
});
