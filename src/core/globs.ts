/**
 * Whether two globs can match the same file, and whether one matches a path. Globs are made of literals, `?` (one character),
 * `*` (any run of them) and, as a whole component, `**` (any number of components, none included); see `faultInGlob`. Every
 * other character means itself, `[`, `{`, `!`, `+(` too. A leading dot is nothing special.
 *
 * Upper and lower case differ, as in git; Unicode normal forms do not.
 */

/** Decided exactly, but for names such as `..` that no file can have: `.?` and `?.` are said to overlap. */
export function globsOverlap(one: string, other: string): boolean {
  return one === other || canMeet(read(one), read(other), components);
}

/**
 * Whether a glob matches a path, in which `*` and `?` are characters like others. The path is one as git writes it: relative
 * to the root of the repository, `/` between its components. Nothing matches a path with components that are empty, `.` or `..`.
 */
export function globMatches(glob: string, path: string): boolean {
  const names = path.normalize('NFC').split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) return false;
  return canMeet(read(glob), names.map(toComponent), namesOfPath);
}

/** The glob of a resource such as `path:src/**`; `null` for resources that name no files. */
export function globOf(resource: string): string | null {
  return resource.startsWith('path:') ? resource.slice('path:'.length) : null;
}

interface Component {
  readonly text: string;
  readonly characters: readonly string[];
}

const maxRemembered = 10_000;
const globs = new Map<string, readonly Component[]>();

/** Remembered: the same globs are held against one another at every decision. */
function read(glob: string): readonly Component[] {
  const known = globs.get(glob);
  if (known !== undefined) return known;
  const found = glob.normalize('NFC').split('/').map(toComponent);
  if (globs.size >= maxRemembered) globs.clear();
  globs.set(glob, found);
  return found;
}

function toComponent(text: string): Component {
  return { text, characters: [...text] };
}

/** What the elements of two patterns mean. */
interface Meaning<T> {
  /** It stands for any run of elements. */
  readonly isRunOfA: (element: T) => boolean;
  readonly isRunOfB: (element: T) => boolean;
  readonly meets: (a: T, b: T) => boolean;
}

const never = (): boolean => false;
const isAnyCharacters = (character: string): boolean => character === '*';
const isAnyComponents = ({ text }: Component): boolean => text === '**';

const characters: Meaning<string> = {
  isRunOfA: isAnyCharacters,
  isRunOfB: isAnyCharacters,
  meets: (a, b) => a === b || a === '?' || b === '?',
};
const charactersOfPath: Meaning<string> = {
  isRunOfA: isAnyCharacters,
  isRunOfB: never,
  meets: (a, b) => a === b || a === '?',
};
const components: Meaning<Component> = {
  isRunOfA: isAnyComponents,
  isRunOfB: isAnyComponents,
  meets: (a, b) => a.text === b.text || canMeet(a.characters, b.characters, characters),
};
const namesOfPath: Meaning<Component> = {
  isRunOfA: isAnyComponents,
  isRunOfB: never,
  meets: (a, b) => canMeet(a.characters, b.characters, charactersOfPath),
};

/** Whether two patterns have a word in common. The time is at most the product of the lengths, whatever the patterns. */
function canMeet<T>(a: readonly T[], b: readonly T[], meaning: Meaning<T>): boolean {
  const { isRunOfA, isRunOfB, meets } = meaning;
  // Up to the first run, and from the last one on, it is one by one: that tells most pairs apart.
  let [start, endOfA, endOfB] = [0, a.length, b.length];
  const isOneByOne = (i: number, j: number): boolean => !isRunOfA(a[i] as T) && !isRunOfB(b[j] as T);
  for (; start < endOfA && start < endOfB && isOneByOne(start, start); start++)
    if (!meets(a[start] as T, b[start] as T)) return false;
  for (; start < endOfA && start < endOfB && isOneByOne(endOfA - 1, endOfB - 1); endOfA--, endOfB--)
    if (!meets(a[endOfA - 1] as T, b[endOfB - 1] as T)) return false;
  return restsCanMeet(a.slice(start, endOfA), b.slice(start, endOfB), meaning);
}

/** Row by row from the end. */
function restsCanMeet<T>(a: readonly T[], b: readonly T[], { isRunOfA, isRunOfB, meets }: Meaning<T>): boolean {
  let below: boolean[] = [];
  for (let i = a.length; i >= 0; i--) {
    const row: boolean[] = new Array(b.length + 1);
    for (let j = b.length; j >= 0; j--) row[j] = cell(i, j, row);
    below = row;
  }
  return below[0] === true;

  /** Whether the rest of `a` from `i` and the rest of `b` from `j` can meet. */
  function cell(i: number, j: number, row: readonly boolean[]): boolean {
    const isAtEndOfA = i === a.length;
    const isAtEndOfB = j === b.length;
    if (isAtEndOfA && isAtEndOfB) return true;
    if (!isAtEndOfA && isRunOfA(a[i] as T) && (below[j] || (!isAtEndOfB && row[j + 1]))) return true;
    if (!isAtEndOfB && isRunOfB(b[j] as T) && (row[j + 1] || (!isAtEndOfA && below[j]))) return true;
    return !isAtEndOfA && !isAtEndOfB && below[j + 1] === true && meets(a[i] as T, b[j] as T);
  }
}
