import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findBlock, withBlock, withoutBlock } from '../../src/app/hook-block.ts';

const block = { start: '# start', end: '# end', lines: ['one', 'two'] };
const line = fc.constantFrom('#!/bin/sh', '', 'echo', '# start of it', '# the end', ' # start', '\t', 'x\r');
const text = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.boolean())
  .map(([lines, isEnded]) => lines.join('\n') + (isEnded ? '\n' : ''));

test('what is put in is found, and leaves nothing behind when it is taken out', () => {
  fc.assert(
    fc.property(text, fc.constantFrom('second' as const, 'last' as const), (before, place) => {
      const after = withBlock(before, block, place);
      expect(findBlock(after, block)).toBe('# start\none\ntwo\n# end');
      expect(withoutBlock(after, block)).toBe(before);
      expect(findBlock(before, block)).toBeNull();
      expect(withoutBlock(before, block)).toBe(before);
    }),
  );
});

test('behind the first line, or at the end; what others change around it stays', () => {
  expect(withBlock('#!/bin/sh\nexit\n', block, 'second')).toBe('#!/bin/sh\n# start\none\ntwo\n# end\nexit\n');
  expect(withBlock('#!/bin/sh', block, 'second')).toBe('#!/bin/sh\n# start\none\ntwo\n# end');
  expect(withBlock('[a]\n', block, 'last')).toBe('[a]\n# start\none\ntwo\n# end\n');
  expect(withBlock('', block, 'last')).toBe('# start\none\ntwo\n# end\n');
  const changed = withBlock('[a]\n', block, 'last').replace('[a]', '[b]').concat('[c]\n');
  expect(withoutBlock(changed, block)).toBe('[b]\n[c]\n');
});

test('a marker without the other is no block', () => {
  expect(findBlock('# start\none\n', block)).toBeNull();
  expect(withoutBlock('# end\n# start\n', block)).toBe('# end\n# start\n');
});
