/** The end of what a command wrote, kept within bounds while it writes, and made fit to be published. */
import { redactSecrets } from '../core/secrets.ts';
import { cleanServerText } from '../git/clean-text.ts';

/** Bytes kept of a command's output: more than is ever published, so that a credential is seen whole. */
const keptBytes = 64 * 1024;
/** Bytes as UTF-8 of a tail, beside its lines. */
export const maxTailBytes = 2048;
/** Variables whose values must not be published, whatever they look like. */
const secretNames = /TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY/i;
/** Shorter values turn up by chance. */
const shortestSecret = 8;

export class OutputTail {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #isCut = false;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if (this.#size - first.length < keptBytes) break;
      this.#chunks.shift();
      this.#size -= first.length;
      this.#isCut = true;
    }
  }

  /**
   * The last lines, without escape sequences, control characters and what looks like a credential, also one that stands in the
   * environment. A line that was cut off at its beginning is left out.
   */
  text(env: NodeJS.ProcessEnv, { lines = Number.POSITIVE_INFINITY, maxBytes = maxTailBytes } = {}): string {
    const whole = Buffer.concat(this.#chunks).toString('utf8');
    const text = this.#isCut ? whole.slice(whole.indexOf('\n') + 1) : whole;
    // What is kept is bounded already; cutting it here would take its end, and that is what is wanted.
    const maxLength = Number.POSITIVE_INFINITY;
    const clean = redactSecrets(cleanServerText(text, { secrets: secretsIn(env), maxLength }));
    const last = clean.split('\n').slice(-lines).join('\n');
    return endOf(last, maxBytes);
  }
}

/** The end of a text, in so many bytes at most; where a line break is near, from there. */
function endOf(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  const mark = '…';
  const cut = bytes
    .subarray(bytes.length - maxBytes + Buffer.byteLength(mark))
    .toString('utf8')
    .replace(/^\ufffd+/, '');
  const line = cut.indexOf('\n');
  return line >= 0 && line < cut.length / 2 ? `${mark}${cut.slice(line)}` : `${mark}${cut}`;
}

function secretsIn(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    secretNames.test(name) && value !== undefined && value.length >= shortestSecret ? [value] : [],
  );
}
