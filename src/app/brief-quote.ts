/** Text of others within a brief: it stands between delimiters that it cannot close, and nothing in it is invisible. Pure. */
import { shellWord as quoted } from '../core/shell-word.ts';
import { visibleLine, visibleText } from '../core/visible-text.ts';

export interface Quote {
  readonly text: string;
  /** Says how the rest can be had, where there is one. */
  readonly more?: string | undefined;
}

/** Text that means nothing in Markdown. A function, because few commands need what it takes to set up. */
const harmless = (): RegExp => /^[\p{L}\p{N}\p{M} ,;.'"()/–—…!?%+=:-]+$/u;

/**
 * A fence longer than any run of backticks in the text: no line of the text can close it. What is beyond `most` characters
 * is left out, and told.
 */
export function fenced({ text, more }: Quote, most = Number.POSITIVE_INFINITY): string[] {
  const shown = visibleText(text).replace(/\n+$/, '');
  const cut = shown.length <= most ? shown : shown.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  const fence = '`'.repeat(Math.max(3, longestRun(cut) + 1));
  const rest = shown.length - cut.length;
  const note = rest === 0 ? [] : [`(${rest} characters more${more === undefined ? '' : `: ${code(more)}`})`];
  return [`${fence}text`, cut, fence, ...note];
}

/** One line as code; it can neither end the code nor begin another line. */
export function code(text: string, most = 200): string {
  const line = oneLine(text, most);
  if (line === '') return '` `';
  const ticks = '`'.repeat(longestRun(line) + 1);
  return ticks.length === 1 ? `\`${line}\`` : `${ticks} ${line} ${ticks}`;
}

/** One line as it is where nothing in it means anything in Markdown; else as code. */
export function plainOrCode(text: string, most = 200): string {
  const line = oneLine(text, most);
  return harmless().test(line) ? line : code(line, most);
}

/** A word as a shell reads it back; `<…>` and "<…>" are for the reader to fill in. */
export function shellWord(word: string): string {
  return /^<[\w-]+>$/.test(word) ? word : quoted(visibleLine(word));
}

function oneLine(text: string, most: number): string {
  const line = visibleLine(text.replace(/\s+/g, ' ').trim());
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function longestRun(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}
