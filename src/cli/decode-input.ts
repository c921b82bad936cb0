/** Bytes from outside as text. What is no UTF-8 is refused: replacing characters would change it silently. */
import { OrcError } from '../errors.ts';

/** @param what where it came from, as the beginning of a sentence @throws OrcError `invalid-argument` */
export function decodeInput(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new OrcError('invalid-argument', `${what} is not valid UTF-8`, {
      hint: 'convert it first, for example with `iconv -f latin1 -t utf-8`',
    });
  }
}
