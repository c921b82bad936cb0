/** Names, topics, resources and globs: docs/operations.md, "Names and sizes". */

const reserved = /[<>:"|?*\\/]/;
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u;
const device = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$/i;
const maxLength = 128;
const maxBytes = 200;

/** What names that one file system or another takes for one have in common: case, and forms of one character. */
export function foldCase(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase();
}

export function isName(text: unknown): text is string {
  if (typeof text !== 'string' || text.length < 1) return false;
  if (text.length > maxLength || Buffer.byteLength(text) > maxBytes) return false;
  const folded = foldCase(text);
  return (
    !invisible.test(text) &&
    text === text.normalize('NFC') &&
    !reserved.test(text) &&
    !/^[-.]|^\s|\s$|\.$/.test(text) &&
    !text.includes('..') &&
    !/\.(lock|git)$/.test(folded) &&
    !/^git~\d+$/.test(folded) &&
    !device.test((folded.split('.')[0] ?? '').trim())
  );
}

/** A topic, or a resource that names no paths: names between slashes. */
export function isNestedName(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > maxLength || Buffer.byteLength(text) > maxBytes) return false;
  return text.split('/').every(isName);
}

export function isGlob(text: unknown): text is string {
  if (typeof text !== 'string' || text === '' || text.length > maxLength || invisible.test(text)) return false;
  if (Buffer.byteLength(text) > maxBytes || /[[\]{}()\\]|^!/.test(text)) return false;
  return text.split('/').every((part) => {
    const isRun = part === '**';
    return part !== '' && part !== '.' && part !== '..' && (isRun || !part.includes('**'));
  });
}

export function globOf(resource: string): string | null {
  return resource.startsWith('path:') ? resource.slice('path:'.length) : null;
}

export function isResource(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const glob = globOf(text);
  return glob === null ? isNestedName(text) : isGlob(glob);
}

/** Whether some path matches both. Sets of positions in the other, walked path component by component. */
export function globsMeet(one: string, other: string): boolean {
  return meet(split(one), split(other), '**', componentsMeet);
}

function split(glob: string): string[] {
  return glob.normalize('NFC').split('/');
}

function componentsMeet(one: string, other: string): boolean {
  return meet([...one], [...other], '*', (a, b) => a === '?' || b === '?' || a === b);
}

/** Two patterns with a `run` element that stands for any number of elements: do they have a word in common? */
function meet(
  a: readonly string[],
  b: readonly string[],
  run: string,
  same: (x: string, y: string) => boolean,
): boolean {
  const seen = new Set<number>();
  const todo: [number, number][] = [[0, 0]];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    const [i, j] = at;
    const key = i * (b.length + 1) + j;
    if (seen.has(key)) continue;
    seen.add(key);
    const [x, y] = [a[i], b[j]];
    if (x === undefined && y === undefined) return true;
    if (x === run) todo.push([i + 1, j]);
    if (y === run) todo.push([i, j + 1]);
    if (x !== undefined && y !== undefined) {
      if (x === run && y !== run) todo.push([i, j + 1]);
      else if (y === run && x !== run) todo.push([i + 1, j]);
      else if (x !== run && same(x, y)) todo.push([i + 1, j + 1]);
    }
  }
  return false;
}
