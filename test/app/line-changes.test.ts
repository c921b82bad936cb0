import { expect, test } from 'vitest';
import { lineChanges } from '../../src/app/line-changes.ts';

const linesFrom = (from: number, until: number): string[] =>
  Array.from({ length: until - from }, (_, index) => `line ${from + index}`);

test('lines that stay count as neither added nor removed, also in a text that grows by more than is compared', () => {
  const grown = [...linesFrom(0, 1500), 'kept', ...linesFrom(1500, 3000)];
  expect(lineChanges('kept', grown.join('\n'))).toEqual({ added: 3000, removed: 0 });
  expect(lineChanges(grown.join('\n'), 'kept')).toEqual({ added: 0, removed: 3000 });
});

test('what moved counts where the texts are small, and a text in the place of another counts whole', () => {
  expect(lineChanges('a\nb\nc', 'b\nc\na')).toEqual({ added: 1, removed: 1 });
  expect(lineChanges('a\nb', 'x\ny\nz')).toEqual({ added: 3, removed: 2 });
});
