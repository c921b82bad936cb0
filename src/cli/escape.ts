/** Text from the board as a terminal may show it: see core/visible-text.ts. */
import { dangerousCharacters, visibleLine, visibleText } from '../core/visible-text.ts';

/** For a place within a line: line breaks and tabs are escaped too. */
export const escapeLine = visibleLine;

/** For text of several lines: line breaks and tabs stay, everything else that is dangerous is escaped. */
export const escapeText = visibleText;

/** JSON with the same characters as `\uXXXX`: as valid as before, and harmless on a terminal. */
export function escapeJson(json: string): string {
  return json.replace(dangerousCharacters, (found) => {
    // Between the values of a document JSON knows a line break and blanks only.
    if (found === '\n') return found;
    return [...Array(found.length).keys()]
      .map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('');
  });
}
