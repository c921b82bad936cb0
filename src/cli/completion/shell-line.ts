/**
 * A command line as somebody is typing it, taken apart as a shell would, but without expanding anything: `$(…)`, backticks and
 * `~` stay the characters that they are. Pressing TAB must never run what stands on the line.
 */

export interface TypedLine {
  /** The finished words, without their quotes. */
  readonly words: readonly string[];
  /** The word at the cursor, without its quotes; empty behind a blank. */
  readonly current: string;
  /** The quote that is open at the cursor. */
  readonly quote: '' | "'" | '"';
  /** How much of `current` the shell leaves alone: what stands before the last word break, or before an open quote. */
  readonly kept: number;
  /** The word at the cursor is where output goes, or input comes from. */
  readonly isRedirected: boolean;
}

/** @param breaks characters at which the shell (bash) begins a new word to complete, such as `:` and `=` */
export function readTypedLine(line: string, breaks = ''): TypedLine {
  const words: string[] = [];
  let text = '';
  let isOpen = false;
  let kept = 0;
  let quote: TypedLine['quote'] = '';
  let isRedirected = false;
  const finish = (): void => {
    if (isOpen && !isRedirected) words.push(text);
    if (isOpen) isRedirected = false;
    [text, isOpen, kept] = ['', false, 0];
  };
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== '') {
      const next = line.charAt(at + 1);
      if (character === quote) [quote, kept] = ['', 0];
      else if (quote === '"' && character === '\\' && next !== '' && '"\\$`'.includes(next)) {
        text += next;
        at++;
      } else text += character;
    } else if (/\s/.test(character)) finish();
    else if (character === "'" || character === '"') [quote, isOpen, kept] = [character, true, text.length];
    else if (character === '<' || character === '>') {
      // A number before it names a stream.
      if (/^\d*$/.test(text)) [text, isOpen] = ['', false];
      finish();
      isRedirected = true;
    } else {
      const isEscape = character === '\\' && at + 1 < line.length;
      text += isEscape ? line.charAt(++at) : character;
      isOpen = true;
      if (!isEscape && breaks.includes(character)) kept = text.length;
    }
  }
  return { words, current: text, quote, kept, isRedirected };
}

/** A value as bash inserts it in the place of the word at the cursor; `null` where it cannot be written there. */
export function quoteForBash(value: string, { quote, kept }: Pick<TypedLine, 'quote' | 'kept'>): string | null {
  const rest = value.slice(kept);
  if (quote === "'") return rest.replaceAll("'", `'\\''`);
  if (quote === '"') return rest.includes('!') ? null : rest.replace(/["\\$`]/g, '\\$&');
  return rest
    .replace(/[\u0021-\u007e]/g, (each) => (/[\w.,:/@%+=-]/.test(each) ? each : `\\${each}`))
    .replaceAll(' ', '\\ ');
}
