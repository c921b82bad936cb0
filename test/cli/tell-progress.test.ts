import { expect, test } from 'vitest';
import { tellProgress } from '../../src/cli/tell-progress.ts';

const work = { longFrom: 100, words: (done: number, of: number) => `${done} of ${of} done` };

function hear(isTty: boolean) {
  const notes: string[] = [];
  const io = { isTty } as Parameters<typeof tellProgress>[0]['io'];
  return { notes, tell: tellProgress({ io, note: (text) => notes.push(text) }, work) };
}

test('every tenth of the way is told on a terminal, and again when it begins again', () => {
  const { notes, tell } = hear(true);
  for (const done of [5, 10, 15, 20, 99, 100]) tell?.(done, 100);
  tell?.(0, 100);
  tell?.(10, 100);
  expect(notes).toEqual(['10 of 100 done', '20 of 100 done', '99 of 100 done', '100 of 100 done', '10 of 100 done']);
});

test('short work is not told, and nothing where nobody looks', () => {
  const { notes, tell } = hear(true);
  tell?.(50, 99);
  expect(notes).toEqual([]);
  expect(hear(false).tell).toBeUndefined();
});
