/** Standard input, read from a descriptor that says when there is nothing yet. */
import { expect, test } from 'vitest';
import { readToEnd } from '../../src/cli/read-to-end.ts';

/** Gives these pieces; `EAGAIN` and the like are thrown. */
function reader(...pieces: readonly string[]): (into: Buffer) => number {
  const left = [...pieces];
  return (into) => {
    const piece = left.shift() ?? '';
    if (/^E[A-Z]+$/.test(piece)) throw Object.assign(new Error(piece), { code: piece, syscall: 'read' });
    return into.write(piece);
  };
}

async function* rest(...pieces: readonly string[]) {
  for (const piece of pieces) yield Buffer.from(piece);
}

test('all of it, in order', async () => {
  const read = reader('first\n', 'second\n');
  expect(String(await readToEnd({ read, rest }))).toBe('first\nsecond\n');
  expect(String(await readToEnd({ read: reader(), rest }))).toBe('');
});

test('what came before a writer took a moment is not lost, in a pipe that somebody else made non-blocking', async () => {
  const source = { read: reader('first\n', 'EAGAIN'), rest: () => rest('second\n', 'third\n') };
  expect(String(await readToEnd(source))).toBe('first\nsecond\nthird\n');
});

test('any other trouble is told; the end of a pipe as Windows has it is none', async () => {
  await expect(readToEnd({ read: reader('first\n', 'EISDIR'), rest })).rejects.toMatchObject({ code: 'EISDIR' });
  expect(String(await readToEnd({ read: reader('first\n', 'EOF'), rest }))).toBe('first\n');
});
