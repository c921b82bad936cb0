/**
 * Which names a board accepts. Names become file names on the branch, words on a command line and text on a
 * terminal, on every operating system: so what is dangerous anywhere is refused everywhere.
 */

export const maxNameLength = 128;
/** File systems allow 255 bytes for a file name; `.json` and a lock suffix must fit as well. */
const maxNameBytes = 200;

const reservedOnWindows = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
const reservedInScripts = new Set(['__proto__', 'constructor', 'prototype']);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controls = /[\u0000-\u001f\u007f-\u009f]/;
/** Characters that are invisible or reorder text: zero-width ones (HFS+ ignores them in `.git`), bidi controls, BOM, tags. */
const invisible =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each of them is meant by itself
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\u{e0000}-\u{e007f}]/u;
const notInFileNames = /[<>:"|?*\\]/;
const loneSurrogate = /\p{Surrogate}/u;
/** Nearly every name: of all that is refused only what is reserved can be among them. */
const plain = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Why a name is refused, as the end of a sentence ("must not …"), or `null` when it is fine. */
export function faultInName(name: string): string | null {
  return faultInLength(name) ?? faultInComponent(name);
}

/** Topics and resources: components as in names, between single slashes. */
export function faultInPath(path: string): string | null {
  const byLength = faultInLength(path);
  if (byLength !== null) return byLength;
  for (const component of path.split('/')) {
    if (component === '') return 'must not begin or end with a slash or hold two in a row';
    const fault = faultInComponent(component);
    if (fault !== null) return fault;
  }
  return null;
}

/** A resource: a path as above, or `path:` and a glob of literals, `?`, `*` and `**`. */
export function faultInResource(resource: string): string | null {
  if (!resource.startsWith('path:')) return faultInPath(resource);
  return faultInGlob(resource.slice('path:'.length));
}

/** A glob over repository paths: literals, `?`, `*`, and `**` as a whole component. */
export function faultInGlob(glob: string): string | null {
  const byLength = faultInLength(glob);
  if (byLength !== null) return byLength;
  // `!`, `+` and `@` mean something before a parenthesis or at the beginning only; `@types` is a common folder.
  if (/[[\]{}()\\]|^!/.test(glob)) return 'must be made of literals, ?, * and ** only';
  for (const component of glob.split('/')) {
    if (component === '') return 'must not begin or end with a slash or hold two in a row';
    if (component === '.' || component === '..') return 'must not hold . or .. as a component';
    if (component.includes('**') && component !== '**') return 'must have ** as a whole component';
    if (controls.test(component) || invisible.test(component) || loneSurrogate.test(component)) {
      return 'must not hold control or invisible characters';
    }
  }
  return null;
}

/**
 * Two names that differ by case (or compatibility forms) alone would be one file on some systems. Through upper case,
 * because some letters have two lower forms (Greek sigma) or none of their own (sharp s).
 */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase();
}

function faultInLength(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (name.length > maxNameLength) return `must not be longer than ${maxNameLength} characters`;
  if (utf8Length(name) > maxNameBytes) return `must not be longer than ${maxNameBytes} bytes`;
  return null;
}

function faultInComponent(name: string): string | null {
  if (plain.test(name)) return faultInReserved(name, name.toLowerCase());
  if (controls.test(name)) return 'must not hold control characters';
  if (invisible.test(name) || loneSurrogate.test(name))
    return 'must not hold invisible or bidirectional control characters';
  if (name !== name.normalize('NFC')) return 'must be in Unicode normal form C';
  if (name.includes('/')) return 'must not hold a slash';
  if (name.startsWith('-')) return 'must not begin with -';
  if (name.startsWith('.')) return 'must not begin with .';
  if (name.includes('..')) return 'must not hold ..';
  if (/^\s|\s$|\.$/.test(name)) return 'must not begin or end with white space, nor end with a dot';
  if (notInFileNames.test(name)) return 'must not hold any of < > : " | ? * \\';
  const folded = foldName(name);
  if (/^\.?git(~\d+)?$/.test(folded.replace(/[\s.]+$/, '')) && folded !== 'git')
    return 'must not be a spelling of .git';
  if (folded.endsWith('.lock') || folded.endsWith('.git')) return 'must not end in .lock or .git';
  return faultInReserved(name, folded);
}

function faultInReserved(name: string, folded: string): string | null {
  if (reservedOnWindows.test(name)) return 'must not be a device name of Windows';
  if (reservedInScripts.has(folded)) return 'must not be a reserved word of JavaScript';
  return null;
}

/** How many bytes a text takes as UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
