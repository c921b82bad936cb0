/** Texts of others inside Markdown of ours, fenced: they are information, and never structure. What a brief quotes: brief-quote.ts. */

/** Characters of one text of others'; the rest is named. */
const maxQuoted = 4000;

/** A fence longer than any run of backticks in the text: the text cannot close it. */
export function fenced(text: string, info = 'text'): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  const cut = text.length <= maxQuoted ? text : text.slice(0, maxQuoted).replace(/[\ud800-\udbff]$/, '');
  const rest = text.length - cut.length;
  return [`${fence}${info}`, cut.replace(/\n$/, ''), fence, ...(rest === 0 ? [] : [`(${rest} characters more)`])];
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
