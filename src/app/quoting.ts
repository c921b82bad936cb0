/** Texts of others inside Markdown of ours: fenced, or as one line of code. They are information, and never structure. */

/** Characters of one text of others'; the rest is named. */
const maxQuoted = 4000;

/** A fence longer than any run of backticks in the text: the text cannot close it. */
export function fenced(text: string, info = 'text'): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  const cut = text.length <= maxQuoted ? text : text.slice(0, maxQuoted).replace(/[\ud800-\udbff]$/, '');
  const rest = text.length - cut.length;
  return [`${fence}${info}`, cut.replace(/\n$/, ''), fence, ...(rest === 0 ? [] : [`(${rest} characters more)`])];
}

/** Outside of fences: a line break in it would let it pass for a part of the document. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

export function code(given: string): string {
  const text = oneLine(given);
  const longest = longestRun(text);
  const ticks = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${text}\`` : `${ticks} ${text} ${ticks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
