/** A block of our own in a file of somebody else's: lines between two markers, put in and taken out without touching the rest. */

export interface Block {
  /** The first line, whole. */
  readonly start: string;
  /** The last line, whole. */
  readonly end: string;
  readonly lines: readonly string[];
}

/** What stands between the markers, with them; `null` where there is no such block. */
export function findBlock(text: string, { start, end }: Pick<Block, 'start' | 'end'>): string | null {
  const range = rangeOf(text, start, end);
  return range === null ? null : text.slice(range.from, range.to);
}

/** Puts the block behind the first line, or at the end. */
export function withBlock(text: string, block: Block, place: 'second' | 'last'): string {
  const body = [block.start, ...block.lines, block.end].join('\n');
  const at = place === 'second' && text.includes('\n') ? text.indexOf('\n') + 1 : text.length;
  // A last line without an end stays as it is: the break before the block goes with the block.
  if (at > 0 && text[at - 1] !== '\n') return `${text}\n${body}`;
  return `${text.slice(0, at)}${body}\n${text.slice(at)}`;
}

/** The text as it was without the block; `kept` takes its place. */
export function withoutBlock(
  text: string,
  { start, end }: Pick<Block, 'start' | 'end'>,
  kept: readonly string[] = [],
): string {
  const range = rangeOf(text, start, end);
  if (range === null) return text;
  const { from, to } = range;
  if (kept.length > 0) return text.slice(0, from) + kept.join('\n') + text.slice(to);
  if (text[to] === '\n') return text.slice(0, from) + text.slice(to + 1);
  return text.slice(0, Math.max(0, from - 1)) + text.slice(to);
}

function rangeOf(text: string, start: string, end: string): { from: number; to: number } | null {
  const from = lineAt(text, start, 0);
  const last = from === -1 ? -1 : lineAt(text, end, from + start.length);
  return last === -1 ? null : { from, to: last + end.length };
}

/** Where a line of just these words begins, or -1. */
function lineAt(text: string, line: string, after: number): number {
  for (let at = text.indexOf(line, after); at !== -1; at = text.indexOf(line, at + 1)) {
    const isBegin = at === 0 || text[at - 1] === '\n';
    const isEnd = at + line.length === text.length || text[at + line.length] === '\n';
    if (isBegin && isEnd) return at;
  }
  return -1;
}
