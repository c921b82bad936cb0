/** Lines of a client that are no messages are answered; all others go on as they came, however they are cut up. */
import { expect, test } from 'vitest';
import { jsonLines, type ProtocolFault } from '../../src/mcp/json-lines.ts';

async function through(chunks: readonly (string | Buffer)[]): Promise<{ text: string; faults: ProtocolFault[] }> {
  const faults: ProtocolFault[] = [];
  const stream = jsonLines((fault) => faults.push(fault));
  const reading = (async () => {
    const read: Buffer[] = [];
    for await (const chunk of stream) read.push(chunk as Buffer);
    return Buffer.concat(read).toString();
  })();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return { text: await reading, faults };
}

test('messages go on, byte for byte', async () => {
  const text = '{"id":1,"text":"é🙂"}\r\n\n{"id":2}\n';
  const bytes = [...Buffer.from(text)].map((byte) => Buffer.from([byte]));
  expect(await through([text])).toEqual({ text, faults: [] });
  expect(await through(bytes)).toEqual({ text, faults: [] });
});

test('a line that is no JSON is a parse error, one that is no object an invalid request', async () => {
  const { text, faults } = await through(['{"id":1}\nno', 'nsense\n', '[1]\n7\n{"id":2}\n{"id":']);
  expect(text).toBe('{"id":1}\n{"id":2}\n');
  expect(faults).toMatchObject([
    { jsonrpc: '2.0', id: null, error: { code: -32700, message: expect.stringMatching(/^Parse error: /) } },
    { id: null, error: { code: -32600, message: expect.stringMatching(/^Invalid Request: /) } },
    { error: { code: -32600 } },
    { error: { code: -32700 } },
  ]);
});

test('a line without an end is not kept for ever: the kit gives up at its length', async () => {
  const long = Buffer.alloc(11 * 1024 * 1024, 'x');
  const { text, faults } = await through([long]);
  expect([text.length, faults]).toEqual([long.length, []]);
});
