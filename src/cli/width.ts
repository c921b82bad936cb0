/** How many columns text takes on a terminal. */

const combining = /^(?:\p{Mn}|\p{Me}|\u200d)$/u;
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

function widthOfCharacter(character: string): number {
  if (character < '\u0300') return 1;
  return combining.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

export function padToWidth(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** The beginning of a text that does not fit, with an ellipsis at its end; at least some characters stay. */
export function cutToWidth(text: string, width: number): string {
  const room = Math.max(width, 8);
  if (text.length <= room / 2 || widthOf(text) <= room) return text;
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += widthOfCharacter(character);
    if (used > room - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Rows as aligned columns; the last one is left as long as it is. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padToWidth(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
