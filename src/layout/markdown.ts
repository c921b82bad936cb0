/** Others' text in Markdown that a forge renders: no HTML, no links, no mentions, no way out of a table cell. */

/** Controls and line ends, then characters that are invisible or reorder text, and halves of characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
// Classes of Unicode take a third of a millisecond to set up: functions, so that only those who need them do.
const invisible = (): RegExp => /\p{Default_Ignorable_Code_Point}|\p{Cf}|\p{Surrogate}/gu;
/** Text that means nothing in Markdown, and that no forge makes a link, a mention or an emoji of. */
const harmless = (): RegExp => /^[\p{L}\p{N}\p{M} ,;.'"()/–—…!?%+=:-]+$/u;
/** Most texts: in these nothing is to be replaced. The patterns above are spared them. */
const plain = /^[A-Za-z0-9,;.'"()/!?%+=:-]+(?: [A-Za-z0-9,;.'"()/!?%+=:-]+)*$/;
/** Also `!12` and `%3`, which GitLab takes for a merge request and a milestone. */
const linkLike = /www\.|:\S|\/\/|!\d|%[^\s).,;:!?%]/i;

/**
 * Text for a table cell, at most `length` characters. What could mean something stands as code, where nothing does;
 * `|` would end the cell even there and is shown as `¦`, a backtick as an apostrophe.
 */
export function cell(text: string, length: number): string {
  if (text.length <= length && plain.test(text) && !linkLike.test(text)) return text;
  const line = shorten(
    text
      .slice(0, length * 4)
      .replace(controls, ' ')
      .replace(invisible(), '')
      .replace(/\s+/g, ' ')
      .trim(),
    length,
  );
  if (line === '') return '–';
  if (harmless().test(line) && !linkLike.test(line)) return line;
  return `\`${line.replaceAll('`', "'").replaceAll('|', '¦')}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function shorten(line: string, length: number): string {
  if (line.length <= length) return line;
  const characters = [...line];
  return characters.length <= length
    ? line
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}
