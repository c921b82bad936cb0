/**
 * Text from the board as anybody may be shown it, on a terminal or in a brief. Titles, notes and knowledge are written by
 * strangers: a control character, an escape sequence, an invisible character or a bidirectional override in them must be
 * seen and not obeyed.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
const controls = /[\u0000-\u001f\u007f-\u009f]/;
/**
 * Invisible characters and those that reorder text, as in names.ts (the joiners stay: emoji and some scripts need
 * them), and halves of surrogate pairs.
 */
const invisible =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single characters, none of them composed
  /\u034f|\u17b4|\u17b5|[\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\u{e0000}-\u{e007f}]|\p{Surrogate}/u;
export const dangerousCharacters = new RegExp(`${controls.source}|${invisible.source}`, 'gu');

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** For a place within a line: line breaks and tabs are escaped too. */
export function visibleLine(text: string): string {
  return text.replace(dangerousCharacters, spell);
}

/** For text of several lines: line breaks and tabs stay, everything else that is dangerous is escaped. */
export function visibleText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(dangerousCharacters, (found) => (found === '\n' || found === '\t' ? found : spell(found)));
}

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return short[character] ?? (code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}
