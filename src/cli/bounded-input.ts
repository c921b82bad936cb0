/** Standard input that may be anything: read to its end, but neither for ever nor without measure. */
import type { Readable } from 'node:stream';

export interface InputBounds {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/**
 * `null` when there is more than allowed, or it cannot be read. What did not end in time is given as far as it came: whoever
 * leaves a pipe open may have said everything.
 */
export function readBounded(stream: Readable, { maxBytes, timeoutMs }: InputBounds): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const text = (): string => Buffer.concat(chunks).toString('utf8');
    const end = (result: string | null): void => {
      clearTimeout(timer);
      stream.off('data', take);
      stream.destroy();
      resolve(result);
    };
    const take = (chunk: Buffer | string): void => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      chunks.push(bytes);
      if (size > maxBytes) end(null);
    };
    const timer = setTimeout(() => end(text()), timeoutMs);
    stream.on('data', take);
    stream.once('end', () => end(text()));
    stream.on('error', () => end(null));
  });
}
