/**
 * What a client says, line by line. The kit drops a line that is no JSON without a word, and whoever sent it waits for ever:
 * JSON-RPC has an answer for it. All other lines go on as they came.
 */
import { Transform, type TransformCallback } from 'node:stream';

/** JSON-RPC's own numbers. */
const parseError = -32700;
const invalidRequest = -32600;
/** Bytes; the kit gives up at a line of this length, and is left to do so. */
const maxLineLength = 10 * 1024 * 1024;
const newline = 10;

export interface ProtocolFault {
  readonly jsonrpc: '2.0';
  /** Nobody can tell which request it was. */
  readonly id: null;
  readonly error: { readonly code: number; readonly message: string };
}

/** @param answer hears of each line that is no message, with what is to be said to it */
export function jsonLines(answer: (fault: ProtocolFault) => void): Transform {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): Buffer => {
    const line = Buffer.concat(parts);
    parts = [];
    length = 0;
    return line;
  };
  const judge = (stream: Transform, line: Buffer): void => {
    const fault = faultIn(line);
    if (fault === null) stream.push(line);
    else answer(fault);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      let from = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
        parts.push(chunk.subarray(from, end + 1));
        judge(this, take());
        from = end + 1;
      }
      parts.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > maxLineLength) this.push(take());
      done();
    },
    flush(done: TransformCallback) {
      judge(this, take());
      done();
    },
  });
}

function faultIn(line: Buffer): ProtocolFault | null {
  const text = line.toString('utf8').trim();
  if (text === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return null;
    return fault(invalidRequest, 'Invalid Request: a message is one JSON object');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fault(parseError, `Parse error: ${why.slice(0, 200)}`);
  }
}

function fault(code: number, message: string): ProtocolFault {
  return { jsonrpc: '2.0', id: null, error: { code, message } };
}
